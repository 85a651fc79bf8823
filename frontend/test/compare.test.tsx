import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/preact";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { cloudOf } from "../src/page/compare/cloud";
import { ComparePage } from "../src/page/compare/ComparePage";
import { Comparison } from "../src/page/compare/comparison";
import { alignX, lineOfCut } from "../src/page/compare/curves";
import { bestOf, betterOf, differences } from "../src/page/compare/differences";
import { CompareView } from "../src/page/compare/view";
import { setQuery } from "../src/page/router";
import type { ComparedRun } from "../src/page/api";
import { answerWith, BAD, compared } from "./answers";

beforeEach(() => {
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      observe() {}
      disconnect() {}
    },
  );
  history.replaceState(null, "", "/nbtrack/compare");
  dispatchEvent(new Event("popstate"));
});
afterEach(cleanup);

const param = (name: string) => new URLSearchParams(location.search).get(name);

async function show(runs: ComparedRun[], tab = "") {
  setQuery({ store: "s", runs: runs.map(({ id }) => id).join(","), tab });
  const asked = answerWith(({ body }) => ({
    body: { runs: runs.filter(({ id }) => body.runs.includes(id)) },
  }));
  const shown = render(<ComparePage />);
  await screen.findByLabelText("runs that are compared");
  return { asked, ...shown };
}

test("what runs are called, and what they hold, is shown as text", async () => {
  const runs = [
    compared(0, { name: BAD, tags: [BAD], config: { [BAD]: BAD }, summary: { [BAD]: 1 }, keys: [BAD] }),
    compared(1, { name: BAD, config: { [BAD]: 2 } }),
  ];
  for (const tab of ["", "differences", "scatter"]) {
    const { container } = await show(runs, tab);
    expect(container.querySelector("script, img")).toBeNull();
    expect(container.textContent).toContain(BAD);
    cleanup();
  }
});

test("a run is hidden, shown and taken out; the address has it", async () => {
  await show([compared(0), compared(1), compared(2)]);
  fireEvent.click(screen.getByLabelText("draw run-1"));
  expect(param("hidden")).toBe("r1");
  fireEvent.click(screen.getByText("show all"));
  expect(param("hidden")).toBeNull();
  fireEvent.click(screen.getByLabelText("take run-1 out"));
  expect(param("runs")).toBe("r0,r2");
  await waitFor(() => expect(screen.queryByText("run-1")).toBeNull());
});

test("a run keeps its colour when another is taken out", () => {
  const comparison = new Comparison();
  for (const id of ["a", "b", "c"]) comparison.colourOf(id);
  const colour = comparison.colourOf("c");
  comparison.remove("a");
  expect(comparison.colourOf("c")).toBe(colour);
});

test("there is a chart for every metric that any of them has, and a search", async () => {
  const { container } = await show([compared(0, { keys: ["loss", "lr"] }), compared(1, { keys: ["acc"] })]);
  expect(container.querySelectorAll(".nbt-chart").length).toBe(3);
  fireEvent.input(screen.getByPlaceholderText(/search metrics/), { target: { value: "^l" } });
  await waitFor(() => expect(container.querySelectorAll(".nbt-chart").length).toBe(2));
  await waitFor(() => expect(param("metrics")).toBe("^l"));
});

test("only what differs is shown, until all is asked for", async () => {
  const runs = [
    compared(0, { config: { lr: 0.1, data: "x" }, summary: { loss: 0.5 } }),
    compared(1, { config: { lr: 0.2, data: "x" }, summary: { loss: 0.4 } }),
  ];
  const { container } = await show(runs, "differences");
  const names = () => [...container.querySelectorAll("tbody th[scope=row] .nbt-cut")].map((one) => one.textContent);
  expect(names()).toEqual(["loss", "lr"]);
  expect(container.querySelector(".nbt-best")!.textContent).toContain("0.4");
  fireEvent.click(screen.getByLabelText(/loss: the lowest/));
  expect(container.querySelector(".nbt-best")!.textContent).toContain("0.5");
  fireEvent.click(container.querySelector(".nbt-compare-check input")!);
  await waitFor(() => expect(names()).toContain("data"));
});

test("the best is known by the metric's name, and is not a number that is none", () => {
  const [row] = differences([
    compared(0, { summary: { "val/acc": "NaN" } }),
    compared(1, { summary: { "val/acc": 0.7 } }),
    compared(2, { summary: { "val/acc": 0.9 } }),
  ]);
  expect(betterOf(row!)).toBe("high");
  expect([...bestOf(row!.values, "high")]).toEqual([2]);
  expect(bestOf([1, 1], "low").size).toBe(0);
});

test("how charts are drawn comes back from the address", async () => {
  const view = new CompareView();
  const end = view.connect();
  view.setMetric("train/tokens");
  view.log.value = true;
  view.smoothing.value = 0.6;
  view.zoom.value = [10, 20.5];
  await waitFor(() => expect(param("zoom")).toBe("10~20.5"));
  end();
  const again = new CompareView();
  expect(again.x.value).toBe("train/tokens");
  expect([again.axis.value, again.log.value, again.smoothing.value]).toEqual(["value", true, 0.6]);
  expect(again.zoom.value).toEqual([10, 20.5]);
});

test("points of an answer become a curve, and many curves share their places", () => {
  const curve = lineOfCut(new Float64Array([0, 1, 0, 1, 5, NaN, 9, 4]), 1);
  expect(curve).toEqual({ x: [0, 5, 9], y: [1, null, 4] });
  const many = Array.from({ length: 9 }, (_, at) => ({
    x: Array.from({ length: 500 }, (_, place) => place * 97 + at),
    y: Array.from({ length: 500 }, () => at),
  }));
  const places = new Set(alignX(many, true).flatMap(({ x }) => x));
  expect(places.size).toBeLessThanOrEqual(1001);
  expect([...places].every(Number.isInteger)).toBe(true);
});

test("runs without one of the values have no place among the points", () => {
  const runs = [
    compared(0, { config: { lr: 0.1, opt: "sgd" }, summary: { loss: 1 } }),
    compared(1, { config: { lr: -1, opt: "adam" }, summary: { loss: 2 } }),
    compared(2, { config: { opt: "adam" }, summary: { loss: "NaN" } }),
  ];
  const of = (x: string, log: boolean) =>
    cloudOf(runs, [x, "summary.loss", "config.opt"], log, false, () => 0);
  expect(of("config.lr", false).dots.map(({ run }) => run.id)).toEqual(["r0", "r1"]);
  expect(of("config.lr", true).dots.map(({ run }) => run.id)).toEqual(["r0"]);
  expect(of("config.opt", false)).toMatchObject({
    xNames: ["adam", "sgd"],
    kinds: [
      { name: "adam", colour: 0 },
      { name: "sgd", colour: 1 },
    ],
  });
});
