import type { TablePage } from "../../api";

/** Rows of a table that come in blocks, as they are looked at. */
export const BLOCK = 100;

/** What is asked of a table. */
export interface Asked {
  sort: number;
  descending: boolean;
  search: string;
}

/** The blocks of one table, of which some are here. */
export class Blocks {
  private readonly blocks = new Map<number, unknown[][]>();
  private readonly waiting = new Map<number, AbortController>();

  constructor(
    private readonly ask: (offset: number, abort: AbortSignal) => Promise<TablePage>,
    private readonly told: (page: TablePage) => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  at(row: number): unknown[] | undefined {
    return this.blocks.get(Math.floor(row / BLOCK))?.[row % BLOCK];
  }

  /** Has the rows from `first` to `last` come; those that nobody waits for any more need not. */
  want(first: number, last: number): void {
    const from = Math.floor(first / BLOCK);
    const to = Math.floor(last / BLOCK);
    for (const [block, abort] of this.waiting) {
      if (block >= from && block <= to) continue;
      abort.abort();
      this.waiting.delete(block);
    }
    for (let block = from; block <= to; block++) {
      if (!this.blocks.has(block) && !this.waiting.has(block)) void this.fetch(block);
    }
  }

  stop(): void {
    for (const abort of this.waiting.values()) abort.abort();
    this.waiting.clear();
  }

  private async fetch(block: number): Promise<void> {
    const abort = new AbortController();
    this.waiting.set(block, abort);
    try {
      const page = await this.ask(block * BLOCK, abort.signal);
      if (abort.signal.aborted) return;
      this.blocks.set(block, page.rows);
      this.told(page);
    } catch (error) {
      if (!abort.signal.aborted) this.failed(error);
    } finally {
      if (this.waiting.get(block) === abort) this.waiting.delete(block);
    }
  }
}
