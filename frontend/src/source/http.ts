import { WIRE_VERSION } from "../model/decode";
import type { Listener, RunSource } from "./source";
import { xsrf } from "./xsrf";

export interface Where {
  address: string;
  store: string;
  run: string;
  kernel: string;
}

/** What decides when the server is asked, and for what. */
export interface State {
  /** Milliseconds since anything was heard of the run. */
  silence(): number;
  /** Whether the run goes on, as far as the page knows. */
  running(): boolean;
  /** The number of the state that the page has. */
  number(): number | null;
  /** The server told of the kernel. */
  kernel(word: string): void;
  /** The server has the run's page. */
  page(address: string): void;
}

const TICK = 500;
const PATIENCE = 1500;
const INTERVAL = 1000;
// A run that has ended may be taken up again.
const ENDED_INTERVAL = 15_000;
const LONGEST_INTERVAL = 30_000;
const SIGHTING = 20_000;

/**
 * Asks a Jupyter server with the extension, while the kernel is silent: it may be blocked by C code,
 * or dead. Tells it also now and then that somebody looks, so that the kernel says more.
 */
export class HttpSource implements RunSource {
  private since: number | null = null;
  private failures = 0;
  private asked = -Infinity;
  private sighted = -Infinity;
  private known: boolean | null = null;
  private stopped = false;

  constructor(
    private readonly where: Where,
    private readonly state: State,
  ) {}

  start(listener: Listener): () => void {
    let busy = false;
    const timer = setInterval(() => {
      if (busy || document.hidden) return;
      busy = true;
      void this.tick(listener).finally(() => (busy = false));
    }, TICK);
    return () => {
      this.stopped = true;
      clearInterval(timer);
    };
  }

  private async tick(listener: Listener): Promise<void> {
    if (this.known === null) this.known = await this.isCompatible();
    if (!this.known) return;
    const now = performance.now();
    const sight = now - this.sighted >= SIGHTING && this.state.running();
    const silent = this.state.silence() >= PATIENCE && now - this.asked >= this.interval();
    if (sight || silent) await this.ask(listener, sight);
  }

  private interval(): number {
    if (this.failures) return Math.min(LONGEST_INTERVAL, INTERVAL * 2 ** this.failures);
    return this.state.running() ? INTERVAL : ENDED_INTERVAL;
  }

  private async isCompatible(): Promise<boolean> {
    const found = await this.get("nbtrack/api");
    if (!found?.ok) return false;
    const { wire } = (await found.json()) as { wire?: number };
    const { address, store, run } = this.where;
    this.state.page(new URL(`nbtrack/runs/${store}/${run}`, address).href);
    return wire === WIRE_VERSION;
  }

  private async ask(listener: Listener, sight: boolean): Promise<void> {
    this.asked = performance.now();
    const { store, run, kernel } = this.where;
    const query = new URLSearchParams({ kernel });
    this.since = this.state.number();
    if (this.since !== null) query.set("since", String(this.since));
    if (sight) query.set("viewer", "1");
    const found = await this.get(`nbtrack/api/live/${store}/${run}?${query}`);
    if (this.stopped) return;
    if (!found?.ok) {
      this.failures += 1;
      return;
    }
    this.failures = 0;
    if (sight) this.sighted = this.asked;
    const word = found.headers.get("X-Nbtrack-Kernel");
    if (word) this.state.kernel(word);
    // The kernel may have told something newer meanwhile: then this fits no more, and is let go.
    if (found.status === 200) listener(await found.arrayBuffer(), "server");
  }

  private async get(path: string): Promise<Response | null> {
    try {
      return await fetch(new URL(path, this.where.address), {
        credentials: "same-origin",
        headers: xsrf(),
      });
    } catch {
      return null;
    }
  }
}
