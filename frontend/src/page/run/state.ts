import { computed, effect, signal } from "@preact/signals";

import { decode } from "../../model/decode";
import { RunModel } from "../../model/run";
import { StreamSource, type Flow } from "../../source/stream";
import { watchTheme } from "../../theme";
import type { RunDetail, RunEdit } from "../api";
import { ApiError, apiUrl, get, part, send, server } from "../client";
import { PageView } from "./charts/view";

/** How often what is not in live messages is asked for while a run goes on. */
const REFRESH = 5000;

/** One run as its page knows it: what the server told once, and what comes as it happens. */
export class RunState {
  readonly model = new RunModel();
  /** What the server said last. */
  readonly known = signal<RunDetail | null>(null);
  /** Changes that the server has not answered yet, in their order. */
  private readonly pending = signal<readonly RunEdit[]>([]);
  private sending: Promise<unknown> = Promise.resolve();
  /** Those of them that the server has not been sent yet. */
  private readonly unsent = new Set<RunEdit>();
  readonly detail = computed<RunDetail | null>(
    () => this.known.value && Object.assign({}, this.known.value, ...this.pending.value),
  );
  readonly problem = signal<ApiError | null>(null);
  readonly flow = signal<Flow | null>(null);
  readonly view: PageView;
  /** Where this run is asked for: `/runs/<store>/<run>`. */
  readonly path: string;

  readonly state = computed(() => {
    const card = this.flow.value === "live" ? this.model.card.value : null;
    return card?.state ?? this.detail.value?.state ?? "running";
  });
  readonly reason = computed(() => {
    const card = this.flow.value === "live" ? this.model.card.value : null;
    return card?.reason ?? this.detail.value?.reason ?? "";
  });
  readonly running = computed(() => this.state.value === "running");
  readonly editable = computed(() => server.value !== null && !server.value.read_only);

  /** Until when it ran, as far as that is known; now, while it does. */
  until(): number {
    const detail = this.detail.value;
    const last = Math.max(
      detail?.started ?? 0,
      ...(detail?.attempts ?? []).map((one) => one.ended ?? 0),
    );
    return this.running.value ? Date.now() * 1e3 : (detail?.ended ?? last);
  }

  private asked: AbortController | null = null;

  constructor(
    readonly store: string,
    readonly run: string,
  ) {
    this.path = `/runs/${part(store)}/${part(run)}`;
    this.view = new PageView(this, `nbtrack-${run}`);
  }

  /** Follows the run; what is returned ends it. */
  connect(): () => void {
    const source = new StreamSource(apiUrl(`/live/${part(this.store)}/${part(this.run)}/stream`), {
      running: () => this.running.peek(),
      flow: (word) => (this.flow.value = word),
    });
    const ends = [
      source.start((data) => {
        const message = decode(data);
        return message !== null && this.model.apply(message);
      }),
      // Reads what changes when attempts come and go, so that the rest is asked for again.
      effect(() => {
        const card = this.model.card.value;
        void [card?.state, card?.attempts.map(({ n, state }) => `${n} ${state}`).join()];
        this.soon();
      }),
      this.view.connect(),
      watchTheme(() => (this.view.theme.value += 1)),
      this.hurry(),
    ];
    const timer = setInterval(() => {
      if (this.running.peek() && !document.hidden) void this.refresh();
    }, REFRESH);
    return () => {
      clearInterval(timer);
      clearTimeout(this.timer);
      this.asked?.abort();
      for (const end of ends) end();
    };
  }

  private timer = 0;
  private last = "";

  /** Asks again shortly, however often it is called, if anything is another than at the last call. */
  private soon(): void {
    const card = this.model.card.peek();
    const now = `${card?.state} ${card?.attempts.map(({ n, state }) => `${n} ${state}`).join()}`;
    if (now === this.last && this.detail.peek()) return;
    this.last = now;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.refresh(), card ? 200 : 0);
  }

  async refresh(): Promise<void> {
    this.asked?.abort();
    const abort = (this.asked = new AbortController());
    try {
      const detail = await get<RunDetail>(this.path, {}, abort.signal);
      if (abort.signal.aborted) return;
      this.known.value = detail;
      this.problem.value = null;
    } catch (error) {
      if (abort.signal.aborted) return;
      this.problem.value = error instanceof ApiError ? error : new ApiError(0, String(error));
    }
  }

  /** Changes the run, one change after the other: seen at once, and taken back if refused. */
  async edit(change: RunEdit): Promise<void> {
    this.asked?.abort();
    this.pending.value = [...this.pending.peek(), change];
    this.unsent.add(change);
    const sent = this.sending.then(() => this.deliver(change));
    this.sending = sent.catch(() => undefined);
    try {
      this.known.value = await sent;
    } finally {
      this.pending.value = this.pending.peek().filter((one) => one !== change);
    }
  }
  private async deliver(change: RunEdit): Promise<RunDetail | null> {
    return this.unsent.delete(change) ? send<RunDetail>("PATCH", this.path, change) : this.known.peek();
  }

  /** Who leaves the page does not wait until one change after the other was answered: all go as one. */
  private hurry(): () => void {
    const flush = () => {
      const all: RunEdit = Object.assign({}, ...this.unsent);
      if (this.unsent.size) void send<RunDetail>("PATCH", this.path, all).catch(() => undefined);
      this.unsent.clear();
    };
    addEventListener("pagehide", flush);
    return () => removeEventListener("pagehide", flush);
  }
}
