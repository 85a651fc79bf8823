import { signal } from "@preact/signals";

import type { Card, Part } from "../wire";
import { WIDTH, type Message } from "./decode";

let changes = 0;

/** One key of one attempt, as buckets of `WIDTH` numbers. */
export class Series {
  readonly kind: Part["kind"];
  readonly attempt: number;
  readonly key: string;
  count = 0;
  nans = 0;
  lastX = NaN;
  lastY = NaN;
  /** Larger than that of anything that changed before. */
  revision = 0;
  private buffer = new Float64Array(WIDTH * 16);
  private used = 0;

  constructor(part: Part) {
    this.kind = part.kind;
    this.attempt = part.attempt;
    this.key = part.key;
  }

  /** x and y of the extremes, in the order in which they came. */
  get points(): Float64Array {
    return this.buffer.subarray(0, this.used);
  }

  take(part: Part, points: Float64Array): void {
    const start = part.start * WIDTH;
    this.used = start + points.length;
    if (this.used > this.buffer.length) {
      const larger = new Float64Array(2 * this.used);
      larger.set(this.buffer.subarray(0, start));
      this.buffer = larger;
    }
    this.buffer.set(points, start);
    this.count = part.count;
    this.nans = part.nans;
    this.lastX = part.last_x ?? NaN;
    this.lastY = part.last_y ?? NaN;
    this.revision = ++changes;
  }
}

const nameOf = (kind: Part["kind"], attempt: number, key: string) => `${kind}\0${attempt}\0${key}`;

/** A run as the page knows it, put together of messages. */
export class RunModel {
  readonly card = signal<Card | null>(null);
  /** What the server says of the kernel, when it was asked. */
  readonly kernel = signal<string | null>(null);
  /** The address of the run's page, where there is one. */
  readonly page = signal("");
  /** Keys of metrics, in the order in which they came. */
  readonly keys = signal<string[]>([]);
  /** Rises with every message that was taken. */
  readonly revision = signal(0);
  /** When a message last came from the kernel itself, and from anybody; as performance.now(). */
  heardAt = -Infinity;
  updatedAt = -Infinity;
  number: number | null = null;
  private readonly series = new Map<string, Series>();

  /** Takes a message. False if it is the difference to a state that was missed. */
  apply({ update, points }: Message): boolean {
    if (update.base !== null && update.base !== this.number) return false;
    if (update.base === null) this.series.clear();
    const keys = new Set(update.base === null ? [] : this.keys.peek());
    let at = 0;
    for (const part of update.parts) {
      const name = nameOf(part.kind, part.attempt, part.key);
      let series = this.series.get(name);
      if (!series) this.series.set(name, (series = new Series(part)));
      const end = at + part.buckets * WIDTH;
      series.take(part, points.subarray(at, end));
      at = end;
      if (part.kind === "metric") keys.add(part.key);
    }
    if (update.base === null || keys.size !== this.keys.peek().length) this.keys.value = [...keys];
    this.number = update.number;
    this.updatedAt = performance.now();
    if (update.kernel !== null) this.kernel.value = update.kernel;
    this.card.value = update.card;
    this.revision.value += 1;
    return true;
  }

  metric(attempt: number, key: string): Series | undefined {
    return this.series.get(nameOf("metric", attempt, key));
  }

  clock(attempt: number): Series | undefined {
    return this.series.get(nameOf("clock", attempt, ""));
  }

  systemKeys(): string[] {
    return [...this.series.values()].flatMap(({ kind, key }) => (kind === "system" ? [key] : []));
  }

  system(key: string): Series | undefined {
    return this.series.get(nameOf("system", -1, key));
  }
}
