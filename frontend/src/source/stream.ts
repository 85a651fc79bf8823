import type { Listener, RunSource } from "./source";
import { xsrf } from "./xsrf";

/** How it goes: messages come, they are waited for, nobody looks, or there is nothing to come. */
export type Flow = "live" | "lost" | "paused" | "nothing";

export interface StreamState {
  /** Whether the run goes on, as far as the page knows. */
  running(): boolean;
  flow(word: Flow): void;
}

/** Why an answer is over; `missed`: it told of a state that the page does not have. */
type End = "ended" | "failed" | "nothing" | "missed";

const SHORTEST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;
// A run that has ended may be taken up again.
const ENDED_PAUSE = 15_000;
/** A page that nobody has looked at for so long lets go of the server. */
const HIDDEN = 60_000;
/** Without even a heartbeat for so long, the connection is taken for dead. */
const SILENCE = 45_000;
/** More than any message has; what says it has more is not our server. */
const LARGEST = 1 << 28;

/** Takes a stream apart, however it was cut: `null` is a heartbeat. */
export class Splitter {
  private readonly head = new Uint8Array(4);
  private headed = 0;
  private body: Uint8Array<ArrayBuffer> | null = null;
  private filled = 0;

  push(chunk: Uint8Array): (Uint8Array<ArrayBuffer> | null)[] {
    const found: (Uint8Array<ArrayBuffer> | null)[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (!this.body) {
        this.head[this.headed++] = chunk[at++] ?? 0;
        if (this.headed < 4) continue;
        this.headed = 0;
        const length = new DataView(this.head.buffer).getUint32(0, true);
        if (length > LARGEST) throw new Error("not a stream of messages");
        if (length) this.body = new Uint8Array(length);
        else found.push(null);
        this.filled = 0;
        continue;
      }
      const part = chunk.subarray(at, at + this.body.length - this.filled);
      this.body.set(part, this.filled);
      this.filled += part.length;
      at += part.length;
      if (this.filled === this.body.length) {
        found.push(this.body);
        this.body = null;
      }
    }
    return found;
  }
}

/** Messages that the server sends as they come, over one long answer; the first is everything. */
export class StreamSource implements RunSource {
  private stopped = false;
  private hiddenLong = false;
  private failures = 0;
  private abort: AbortController | null = null;
  private wake: (() => void) | null = null;

  constructor(
    private readonly address: string,
    private readonly state: StreamState,
  ) {}

  start(listener: Listener): () => void {
    let timer = 0;
    const onVisible = () => {
      clearTimeout(timer);
      if (document.hidden) {
        timer = window.setTimeout(() => {
          this.hiddenLong = true;
          this.abort?.abort();
        }, HIDDEN);
        return;
      }
      this.hiddenLong = false;
      this.failures = 0;
      this.wake?.();
    };
    document.addEventListener("visibilitychange", onVisible);
    void this.follow(listener);
    return () => {
      this.stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
      this.abort?.abort();
      this.wake?.();
    };
  }

  private async follow(listener: Listener): Promise<void> {
    while (!this.stopped) {
      if (this.hiddenLong) {
        this.state.flow("paused");
        await this.pause(null);
        continue;
      }
      const end = await this.read(listener);
      if (this.stopped) return;
      if (this.hiddenLong) continue;
      await this.pause(this.length(end));
    }
  }

  private length(end: End): number {
    const growing = Math.min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** this.failures++);
    if (end === "nothing") return Math.max(growing, ENDED_PAUSE);
    return end === "ended" && !this.state.running() ? ENDED_PAUSE : growing;
  }

  private async read(listener: Listener): Promise<End> {
    const abort = (this.abort = new AbortController());
    let alarm = 0;
    const heard = () => {
      clearTimeout(alarm);
      alarm = window.setTimeout(() => abort.abort(), SILENCE);
    };
    heard();
    try {
      const response = await fetch(this.address, {
        credentials: "same-origin",
        headers: xsrf(),
        signal: abort.signal,
      });
      if (response.status === 404) {
        this.state.flow("nothing");
        return "nothing";
      }
      if (!response.ok || !response.body) throw new Error(String(response.status));
      const splitter = new Splitter();
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return "ended";
        heard();
        this.state.flow("live");
        for (const message of splitter.push(value)) {
          // The next answer begins with everything again.
          if (message && !listener(message, "server")) {
            abort.abort();
            return "missed";
          }
        }
        this.failures = 0;
      }
    } catch {
      if (!this.stopped && !this.hiddenLong) this.state.flow("lost");
      return "failed";
    } finally {
      clearTimeout(alarm);
    }
  }

  /** Waits so long, or until somebody looks again. */
  private pause(length: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = length === null ? 0 : window.setTimeout(() => this.wake?.(), length);
      this.wake = () => {
        clearTimeout(timer);
        this.wake = null;
        resolve();
      };
    });
  }
}
