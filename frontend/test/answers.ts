import type { ComparedRun, RunRow, RunsPage } from "../src/page/api";

export const row = (at: number, more: Partial<RunRow> = {}): RunRow => ({
  id: `r${at}`,
  name: `run-${at}`,
  project: "p",
  state: "finished",
  reason: "",
  started: 1e15 + at * 1e6,
  ended: 1e15 + at * 1e6 + 5e6,
  seconds: 5,
  attempts: 1,
  rows: 10,
  tags: [],
  notes: null,
  group: null,
  job_type: null,
  notebook: null,
  host: "h",
  discarded: false,
  config: {},
  summary: {},
  ...more,
});

export const page = (query: URLSearchParams, total: number, more: Partial<RunsPage> = {}): RunsPage => {
  const offset = Number(query.get("offset") ?? 0);
  const limit = Number(query.get("limit") ?? 100);
  const rows = Array.from({ length: Math.max(0, Math.min(limit, total - offset)) }, (_, at) =>
    row(offset + at),
  );
  return {
    store: query.get("store") ?? "",
    revision: "1",
    total,
    matched: total,
    running: 0,
    offset,
    rows,
    columns: [],
    groups: [],
    unreadable: [],
    ...more,
  };
};

export const compared = (at: number, more: Partial<ComparedRun> = {}): ComparedRun => ({
  id: `r${at}`,
  name: `run-${at}`,
  state: "finished",
  started: 1e15,
  seconds: 5,
  tags: [],
  config: {},
  summary: {},
  attempts: [1],
  keys: ["loss"],
  ...more,
});

export interface Asked {
  method: string;
  url: URL;
  body: any;
}

/** Stands in for the server; what it is asked is kept. */
export function answerWith(answer: (asked: Asked) => { status?: number; body: unknown }): Asked[] {
  const all: Asked[] = [];
  globalThis.fetch = (async (url: string, init: RequestInit = {}) => {
    const asked = {
      method: init.method ?? "GET",
      url: new URL(url, "http://server"),
      body: typeof init.body === "string" ? JSON.parse(init.body) : undefined,
    };
    all.push(asked);
    const { status = 200, body } = answer(asked);
    return new Response(JSON.stringify(body), { status });
  }) as typeof fetch;
  return all;
}

export const BAD = `<img src=x onerror="alert(1)"><script>alert(2)</script>&amp;`;
