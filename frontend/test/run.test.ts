import { expect, test } from "vitest";

import { decode } from "../src/model/decode";
import { RunModel } from "../src/model/run";
import { encode, part } from "./messages";

const take = (model: RunModel, data: ArrayBuffer | ArrayBufferView) => {
  const message = decode(data);
  return message !== null && model.apply(message);
};

test("a message is read wherever it lies in a buffer", () => {
  const bytes = new Uint8Array(encode([part([0, 1, 0, 1])]));
  const larger = new Uint8Array(bytes.length + 3);
  larger.set(bytes, 3);
  const message = decode(new DataView(larger.buffer, 3));
  expect(message?.update.card.name).toBe("brave-otter-1");
  expect([...(message?.points ?? [])]).toEqual([0, 1, 0, 1]);
});

test("no message and one of another version are let go", () => {
  expect(decode(new ArrayBuffer(0))).toBeNull();
  expect(decode(encode([], { wire: 2 }))).toBeNull();
});

test("a difference replaces the end of a series, and the rest stays", () => {
  const model = new RunModel();
  take(model, encode([part([0, 9, 0, 9, 1, 8, 1, 8])]));
  const next = part([1, 8, 2, 7, 3, 6, 3, 6], { start: 1, count: 4 });
  expect(take(model, encode([next], { number: 2, base: 1 }))).toBe(true);
  expect([...(model.metric(1, "loss")?.points ?? [])]).toEqual([
    0, 9, 0, 9, 1, 8, 2, 7, 3, 6, 3, 6,
  ]);
  expect(model.metric(1, "loss")?.count).toBe(4);
});

test("a difference to a state that was missed changes nothing, a whole one does", () => {
  const model = new RunModel();
  take(model, encode([part([0, 1, 0, 1])]));
  expect(take(model, encode([part([5, 5, 5, 5])], { number: 9, base: 8 }))).toBe(false);
  expect(model.metric(1, "loss")?.lastY).toBe(1);
  expect(take(model, encode([part([5, 5, 5, 5], { key: "acc" })], { number: 9 }))).toBe(true);
  expect(model.keys.value).toEqual(["acc"]);
  expect(model.metric(1, "loss")).toBeUndefined();
});

test("long series grow, and become short when their buckets are merged", () => {
  const model = new RunModel();
  const long = Array.from({ length: 4000 }, (_, at) => at);
  take(model, encode([part(long)]));
  expect(model.metric(1, "loss")?.points.length).toBe(4000);
  take(model, encode([part(long.slice(0, 2000))], { number: 2, base: 1 }));
  expect(model.metric(1, "loss")?.points.length).toBe(2000);
});

test("a value that JSON cannot hold is none", () => {
  const model = new RunModel();
  take(model, encode([part([0, 1, 0, 1], { last_y: null, nans: 1 })]));
  expect(model.metric(1, "loss")?.lastY).toBeNaN();
});

test("a series that was sent anew counts as changed", () => {
  const model = new RunModel();
  take(model, encode([part([0, 1, 0, 1])]));
  const before = model.metric(1, "loss")?.revision ?? 0;
  take(model, encode([part([0, 2, 0, 2])], { number: 2 }));
  expect(model.metric(1, "loss")?.revision).toBeGreaterThan(before);
});
