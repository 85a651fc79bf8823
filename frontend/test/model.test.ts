import { describe, expect, test } from "vitest";

import { formatBytes, formatDuration, formatNumber } from "../src/model/format";
import { groupKeys, matches, parsePattern } from "../src/model/groups";
import { lineOf, smooth, timeOf } from "../src/model/lines";
import { Series } from "../src/model/run";
import { part } from "./messages";

function series(points: number[]): Series {
  const [head, numbers] = part(points);
  const one = new Series(head);
  one.take(head, new Float64Array(numbers));
  return one;
}

describe("groups", () => {
  test("what follows the first slash shares a chart", () => {
    const groups = groupKeys(["train/loss", "lr", "val/loss", "a/b/c", "loss", "x/", "/y"]);
    const named = Object.fromEntries(groups.map((one) => [one.title, one.lines]));
    expect(named.loss?.map(({ prefix }) => prefix)).toEqual(["train", "val", ""]);
    expect(Object.keys(named).sort()).toEqual(["/y", "a/b/c", "loss", "lr", "x/"]);
  });

  test("more of one kind than can be told apart are drawn each by itself", () => {
    const keys = Array.from({ length: 9 }, (_, at) => `layer${at}/norm`);
    expect(groupKeys(keys).map(({ title }) => title)).toEqual(keys);
    expect(groupKeys(keys.slice(1)).map(({ lines }) => lines.length)).toEqual([8]);
  });

  test("what a person looks at first comes first", () => {
    const groups = groupKeys(["epoch", "weights", "accuracy"]);
    expect(groups.map(({ title }) => title)).toEqual(["accuracy", "weights", "epoch"]);
  });

  test("a search is a regular expression, once it is one", () => {
    const [group] = groupKeys(["train/loss", "val/loss"]);
    expect(parsePattern("(loss")).toBeNull();
    expect(matches(group!, parsePattern("^val")!)).toBe(true);
    expect(matches(group!, parsePattern("acc")!)).toBe(false);
  });
});

describe("lines", () => {
  test("both extremes of a bucket are drawn, and a point that is both once", () => {
    expect(lineOf(series([0, 1, 0, 1, 1, 5, 2, 3]), "step", undefined, 0)).toEqual({
      x: [0, 1, 2],
      y: [1, 5, 3],
    });
  });

  test("steps that go back are put in order, and what is no number is a gap", () => {
    const line = lineOf(series([5, 1, 5, 1, 2, NaN, 2, NaN, 3, Infinity, 3, 7]), "step", undefined, 0);
    expect(line.x).toEqual([2, 3, 3, 5]);
    expect(line.y).toEqual([null, null, 7, 1]);
  });

  test("a step has the time of its row, and between two rows one between theirs", () => {
    const clock = series([0, 10e6, 0, 10e6, 10, 20e6, 20, 40e6]);
    const time = timeOf(clock);
    expect([0, 5, 10, 15, 20, 30].map(time)).toEqual([10, 15, 20, 30, 40, 40]);
    const line = lineOf(series([0, 1, 10, 2]), "relative", clock, 10);
    expect(line.x).toEqual([0, 10]);
  });

  test("a moving average begins at the first value", () => {
    const [first, second, gap, fourth] = smooth([1, 1, null, 4], 0.9);
    expect(first).toBeCloseTo(1);
    expect(second).toBeCloseTo(1);
    expect(gap).toBeNull();
    expect(fourth).toBeGreaterThan(1.5);
    expect(smooth([1, 2], 0)).toEqual([1, 2]);
  });
});

test("numbers, durations and sizes are short", () => {
  expect([0, 0.12345, 1e-5, 12345, 2.5e7, NaN, -Infinity].map((n) => formatNumber(n))).toEqual([
    "0",
    "0.1235",
    "1.00e-5",
    "12.35k",
    "25M",
    "NaN",
    "−∞",
  ]);
  expect([3.21, 59.7, 61, 7260, 90_000].map(formatDuration)).toEqual([
    "3.2 s",
    "1 min 0 s",
    "1 min 1 s",
    "2 h 1 min",
    "1 d 1 h",
  ]);
  expect(formatBytes(3.2 * 2 ** 30, 16 * 2 ** 30)).toBe("3.2 / 16 GiB");
  expect(formatBytes(60 * 2 ** 20, 16 * 2 ** 30)).toBe("60 MiB / 16 GiB");
});
