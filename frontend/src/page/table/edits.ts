import { signal } from "@preact/signals";

import type { Edited, EditRequest } from "../api";
import { ApiError, send } from "../client";
import type { Chosen } from "./selection";

export type Change =
  | { kind: "tag" | "untag"; tag: string }
  | { kind: "discard" | "restore" };

/** What was done, for as long as it can be undone. */
export interface Notice {
  text: string;
  bad: boolean;
  undo: (() => Promise<void>) | null;
}

const PATIENCE = 12_000;
/** Runs in one request. */
const MANY = 10_000;

const OPPOSITE = { tag: "untag", untag: "tag", discard: "restore", restore: "discard" } as const;

/** Changes of many runs, each of which can be undone for a while. */
export class Edits {
  readonly notice = signal<Notice | null>(null);
  readonly busy = signal(false);
  private timer = 0;

  constructor(
    private readonly store: () => string,
    /** Something has changed. */
    private readonly changed: () => void,
  ) {}

  async apply(runs: readonly Chosen[], change: Change): Promise<void> {
    // What a run has already is not taken from it by undoing.
    const concerned = runs.filter((run) => concerns(run, change)).map(({ id }) => id);
    if (!concerned.length) return this.say({ text: "nothing to change", bad: false, undo: null });
    const done = await this.send(concerned, change);
    if (!done) return;
    const bad = Object.entries(done.failed);
    const words = bad.length ? `; ${bad.length} could not be changed: ${bad[0]?.[1]}` : "";
    const undo = async () => {
      const opposite = { ...change, kind: OPPOSITE[change.kind] } as Change;
      if (await this.send(done.changed, opposite)) {
        this.say({ text: `undone: ${count(done.changed.length)}`, bad: false, undo: null });
      }
    };
    this.say({
      text: `${sentence(change, done.changed.length)}${words}`,
      bad: bad.length > 0,
      undo: done.changed.length ? undo : null,
    });
  }

  dismiss(): void {
    clearTimeout(this.timer);
    this.notice.value = null;
  }

  say(notice: Notice): void {
    clearTimeout(this.timer);
    this.notice.value = notice;
    this.timer = setTimeout(() => this.dismiss(), PATIENCE) as unknown as number;
  }

  private async send(runs: readonly string[], change: Change): Promise<Edited | null> {
    const all: Edited = { changed: [], failed: {} };
    this.busy.value = true;
    try {
      for (let at = 0; at < runs.length; at += MANY) {
        const body = requestOf(this.store(), runs.slice(at, at + MANY), change);
        const { changed, failed } = await send<Edited>("POST", "/edits", body);
        all.changed.push(...changed);
        Object.assign(all.failed, failed);
      }
      return all;
    } catch (error) {
      const text = error instanceof ApiError ? error.message : String(error);
      this.say({ text: `nothing was changed: ${text}`, bad: true, undo: null });
      return null;
    } finally {
      this.busy.value = false;
      this.changed();
    }
  }
}

function concerns(run: Chosen, change: Change): boolean {
  if (change.kind === "tag") return !run.tags.includes(change.tag);
  return change.kind === "untag" ? run.tags.includes(change.tag) : true;
}

function requestOf(store: string, runs: string[], change: Change): EditRequest {
  if (change.kind === "tag") return { store, runs, add_tags: [change.tag] };
  if (change.kind === "untag") return { store, runs, remove_tags: [change.tag] };
  return { store, runs, discarded: change.kind === "discard" };
}

export const count = (runs: number) => (runs === 1 ? "1 run" : `${runs.toLocaleString("en")} runs`);

function sentence(change: Change, runs: number): string {
  if (change.kind === "tag") return `${count(runs)} tagged ${change.tag}`;
  if (change.kind === "untag") return `tag ${change.tag} taken off ${count(runs)}`;
  return change.kind === "discard" ? `${count(runs)} in the trash` : `${count(runs)} brought back`;
}
