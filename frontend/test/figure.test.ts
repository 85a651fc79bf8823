import { afterEach, beforeEach, expect, test } from "vitest";

import { closedLoader } from "../src/figure/closed";
import { draw } from "../src/figure/draw";
import { prepare } from "../src/figure/prepare";
import { rowsOf } from "../src/figure/rows";
import { linesOf, Tip } from "../src/figure/tip";
import { BAD } from "./details";

const SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json";
const XY = {
  x: { field: "x", type: "quantitative" },
  y: { field: "y", type: "quantitative" },
};
const chart = (more: Record<string, unknown> = {}) => ({
  $schema: SCHEMA,
  data: { values: [{ x: 1, y: 2, k: "a" }] },
  mark: "point",
  encoding: XY,
  ...more,
});

beforeEach(() => {
  document.body.innerHTML = `<div id="figure"></div><div id="inputs"></div><p id="said"></p>`;
});
afterEach(() => {
  document.body.innerHTML = "";
});
const said = () => document.getElementById("said")?.textContent;

const signalsOf = (given: Record<string, unknown>) =>
  (prepare(given, false, 300).spec.signals ?? []).map(({ name }) => name);

test("one chart is as wide and high as there is room, unless its height was said", () => {
  const { spec } = prepare(chart(), false, 321);
  expect(spec.autosize).toMatchObject({ type: "fit", contains: "padding" });
  expect(signalsOf(chart())).toContain("width");
  expect(spec.height).toBe(321);
  expect(signalsOf(chart({ width: 800 }))).toContain("width");
  const low = prepare(chart({ height: 80 }), false, 321).spec;
  expect([low.autosize, low.height]).toEqual([{ type: "fit-x", contains: "padding" }, 80]);
  expect(prepare(chart({ height: "container" }), false, 321).spec.height).toBe(321);
});

test("several charts, steps of a width and figures of Vega keep their size", () => {
  const vega = { $schema: "https://vega.github.io/schema/vega/v6.json", width: 123, marks: [] };
  expect(prepare(vega, true, 300)).toMatchObject({ dark: false, spec: { width: 123 } });
  const both = prepare({ ...chart(), mark: undefined, hconcat: [chart(), chart()] }, false, 300);
  expect(both.spec.autosize).toBeUndefined();
  const facets = chart({ encoding: { ...XY, column: { field: "k" } } });
  expect(signalsOf(facets)).not.toContain("width");
  const steps = chart({ width: { step: 9 }, encoding: { ...XY, x: { field: "k" } } });
  expect(signalsOf(steps)).toContain("x_step");
});

test("a dark ground has colours of its own, where the figure has not", () => {
  const { spec, dark } = prepare(chart({ config: { axis: { gridColor: "red" } } }), true, 300);
  expect(dark).toBe(true);
  expect(spec.background).toBe("transparent");
  expect(spec.config?.axis).toMatchObject({ gridColor: "red", domainColor: "#6b7580" });
  expect(prepare(chart(), false, 300).spec.background).toBe("white");
  for (const light of [
    chart({ background: "#eee" }),
    chart({ config: { background: "#eee" } }),
    chart({ mark: "text" }),
    { ...chart(), layer: [{ mark: "rect" }, { mark: { type: "text", fontSize: 9 } }] },
    { ...chart(), mark: undefined, facet: { field: "k" }, spec: { mark: "text", encoding: XY } },
  ]) {
    expect(prepare(light, true, 300).dark).toBe(false);
  }
});

test("nothing is loaded and no link is opened; pictures in the figure are shown", async () => {
  const wanted: string[][] = [];
  const loader = closedLoader((...one) => wanted.push(one));
  const ask = (address: string, context: "image" | "href") =>
    loader.sanitize(address, { context } as never);
  await expect(loader.load("https://host/a.csv")).rejects.toThrow("nothing is loaded");
  await expect(ask("https://host/a.png", "image")).rejects.toThrow();
  await expect(ask("javascript:alert(1)", "href")).rejects.toThrow();
  await expect(ask("javascript:alert(1)", "image")).rejects.toThrow();
  await expect(ask("https://host/", "href")).rejects.toThrow();
  await expect(loader.sanitize("https://host/b.csv", {} as never)).rejects.toThrow();
  expect(await ask("data:image/png;base64,AA==", "image")).toEqual({
    href: "data:image/png;base64,AA==",
  });
  expect(wanted.map(([what]) => what)).toEqual([
    "data",
    "picture",
    "link",
    "picture",
    "link",
    "data",
  ]);
});

test("values between commas are rows, with a head of their own or one that is given", () => {
  const rows = rowsOf('a,b\n1,"x, ""y"""\n2', ",");
  expect([...rows]).toEqual([
    { a: "1", b: 'x, "y"' },
    { a: "2", b: "" },
  ]);
  expect(rows.columns).toEqual(["a", "b"]);
  expect([...rowsOf("1\t2", "\t", ["a", "b"])]).toEqual([{ a: "1", b: "2" }]);
  expect([...rowsOf("", ",")]).toEqual([]);
});

test("what is below the pointer is text, whatever it is", () => {
  expect(linesOf({ a: 1, b: { c: [BAD] }, d: null })).toEqual([
    ["a", "1"],
    ["b", `{"c":[${JSON.stringify(BAD)}]}`],
    ["d", "null"],
  ]);
  expect(linesOf(BAD)).toEqual([["", BAD]]);
  const tip = new Tip();
  const box = document.getElementById("tip")!;
  const at = { clientX: 5, clientY: 5 } as MouseEvent;
  tip.show(null, at, null, { [BAD]: BAD });
  expect([box.hidden, box.textContent]).toEqual([false, `${BAD} ${BAD}`]);
  expect(box.querySelector("script, img")).toBeNull();
  tip.show(null, at, null, null);
  expect(box.hidden).toBe(true);
});

test("a figure is drawn with a mark for each value, and again in other colours", async () => {
  const values = [1, 2, 3].map((x) => ({ x, y: x }));
  const params = [{ name: "cut", value: 1, bind: { input: "range", name: BAD } }];
  const text = JSON.stringify(chart({ data: { values }, width: 200, params }));
  for (const dark of [false, true]) {
    await draw(text, dark);
    expect(document.querySelectorAll("#figure svg .mark-symbol path").length).toBe(3);
    expect(document.querySelectorAll("#figure svg").length).toBe(1);
    expect(document.querySelectorAll("#inputs input").length).toBe(1);
    expect(document.getElementById("inputs")?.textContent).toContain(BAD);
    expect(document.documentElement.dataset.scheme).toBe(dark ? "dark" : "light");
    expect(said()).toBe("");
  }
});

test("where data are elsewhere, or the figure is none, that is said in its place", async () => {
  await draw(JSON.stringify(chart({ data: { url: `https://host/${BAD}` } })), false);
  expect(said()).toContain(`gets its data from https://host/${BAD}, and nothing is loaded`);
  expect(document.querySelector("#figure svg, script, img")).toBeNull();
  await draw(JSON.stringify({ $schema: SCHEMA, mark: 5 }), false);
  expect(said()).toMatch(/^This figure cannot be drawn: /);
  const failing = { name: "a", init: "(event || {view: 0}).view.parent.document" };
  await draw(
    JSON.stringify({ $schema: "https://vega.github.io/schema/vega/v6.json", signals: [failing] }),
    false,
  );
  expect(said()).toMatch(/^This figure cannot be drawn: .*document/);
  await draw("no JSON", true);
  expect(said()).toMatch(/^This figure cannot be drawn: /);
  expect(document.documentElement.dataset.scheme).toBe("dark");
  expect(document.getElementById("figure")?.children.length).toBe(0);
});
