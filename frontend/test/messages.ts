import type { AttemptCard, Card, Part, Update } from "../src/wire";

export const attempt = (n: number, more: Partial<AttemptCard> = {}): AttemptCard => ({
  n,
  cell: "c",
  cell_try: n,
  label: `[${n}]`,
  name: null,
  tags: [],
  state: "finished",
  started: n * 100e6,
  ended: n * 100e6 + 50e6,
  config: {},
  ...more,
});

export const card = (more: Partial<Card> = {}): Card => ({
  id: "r",
  name: "brave-otter-1",
  project: "p",
  tags: [],
  state: "running",
  reason: "cell [1] is running",
  started: 0,
  ended: null,
  attempts: [attempt(1, { state: "running", ended: null })],
  rows: 0,
  rate: null,
  progress: null,
  position: null,
  console: [],
  error: null,
  memory_limit: null,
  dropped: 0,
  left_out: 0,
  alerts: [],
  axes: {},
  hidden: [],
  time: 110e6,
  ...more,
});

export const part = (points: number[], more: Partial<Part> = {}): [Part, number[]] => [
  {
    kind: "metric",
    attempt: 1,
    key: "loss",
    count: points.length / 4,
    nans: 0,
    last_x: points.at(-2) ?? 0,
    last_y: points.at(-1) ?? 0,
    start: 0,
    buckets: points.length / 4,
    ...more,
  },
  points,
];

/** The bytes of a message, as the Python side makes them. */
export function encode(
  parts: [Part, number[]][] = [],
  more: Partial<Update> = {},
): ArrayBuffer {
  const update: Update = {
    wire: 1,
    number: 1,
    base: null,
    kernel: null,
    card: card(),
    parts: parts.map(([head]) => head),
    ...more,
  };
  let text = JSON.stringify(update);
  text += " ".repeat((8 - ((4 + new TextEncoder().encode(text).length) % 8)) % 8);
  const head = new TextEncoder().encode(text);
  const points = new Float64Array(parts.flatMap(([, numbers]) => numbers));
  const bytes = new Uint8Array(4 + head.length + points.byteLength);
  new DataView(bytes.buffer).setUint32(0, head.length, true);
  bytes.set(head, 4);
  bytes.set(new Uint8Array(points.buffer), 4 + head.length);
  return bytes.buffer;
}
