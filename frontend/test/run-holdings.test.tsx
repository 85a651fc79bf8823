import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/preact";
import { signal } from "@preact/signals";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type {
  LayerInfo,
  Lineage,
  LineageNode,
  MediaEntry,
  MediaKey,
  ModelInfo,
  TablePage,
  VersionCard,
} from "../src/page/api";
import { query } from "../src/page/router";
import { ArtifactsTab } from "../src/page/run/artifacts/ArtifactsTab";
import { graphOf } from "../src/page/run/artifacts/graph";
import { chosenOf } from "../src/page/run/artifacts/paths";
import { chartOf, CurvesFigure, matrixOf, type Chart } from "../src/page/run/media/chart";
import { histogramsOf, medianOf } from "../src/page/run/media/histogram";
import { layersOf } from "../src/page/run/media/marks";
import { cellMedia, momentsOf, placeOf, sectionsOf } from "../src/page/run/media/media";
import { MediaSections, useMediaKeys } from "../src/page/run/media/MediaSections";
import { Blocks } from "../src/page/run/media/rows";
import { ModelTab } from "../src/page/run/model/ModelTab";
import { rowsOf, shapeText } from "../src/page/run/model/tree";
import { CodeFacts, differing } from "../src/page/run/overview/CodeFacts";
import { RunState } from "../src/page/run/state";
import { attemptDetail, BAD, detail } from "./details";
import { serve, visit, type Answers } from "./server";

beforeEach(() => {
  localStorage.clear();
  visit("/charts");
  // Everything is in view.
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      constructor(private readonly told: (entries: { isIntersecting: boolean }[]) => void) {}
      observe() {
        this.told([{ isIntersecting: true }]);
      }
      disconnect() {}
    },
  );
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function stateWith(answers: Answers, of = detail()) {
  const asked = serve(answers);
  const state = new RunState("s", "r");
  state.known.value = of;
  return { asked, state };
}

const key = (name: string, more: Partial<MediaKey> = {}): MediaKey => ({
  key: name,
  kind: "image",
  count: 1,
  attempts: [1],
  ...more,
});
const entry = (step: number, more: Partial<MediaEntry> = {}): MediaEntry => ({
  step,
  time: step * 1e6,
  index: 0,
  kind: "image",
  file: `${step}.png`,
  size: 10,
  frame: false,
  info: {},
  ...more,
});

test("what was logged lies at its steps, and the last before a step is found", () => {
  const moments = momentsOf([entry(0), entry(0, { index: 1 }), entry(5), entry(9)]);
  expect(moments.map(({ step, entries }) => [step, entries.length])).toEqual([
    [0, 2],
    [5, 1],
    [9, 1],
  ]);
  expect([null, -1, 0, 4, 5, 8, 99].map((step) => placeOf(moments, step))).toEqual([
    2, 0, 0, 0, 1, 1, 2,
  ]);
});

test("keys stand with those that begin alike, a model's histograms last", () => {
  const keys = ["gradients/0.weight", "a", "val/x", "val/y", "alone/z"].map((one) => key(one));
  const names = sectionsOf(keys, /(?:)/).map(({ name, keys, aside }) => [
    name,
    keys.map((one) => one.key),
    aside,
  ]);
  expect(names).toEqual([
    ["", ["a", "alone/z"], false],
    ["val", ["val/x", "val/y"], false],
    ["gradients", ["gradients/0.weight"], true],
  ]);
  expect(sectionsOf(keys, /val/).map(({ name }) => name)).toEqual(["val"]);
});

function Media({ state }: { state: RunState }) {
  return <MediaSections state={state} loaded={useMediaKeys(state)} />;
}

test("panels share a step, until each has its own; captions are text", async () => {
  const entries = {
    a: [0, 10, 20].map((step) => entry(step, { info: { caption: `${BAD} ${step}` } })),
    b: [5, 15].map((step) => entry(step, { kind: "text", file: null, info: { text: `at ${step}` } })),
  };
  const { state } = stateWith({
    "/runs/s/r/media": { keys: [key("a"), key("b", { kind: "text" })], more: false },
    "/runs/s/r/media/entries": (url: URL) => ({
      attempt: 1,
      steps: 3,
      entries: entries[url.searchParams.get("key") as "a" | "b"],
    }),
  });
  const { container } = render(<Media state={state} />);
  await screen.findByText(`${BAD} 20`);
  await screen.findByText("at 15");
  fireEvent.input(screen.getByLabelText("step of a"), { target: { value: "1" } });
  await screen.findByText(`${BAD} 10`);
  await screen.findByText("at 5");
  await waitFor(() => expect(query.value.get("step")).toBe("10"));
  fireEvent.click(screen.getByText("steps together"));
  fireEvent.click(screen.getByLabelText("earlier step of a"));
  // Alone it begins at the newest.
  await screen.findByText(`${BAD} 10`);
  expect(screen.getByText("at 15")).toBeTruthy();
  expect(container.querySelector("script, [onerror]")).toBeNull();
  fireEvent.click(screen.getByTitle("enlarge"));
  const dialog = screen.getByRole("dialog", { hidden: true });
  fireEvent.keyDown(dialog, { key: "ArrowRight" });
  await screen.findAllByText(`${BAD} 20`);
});

test("of several attempts one is chosen", async () => {
  const { asked, state } = stateWith(
    {
      "/runs/s/r/media": { keys: [key("a", { attempts: [1, 2] })], more: false },
      "/runs/s/r/media/entries": (url: URL) => ({
        attempt: Number(url.searchParams.get("attempt")),
        steps: 1,
        entries: [entry(0, { info: { caption: `of ${url.searchParams.get("attempt")}` } })],
      }),
    },
    detail({ attempts: [attemptDetail(1), attemptDetail(2)] }),
  );
  render(<Media state={state} />);
  await screen.findByText("of 2");
  fireEvent.change(screen.getByLabelText("attempt of a"), { target: { value: "1" } });
  await screen.findByText("of 1");
  expect(asked.at(-1)?.query.get("attempt")).toBe("1");
});

test("html is in a frame of its own, without this page's rights", async () => {
  const { state } = stateWith({
    "/runs/s/r/media": { keys: [key("a", { kind: "html" })], more: false },
    "/runs/s/r/media/entries": {
      attempt: 1,
      steps: 1,
      entries: [entry(0, { kind: "html", file: "x.html", frame: true })],
    },
  });
  const { container } = render(<Media state={state} />);
  await waitFor(() => expect(container.querySelector("iframe")).toBeTruthy());
  const frame = container.querySelector("iframe");
  expect(frame?.getAttribute("sandbox")).toBe("allow-scripts");
  expect(frame?.getAttribute("src")).toBe("/nbtrack/api/runs/s/r/media/frames/x.html");
});

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

const layer = (name: string, depth: number, more: Partial<LayerInfo> = {}): LayerInfo => ({
  name,
  depth,
  type: "Linear",
  parameters: 10,
  trainable: 10,
  output_shape: null,
  size_bytes: null,
  ...more,
});
const LAYERS = [layer("", 0), layer("a", 1), layer("a.0", 2), layer("a.1", 2), layer("b", 1)];

test("layers fold, and what is found stands in what holds it", () => {
  const names = (closed: string[], search = "") =>
    rowsOf(LAYERS, new Set(closed), search).map(({ layer: { name } }) => name);
  expect(names([])).toEqual(["", "a", "a.0", "a.1", "b"]);
  expect(names(["a"])).toEqual(["", "a", "b"]);
  expect(names([""])).toEqual([""]);
  expect(names(["a"], "A.1")).toEqual(["", "a", "a.1"]);
  expect(names([], "nothing")).toEqual([]);
});

test("shapes of any kind are words", () => {
  expect(shapeText([1, null, 64])).toBe("1 × ? × 64");
  expect(shapeText([])).toBe("scalar");
  expect(shapeText([[1, 2], [3]])).toBe("1 × 2, 3");
  expect(shapeText({ out: [1, 2] } as unknown as LayerInfo["output_shape"])).toBe("out: 1 × 2");
  expect(shapeText(null)).toBe("");
});

test("a model's numbers, layers and tensors", async () => {
  const model: ModelInfo = {
    name: "Net",
    framework: "torch",
    type: BAD,
    parameters: 20,
    trainable: 5,
    size_bytes: 2048,
    layers: [layer("", 0, { parameters: 20, trainable: 5 }), layer("fc", 1, { trainable: 0 })],
    settings: {},
    text: BAD,
  };
  const keys = ["gradients/fc.weight", "parameters/fc.weight", "gradients/Other/x", "loss"];
  const { state } = stateWith({
    "/runs/s/r/models": { models: [model] },
    "/runs/s/r/media": { keys: keys.map((one) => key(one, { kind: "histogram" })), more: false },
    "/runs/s/r/media/entries": { attempt: 1, steps: 0, entries: [] },
  });
  const { container } = render(<ModelTab state={state} />);
  await screen.findByText("PyTorch");
  expect(container.querySelector("script, img")).toBeNull();
  expect(screen.getByText("partly")).toBeTruthy();
  expect(screen.getByText("no")).toBeTruthy();
  expect(screen.getByText("2 KiB")).toBeTruthy();
  const learning = await screen.findByLabelText("Learning");
  await within(learning).findByText("gradients/fc.weight");
  expect(within(learning).queryByText("gradients/Other/x")).toBeNull();
  fireEvent.click(within(learning).getByText("parameters"));
  await within(learning).findByText("parameters/fc.weight");
});

test("where there is no model or artifact, it is said how there would be", async () => {
  const { state } = stateWith({
    "/runs/s/r/models": { models: [] },
    "/runs/s/r/artifacts": { artifacts: [] },
    "/artifacts": { store: "s", artifacts: [], total: 0, matched: 0, unreadable: {} },
  });
  const { container, rerender } = render(<ModelTab state={state} />);
  await screen.findByText("No model was recorded in this run.");
  rerender(<ArtifactsTab state={state} />);
  await screen.findByText("No artifacts were made or used in this run.");
  await screen.findByText("none yet");
  expect(container.querySelector("input")).toBeNull();
});

test("names of artifacts are what addresses hold", () => {
  expect(chosenOf("data:v3")).toEqual({ name: "data", version: 3 });
  expect(chosenOf("my.data-1")).toEqual({ name: "my.data-1", version: null });
  for (const bad of ["", "a/b", "a:latest", "../x", `${BAD}:v1`]) expect(chosenOf(bad)).toBeNull();
});

const version = (number: number, more: Partial<VersionCard> = {}): VersionCard => ({
  version: number,
  digest: "d".repeat(64),
  created: 1e6,
  run: { id: "r", name: "me", state: "finished" },
  used_by: [{ id: "gone", name: null, state: null }],
  aliases: [],
  description: BAD,
  metadata: { note: BAD },
  size: 10,
  files: 1,
  ...more,
});

test("an artifact: versions, content and what became of it", async () => {
  const used = { role: "used", type: "dataset", digest: "d", size: 10, time: 1, attempt: 1 };
  const { asked, state } = stateWith({
    "/runs/s/r/artifacts": {
      artifacts: [
        { ...used, name: "data", version: 1, there: true, aliases: ["latest"] },
        { ...used, name: "old", version: 0, there: false, aliases: [] },
      ],
    },
    "/artifacts": { store: "s", artifacts: [], total: 0, matched: 0, unreadable: {} },
    "/runs/s/r/lineage": { nodes: [], edges: [], more: false },
    "/artifacts/s/data": {
      name: "data",
      type: "dataset",
      versions: [version(1, { aliases: ["latest"] }), version(0)],
    },
    "/artifacts/s/data/v1/lineage": { nodes: [], edges: [], more: false },
    "/artifacts/s/data/v0/lineage": { nodes: [], edges: [], more: false },
    "/artifacts/s/data/v1/entries": {
      entries: [
        { path: "a/b c.txt", digest: "d", size: 3, uri: null, kind: "text" },
        { path: "there", digest: null, size: null, uri: `s3://${BAD}`, kind: "binary" },
      ],
      total: 2,
      matched: 2,
      offset: 0,
    },
    "/artifacts/s/data/v0/entries": { entries: [], total: 0, matched: 0, offset: 0 },
    "/artifacts/s/data/v1/files/a/b%20c.txt": BAD,
  });
  visit("/artifacts");
  const { container } = render(<ArtifactsTab state={state} />);
  await screen.findByText("data:v1");
  expect((screen.getByText("old:v0").closest("button") as HTMLButtonElement).disabled).toBe(true);
  fireEvent.click(screen.getByText("data:v1"));
  await screen.findByText("me (this run)");
  expect(query.value.get("artifact")).toBe("data:v1");
  fireEvent.click(await screen.findByText("b c.txt"));
  await waitFor(() => expect(container.querySelector(".nbt-entry pre")?.textContent).toContain(BAD));
  fireEvent.click(screen.getByText("there"));
  await screen.findByText(`s3://${BAD}`);
  expect(container.querySelector("script, img")).toBeNull();
  fireEvent.change(screen.getByLabelText("version"), { target: { value: "0" } });
  await screen.findByText("nothing is in it");
  expect(query.value.get("entry")).toBeNull();
  expect(asked.some(({ path }) => path === "/artifacts/s/data/v0/entries")).toBe(true);
});

const node = (id: string, rank: number, more: Partial<LineageNode> = {}): LineageNode => ({
  id,
  kind: "run",
  name: id,
  rank,
  there: true,
  run: null,
  artifact: null,
  version: null,
  type: null,
  ...more,
});

test("lineage goes from left to right, and those that belong together lie beside each other", () => {
  const lineage: Lineage = {
    nodes: [node("run", 0), node("b", 1), node("a", 1), node("of a", 2), node("of b", 2)],
    edges: [
      { start: "run", end: "b" },
      { start: "run", end: "a" },
      { start: "a", end: "of a" },
      { start: "b", end: "of b" },
      { start: "b", end: "missing" },
    ],
    more: false,
  };
  const { placed, lines } = graphOf(lineage);
  const at = new Map(placed.map(({ node: { id }, x, y }) => [id, { x, y }]));
  expect(at.get("run")?.x).toBeLessThan(at.get("a")?.x ?? 0);
  expect(at.get("a")?.x).toBeLessThan(at.get("of a")?.x ?? 0);
  expect(at.get("of a")?.y).toBe(at.get("a")?.y);
  expect(at.get("of b")?.y).toBe(at.get("b")?.y);
  expect(lines.length).toBe(4);
});

test("packages that differ between the parts of a run are told", async () => {
  expect(differing({ a: "1", b: "2" }, { a: "1", b: "3", c: "4" })).toEqual([
    ["b", "2", "3"],
    ["c", undefined, "4"],
  ]);
  const part = {
    format: 2,
    time: 1e6,
    done: true,
    first: true,
    commit: "0123456789abcdef",
    branch: "main",
    remote: `https://host/${BAD}`,
    root: "/r",
    dirty: true,
    cwd: "/r",
    entry: "train.py",
    notebook: null,
    python: "3.13",
    left_out: { "big.bin": "larger than 10 MiB" },
    masked: [".env"],
    whole: [],
    deleted: [],
    problem: null,
  };
  const { state } = stateWith({
    "/runs/s/r/code": {
      parts: [
        { ...part, writer: "o1", packages: { numpy: "2.0" } },
        { ...part, writer: "o2", first: false, dirty: false, packages: { numpy: "2.1" } },
      ],
    },
  });
  const { container } = render(<CodeFacts state={state} detail={detail()} />);
  await screen.findByText("numpy 2.0 → 2.1");
  expect(container.textContent).toContain(`https://host/${BAD}`);
  expect(container.querySelector("script, img")).toBeNull();
  expect(screen.getByText("what differed from the commit").getAttribute("href")).toBe(
    "/nbtrack/runs/s/r/files?file=diff.patch",
  );
});
