import { render, screen } from "@testing-library/preact";
import { afterEach, beforeEach, expect, test } from "vitest";

import { CodeFacts, differing } from "../src/page/run/overview/CodeFacts";
import { BAD, detail } from "./details";
import { begin, end, stateWith } from "./holdings";

beforeEach(begin);
afterEach(end);

test("packages that differ between the parts of a run are told", async () => {
  expect(differing({ a: "1", b: "2" }, { a: "1", b: "3", c: "4" })).toEqual([
    ["b", "2", "3"],
    ["c", undefined, "4"],
  ]);
  const part = {
    format: 2,
    time: 1e6,
    done: true,
    first: true,
    commit: "0123456789abcdef",
    branch: "main",
    remote: `https://host/${BAD}`,
    root: "/r",
    dirty: true,
    cwd: "/r",
    entry: "train.py",
    notebook: null,
    python: "3.13",
    left_out: { "big.bin": "larger than 10 MiB" },
    masked: [".env"],
    whole: [],
    deleted: [],
    problem: null,
  };
  const { state } = stateWith({
    "/runs/s/r/code": {
      parts: [
        { ...part, writer: "o1", packages: { numpy: "2.0" } },
        { ...part, writer: "o2", first: false, dirty: false, packages: { numpy: "2.1" } },
      ],
    },
  });
  const { container } = render(<CodeFacts state={state} detail={detail()} />);
  await screen.findByText("numpy 2.0 → 2.1");
  expect(container.textContent).toContain(`https://host/${BAD}`);
  expect(container.querySelector("script, img")).toBeNull();
  expect(screen.getByText("what differed from the commit").getAttribute("href")).toBe(
    "/nbtrack/runs/s/r/files?file=diff.patch",
  );
});
