import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/preact";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { decode } from "../src/model/decode";
import { route } from "../src/page/router";
import { OverviewTab } from "../src/page/run/overview/OverviewTab";
import { differing, flatten } from "../src/page/run/overview/flatten";
import { RunPage } from "../src/page/run/RunPage";
import { RunState } from "../src/page/run/state";
import type { RunDetail } from "../src/page/api";
import { attemptDetail, BAD, detail } from "./details";
import { attempt, card, encode } from "./messages";
import { pretendLayout, serve, visit, type Answers } from "./server";

beforeEach(() => {
  localStorage.clear();
  visit();
  pretendLayout();
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function overview(of: Partial<RunDetail>, answers: Answers = {}, readOnly = false) {
  const asked = serve(answers, { readOnly });
  const state = new RunState("s", "r");
  state.known.value = detail(of);
  return { asked, state, ...render(<OverviewTab state={state} />) };
}

const OPEN = () => new Response(new ReadableStream({}));

test("the page says where one is, and its tabs follow the arrow keys", async () => {
  serve({ "/runs/s/r": detail(), "/live/s/r/stream": OPEN, "/runs/s/r/cells": { cells: [] } });
  document.body.insertAdjacentHTML("beforeend", `<span id="nbt-where"></span>`);
  const { rerender } = render(<RunPage store="s" run="r" tab="overview" />);
  await screen.findByRole("heading", { name: "brave-otter-1" });
  await waitFor(() => expect(document.title).toBe("brave-otter-1 · nbtrack"));
  expect(document.getElementById("nbt-where")?.textContent).toBe("runs › brave-otter-1");
  const tab = screen.getByRole("tab", { selected: true });
  expect(tab.textContent).toBe("Overview");
  fireEvent.keyDown(tab, { key: "ArrowLeft" });
  expect(route.value).toMatchObject({ page: "run", tab: "cells" });
  rerender(<RunPage store="s" run="r" tab="cells" />);
  await screen.findByText("No cells were recorded in this run.");
  expect(screen.getByRole("tabpanel").getAttribute("aria-labelledby")).toBe("nbt-tab-cells");
});

test("a run that cannot be had says why, and can be asked for again", async () => {
  let there = false;
  serve({
    "/runs/s/r": () =>
      there ? detail() : new Response(`{"message":"there is no run r"}`, { status: 404 }),
  });
  render(<RunPage store="s" run="r" tab="overview" />);
  await screen.findByText("there is no run r");
  there = true;
  fireEvent.click(screen.getByText("try again"));
  await screen.findByRole("heading", { name: "brave-otter-1" });
});

test("what is live is asked for again when the state of an attempt changes", async () => {
  const asked = serve({ "/runs/s/r": detail({ state: "running" }), "/live/s/r/stream": OPEN });
  const state = new RunState("s", "r");
  const end = state.connect();
  await waitFor(() => expect(state.detail.value).not.toBeNull());
  const count = () => asked.filter(({ path }) => path === "/runs/s/r").length;
  const before = count();
  const change = (of: "running" | "finished", number: number) =>
    state.model.apply(
      decode(encode([], { number, card: card({ attempts: [attempt(1, { state: of })] }) }))!,
    );
  change("running", 2);
  await waitFor(() => expect(count()).toBe(before + 1));
  change("running", 3);
  change("finished", 4);
  await waitFor(() => expect(count()).toBe(before + 2));
  end();
});

test("what people and programs wrote is shown as text", () => {
  const exception = { type: BAD, message: BAD, traceback: BAD, cell: BAD, line: 1 };
  const { container } = overview({
    name: BAD,
    notes: BAD,
    tags: [BAD],
    reason: BAD,
    host: BAD,
    cwd: BAD,
    command: ["python", BAD],
    config: { [BAD]: BAD },
    summary: { [BAD]: { [BAD]: BAD } },
    damage: [BAD],
    exception,
    attempts: [attemptDetail(1, { name: BAD, label: BAD, config: { [BAD]: 1 } }), attemptDetail(2)],
    post_mortem: {
      cause: BAD,
      certainty: "likely",
      cell: "[1]",
      line: 1,
      source: BAD,
      memory: [1, 2, 3],
      memory_bytes: 3,
      memory_limit_bytes: 4,
      output: BAD,
      stack: BAD,
      look_up: BAD,
    },
  });
  expect(container.querySelector("script, img")).toBeNull();
  expect(container.textContent?.split(BAD).length).toBeGreaterThan(15);
});

test("a name is edited in place, seen at once, and taken back if the server refuses", async () => {
  let refuse = false;
  const { asked, state } = overview(
    {},
    {
      "PATCH /runs/s/r": (_, { body }) =>
        refuse
          ? new Response(`{"message":"the disk is full"}`, { status: 503 })
          : detail(JSON.parse(String(body))),
    },
  );
  const edit = (text: string) => {
    fireEvent.click(screen.getByTitle("edit the name"));
    const field = screen.getByLabelText("name");
    fireEvent.input(field, { target: { value: text } });
    return field;
  };
  fireEvent.keyDown(edit("other"), { key: "Escape" });
  expect(asked.filter(({ method }) => method !== "GET")).toEqual([]);
  fireEvent.keyDown(edit("calm-fox"), { key: "Enter" });
  expect(state.detail.value?.name).toBe("calm-fox");
  await waitFor(() => expect(asked.at(-1)?.body).toEqual({ name: "calm-fox" }));
  refuse = true;
  fireEvent.keyDown(edit("loud-fox"), { key: "Enter" });
  await screen.findByText("not saved: the disk is full");
  expect(state.detail.value?.name).toBe("calm-fox");
  expect((screen.getByLabelText("name") as HTMLInputElement).value).toBe("loud-fox");
});

test("tags come and go, and a description may be of several lines", async () => {
  const { asked } = overview(
    {},
    { "PATCH /runs/s/r": (_, { body }) => detail(JSON.parse(String(body))) },
  );
  const field = screen.getByLabelText("add a tag");
  fireEvent.input(field, { target: { value: "second, first" } });
  fireEvent.keyDown(field, { key: "Enter" });
  await waitFor(() => expect(asked.at(-1)?.body).toEqual({ tags: ["first", "second"] }));
  fireEvent.click(screen.getByLabelText("remove the tag first"));
  await waitFor(() => expect(asked.at(-1)?.body).toEqual({ tags: ["second"] }));
  fireEvent.click(screen.getByTitle("edit the description"));
  const notes = screen.getByLabelText("description");
  fireEvent.input(notes, { target: { value: "one\ntwo" } });
  fireEvent.keyDown(notes, { key: "Enter" });
  fireEvent.keyDown(notes, { key: "Enter", ctrlKey: true });
  await waitFor(() => expect(asked.at(-1)?.body).toEqual({ notes: "one\ntwo" }));
});

test("where nothing may be changed, nothing looks as if it could be", () => {
  const { container } = overview({ notes: "why" }, {}, true);
  expect(screen.getByText("why")).toBeTruthy();
  expect(container.querySelector(".nbt-edit, .nbt-tag-new, .nbt-tag button")).toBeNull();
});

test("config is searched by name and value, nested or not", () => {
  overview({ config: { optimizer: { lr: 0.1, name: "adam" }, seed: 1 } });
  expect(screen.getByText("optimizer.lr")).toBeTruthy();
  fireEvent.input(screen.getByLabelText("search config"), { target: { value: "ADAM" } });
  expect(screen.queryByText("optimizer.lr")).toBeNull();
  expect(screen.getByText("optimizer.name")).toBeTruthy();
});

test("nested values are flattened, and numbers that JSON lacks are numbers", () => {
  expect(flatten({ a: { b: [1], c: {} }, d: "NaN", e: null })).toEqual([
    { key: "a.b", text: "[1]", isNumber: false },
    { key: "a.c", text: "{}", isNumber: false },
    { key: "d", text: "NaN", isNumber: true },
    { key: "e", text: "null", isNumber: false },
  ]);
  expect(flatten({})).toEqual([]);
  expect(
    differing([
      { a: 1, b: { c: 1 } },
      { a: 1, b: { c: 2 } },
      { a: 1, d: 0 },
    ]),
  ).toEqual(["b.c", "d"]);
});

test("attempts are told apart by what differs, and lead to their charts", () => {
  overview({ attempts: [attemptDetail(1), attemptDetail(2, { config: { lr: 0.7 } })] });
  expect(screen.getByText("0.7")).toBeTruthy();
  const link = screen.getByText("#2 [2]") as HTMLAnchorElement;
  expect(link.getAttribute("href")).toBe("/nbtrack/runs/s/r/charts?attempt=2");
});

test("changes in quick succession are made one after the other, and none is lost", async () => {
  const answers: (() => void)[] = [];
  const sent: string[][] = [];
  let kept = detail({ tags: ["good"] });
  vi.stubGlobal("fetch", (_url: string, { body }: { body: string }) => {
    const change = JSON.parse(body) as { tags: string[] };
    sent.push(change.tags);
    return new Promise((resolve) => {
      answers.push(() => {
        kept = { ...kept, ...change };
        resolve(new Response(JSON.stringify(kept)));
      });
    });
  });
  const state = new RunState("s", "r");
  state.known.value = kept;
  const add = (tag: string) => state.edit({ tags: [...(state.detail.peek()?.tags ?? []), tag] });
  const both = [add("best"), add("kept")];
  expect(state.detail.value?.tags).toEqual(["good", "best", "kept"]);
  await vi.waitFor(() => expect(answers.length).toBe(1));
  answers[0]!();
  await vi.waitFor(() => expect(answers.length).toBe(2));
  expect(state.detail.value?.tags).toEqual(["good", "best", "kept"]);
  answers[1]!();
  await Promise.all(both);
  expect(sent).toEqual([
    ["good", "best"],
    ["good", "best", "kept"],
  ]);
  expect(state.detail.value?.tags).toEqual(["good", "best", "kept"]);
});

test("who leaves the page has sent all that was changed", async () => {
  const sent: unknown[] = [];
  vi.stubGlobal("fetch", (_url: string, { method, body, keepalive }: RequestInit) => {
    if (method === "PATCH") sent.push([JSON.parse(body as string), keepalive]);
    return new Promise(() => undefined);
  });
  const state = new RunState("s", "r");
  state.known.value = detail({ tags: [] });
  const end = state.connect();
  void state.edit({ name: "other" });
  void state.edit({ tags: ["best", "kept"] });
  void state.edit({ notes: "why" });
  void state.edit({ tags: ["kept"] });
  await vi.waitFor(() => expect(sent.length).toBe(1));
  dispatchEvent(new Event("pagehide"));
  dispatchEvent(new Event("pagehide"));
  expect(sent).toEqual([
    [{ name: "other" }, true],
    [{ tags: ["kept"], notes: "why" }, true],
  ]);
  end();
});

test("alerts are listed, the newest first, and markup in them is text", () => {
  const { container } = overview({
    alerts: [
      { title: "half way", text: "", level: "INFO", time: 1e15, attempt: 0 },
      { title: BAD, text: BAD, level: "ERROR", time: 2e15, attempt: 3 },
    ],
  });
  expect(container.querySelector("script, img")).toBeNull();
  const [first, second] = container.querySelectorAll(".nbt-alerts li");
  expect(first?.textContent).toContain("ERROR");
  expect(first?.querySelector(".nbt-alert-text")?.textContent).toBe(BAD);
  expect(first?.textContent).toContain("attempt 3");
  expect(second?.textContent).toMatch(/^INFO half way/);
});
