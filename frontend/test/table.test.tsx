import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/preact";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { server } from "../src/page/client";
import { setQuery } from "../src/page/router";
import { Table } from "../src/page/table/table";
import { TablePage } from "../src/page/table/TablePage";
import type { RunsPage } from "../src/page/api";
import { answerWith, BAD, page, row, type Asked } from "./answers";

// Nothing has a size here, unless it is given one.
const HEIGHT = 620;

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(HEIGHT);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1200);
  HTMLElement.prototype.scrollTo = function (this: HTMLElement, options: any) {
    this.scrollTop = options.top;
    this.dispatchEvent(new Event("scroll"));
  } as typeof HTMLElement.prototype.scrollTo;
  history.replaceState(null, "", "/nbtrack");
  setQuery({});
  dispatchEvent(new Event("popstate"));
  server.value = {
    version: "1",
    wire: 1,
    read_only: false,
    stores: [{ key: "s", name: "thesis", path: "/thesis" }],
  };
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

type Answer = (asked: Asked) => { status?: number; body: unknown } | undefined;

async function show(total: number, more: Partial<RunsPage> = {}, other: Answer = () => undefined) {
  const asked = answerWith((one) => {
    const found = other(one);
    if (found) return found;
    if (one.url.pathname.endsWith("/edits")) return { body: { changed: one.body.runs, failed: {} } };
    return { body: page(one.url.searchParams, total, more) };
  });
  const table = new Table();
  const shown = render(<TablePage table={table} />);
  await waitFor(() => expect(table.runs.head.value).not.toBeNull());
  return { table, asked, ...shown };
}

const lines = (container: Element) => [...container.querySelectorAll(".nbt-rows > [role=row]")];
const key = (name: string, more: KeyboardEventInit = {}) =>
  fireEvent.keyDown(document.body, { key: name, bubbles: true, ...more });

test("only lines in sight are drawn, and only their pages are asked for", async () => {
  const { container, asked } = await show(100_000);
  await waitFor(() => expect(lines(container).length).toBeGreaterThan(10));
  expect(lines(container).length).toBeLessThan(60);
  expect(screen.getByRole("grid").getAttribute("aria-rowcount")).toBe("100001");
  const host = screen.getByRole("grid");
  host.scrollTop = 30 * 50_000;
  fireEvent.scroll(host);
  await waitFor(() => expect(screen.getByText("run-50000")).toBeTruthy());
  expect(lines(container).length).toBeLessThan(60);
  const offsets = asked.map(({ url }) => Number(url.searchParams.get("offset") ?? 0));
  expect(offsets.every((offset) => offset === 0 || Math.abs(offset - 50_000) <= 100)).toBe(true);
  expect(lines(container)[0]!.getAttribute("aria-rowindex")).toMatch(/^49\d{3}|50\d{3}$/);
});

test("a filter that is no expression keeps the rows, and says why", async () => {
  const { container, table } = await show(3, {}, ({ url }) =>
    url.searchParams.get("where") === "lr >"
      ? { status: 400, body: { message: `${BAD}: syntax error` } }
      : undefined,
  );
  await waitFor(() => expect(lines(container).length).toBe(3));
  const box = screen.getByRole("combobox");
  fireEvent.input(box, { target: { value: "lr >" } });
  fireEvent.keyDown(box, { key: "Enter" });
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain(`${BAD}: syntax error`);
  expect(container.querySelector("script, img")).toBeNull();
  expect(box.getAttribute("aria-invalid")).toBe("true");
  expect(lines(container).length).toBe(3);
  fireEvent.input(box, { target: { value: "" } });
  fireEvent.keyDown(box, { key: "Enter" });
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
  expect(table.runs.error.value).toBeNull();
});

test("what runs are called is shown as text", async () => {
  const rows = [row(0, { name: BAD, tags: [BAD], reason: BAD, config: { lr: BAD }, notebook: BAD })];
  setQuery({ cols: "name,state,tags,notebook,config.lr" });
  const unreadable = [{ id: BAD, reason: BAD }];
  const { container } = await show(1, { rows, unreadable, groups: [{ value: BAD, runs: 1 }] });
  await waitFor(() => expect(lines(container).length).toBe(2));
  fireEvent.click(screen.getByText("1 unreadable"));
  expect(container.querySelector("script, img")).toBeNull();
  expect(container.textContent!.split(BAD).length).toBeGreaterThan(6);
});

test("runs are selected one by one, as a range, and all", async () => {
  const { container, table } = await show(250);
  await waitFor(() => expect(lines(container).length).toBeGreaterThan(5));
  fireEvent.click(screen.getByLabelText("select run-1").parentElement!);
  expect([...table.selection.runs.value.keys()]).toEqual(["r1"]);
  fireEvent.click(screen.getByLabelText("select run-4").parentElement!, { shiftKey: true });
  await waitFor(() => expect(table.selection.size.value).toBe(4));
  expect(screen.getByText("4 selected")).toBeTruthy();
  fireEvent.click(screen.getByLabelText("select all that match"));
  await waitFor(() => expect(table.selection.size.value).toBe(250));
  key("Escape");
  expect(table.selection.size.value).toBe(0);
});

test("keys move, select, and find the search", async () => {
  const { container, table } = await show(20);
  await waitFor(() => expect(lines(container).length).toBe(20));
  key("j");
  key("j");
  key(" ");
  expect([...table.selection.runs.value.keys()]).toEqual(["r1"]);
  key("ArrowDown", { shiftKey: true });
  await waitFor(() => expect(table.selection.size.value).toBe(2));
  expect(screen.getByRole("grid").getAttribute("aria-activedescendant")).toBe("nbt-line-2");
  key("/");
  expect(document.activeElement?.id).toBe("nbt-search");
  key("?");
  await waitFor(() => expect(container.querySelector("dialog")).toBeTruthy());
});

test("what is put out of sight can be brought back", async () => {
  const { container, table, asked } = await show(5);
  await waitFor(() => expect(lines(container).length).toBe(5));
  fireEvent.click(screen.getByLabelText("select run-2").parentElement!);
  fireEvent.click(screen.getByText("to the trash"));
  const undo = await screen.findByText("undo");
  expect(table.selection.size.value).toBe(0);
  fireEvent.click(undo);
  await screen.findByText("undone: 1 run");
  const edits = asked.filter(({ url }) => url.pathname.endsWith("/edits")).map(({ body }) => body);
  expect(edits).toEqual([
    { store: "s", runs: ["r2"], discarded: true },
    { store: "s", runs: ["r2"], discarded: false },
  ]);
});

test("undoing a tag takes it only from runs that had it not before", async () => {
  const rows = [row(0, { tags: ["best"] }), row(1), row(2)];
  const { container, table, asked } = await show(3, { rows });
  await waitFor(() => expect(lines(container).length).toBe(3));
  await table.markAll();
  await table.edits.apply([...table.selection.runs.value.values()], { kind: "tag", tag: "best" });
  await table.edits.notice.value!.undo!();
  const edits = asked.filter(({ url }) => url.pathname.endsWith("/edits")).map(({ body }) => body);
  expect(edits).toEqual([
    { store: "s", runs: ["r1", "r2"], add_tags: ["best"] },
    { store: "s", runs: ["r1", "r2"], remove_tags: ["best"] },
  ]);
});

test("a click on a head sorts, another one the other way, with shift after the others", async () => {
  const { asked } = await show(3);
  const head = await screen.findByText("duration");
  fireEvent.click(head);
  await waitFor(() => expect(new URLSearchParams(location.search).get("sort")).toBe("-duration_seconds"));
  fireEvent.click(screen.getByText("duration"));
  fireEvent.click(screen.getByText("name"), { shiftKey: true });
  await waitFor(() =>
    expect(asked.at(-1)!.url.searchParams.get("sort")).toBe("duration_seconds,name"),
  );
});

test("groups fold, and a store without runs says how to begin", async () => {
  const groups = [
    { value: 0.1, runs: 2 },
    { value: null, runs: 1 },
  ];
  setQuery({ group: "config.lr" });
  const { container } = await show(3, { groups });
  await waitFor(() => expect(lines(container).length).toBe(5));
  expect(lines(container)[3]!.textContent).toContain("none");
  fireEvent.click(lines(container)[0]!);
  await waitFor(() => expect(lines(container).length).toBe(3));
  expect(new URLSearchParams(location.search).get("folded")).toBe("0");
  cleanup();
  setQuery({ group: null, folded: null });
  const empty = await show(0);
  await waitFor(() => expect(empty.container.textContent).toContain("%load_ext nbtrack"));
});

test("runs that come on top leave the marked and the active one where they are", async () => {
  let shift = 0;
  const { container, table } = await show(20, {}, ({ url }) =>
    url.pathname.endsWith("/runs")
      ? {
          body: {
            ...page(url.searchParams, 20 + shift),
            revision: String(shift),
            rows: Array.from({ length: 20 + shift }, (_, at) => row(at - shift)),
          },
        }
      : undefined,
  );
  await waitFor(() => expect(lines(container).length).toBe(20));
  for (const _ of [0, 1, 2]) key("j");
  key("x");
  shift = 2;
  await table.runs.look();
  await waitFor(() => expect(table.active.value).toBe(4));
  expect(table.runAt(4)?.id).toBe("r2");
  expect([...table.selection.runs.value.keys()]).toEqual(["r2"]);
});
