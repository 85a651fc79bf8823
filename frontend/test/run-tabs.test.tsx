import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/preact";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { decode } from "../src/model/decode";
import type { FileEntry, LogLine } from "../src/page/api";
import { query } from "../src/page/router";
import { CellsTab } from "../src/page/run/cells/CellsTab";
import { FilesTab } from "../src/page/run/files/FilesTab";
import { rowsOf, treeOf } from "../src/page/run/files/tree";
import { highlight } from "../src/page/run/highlight";
import { Ansi } from "../src/page/run/logs/ansi";
import { withNewer, withOlder } from "../src/page/run/logs/lines";
import { LogsTab } from "../src/page/run/logs/LogsTab";
import { RunState } from "../src/page/run/state";
import { bandsOf, SystemFigure, SystemPlace } from "../src/page/run/system/figure";
import { panelsOf } from "../src/page/run/system/panels";
import { SystemTab } from "../src/page/run/system/SystemTab";
import { attemptDetail, BAD, cell, detail } from "./details";
import { card, encode, part } from "./messages";
import { pretendLayout, serve, visit, type Answers } from "./server";

beforeEach(() => {
  localStorage.clear();
  visit();
  pretendLayout();
  Element.prototype.scrollIntoView = () => undefined;
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

const line = (number: number, text: string, more: Partial<LogLine> = {}): LogLine => ({
  number,
  cell: 1,
  label: "[1]",
  stream: "stdout",
  time: number * 1e6,
  text,
  ...more,
});

const ESC = "\x1b";

test("escapes become colours, and whatever else stands there is text", () => {
  const { container } = render(
    <pre>
      <Ansi
        text={`${ESC}[1;31m${BAD}${ESC}[0m plain ${ESC}[38;5;208mpalette ${ESC}[48;2;1;2;3mtrue`}
      />
    </pre>,
  );
  expect(container.querySelector("script, img")).toBeNull();
  expect(container.textContent).toBe(`${BAD} plain palette true`);
  const red = container.querySelector(".ansi-red");
  expect(red?.textContent).toBe(BAD);
  expect(red?.classList.contains("ansi-bold")).toBe(true);
});

test("colours that are no colours style nothing", () => {
  const { container } = render(<Ansi text={`${ESC}[38;2;9;9;url(x)mtext`} />);
  expect(container.innerHTML).not.toContain("style");
});

test("newer lines follow those that are known, and a gap is noticed", () => {
  const known = { lines: [line(1, "a"), line(2, "b")], total: 2, matched: 2 };
  const next = { lines: [line(2, "B"), line(3, "c")], total: 3, matched: 3 };
  expect(withNewer(known, next)?.lines.map(({ text }) => text)).toEqual(["a", "B", "c"]);
  const far = { lines: [line(9, "i")], total: 9, matched: 9 };
  expect(withNewer(known, far)).toBeNull();
  const older = { lines: [line(0, "z"), line(1, "a")], total: 2, matched: 2 };
  expect(withOlder(known, older).lines.map(({ text }) => text)).toEqual(["z", "a", "b"]);
});

test("the log shows what was printed, and is searched by the server", async () => {
  const { asked, state } = stateWith({
    "/runs/s/r/cells": { cells: [cell(1, { source: BAD })] },
    "/runs/s/r/logs": (url: URL) =>
      url.searchParams.get("search")
        ? { lines: [], total: 2, matched: 0 }
        : { lines: [line(1, BAD), line(2, "bad", { stream: "stderr" })], total: 2, matched: 2 },
  });
  const { container } = render(<LogsTab state={state} />);
  await screen.findByText(BAD);
  expect(container.querySelector("script, img")).toBeNull();
  expect(screen.getByText("error output:").parentElement?.textContent).toContain("bad");
  await screen.findByText("2 lines");
  fireEvent.input(screen.getByLabelText("search the log"), { target: { value: "x y" } });
  await screen.findByText("No line matches.");
  expect(query.value.get("find")).toBe("x y");
  expect(asked.at(-1)?.query.get("search")).toBe("x y");
  fireEvent.click(screen.getByText("show all lines"));
  await screen.findByText(BAD);
  expect(screen.getByText("download all").getAttribute("href")).toBe(
    "/nbtrack/api/runs/s/r/logs/download",
  );
});

test("a log that goes on is asked for again, and stops to be when the run ends", async () => {
  vi.useFakeTimers();
  let count = 0;
  const { state } = stateWith(
    {
      "/runs/s/r/cells": { cells: [] },
      "/runs/s/r/logs": () => {
        count += 1;
        return { lines: [line(count, `line ${count}`)], total: count, matched: count };
      },
    },
    detail({ state: "running" }),
  );
  render(<LogsTab state={state} />);
  await vi.advanceTimersByTimeAsync(3500);
  expect(count).toBe(4);
  expect(screen.getByText("line 4")).toBeTruthy();
  state.known.value = detail();
  await vi.advanceTimersByTimeAsync(1000);
  const after = count;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(count).toBe(after);
  vi.useRealTimers();
});

const file = (path: string, kind: FileEntry["kind"], size = 10): FileEntry => ({
  path,
  size,
  modified: 1e6,
  kind,
});

test("files are a tree with the sizes of folders, in the order in which the server names them", () => {
  const root = treeOf([
    file("output.log", "text", 1),
    file("a/b/c.txt", "text", 3),
    file("a/d.txt", "text", 4),
    file("e", "text"),
  ]);
  expect(root.size).toBe(18);
  expect(root.entries[1]).toMatchObject({ name: "a", path: "a/", size: 7 });
  const names = (open: boolean) =>
    rowsOf(root, () => open).map(({ folder, file }) => folder?.path ?? file?.path);
  expect(names(false)).toEqual(["output.log", "a/", "e"]);
  expect(names(true)).toEqual(["output.log", "a/", "a/b/", "a/b/c.txt", "a/d.txt", "e"]);
});

test.each([
  ["text", BAD],
  ["diff", `+${BAD}\n-${BAD}`],
  [
    "notebook",
    JSON.stringify({
      cells: [
        { cell_type: "markdown", source: [BAD] },
        {
          cell_type: "code",
          source: BAD,
          execution_count: 1,
          outputs: [
            { output_type: "display_data", data: { "text/html": BAD, "text/plain": BAD } },
            { output_type: "error", traceback: [BAD] },
          ],
        },
      ],
    }),
  ],
] as const)("a %s is shown as text", async (kind, content) => {
  visit("/files", "?file=x%20y");
  const { state } = stateWith({
    "/runs/s/r/files": { files: [file("x y", kind)], more: false },
    "/runs/s/r/files/x%20y": content,
  });
  const { container } = render(<FilesTab state={state} />);
  await waitFor(() => expect(container.querySelector(".nbt-preview pre")).toBeTruthy());
  expect(container.querySelector("script, img, iframe")).toBeNull();
  expect(container.querySelector(".nbt-preview")?.textContent).toContain(BAD);
  expect(screen.getByText("download").getAttribute("href")).toBe(
    "/nbtrack/api/runs/s/r/files/x%20y?download=1",
  );
});

test("HTML is shown in a frame without any right", async () => {
  visit("/files", "?file=x");
  const { state } = stateWith({
    "/runs/s/r/files": { files: [file("x", "html")], more: false },
    "/runs/s/r/files/x": BAD,
  });
  const { container } = render(<FilesTab state={state} />);
  await waitFor(() => expect(container.querySelector("iframe")).toBeTruthy());
  expect(container.querySelector("iframe")?.getAttribute("sandbox")).toBe("");
});

test("the tree is used with keys, and what is chosen stands in the address", async () => {
  const { state } = stateWith({
    "/runs/s/r/files": { files: [file("a/b", "binary"), file("c", "binary")], more: false },
  });
  render(<FilesTab state={state} />);
  const [folder] = await screen.findAllByRole("treeitem");
  folder!.focus();
  fireEvent.keyDown(folder!, { key: "ArrowRight" });
  expect(screen.getAllByRole("treeitem").length).toBe(3);
  fireEvent.keyDown(folder!, { key: "ArrowDown" });
  fireEvent.click(document.activeElement!);
  expect(query.value.get("file")).toBe("a/b");
  expect(screen.getByText(/This is no text/)).toBeTruthy();
});

test("a source is coloured, and stays the same text", () => {
  const source = `def f(x):\n    """${BAD}\n    two"""\n    return x + 1  # <b>`;
  const lines = highlight(source);
  expect(lines.map((one) => one.map(({ text }) => text).join("")).join("\n")).toBe(source);
  expect(lines[0]?.[0]).toEqual({ text: "def", kind: "keyword" });
  const blank = "\n\nx = 1";
  expect(
    highlight(blank)
      .map((one) => one.map(({ text }) => text).join(""))
      .join("\n"),
  ).toBe(blank);
});

test("cells are listed with what came of them, and two are held beside each other", async () => {
  const exception = { type: BAD, message: BAD, traceback: BAD, cell: "[2]", line: 1 };
  const cells = [
    cell(1, { attempt: 1, source: "lr = 1\nfit()" }),
    cell(2, { attempt: 2, source: `lr = 2\nfit()\n${BAD}`, state: "failed", exception }),
    cell(3),
  ];
  visit("/cells", "?cell=2");
  const { state } = stateWith(
    { "/runs/s/r/cells": { cells } },
    detail({ attempts: [attemptDetail(1), attemptDetail(2)] }),
  );
  const { container } = render(<CellsTab state={state} />);
  await waitFor(() => expect(container.querySelectorAll(".nbt-cell").length).toBe(3));
  expect(container.querySelector("script, img")).toBeNull();
  expect(container.querySelector("[aria-current]")?.getAttribute("aria-label")).toContain("[2]");
  fireEvent.click(screen.getByLabelText("compare attempt 1 [1]"));
  fireEvent.click(screen.getByLabelText("compare attempt 2 [2]"));
  expect(query.value.get("diff")).toBe("1,2");
  const found = within(await screen.findByRole("region", { name: "difference" }));
  expect(found.getByText("- lr = 1")).toBeTruthy();
  expect(found.getByText("+ lr = 2")).toBeTruthy();
  expect(found.getByText("0.2")).toBeTruthy();
  fireEvent.click(screen.getByText("tracked only"));
  expect(container.querySelectorAll(".nbt-cell").length).toBe(2);
  const bars = screen.getByRole("group", { name: "what ran when" });
  expect(bars.querySelectorAll(".nbt-bar-tracked").length).toBe(2);
});

test("the machine's samples are charts, with the memory's limit and each GPU", () => {
  const keys = [
    "cpu.percent",
    "memory.process.bytes",
    "memory.total.bytes",
    "memory.limit.bytes",
    "gpu.1.power.watts",
    "gpu.0.memory.used.bytes",
    "gpu.10.power.watts",
  ];
  const found = panelsOf(new Set(keys));
  expect(found.map(({ title }) => title)).toEqual([
    "CPU",
    "Memory",
    "GPU 0 memory",
    "GPU 1 power",
    "GPU 10 power",
  ]);
  expect(found[1]?.limit).toBe("memory.limit.bytes");
});

test("a limit is a line once something comes near it", () => {
  const { state } = stateWith({});
  const samples = (used: number) => [
    part([1e6, used, 2e6, used], { kind: "system", attempt: -1, key: "memory.process.bytes" }),
    part([1e6, 100, 2e6, 100], { kind: "system", attempt: -1, key: "memory.limit.bytes" }),
  ];
  const panel = panelsOf(new Set(["memory.process.bytes", "memory.limit.bytes"]))[0]!;
  const figure = new SystemFigure(new SystemPlace(state), panel);
  const names = () => figure.traces().map(({ name }) => name);
  state.model.apply(decode(encode(samples(5), { card: card() }))!);
  expect(names()).toEqual(["process"]);
  state.model.apply(decode(encode(samples(50), { card: card(), number: 2 }))!);
  expect(names()).toEqual(["limit", "process"]);
  expect(figure.format(1024)).toBe("1 KiB");
});

test("cells are bands of time, and what runs reaches to now", () => {
  const bands = bandsOf(
    [
      cell(1, { attempt: 1 }),
      cell(2, { state: "failed" }),
      cell(3, { ended: null }),
      cell(4, { started: null }),
    ],
    999,
  );
  expect(bands).toEqual([
    { from: 100, to: 150, name: "cell [1]", colour: "accent" },
    { from: 200, to: 250, name: "cell [2]", colour: "bad" },
    { from: 300, to: 999, name: "cell [3]", colour: "muted" },
  ]);
});

test("where nothing was sampled, it is said why", async () => {
  const { state } = stateWith({ "/runs/s/r/cells": { cells: [] } });
  state.model.apply(decode(encode([], { card: card() }))!);
  render(<SystemTab state={state} />);
  expect(screen.getByText("Nothing of the machine was recorded in this run.")).toBeTruthy();
});
