"""`python -m benchmarks.live [--steps N] [--repeats N] [--json FILE]`.

What the live view costs a loop that logs three scalars in each step of 1 ms: real kernels,
with the view and without one, whose messages somebody takes, as a page does.

`log()`
    The median time of a call.
`threads`
    CPU time of nbtrack's threads, and of the one that sends messages, in a step.
`cost`
    Both, as a part of a step. The budget is 1 %.
`wall clock`
    How much longer the whole loop took than without nbtrack.
`progress`
    Time of an item of `nbtrack.progress()` with the view, and of tqdm, in a loop that does nothing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.kernel import kernel, run, value_of

_BUDGET = 1.0
_PREPARE = """
import statistics, threading, time

def cpu():
    ours = [t for t in threading.enumerate() if t.name.startswith(("nbtrack", "IOPub"))]
    return sum(time.clock_gettime(time.pthread_getcpuclockid(t.ident)) for t in ours)

def spin(until):
    while time.perf_counter() < until:
        pass

def loop(steps, log):
    calls = []
    before, begin = cpu(), time.perf_counter()
    at = begin
    for step in range(steps):
        at += 1e-3
        spin(at)
        if log is not None:
            row = {"loss": 1.0 / (step + 1), "accuracy": 1.0, "rate": 0.1}
            start = time.perf_counter()
            log(row)
            end = time.perf_counter()
            calls.append(end - start)
            at += end - start
    took = time.perf_counter() - begin
    return statistics.median(calls) if calls else 0.0, (cpu() - before) / steps, took / steps
"""
_ITEMS = 2_000_000
_PROGRESS = f"""
def per_item(wrapped):
    begin = time.perf_counter()
    for _ in wrapped:
        pass
    return (time.perf_counter() - begin) / {_ITEMS}
"""


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live")
    parser.add_argument("--steps", type=int, default=10_000, help="steps of each loop")
    parser.add_argument("--repeats", type=int, default=5, help="loops of each kind")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value there")
    options = parser.parse_args()
    found: dict[str, list[list[float]]] = {"bare": [], "off": [], "live": []}
    items: dict[str, list[float]] = {"nothing": [], "nbtrack": [], "tqdm": []}
    with (
        tempfile.TemporaryDirectory() as folder,
        kernel(folder) as bare,
        kernel(folder, NBTRACK_VIEW="off") as off,
        kernel(folder) as live,
    ):
        run(bare, _PREPARE)
        for client in (off, live):
            run(client, f"%load_ext nbtrack\nimport io, nbtrack\n{_PREPARE}\n{_PROGRESS}")
        for _ in range(options.repeats):
            for kind, client, log in (
                ("bare", bare, "None"),
                ("off", off, "nbtrack.log"),
                ("live", live, "nbtrack.log"),
            ):
                magic = "" if kind == "bare" else "%%track\n"
                run(client, f"{magic}found = loop({options.steps}, {log})")
                found[kind].append(list(value_of(client, "found")))
            for name, wrapped in (
                ("nothing", f"range({_ITEMS})"),
                ("nbtrack", f"nbtrack.progress(range({_ITEMS}))"),
                ("tqdm", f"__import__('tqdm').tqdm(range({_ITEMS}), file=io.StringIO())"),
            ):
                run(live, f"%%track\nnbtrack.log({{'a': 1}})\nfound = per_item({wrapped})")
                items[name].append(float(value_of(live, "found")))
    base = statistics.median(took for _, _, took in found["bare"])
    print("loop of 1 ms steps     log()   threads      cost   wall clock")
    for kind in ("off", "live"):
        log, threads, took = (
            statistics.median(column) for column in zip(*found[kind], strict=True)
        )
        cost = (log + threads) / 1e-3
        print(
            f"view {kind:<12} {1e6 * log:7.2f} us {1e6 * threads:6.2f} us {cost:9.2%}"
            f" {took / base - 1:+11.2%}"
        )
    print(f"(budget {_BUDGET:.0f} %)")
    for name, times in items.items():
        print(f"an item of {name:<10}{1e9 * statistics.median(times):8.1f} ns")
    if options.json:
        options.json.write_text(json.dumps({"loops": found, "items": items}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
