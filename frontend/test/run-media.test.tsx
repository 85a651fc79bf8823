import { fireEvent, render, screen, waitFor } from "@testing-library/preact";
import { afterEach, beforeEach, expect, test } from "vitest";

import { query } from "../src/page/router";
import { momentsOf, placeOf, sectionsOf } from "../src/page/run/media/media";
import { MediaSections, useMediaKeys } from "../src/page/run/media/MediaSections";
import type { RunState } from "../src/page/run/state";
import { theme } from "../src/page/theme";
import { attemptDetail, BAD, detail } from "./details";
import { begin, end, entry, key, stateWith } from "./holdings";

beforeEach(begin);
afterEach(end);

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

test("figures of altair are told of the colours that a person chose", async () => {
  const { state } = stateWith({
    "/runs/s/r/media": { keys: ["a", "b"].map((one) => key(one, { kind: "figure" })), more: false },
    "/runs/s/r/media/entries": (url: URL) => {
      const source = url.searchParams.get("key") === "a" ? "altair" : "plotly";
      const of = { kind: "figure", file: `${source}.json`, frame: true, info: { source } } as const;
      return { attempt: 1, steps: 1, entries: [entry(0, of)] };
    },
  });
  const { container } = render(<Media state={state} />);
  const addresses = () =>
    [...container.querySelectorAll("iframe")].map((one) => one.getAttribute("src"));
  const frames = "/nbtrack/api/runs/s/r/media/frames";
  const of = (scheme: string) => [`${frames}/altair.json${scheme}`, `${frames}/plotly.json`];
  await waitFor(() => expect(addresses()).toEqual(of("")));
  theme.value = "dark";
  await waitFor(() => expect(addresses()).toEqual(of("?scheme=dark")));
  theme.value = "auto";
  await waitFor(() => expect(addresses()).toEqual(of("")));
  for (const frame of container.querySelectorAll("iframe")) {
    expect(frame.getAttribute("sandbox")).toBe("allow-scripts");
  }
});
