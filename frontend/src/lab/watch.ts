import { signal } from "@preact/signals";

import type { KernelRun } from "../page/api";

/** Milliseconds between looks: at a run that goes on, and at what only a cell can change. */
const RUNNING = 2000;
const QUIET = 10_000;
/** What happened in a kernel is on disk after so long, and seen by the second look at the latest. */
const SOON = 400;
const AGAIN = 1000;
const LONGEST = 60_000;
/** So many questions without an answer, and nobody knows any more how the run is. */
const DOUBTS = 2;

/** Follows the run of one kernel: asks for it now and then, and when something has happened. */
export class RunWatch {
  /** The run as it was at the last look; `null`: there is none, or nobody knows. */
  readonly run = signal<KernelRun | null>(null);

  private kernel: string | null = null;
  private timer = 0;
  private due = Infinity;
  private quick = 0;
  private failures = 0;
  private looking = false;

  /** `ask` says which run a kernel has; it fails where the server does not answer. */
  constructor(private readonly ask: (kernel: string) => Promise<KernelRun | null>) {}

  /** Watches this kernel from now on, and no other; `null`: none. */
  follow(kernel: string | null): void {
    if (kernel === this.kernel) return;
    this.kernel = kernel;
    this.run.value = null;
    this.failures = 0;
    this.stop();
    if (kernel !== null) this.lookIn(0);
  }

  /** Something has happened in the kernel: looks soon, and once more after that. */
  hint(): void {
    if (this.kernel === null || this.failures) return;
    this.quick = 1;
    this.lookIn(SOON);
  }

  /** Looks now: somebody has come back to the page. */
  wake(): void {
    if (this.kernel !== null) this.lookIn(0);
  }

  private stop(): void {
    clearTimeout(this.timer);
    this.due = Infinity;
  }

  /** Looks after so many milliseconds, unless that happens earlier anyway. */
  private lookIn(milliseconds: number): void {
    const due = performance.now() + milliseconds;
    if (this.looking || due >= this.due) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = window.setTimeout(() => void this.look(), milliseconds);
  }

  private async look(): Promise<void> {
    this.due = Infinity;
    const { kernel } = this;
    // Who does not see the page asks for nothing; `wake` comes when they do.
    if (kernel === null || document.hidden) return;
    this.looking = true;
    try {
      const run = await this.ask(kernel);
      if (kernel === this.kernel) this.run.value = run;
      this.failures = 0;
    } catch {
      this.failures += 1;
      if (kernel === this.kernel && this.failures >= DOUBTS) this.run.value = null;
    }
    this.looking = false;
    this.lookIn(kernel === this.kernel ? this.pause() : 0);
  }

  private pause(): number {
    const quick = this.quick-- > 0;
    const usual = this.run.peek()?.state === "running" ? RUNNING : QUIET;
    if (this.failures) return Math.min(LONGEST, RUNNING * 2 ** this.failures);
    return quick ? AGAIN : usual;
  }
}
