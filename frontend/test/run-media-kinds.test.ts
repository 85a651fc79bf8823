import { waitFor } from "@testing-library/preact";
import { signal } from "@preact/signals";
import { expect, test } from "vitest";

import type { TablePage } from "../src/page/api";
import { chartOf, CurvesFigure, matrixOf, type Chart } from "../src/page/run/media/chart";
import { histogramsOf, medianOf } from "../src/page/run/media/histogram";
import { layersOf } from "../src/page/run/media/marks";
import { cellMedia, momentsOf } from "../src/page/run/media/media";
import { Blocks } from "../src/page/run/media/rows";
import { entry } from "./holdings";

test("boxes are parts of a picture, in any way that they are given", () => {
  const [found] = layersOf({
    width: 200,
    height: 100,
    boxes: {
      found: {
        class_labels: { 1: "dog" },
        box_data: [
          { position: { minX: 0.1, maxX: 0.6, minY: 0, maxY: 1 }, class_id: 1 },
          { position: { middle: [100, 50], width: 20, height: 10 }, domain: "pixel" },
          { position: { minX: "x" } },
          { position: { minX: 1, maxX: 0, minY: 0, maxY: 1 } },
          "nonsense",
        ],
      },
    },
  });
  expect(found?.boxes.map(({ x, y, width, height, text }) => [x, y, width, height, text])).toEqual([
    [0.1, 0, 0.5, 1, "dog"],
    [0.45, 0.45, 0.1, 0.1, ""],
  ]);
  expect(layersOf({ masks: { parts: { file: "m.png" } } })[0]?.mask?.file).toBe("m.png");
  expect(layersOf({ boxes: [], masks: null })).toEqual([]);
});

test("half of a histogram's values lie below its median", () => {
  const [one] = histogramsOf(
    momentsOf([
      entry(0, { kind: "histogram", info: { bins: [0, 1, 2, 4], counts: [2, 4, 2] } }),
      entry(1, { kind: "histogram", info: { bins: [0, 1], counts: [1, 2] } }),
      entry(2, { kind: "histogram", info: { bins: [0, 1], counts: ["NaN"] } }),
    ]),
  );
  expect(one && medianOf(one)).toBe(1.5);
  expect(medianOf({ step: 0, bins: [0, 1], counts: [0] })).toBeNaN();
});

const table = (columns: string[], rows: unknown[][]): TablePage => ({
  columns: columns.map((name) => ({ name, kind: "number" })),
  rows,
  total: rows.length,
  matched: rows.length,
  offset: 0,
});
const place = { id: "p", zoom: signal(null), theme: signal(0) };
const chart = (more: Partial<Chart>): Chart => ({
  kind: "line",
  x: "x",
  y: "y",
  stroke: null,
  value: null,
  title: "",
  x_title: null,
  y_title: null,
  ...more,
});

test("a curve that rises at one place keeps all of its points there", () => {
  const rows = [
    [0, 0, "a"],
    [0, 0.5, "a"],
    [1, 1, "a"],
    [0.5, 0.2, "b"],
    ["NaN", 1, "a"],
  ];
  const figure = new CurvesFigure(
    place,
    chart({ kind: "roc", stroke: "class" }),
    table(["x", "y", "class"], rows),
  );
  const [a, b] = figure.traces();
  expect([a?.name, b?.name]).toEqual(["a", "b"]);
  expect(a?.y).toEqual([0, 0.5, 1]);
  expect(a?.x[0]).toBe(0);
  expect(a?.x[1]).toBeGreaterThan(0);
  expect(a?.x[1]).toBeLessThan(1e-6);
  expect(figure.extent()).toEqual([0, 1]);
});

test("a confusion matrix has the actual classes from top to bottom", () => {
  const found = matrixOf(
    chart({ kind: "confusion", x: "Predicted", y: "Actual", value: "n" }),
    table(
      ["Actual", "Predicted", "n"],
      [
        ["cat", "cat", 5],
        ["cat", "dog", 1],
        ["dog", "cat", 2],
        ["dog", "dog", 7],
      ],
    ),
  );
  expect(found).toEqual({
    classes: ["cat", "dog"],
    counts: [
      [5, 1],
      [2, 7],
    ],
  });
});

test("what is no chart is none, and media in cells are told from anything else", () => {
  expect(chartOf({ kind: "line", x: "a" })?.x).toBe("a");
  for (const one of [null, "line", {}, { kind: "pie", x: "a" }, { kind: "line" }]) {
    expect(chartOf(one)).toBeNull();
  }
  expect(cellMedia({ "nbtrack.media": { kind: "image", file: "a.png", info: {} } })?.file).toBe(
    "a.png",
  );
  for (const one of [null, 1, {}, { "nbtrack.media": 1 }, { "nbtrack.media": {} }]) {
    expect(cellMedia(one)).toBeNull();
  }
});

test("only rows that are looked at come, and what nobody waits for is taken back", async () => {
  const asked: [number, AbortSignal][] = [];
  const told: number[] = [];
  const blocks = new Blocks(
    async (offset, abort) => {
      asked.push([offset, abort]);
      await Promise.resolve();
      return { ...table(["a"], [[offset], [offset + 1]]), offset };
    },
    (page) => told.push(page.offset),
    () => undefined,
  );
  blocks.want(0, 10);
  blocks.want(250, 310);
  await waitFor(() => expect(told).toEqual([200, 300]));
  expect(asked.map(([offset]) => offset)).toEqual([0, 200, 300]);
  expect(asked[0]?.[1].aborted).toBe(true);
  expect(blocks.at(201)).toEqual([201]);
  expect(blocks.at(0)).toBeUndefined();
  blocks.want(200, 201);
  expect(asked.length).toBe(3);
});
