import { expect, test } from "vitest";

import { defaults, valueOf } from "../src/page/table/columns";
import { completions } from "../src/page/table/complete";
import { ago, short } from "../src/page/table/format";
import { readList, writeList } from "../src/page/table/lists";
import { Places } from "../src/page/table/places";
import { sqlName, whereOf } from "../src/page/table/request";
import { sparkPath } from "../src/page/table/sparks";
import { readState, writeState, type TableState } from "../src/page/table/state";
import { row } from "./answers";

test("what is chosen comes back from the address", () => {
  const state: TableState = {
    store: "s",
    search: "two words",
    where: "config.lr > 0.01 and name != 'a&b'",
    states: ["failed", "crashed"],
    tags: ["a,b", "back\\slash"],
    projects: ["p"],
    sort: ["config.lr", "-summary.val/loss"],
    group: "config.model",
    columns: ["name", "config.a,b", "spark.train/loss"],
    widths: new Map([["config.a,b", 240]]),
    trash: true,
    folded: new Set([0, 3]),
  };
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(writeState(state))) if (value) text.set(name, value);
  expect(readState(new URLSearchParams(text.toString()))).toEqual(state);
  const none = readState(new URLSearchParams("state=nonsense&widths=name,x&folded=a"));
  expect(none).toMatchObject({ states: [], sort: ["-started_at"], columns: [] });
});

test("lists keep what stands in their names", () => {
  for (const names of [[], ["a"], ["a,b", "\\", "c\\,d"]]) {
    expect(readList(writeList(names))).toEqual(names);
  }
});

test("lines and runs are mapped onto each other, with folded groups", () => {
  const groups = [
    { value: 1, runs: 3 },
    { value: 2, runs: 2 },
    { value: 3, runs: 4 },
  ];
  const places = new Places(9, groups, new Set([1]));
  expect(places.count).toBe(3 + 9 - 2);
  for (let run = 0; run < 9; run++) {
    if (run === 3 || run === 4) {
      expect(places.lineAt(places.lineOf(run))).toMatchObject({ kind: "group", group: 1, folded: true });
    } else {
      expect(places.lineAt(places.lineOf(run))).toEqual({ kind: "run", run });
    }
  }
  expect(places.lineAt(10)).toBeNull();
  expect(places.runsOf(2)).toEqual([5, 9]);
  expect(new Places(3, [], new Set()).lineAt(2)).toEqual({ kind: "run", run: 2 });
});

test("quick filters and the filter box are one expression", () => {
  const state = readState(new URLSearchParams());
  expect(whereOf({ ...state, where: " a or b " })).toBe("a or b");
  expect(whereOf({ ...state, where: "a or b", states: ["failed"], tags: ["it's"] })).toBe(
    "(a or b) AND state IN ('failed') AND list_contains(tags, 'it''s')",
  );
});

test("names are written as the filter language has them", () => {
  expect(sqlName("config.lr")).toBe("config.lr");
  expect(sqlName("summary.train/loss")).toBe('summary."train/loss"');
  expect(sqlName('config.a"b')).toBe('config."a""b"');
  expect(sqlName("config.group")).toBe('config."group"');
});

test("names and states are completed where they may stand", () => {
  const columns = [
    { name: "config.lr", kind: "number" as const, runs: 3 },
    { name: "summary.val/loss", kind: "number" as const, runs: 3 },
  ];
  const offered = (text: string) => completions(text, text.length, columns).map((one) => one.text);
  expect(offered("con")[0]).toBe("config.lr");
  expect(offered("config.lr > 1 and loss")).toEqual(['summary."val/loss"']);
  expect(offered("state = '")).toContain("'failed'");
  expect(offered("name = 'con")).toEqual([]);
  expect(offered("config.lr")).toEqual([]);
});

test("columns that nobody chose are those that differ and tell most", () => {
  const names = ["config.lr", "config.dataset", "summary.epoch", "summary.val/loss", "summary.extra"];
  const known = names.map((name) => ({ name, kind: "number" as const, runs: 2 }));
  const rows = [1, 2].map((at) =>
    row(at, { config: { lr: at, dataset: "same" }, summary: { "val/loss": at } }),
  );
  const found = defaults(known, rows);
  expect(found).toContain("config.lr");
  expect(found).not.toContain("config.dataset");
  expect(found).toContain("spark.val/loss");
  expect(found.indexOf("summary.val/loss")).toBeLessThan(found.indexOf("summary.extra"));
});

test("values inside of others are found by their path", () => {
  const run = row(1, { config: { model: { depth: 3 }, "a.b": { c: 4 } } });
  expect(valueOf(run, "config.model.depth")).toBe(3);
  expect(valueOf(run, "config.a.b.c")).toBe(4);
  expect(valueOf(run, "config.toString")).toBeUndefined();
});

test("times and numbers are short", () => {
  const now = 1e15 / 1e3;
  expect(ago(1e15 - 12 * 60e6, now)).toBe("12 min ago");
  expect(ago(1e15 - 3 * 86400e6, now)).toBe("3 d ago");
  expect(short("NaN")).toBe("NaN");
  expect(short([1, 2])).toBe("[1,2]");
});

test("a gap ends a stretch of a small curve", () => {
  expect(sparkPath([0, 1, null, 0, 1], 40, 10)).toBe("M0.0 10.0L10.0 0.0M30.0 10.0L40.0 0.0");
  expect(sparkPath([null], 40, 10)).toBe("");
});
