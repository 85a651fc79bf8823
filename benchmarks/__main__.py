"""`python -m benchmarks [--quick] [--only ROW] [--trackers a,b] [--torch] [--json FILE] …`.

Prints a table per row: the median of the repetitions, how far the furthest repetition was from it,
the ratio to nbtrack, and nbtrack's target where there is one; at the end all ratios. `--report`
writes a page of Markdown; with `--from-json` nothing is measured, and the page is made of the file
that `--json` wrote before. `--scale` adds what `benchmarks.scale --json` wrote. Exits with 1 if
anything failed.
"""

from __future__ import annotations

import argparse
import dataclasses
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import environments, performance, report, runner, trackers
from benchmarks.rows import FULL, QUICK, Row, rows

# What takes longer is run once.
LONG_SECONDS = 30.0


def arguments() -> argparse.Namespace:
    """The command line, parsed."""
    names = [row.name for row in rows(FULL)]
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="small loops, fewer trackers")
    parser.add_argument(
        "--only", action="append", metavar="ROW", choices=names, help=f"one of {', '.join(names)}"
    )
    parser.add_argument("--trackers", help=f"separated by commas: {', '.join(trackers.NAMES)}")
    parser.add_argument("--torch", action="store_true", help="also in a loop of torch on the CPU")
    parser.add_argument("--repetitions", type=int, help="instead of 3, or 1 with --quick")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value there")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write a page of it there")
    parser.add_argument("--from-json", type=Path, metavar="FILE", help="only report from this")
    parser.add_argument(
        "--scale",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="show this there too",
    )
    options = parser.parse_args()
    if options.from_json and not options.report:
        parser.error("--from-json needs --report")
    return options


def measure(
    row: Row, repetitions: int, pythons: dict[str, Path], work: Path, results: report.Results
) -> None:
    """Run one row below `work`, its repetitions interleaved between the trackers.

    What has failed once, or was stopped without a figure, is not tried again, nor what took long.
    """
    over: set[tuple[str, str]] = set()
    gave_up: set[str] = set()
    for repetition in range(repetitions):
        for case in row.cases:
            for name, python in pythons.items():
                tracker = trackers.load(name)
                if {row.name, case.name} & set(tracker.without) or (case.name, name) in over:
                    continue
                if (row.only and name not in row.only) or name in gave_up:
                    continue
                what = f"{row.name} {case.name} {name}"
                directory = work / row.name / case.name / name
                begin = time.monotonic()
                try:
                    measured = runner.run_case(tracker, python, case, directory, repetition)
                except (runner.StageError, subprocess.TimeoutExpired) as error:
                    over.add((case.name, name))
                    results.failures.append(f"{what}: {error}")
                    continue
                if measured.get("killed_helpers"):
                    results.failures.append(f"{what}: helpers stayed and were killed")
                results.add(row, case, name, measured)
                has_figures = any(figure.name in measured for figure in case.figures)
                if not has_figures or time.monotonic() - begin > LONG_SECONDS:
                    over.add((case.name, name))
                if row.grows and not has_figures:
                    gave_up.add(name)


def written(source: Path, page: Path, scales: Sequence[Path]) -> int:
    """Make the page of a file of figures; return the exit status."""
    try:
        performance.write(source, page, scales)
    except performance.MissingPriceError as error:
        print(f"no report: trackers are ahead {error}; see benchmarks/prices.py", file=sys.stderr)
        return 1
    return 0


def main() -> int:
    """Run what the command line asks for; return the exit status."""
    options = arguments()
    if options.from_json:
        return written(options.from_json, options.report, options.scale)
    scale = dataclasses.replace(QUICK if options.quick else FULL, torch=options.torch)
    if options.repetitions:
        scale = dataclasses.replace(scale, repetitions=options.repetitions)
    try:
        chosen = trackers.QUICK if options.quick else trackers.NAMES
        names = options.trackers.split(",") if options.trackers else chosen
        adapters = [trackers.load(name) for name in names]
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if options.torch:
        environments.prepare_torch()
    pythons = {adapter.name: environments.prepare(adapter) for adapter in adapters}
    versions = {adapter.name: environments.versions(pythons[adapter.name]) for adapter in adapters}
    for name, installed in versions.items():
        print(f"{name} {installed.get(report.package(name), '')}".rstrip(), end=", ")
    place = report.machine()
    print(f"Python {place['python']}, {scale.repetitions} interleaved repetitions")
    print(f"{place['system']}, {place['cores']} cores, load {place['load']:.1f}")
    results = report.Results()
    for row in rows(scale):
        if options.only and row.name not in options.only:
            continue
        # Beside the environments, not in a temporary directory, which may be memory.
        with tempfile.TemporaryDirectory(prefix="work-", dir=environments.ENVIRONMENTS) as work:
            measure(row, scale.repetitions, pythons, Path(work), results)
        print("\n" + report.table(results, row, pythons), flush=True)
    print("\n" + report.ratios(results, rows(scale), pythons))
    if options.json or options.report:
        with tempfile.TemporaryDirectory() as folder:
            path = options.json or Path(folder, "figures.json")
            report.write_json(path, results, scale, versions)
            if options.report and written(path, options.report, options.scale):
                return 1
    for failure in results.failures:
        print(f"\nFAILED {failure}", file=sys.stderr)
    return 1 if results.failures else 0


if __name__ == "__main__":
    sys.exit(main())
