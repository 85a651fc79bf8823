import { fireEvent, render, screen, waitFor } from "@testing-library/preact";
import { afterEach, beforeEach, expect, test } from "vitest";

import type { Lineage, LineageNode, VersionCard } from "../src/page/api";
import { query } from "../src/page/router";
import { ArtifactsTab } from "../src/page/run/artifacts/ArtifactsTab";
import { graphOf } from "../src/page/run/artifacts/graph";
import { chosenOf } from "../src/page/run/artifacts/paths";
import { ModelTab } from "../src/page/run/model/ModelTab";
import { BAD } from "./details";
import { begin, end, stateWith } from "./holdings";
import { visit } from "./server";

beforeEach(begin);
afterEach(end);

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
