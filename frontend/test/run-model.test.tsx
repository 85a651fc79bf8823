import { fireEvent, render, screen, within } from "@testing-library/preact";
import { afterEach, beforeEach, expect, test } from "vitest";

import type { LayerInfo, ModelInfo } from "../src/page/api";
import { ModelTab } from "../src/page/run/model/ModelTab";
import { rowsOf, shapeText } from "../src/page/run/model/tree";
import { BAD } from "./details";
import { begin, end, key, stateWith } from "./holdings";

beforeEach(begin);
afterEach(end);

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
