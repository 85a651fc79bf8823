import { fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { container, type Scope } from "../src/lab/container";
import { labelOf, pageOf, placeOf, runPlace } from "../src/lab/places";
import { followSession } from "../src/lab/sessions";
import { StatusItem } from "../src/lab/StatusItem";
import { RunWatch } from "../src/lab/watch";
import type { KernelRun } from "../src/page/api";

const PACKAGES = [
  "@jupyterlab/application",
  "@jupyterlab/apputils",
  "@jupyterlab/launcher",
  "@jupyterlab/services",
  "@jupyterlab/statusbar",
  "@jupyterlab/ui-components",
  "@lumino/widgets",
];

const found = (change: Partial<KernelRun> = {}): KernelRun => ({
  store: "s",
  run: "r",
  name: "bold",
  state: "running",
  reason: "",
  ...change,
});

/** What a page shares: of each package these versions, the loaded one marked. */
function sharing(versions: Record<string, boolean>): Scope {
  return Object.fromEntries(
    PACKAGES.map((name) => [
      name,
      Object.fromEntries(
        Object.entries(versions).map(([version, loaded]) => [
          version,
          { loaded, get: async () => () => `${name} ${version}` },
        ]),
      ),
    ]),
  );
}

async function packagesFrom(scope: Scope): Promise<unknown> {
  const made = container((lab) => [lab]);
  made.init(scope);
  const module = (await made.get("./extension"))() as { default: [{ application: unknown }] };
  return module.default[0].application;
}

test("the page's own packages are used: the one that is loaded, else the newest", async () => {
  const name = "@jupyterlab/application";
  expect(await packagesFrom(sharing({ "4.9.1": false, "4.10.0": false }))).toBe(`${name} 4.10.0`);
  expect(await packagesFrom(sharing({ "4.9.1": true, "4.10.0": false }))).toBe(`${name} 4.9.1`);
});

test("a page without them is told which is missing", async () => {
  const scope = sharing({ "4.2.0": false });
  delete scope["@jupyterlab/statusbar"];
  await expect(packagesFrom(scope)).rejects.toThrow("nbtrack needs @jupyterlab/statusbar");
  await expect(container(() => []).get("./style")).rejects.toThrow("no module ./style");
});

test("a place is what stands behind the pages' address, whatever that is", () => {
  const root = "http://host/user/ada/nbtrack";
  expect(placeOf(`${root}`, root)).toBe("");
  expect(placeOf(`${root}?state=failed`, root)).toBe("?state=failed");
  expect(placeOf(`${root}/runs/s/r/charts?x=time#here`, root)).toBe("/runs/s/r/charts?x=time");
  expect(placeOf("http://host/user/ada/login?next=/nbtrack", root)).toBeNull();
  expect(placeOf("http://host/user/ada/nbtracks", root)).toBeNull();
});

test("a run is one page, whichever part of it is seen", () => {
  expect(pageOf("/runs/s/r/charts?x=time")).toBe(runPlace(found()));
  expect(pageOf("/runs/s/r?tab=1")).toBe(runPlace(found()));
  expect(pageOf("/runs/s/r2")).not.toBe(runPlace(found()));
  expect(pageOf("?state=failed")).toBe(pageOf(""));
  expect(pageOf("/compare?runs=a,b")).toBe("/compare");
  expect(labelOf("/runs/s/r/logs", "bold · logs · nbtrack")).toBe("bold · logs");
  expect(labelOf("?q=x", "folder · nbtrack")).toBe("Runs");
});

describe("the watch of a kernel's run", () => {
  let hidden = false;
  beforeEach(() => {
    vi.useFakeTimers();
    hidden = false;
    vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  test("a run that goes on is looked at every two seconds, others now and then", async () => {
    let run: KernelRun | null = found();
    const ask = vi.fn(async () => run);
    const watch = new RunWatch(ask);
    watch.follow("k");
    await vi.advanceTimersByTimeAsync(0);
    expect(watch.run.value?.name).toBe("bold");
    await vi.advanceTimersByTimeAsync(6000);
    expect(ask).toHaveBeenCalledTimes(4);
    run = found({ state: "finished" });
    await vi.advanceTimersByTimeAsync(2000);
    expect(watch.run.value?.state).toBe("finished");
    await vi.advanceTimersByTimeAsync(9000);
    expect(ask).toHaveBeenCalledTimes(5);
    watch.follow(null);
    expect(watch.run.value).toBeNull();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ask).toHaveBeenCalledTimes(5);
  });

  test("what happens in the kernel is seen soon, and not asked for more often than that", async () => {
    const ask = vi.fn(async (): Promise<KernelRun | null> => null);
    const watch = new RunWatch(ask);
    watch.follow("k");
    await vi.advanceTimersByTimeAsync(0);
    for (let at = 0; at < 100; at += 1) watch.hint();
    await vi.advanceTimersByTimeAsync(400);
    expect(ask).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(1000);
    expect(ask).toHaveBeenCalledTimes(3);
    await vi.advanceTimersByTimeAsync(8000);
    expect(ask).toHaveBeenCalledTimes(3);
  });

  test("an answer that comes after the notebook was left counts for nothing", async () => {
    const answers: Record<string, (run: KernelRun) => void> = {};
    const watch = new RunWatch((kernel) => new Promise((done) => (answers[kernel] = done)));
    watch.follow("first");
    await vi.advanceTimersByTimeAsync(0);
    watch.follow("second");
    answers.first!(found({ name: "of the first" }));
    await vi.advanceTimersByTimeAsync(0);
    expect(watch.run.value).toBeNull();
    answers.second!(found({ name: "of the second" }));
    await vi.advanceTimersByTimeAsync(0);
    expect(watch.run.value?.name).toBe("of the second");
  });

  test("without answers nothing is said, and less and less is asked", async () => {
    const ask = vi.fn(async () => found());
    const watch = new RunWatch(ask);
    watch.follow("k");
    await vi.advanceTimersByTimeAsync(0);
    ask.mockRejectedValue(new Error("no answer"));
    await vi.advanceTimersByTimeAsync(2000);
    expect(watch.run.value?.name).toBe("bold");
    await vi.advanceTimersByTimeAsync(4000);
    expect(watch.run.value).toBeNull();
    watch.hint();
    ask.mockClear();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(ask.mock.calls.length).toBeLessThanOrEqual(5);
    ask.mockResolvedValue(found());
    await vi.advanceTimersByTimeAsync(60_000);
    expect(watch.run.value?.name).toBe("bold");
  });

  test("who does not see the page asks for nothing until they are back", async () => {
    const ask = vi.fn(async () => found());
    const watch = new RunWatch(ask);
    hidden = true;
    watch.follow("k");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ask).not.toHaveBeenCalled();
    hidden = false;
    watch.wake();
    await vi.advanceTimersByTimeAsync(0);
    expect(watch.run.value?.name).toBe("bold");
  });
});

test("the item says how the run is, as text, and leads to its page", () => {
  const watch = new RunWatch(async () => null);
  const open = vi.fn();
  const { container: shown } = render(<StatusItem watch={watch} open={open} />);
  expect(shown.textContent).toBe("");
  watch.run.value = found({ name: "<b>bold</b>", state: "failed", reason: "cell [2] raised" });
  return vi.waitFor(() => {
    const button = screen.getByRole("button");
    expect(button.textContent).toBe("<b>bold</b>failed");
    expect(button.title).toContain("failed: cell [2] raised");
    expect(shown.querySelector(".nbt-is-failed svg")).not.toBeNull();
    fireEvent.click(button);
    expect(open).toHaveBeenCalledWith(watch.run.value);
  });
});

/** As Lumino's: whoever is connected is called. */
class Signal {
  private readonly slots = new Set<() => void>();
  connect = (slot: () => void) => this.slots.add(slot);
  disconnect = (slot: () => void) => this.slots.delete(slot);
  emit = () => [...this.slots].forEach((slot) => slot());
}

const session = (id: string) => ({
  session: { kernel: { id } as { id: string } | null },
  kernelChanged: new Signal(),
  statusChanged: new Signal(),
  disposed: new Signal(),
});

test("the notebook that was worked in last counts, until it is closed", () => {
  const [one, two] = [session("one"), session("two")];
  const shell = { currentWidget: null as unknown, currentChanged: new Signal() };
  const kernels: (string | null)[] = [];
  const happened = vi.fn();
  const show = (sessionContext?: unknown) => {
    shell.currentWidget = { sessionContext };
    shell.currentChanged.emit();
  };
  followSession(shell as never, (kernel) => kernels.push(kernel), happened);
  show(one);
  show();
  one.statusChanged.emit();
  expect(kernels).toEqual(["one"]);
  expect(happened).toHaveBeenCalledTimes(1);
  show(two);
  one.statusChanged.emit();
  expect(happened).toHaveBeenCalledTimes(1);
  two.session.kernel = { id: "another" };
  two.kernelChanged.emit();
  two.disposed.emit();
  expect(kernels).toEqual(["one", "two", "another", null]);
});
