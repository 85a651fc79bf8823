import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { CommSource } from "../src/source/comm";
import { HttpSource } from "../src/source/http";
import { encode } from "./messages";

const where = { address: "http://host/base/", store: "s", run: "r", kernel: "k" };
let silence = 0;
let running = true;
const words: string[] = [];
const pages: string[] = [];
const state = {
  silence: () => silence,
  running: () => running,
  number: () => 7,
  kernel: (word: string) => words.push(word),
  page: (address: string) => pages.push(address),
};

const answer = (body: BodyInit | null, status = 200) =>
  new Response(body, { status, headers: { "X-Nbtrack-Kernel": "busy" } });
const api = (wire: number) => new Response(JSON.stringify({ wire }));

let fetched: ReturnType<typeof vi.fn>;
const asked = () => fetched.mock.calls.map(([url]) => String(url));

beforeEach(() => {
  vi.useFakeTimers();
  silence = 0;
  running = true;
  words.length = pages.length = 0;
  fetched = vi.fn(async (url: URL) =>
    String(url).endsWith("/api") ? api(1) : answer(encode([], { number: 8 })),
  );
  vi.stubGlobal("fetch", fetched);
  document.cookie = "_xsrf=a%7Cb";
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a server is asked once the kernel is silent, and not before", async () => {
  const listener = vi.fn(() => true);
  const end = new HttpSource(where, state).start(listener);
  await vi.advanceTimersByTimeAsync(1000);
  // That somebody looks is told in any case.
  expect(asked()).toEqual([
    "http://host/base/nbtrack/api",
    "http://host/base/nbtrack/api/live/s/r?kernel=k&since=7&viewer=1",
  ]);
  expect(pages).toEqual(["http://host/base/nbtrack/runs/s/r"]);
  await vi.advanceTimersByTimeAsync(5000);
  expect(fetched).toHaveBeenCalledTimes(2);
  silence = 2000;
  await vi.advanceTimersByTimeAsync(3000);
  expect(fetched.mock.calls.length).toBeGreaterThanOrEqual(4);
  expect(fetched.mock.calls.length).toBeLessThanOrEqual(6);
  expect(listener).toHaveBeenCalledWith(expect.any(ArrayBuffer), "server");
  expect(words.at(-1)).toBe("busy");
  const count = fetched.mock.calls.length;
  end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(fetched).toHaveBeenCalledTimes(count);
});

test("the token against forged requests is always sent", async () => {
  const end = new HttpSource(where, state).start(() => true);
  await vi.advanceTimersByTimeAsync(1000);
  for (const [, options] of fetched.mock.calls) {
    expect(options).toEqual({ headers: { "X-XSRFToken": "a|b" } });
  }
  end();
});

test.each([["another version", () => api(2)], ["no extension", () => answer("", 404)]])(
  "with %s the server is left alone",
  async (_, reply) => {
    fetched.mockImplementation(async () => reply());
    silence = 60_000;
    const end = new HttpSource(where, state).start(() => true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(fetched).toHaveBeenCalledTimes(1);
    end();
  },
);

test("a server that fails is asked less and less", async () => {
  fetched.mockImplementation(async (url: URL) =>
    String(url).endsWith("/api") ? api(1) : answer("", 500),
  );
  silence = 60_000;
  const end = new HttpSource(where, state).start(() => true);
  await vi.advanceTimersByTimeAsync(1000);
  fetched.mockClear();
  running = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(fetched.mock.calls.length).toBeLessThanOrEqual(6);
  end();
});

test("a run that has ended is asked for now and then", async () => {
  running = false;
  silence = 60_000;
  const end = new HttpSource(where, state).start(() => true);
  await vi.advanceTimersByTimeAsync(61_000);
  expect(fetched.mock.calls.length).toBeLessThanOrEqual(6);
  end();
});

test("messages of the kernel come from the widget, the last state first", () => {
  const listeners = new Map<string, (...values: unknown[]) => void>();
  const last = new DataView(encode());
  const model = {
    get: () => last,
    on: (name: string, listener: (...values: unknown[]) => void) => listeners.set(name, listener),
    off: (name: string) => listeners.delete(name),
  };
  const told: unknown[] = [];
  const end = new CommSource(model).start((data) => told.push(data) > 0);
  expect(told).toEqual([last]);
  const next = new DataView(encode([], { number: 2 }));
  listeners.get("msg:custom")?.({ type: "update" }, [next]);
  listeners.get("msg:custom")?.({ type: "something else" }, [next]);
  listeners.get("msg:custom")?.(null);
  expect(told).toEqual([last, next]);
  end();
  expect(listeners.size).toBe(0);
});
