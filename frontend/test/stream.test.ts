import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { decode } from "../src/model/decode";
import { Splitter, StreamSource } from "../src/source/stream";
import { encode, part } from "./messages";

/** A message behind its length, as the server sends it. */
function framed(message: ArrayBuffer): Uint8Array {
  const bytes = new Uint8Array(4 + message.byteLength);
  new DataView(bytes.buffer).setUint32(0, message.byteLength, true);
  bytes.set(new Uint8Array(message), 4);
  return bytes;
}

const joined = (...parts: Uint8Array[]) => new Uint8Array(parts.flatMap((one) => [...one]));
const HEARTBEAT = new Uint8Array(4);
const first = encode([part([0, 1, 0, 1])]);
const second = encode([part([0, 2, 0, 2])], { number: 2, base: 1 });
const all = joined(framed(first), HEARTBEAT, framed(second), HEARTBEAT);

const numbers = (found: (Uint8Array<ArrayBuffer> | null)[]) =>
  found.map((one) => one && decode(one)?.update.number);

test("a stream is taken apart wherever it was cut in two", () => {
  for (let at = 0; at <= all.length; at++) {
    const splitter = new Splitter();
    const found = [...splitter.push(all.slice(0, at)), ...splitter.push(all.slice(at))];
    expect(numbers(found)).toEqual([1, null, 2, null]);
  }
});

test("a stream is taken apart when it comes byte by byte", () => {
  const splitter = new Splitter();
  expect(numbers([...all].flatMap((byte) => splitter.push(new Uint8Array([byte]))))).toEqual([
    1,
    null,
    2,
    null,
  ]);
});

test("what is no stream of ours is not waited for", () => {
  const text = new TextEncoder().encode("<html>");
  expect(() => new Splitter().push(text)).toThrow("not a stream");
});

let running = true;
let hidden = false;
const flows: string[] = [];
const state = { running: () => running, flow: (word: string) => flows.push(word) };
let fetched: ReturnType<typeof vi.fn>;

beforeEach(() => {
  vi.useFakeTimers();
  running = true;
  hidden = false;
  flows.length = 0;
  fetched = vi.fn();
  vi.stubGlobal("fetch", fetched);
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const show = (visible: boolean) => {
  hidden = !visible;
  document.dispatchEvent(new Event("visibilitychange"));
};

/** An answer that goes on until it is let go. */
function open(bytes: Uint8Array) {
  fetched.mockImplementation(
    async (_: string, { signal }: { signal: AbortSignal }) =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(bytes);
            signal.addEventListener("abort", () => controller.error(new Error("aborted")));
          },
        }),
      ),
  );
}

test("messages are passed on as they come", async () => {
  open(all);
  const listener = vi.fn(() => true);
  const end = new StreamSource("/stream", state).start(listener);
  await vi.advanceTimersByTimeAsync(100);
  expect(listener).toHaveBeenCalledTimes(2);
  expect(flows.at(-1)).toBe("live");
  end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(fetched).toHaveBeenCalledTimes(1);
});

test("the server sees its cookie again, as a JupyterHub demands of what reads too", async () => {
  document.cookie = "_xsrf=a%7Cb";
  open(all);
  const end = new StreamSource("/stream", state).start(() => true);
  await vi.advanceTimersByTimeAsync(100);
  expect(fetched.mock.calls[0]![1]).toMatchObject({ headers: { "X-XSRFToken": "a|b" } });
  end();
});

test("a message that cannot be used has the whole asked for", async () => {
  open(all);
  const listener = vi.fn().mockReturnValueOnce(false).mockReturnValue(true);
  const end = new StreamSource("/stream", state).start(listener);
  await vi.advanceTimersByTimeAsync(2000);
  expect(fetched).toHaveBeenCalledTimes(2);
  end();
});

test("a server that fails is asked less and less, and at once when somebody looks", async () => {
  fetched.mockResolvedValue(new Response("", { status: 500 }));
  const end = new StreamSource("/stream", state).start(() => true);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(flows.at(-1)).toBe("lost");
  const count = fetched.mock.calls.length;
  expect(count).toBeLessThanOrEqual(11);
  show(false);
  show(true);
  await vi.advanceTimersByTimeAsync(10);
  expect(fetched.mock.calls.length).toBe(count + 1);
  end();
});

test("silence without a heartbeat is a connection that died", async () => {
  open(all);
  const end = new StreamSource("/stream", state).start(() => true);
  await vi.advanceTimersByTimeAsync(50_000);
  expect(fetched).toHaveBeenCalledTimes(2);
  end();
});

test("a page that nobody looks at lets go, and comes back", async () => {
  open(all);
  const end = new StreamSource("/stream", state).start(() => true);
  await vi.advanceTimersByTimeAsync(10);
  show(false);
  await vi.advanceTimersByTimeAsync(200_000);
  const count = fetched.mock.calls.length;
  expect(flows.at(-1)).toBe("paused");
  await vi.advanceTimersByTimeAsync(600_000);
  expect(fetched).toHaveBeenCalledTimes(count);
  show(true);
  await vi.advanceTimersByTimeAsync(10);
  expect(fetched).toHaveBeenCalledTimes(count + 1);
  expect(flows.at(-1)).toBe("live");
  end();
});

test("a run of which there is nothing is asked for now and then", async () => {
  fetched.mockResolvedValue(new Response("", { status: 404 }));
  const end = new StreamSource("/stream", state).start(() => true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(flows.at(-1)).toBe("nothing");
  expect(fetched.mock.calls.length).toBeLessThanOrEqual(5);
  end();
});
