import { render, screen } from "@testing-library/preact";
import { afterEach, beforeEach, expect, test } from "vitest";

import { CodeFacts, differing } from "../src/page/run/overview/CodeFacts";
import { dateTime } from "../src/page/run/overview/Facts";
import { Parts, rangesOf } from "../src/page/run/overview/Parts";
import { BAD, detail, partDetail } from "./details";
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

test("a run of one part has no table of parts", () => {
  const { container } = render(<Parts parts={[]} />);
  expect(container.innerHTML).toBe("");
});

test("each part says when, where and how it ended, and what was not as at first", () => {
  const { container } = render(
    <Parts
      parts={[
        partDetail(1, { state: "crashed", ended: null, attempts: [1, 2, 3, 7] }),
        partDetail(2, {
          host: BAD,
          user: BAD,
          differences: [
            { what: "package numpy", before: "1.0", now: "2.0" },
            { what: "config.lr", before: 0.1, now: "NaN" },
            { what: "Python", before: "3.12.1", now: "3.13.0" },
            { what: "commit", before: "0123456789abcdef", now: "fedcba9876543210" },
            { what: "patch", before: null, now: "d".repeat(64) },
          ],
        }),
        partDetail(3, { rows: 1234, ended: 300e6 + 3 * 86400e6 }),
      ]}
    />,
  );
  const [first, second, third] = screen.getAllByRole("row").slice(1);
  expect(first?.textContent).toContain("crashednobody saw it end");
  expect(first?.textContent).toContain("1–3, 7");
  expect(second?.textContent).toContain(`${BAD}${BAD}`);
  expect([...second!.querySelectorAll("li")].map((one) => one.textContent)).toEqual([
    "config lr 0.1 → NaN",
    "Python 3.12.1 → 3.13.0",
    "commit 0123456789 → fedcba9876",
    "changes since the commit there were none",
    "package numpy 1.0 → 2.0",
  ]);
  expect(third?.textContent).toContain((1234).toLocaleString());
  expect(third?.textContent).toContain(dateTime(300e6 + 3 * 86400e6));
  expect(third?.lastElementChild?.textContent).toBe("nothing");
  expect(container.querySelector("script, img, details")).toBeNull();
});

test("many differences and long values are folded, markup in them is text", () => {
  const long = `${BAD} `.repeat(20);
  const packages = ["a", "b", "c", "d", "e"].map((name) => ({
    what: `package ${name}`,
    before: null,
    now: "1",
  }));
  const { container } = render(
    <Parts
      parts={[
        partDetail(1),
        partDetail(2, {
          differences: [...packages, { what: `config.${BAD}`, before: long, now: null }],
        }),
        partDetail(3, { differences: packages.slice(0, 5) }),
      ]}
    />,
  );
  const [, second, third] = screen.getAllByRole("row").slice(1);
  const [value, more] = second!.querySelectorAll<HTMLDetailsElement>("details");
  expect(value?.open).toBe(false);
  expect(value?.querySelector("summary")?.textContent).toContain(`config ${BAD}`);
  expect(value?.querySelector("summary")?.textContent?.length).toBeLessThan(150);
  expect([...value!.querySelectorAll("pre")].map((one) => one.textContent)).toEqual([long, "none"]);
  expect(more?.querySelector("summary")?.textContent).toBe("2 more packages");
  expect(more?.textContent).toContain("package e 1 (new)");
  expect(third?.querySelectorAll("li").length).toBe(5);
  expect(third?.querySelector("details")).toBeNull();
  expect(container.querySelector("script, img")).toBeNull();
});

test("rows are not said where they cannot be told apart", () => {
  render(<Parts parts={[partDetail(1), partDetail(2, { rows: null, attempts: [] })]} />);
  expect(screen.queryByText("rows")).toBeNull();
  expect(screen.getAllByRole("row")[2]?.textContent).toContain("none");
});

test("numbers that follow each other are a range", () => {
  expect(rangesOf([])).toBe("");
  expect(rangesOf([1, 2, 3, 5, 7, 8])).toBe("1–3, 5, 7–8");
});
