import { vi } from "vitest";

import { server } from "../src/page/client";
import { go } from "../src/page/router";

export type Answer = (url: URL, options: RequestInit) => unknown;

export type Answers = Record<string, Answer | object | string>;

/** A server that answers with what `answers` has for the end of an address; else with 404. */
export function serve(answers: Answers, { readOnly = false } = {}) {
  const asked: { method: string; path: string; query: URLSearchParams; body: unknown }[] = [];
  server.value = { version: "1", wire: 1, read_only: readOnly, stores: [] };
  vi.stubGlobal("fetch", async (address: string, options: RequestInit = {}) => {
    const url = new URL(address, "http://host");
    const method = options.method ?? "GET";
    const path = url.pathname.replace("/nbtrack/api", "");
    const body = typeof options.body === "string" ? JSON.parse(options.body) : undefined;
    asked.push({ method, path, query: url.searchParams, body });
    const found = answers[`${method} ${path}`] ?? (method === "GET" ? answers[path] : undefined);
    if (found === undefined) return new Response(`{"message":"no such thing"}`, { status: 404 });
    const value = typeof found === "function" ? await (found as Answer)(url, options) : found;
    if (value instanceof Response) return value;
    return new Response(typeof value === "string" ? value : JSON.stringify(value));
  });
  return asked;
}

/** An answer of `/series`: the points of each part, one list after another. */
export function seriesAnswer(
  parts: { index: number; attempt: number; points: number[] }[],
): Response {
  const head = {
    parts: parts.map(({ index, attempt, points }) => ({
      index,
      attempt,
      count: points.length / 2,
      buckets: points.length / 4,
    })),
  };
  let text = JSON.stringify(head);
  text += " ".repeat((8 - ((4 + text.length) % 8)) % 8);
  const numbers = new Float64Array(parts.flatMap(({ points }) => points));
  const bytes = new Uint8Array(4 + text.length + numbers.byteLength);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(new TextEncoder().encode(text), 4);
  bytes.set(new Uint8Array(numbers.buffer), 4 + text.length);
  return new Response(bytes);
}

/** Has the first so many cards of charts be in view. Nothing is drawn: there is no layout here. */
export function pretendLayout(cards = 50): void {
  let count = 0;
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      constructor(private readonly told: (entries: { isIntersecting: boolean }[]) => void) {}
      observe(element: Element) {
        if (element.classList.contains("nbt-card") && ++count <= cards) {
          this.told([{ isIntersecting: true }]);
        }
      }
      disconnect() {}
    },
  );
  vi.stubGlobal("scrollTo", () => undefined);
}

/** Opens an address of the run's page. */
export const visit = (path = "", search = "") => go(`/nbtrack/runs/s/r${path}${search}`);
