import { signal } from "@preact/signals";
import { cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, beforeAll, expect, test, vi } from "vitest";

import { App } from "../src/components/App";
import { kernelText } from "../src/components/Header";
import { decode } from "../src/model/decode";
import { RunModel } from "../src/model/run";
import { View } from "../src/view";
import type { Card } from "../src/wire";
import { attempt, card, encode, part } from "./messages";

let observed = 0;

// Nothing is drawn here: this document has no layout.
beforeAll(() => {
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      observe() {
        observed += 1;
      }
      disconnect() {}
    },
  );
});
afterEach(cleanup);

function show(of: Partial<Card>, keys: string[] = []) {
  const model = new RunModel();
  const parts = keys.map((key) => part([0, 1, 0, 1], { key }));
  model.apply(decode(encode(parts, { card: card(of) }))!);
  const view = new View(model, signal(1), "one");
  const shown = render(<App view={view} host={document.body} />);
  return { model, view, ...shown };
}

const BAD = `<img src=x onerror="alert(1)"><script>alert(2)</script>&amp;`;

test("what comes from outside is shown as text", () => {
  const { container } = show(
    {
      name: BAD,
      reason: BAD,
      state: "failed",
      tags: [BAD],
      alerts: [{ title: BAD, text: BAD, level: "ERROR", time: 1, attempt: 1 }],
      console: [BAD],
      progress: { label: BAD, done: 1, total: 2, seconds: 1, rate: 1, closed: false },
      error: {
        type: BAD,
        message: BAD,
        traceback: BAD,
        cell: "[1]",
        cell_id: null,
        line: 1,
        attempt: 1,
      },
      attempts: [
        attempt(1, { name: BAD, config: { [BAD]: BAD } }),
        attempt(2, { name: BAD, label: BAD, tags: [BAD] }),
      ],
    },
    [BAD, `train/${BAD}`],
  );
  expect(container.querySelector("script, img")).toBeNull();
  expect(container.textContent).toContain(BAD);
  expect(container.querySelectorAll(".nbt-chart").length).toBe(2);
});

test("how far a loop is, and when it will be done", () => {
  show({ progress: { label: "epoch", done: 25, total: 100, seconds: 50, rate: 0.5, closed: false } });
  const bar = screen.getByRole("progressbar");
  expect(bar.getAttribute("aria-valuenow")).toBe("25");
  expect(screen.getByText("25 / 100 · 0.5/s · 2 min 30 s left")).toBeTruthy();
});

test("a loop that has ended is shown no more", () => {
  show({ progress: { label: "epoch", done: 1, total: 1, seconds: 1, rate: 1, closed: true } });
  expect(screen.queryByRole("progressbar")).toBeNull();
});

test("the state is that of the attempt while the run goes on, else its own", () => {
  show({ attempts: [attempt(1, { state: "failed" })] });
  expect(screen.getByRole("status").textContent).toBe("failed");
  cleanup();
  show({ state: "crashed", reason: "died in cell [1]: SIGKILL", attempts: [attempt(1)] });
  expect(screen.getByRole("status").textContent).toBe("crashed");
  expect(screen.getByText("died in cell [1]: SIGKILL")).toBeTruthy();
});

test("attempts can be switched off and on again", () => {
  const { view } = show({
    attempts: [attempt(1, { config: { lr: "0.1" } }), attempt(2, { config: { lr: "0.2" } })],
  });
  expect(view.visible.value.map(({ n }) => n)).toEqual([2, 1]);
  const chip = screen.getByText("lr=0.1").closest("button")!;
  fireEvent.click(chip);
  expect(view.visible.value.map(({ n }) => n)).toEqual([2]);
  fireEvent.click(chip);
  expect(view.visible.value.map(({ n }) => n)).toEqual([2, 1]);
});

test("tries of other cells are offered, and not drawn unasked", () => {
  const { view } = show({ attempts: [attempt(1, { cell: "other" }), attempt(2)] });
  expect(view.attempts.value.map(({ n }) => n)).toEqual([2, 1]);
  expect(view.visible.value.map(({ n }) => n)).toEqual([2]);
});

test("a search keeps the last pattern that was one", () => {
  const { view } = show({}, ["loss", "accuracy"]);
  const end = view.connect();
  view.search.value = "^loss$";
  expect(view.groups.value.map(({ title }) => title)).toEqual(["loss"]);
  view.search.value = "^loss(";
  expect(view.groups.value.map(({ title }) => title)).toEqual(["loss"]);
  expect(view.badPattern.value).toBe(true);
  end();
});

test("a thousand metrics are not all made at once", () => {
  observed = 0;
  const keys = Array.from({ length: 1000 }, (_, at) => `layer${at}`);
  const { container } = show({}, keys);
  expect(container.querySelectorAll(".nbt-chart").length).toBe(12);
  fireEvent.click(screen.getByText("show 988 more"));
  expect(container.querySelectorAll(".nbt-chart").length).toBe(1000);
  expect(observed).toBeLessThan(100);
});

test("what is known of the kernel is said plainly", () => {
  expect(kernelText("busy", true, 12)).toContain("busy and says nothing for 12 s");
  expect(kernelText("idle", true, 12)).toContain("busy and says nothing for 12 s");
  expect(kernelText("restarting", true, 12)).toContain("restarting");
  expect(kernelText("gone", false, 12)).toContain("gone");
  expect(kernelText("idle", false, 12)).toBe("");
});

test("the last alert is a line", () => {
  const alert = { text: "", level: "WARN", time: 1, attempt: 0 };
  show({ alerts: ["first", "diverged"].map((title) => ({ ...alert, title })) });
  expect(screen.getByRole("alert").textContent).toBe("WARN: diverged");
});
