import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/preact";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { decode } from "../src/model/decode";
import { groupKeys } from "../src/model/groups";
import { query } from "../src/page/router";
import { ChartsTab, openCell } from "../src/page/run/charts/ChartsTab";
import { lineOf, refined } from "../src/page/run/charts/closeup";
import { csvOf } from "../src/page/run/charts/export";
import { PageFigure } from "../src/page/run/charts/figure";
import { follow } from "../src/page/run/charts/ChartCard";
import { moved, PLAIN, sectionsOf } from "../src/page/run/charts/layout";
import { RunState } from "../src/page/run/state";
import { attemptDetail, BAD, detail } from "./details";
import { attempt, card, encode, part } from "./messages";
import { pretendLayout, serve, seriesAnswer, visit, type Answers } from "./server";

beforeEach(() => {
  localStorage.clear();
  visit("/charts");
  pretendLayout();
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const LONG = Array.from({ length: 4 * 500 }, (_, at) => at);

function stateWith(keys: string[], answers: Answers = {}, points = LONG) {
  const asked = serve({ "/views/s": { views: {} }, ...answers });
  const state = new RunState("s", "r");
  state.known.value = detail({ keys, attempts: [attemptDetail(1), attemptDetail(2)] });
  const attempts = [attempt(1), attempt(2)];
  const parts = keys.flatMap((key) =>
    [1, 2].map((n) => part(points, { key, attempt: n, count: 1_000_000 })),
  );
  state.model.apply(decode(encode(parts, { card: card({ attempts, state: "finished" }) }))!);
  const end = state.view.connect();
  return { asked, state, end };
}

const figureOf = (state: RunState, key: string) => {
  const group = groupKeys(state.model.keys.value).find(({ lines }) =>
    lines.some((one) => one.key === key),
  )!;
  return new PageFigure(state.view, group, () => undefined);
};

test("charts stand in sections that fold, and markup in names is text", () => {
  const { state } = stateWith(["loss", "net/a", "net/b", BAD]);
  const { container } = render(<ChartsTab state={state} />);
  expect(container.querySelector("script, img")).toBeNull();
  expect(container.querySelectorAll(".nbt-card").length).toBe(4);
  fireEvent.click(screen.getByRole("button", { name: /net/, expanded: true }));
  expect(container.querySelectorAll(".nbt-card").length).toBe(2);
});

test("what only a number tells apart is one section, and a chart alone is among others", () => {
  const keys = ["loss", ...Array.from({ length: 9 }, (_, at) => `layer${at}/x`), "alone/y"];
  const found = sectionsOf(groupKeys(keys), []).map(({ name, groups }) => [name, groups.length]);
  expect(found).toEqual([
    ["", 1],
    ["layer", 9],
    ["others", 1],
  ]);
});

test("charts are moved within their section, and stay in that order", () => {
  expect(moved(["a", "b", "c"], "c", 0, ["x"])).toEqual(["x", "c", "a", "b"]);
  expect(moved(["a", "b"], "a", -1, [])).toEqual(["a", "b"]);
  const order = moved(["p", "q", "r"], "r", 0, []);
  expect(
    sectionsOf(groupKeys(["p", "q", "r"]), order)[0]?.groups.map(({ title }) => title),
  ).toEqual(["r", "p", "q"]);
  const { state } = stateWith(["p", "q"]);
  const { container } = render(<ChartsTab state={state} />);
  fireEvent.keyDown(screen.getByLabelText(/^move q/), { key: "ArrowLeft" });
  expect([...container.querySelectorAll(".nbt-title")].map((one) => one.textContent)).toEqual([
    "q",
    "p",
  ]);
});

test("search, axis and smoothing stand in the address, and come from it", async () => {
  const { state, end } = stateWith(["loss", "acc"]);
  render(<ChartsTab state={state} />);
  fireEvent.input(screen.getByLabelText(/search metrics/), { target: { value: "^acc" } });
  fireEvent.change(screen.getByLabelText("a metric as horizontal axis"), {
    target: { value: "loss" },
  });
  await waitFor(() => expect(query.value.toString()).toBe("search=%5Eacc&axis=%3Dloss"));
  end();
  visit("/charts", "?search=lo&axis=time&smooth=0.5&log=1&attempt=1");
  const { view } = stateWith(["loss", "acc"]).state;
  expect([view.search.value, view.across(), view.smoothing.value, view.log.value]).toEqual([
    "lo",
    "time",
    0.5,
    true,
  ]);
  expect(view.attempts.value.map(({ n }) => n)).toEqual([1, 2]);
  expect(view.visible.value.map(({ n }) => n)).toEqual([1]);
});

test("a chart is given a title, ends, a colour, and is hidden and shown again", () => {
  const { state } = stateWith(["loss"]);
  const { container } = render(<ChartsTab state={state} />);
  const open = () => fireEvent.click(screen.getByTitle("options"));
  open();
  fireEvent.input(screen.getByLabelText("title"), { target: { value: BAD } });
  expect(container.querySelector(".nbt-title")?.textContent).toBe(BAD);
  fireEvent.change(screen.getByLabelText("min"), { target: { value: "-1" } });
  fireEvent.click(screen.getAllByLabelText("colour 5")[0]!);
  const figure = figureOf(state, "loss");
  expect(figure.range()).toEqual([-1, null]);
  expect(figure.traces().map(({ colour }) => colour)).toContain(4);
  fireEvent.click(screen.getByText("full width"));
  expect(container.querySelector(".nbt-wide")).toBeTruthy();
  fireEvent.click(screen.getByText("hide"));
  expect(container.querySelector(".nbt-card")).toBeNull();
  fireEvent.click(screen.getByText("show again"));
  expect(container.querySelector(".nbt-card")).toBeTruthy();
});

test("a view is saved under a name, taken again, and deleted", async () => {
  const saved: Record<string, unknown> = { "a table's": { columns: [] } };
  const { state, asked } = stateWith(["loss"], {
    "/views/s": () => ({ views: saved }),
    "PUT /views/s/charts%20mine": (_, { body }) => {
      saved["charts mine"] = JSON.parse(String(body));
      return saved;
    },
    "DELETE /views/s/charts%20mine": () => {
      delete saved["charts mine"];
      return new Response(null, { status: 204 });
    },
  });
  render(<ChartsTab state={state} />);
  state.view.setSize("large");
  fireEvent.click(await screen.findByText("save view …"));
  fireEvent.input(screen.getByLabelText("name of the view"), { target: { value: " mine " } });
  fireEvent.click(screen.getByText("save"));
  await screen.findByRole("option", { name: "mine" });
  expect(saved["charts mine"]).toMatchObject({ kind: "charts", size: "large" });
  expect(screen.queryByRole("option", { name: "a table's" })).toBeNull();
  state.view.take(PLAIN);
  fireEvent.change(screen.getByLabelText("view"), { target: { value: "mine" } });
  expect(state.view.layout.value.size).toBe("large");
  fireEvent.click(screen.getByText("delete"));
  await waitFor(() => expect(asked.some(({ method }) => method === "DELETE")).toBe(true));
});

test("a stretch that is zoomed into comes from the server at the screen's resolution", async () => {
  const { state, asked } = stateWith(["loss"], {
    "POST /series": () =>
      seriesAnswer([{ index: 0, attempt: 2, points: [10, 1, 10, 1, 11, 99, 12, 3] }]),
  });
  state.view.toggle(attempt(1));
  const figure = figureOf(state, "loss");
  const end = follow(state.view, figure);
  expect(asked).toEqual([]);
  state.view.zoom.value = [10, 20];
  state.view.zoom.value = [10, 12];
  await waitFor(() => expect(figure.closeup.lines.value.size).toBe(1));
  // Only the last of several zooms is asked for.
  expect(asked.length).toBe(1);
  expect(asked[0]?.body).toMatchObject({ store: "s", x: "step", start: 9.9, end: 12.1 });
  expect(figure.traces().find((one) => one.attempt === 2)?.y).toContain(99);
  state.view.zoom.value = null;
  expect(figure.closeup.lines.value.size).toBe(0);
  end();
});

test("with another metric across, curves come from the server alone", async () => {
  const { state, asked } = stateWith(["loss", "acc"], {
    "POST /series": () => seriesAnswer([{ index: 0, attempt: 2, points: [0.1, 5, 0.2, 4] }]),
  });
  const figure = figureOf(state, "loss");
  state.view.setAcross("=acc");
  expect(figure.traces().every(({ x }) => x.length === 0)).toBe(true);
  const end = follow(state.view, figure);
  await waitFor(() => expect(figure.closeup.lines.value.size).toBe(1));
  expect(asked[0]?.body).toMatchObject({ x: "acc", start: null, end: null });
  end();
});

test("time since the beginning is asked for by each attempt's own clock", () => {
  const { state } = stateWith(["loss"]);
  state.view.setAxis("relative");
  state.view.zoom.value = [0, 10];
  const asks = figureOf(state, "loss").asks();
  expect(asks.map(({ request }) => [request.x, request.start])).toEqual([
    ["time", (200 - 0.5) * 1e6],
    ["time", (100 - 0.5) * 1e6],
  ]);
  expect(asks[0]?.x(203e6)).toBe(3);
});

test("a point leads to the cell that made it", () => {
  const { state } = stateWith(["loss"]);
  openCell(state, 2);
  expect(location.pathname + location.search).toBe("/nbtrack/runs/s/r/cells?cell=2");
});

test("a cut is a line with each extreme once, and gaps", () => {
  const cut = {
    part: { index: 0, attempt: 1, count: 3, buckets: 2 },
    points: new Float64Array([1, 5, 1, 5, 2, NaN, 3, 7]),
  };
  expect(lineOf(cut, (x) => x * 10)).toEqual({ x: [10, 20, 30], y: [5, null, 7] });
});

test("around what is better known, the line goes on", () => {
  const coarse = { x: [0, 10, 20, 30], y: [0, 1, 2, 3] };
  expect(refined(coarse, { x: [9, 10, 11], y: [7, 8, 9] })).toEqual({
    x: [0, 9, 10, 11, 20, 30],
    y: [0, 7, 8, 9, 2, 3],
  });
  expect(refined(coarse, { x: [], y: [] })).toBe(coarse);
  expect(refined({ x: [1], y: [1] }, { x: [2], y: [2] })).toEqual({ x: [1, 2], y: [1, 2] });
});

test("data is exported as text that no spreadsheet computes", () => {
  const { state } = stateWith(["=1+1"]);
  const csv = csvOf(figureOf(state, "=1+1"), "step");
  expect(csv.split("\n")[0]).toBe("attempt,curve,step,value");
  expect(csv.split("\n")[1]).toMatch(/^1,'=1\+1,0,1$/);
});

test("a thousand metrics are titles until they come into view", () => {
  pretendLayout(10);
  const keys = Array.from({ length: 1000 }, (_, at) => `layer${at}/norm`);
  const { state } = stateWith(keys, {}, [0, 1, 0, 1]);
  const { container } = render(<ChartsTab state={state} />);
  expect(container.querySelectorAll(".nbt-card").length).toBe(1000);
  expect(container.querySelectorAll(".nbt-chart").length).toBe(10);
  expect(container.textContent).toContain("layer999/norm");
}, 30_000);

test("a defined step metric is across unless a person chose otherwise; hidden metrics wait", () => {
  const { state } = stateWith(["val/loss", "loss", "epoch", "noise"]);
  const axes = { "val/loss": "epoch", noise: "epoch" };
  const of = card({ attempts: [attempt(1), attempt(2)], axes, hidden: ["noise"] });
  state.model.card.value = of;
  const { view } = state;
  const [val, epoch, noise] = ["val/loss", "epoch", "noise"].map((key) => figureOf(state, key));
  // It shares a chart with "loss", which has none.
  expect([val!.across(), epoch!.across(), noise!.across()]).toEqual(["step", "step", "=epoch"]);
  state.model.card.value = { ...of, axes: { ...axes, loss: "epoch" } };
  expect([val!.across(), val!.axis(), epoch!.axis()]).toEqual(["=epoch", "value", "step"]);
  expect(val!.asks()[0]?.request.x).toBe("epoch");
  // A zoom is of charts with the same across.
  val!.place.zoom.value = [1, 2];
  expect(val!.asks()[0]?.request).toMatchObject({ start: 0.95, end: 2.05 });
  expect([noise!.place, view.zoom.value]).toEqual([val!.place, null]);
  expect(val!.place.id).not.toBe(epoch!.place.id);
  view.setAxis("time");
  expect([val!.across(), val!.place]).toEqual(["time", view]);
  view.setAxis("step");
  const { container } = render(<ChartsTab state={state} />);
  const titles = () => [...container.querySelectorAll(".nbt-title")].map((one) => one.textContent);
  expect(titles()).not.toContain("noise");
  fireEvent.click(screen.getByText("show again"));
  expect(titles()).toContain("noise");
});
