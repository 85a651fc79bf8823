"""`python -m benchmarks [--quick] [--only ROW] [--trackers a,b] [--json FILE]`.

Prints a table per row: the median of the repetitions, how far the furthest repetition was from it,
the ratio to nbtrack, and nbtrack's target where there is one. Exits with 1 if anything failed.
"""

from __future__ import annotations

import argparse
import dataclasses
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import environments, report, runner, trackers
from benchmarks.rows import FULL, QUICK, Row, rows


def arguments() -> argparse.Namespace:
    """The command line, parsed."""
    names = [row.name for row in rows(FULL)]
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="small loops, one repetition")
    parser.add_argument(
        "--only", action="append", metavar="ROW", choices=names, help=f"one of {', '.join(names)}"
    )
    parser.add_argument("--trackers", default=",".join(trackers.NAMES), help="separated by commas")
    parser.add_argument("--repetitions", type=int, help="instead of 3, or 1 with --quick")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value there")
    return parser.parse_args()


def measure(
    row: Row, repetitions: int, pythons: dict[str, Path], work: Path, results: report.Results
) -> None:
    """Run one row below `work`, its repetitions interleaved between the trackers."""
    failed: set[tuple[str, str]] = set()
    for repetition in range(repetitions):
        for case in row.cases:
            for name, python in pythons.items():
                tracker = trackers.load(name)
                if row.name in tracker.without or (case.name, name) in failed:
                    continue
                what = f"{row.name} {case.name} {name}"
                directory = work / row.name / case.name / name
                try:
                    measured = runner.run_case(tracker, python, case, directory, repetition)
                except (runner.StageError, subprocess.TimeoutExpired) as error:
                    failed.add((case.name, name))
                    results.failures.append(f"{what}: {error}")
                    continue
                if measured.get("killed_helpers"):
                    results.failures.append(f"{what}: helpers stayed and were killed")
                results.add(row, case, name, measured)


def main() -> int:
    """Run what the command line asks for; return the exit status."""
    options = arguments()
    scale = QUICK if options.quick else FULL
    if options.repetitions:
        scale = dataclasses.replace(scale, repetitions=options.repetitions)
    try:
        adapters = [trackers.load(name) for name in options.trackers.split(",")]
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    pythons = {adapter.name: environments.prepare(adapter) for adapter in adapters}
    versions = {adapter.name: environments.versions(pythons[adapter.name]) for adapter in adapters}
    for name, installed in versions.items():
        print(f"{name} {installed.get(name, '')}".rstrip(), end=", ")
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
    if options.json:
        report.write_json(options.json, results, scale, versions)
    for failure in results.failures:
        print(f"\nFAILED {failure}", file=sys.stderr)
    return 1 if results.failures else 0


if __name__ == "__main__":
    sys.exit(main())
