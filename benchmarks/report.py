"""What was measured, as tables in a terminal and as JSON."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.environments import TORCH_REQUIREMENT
from benchmarks.rows import Case, Figure, Row, Scale
from benchmarks.trackers import NAMES, load

REFERENCE = NAMES[0]
Key = tuple[str, str, str, str]


@dataclass
class Results:
    """All values of all figures: row, case, figure and tracker, in the order of repetitions."""

    values: dict[Key, list[float]] = field(default_factory=dict)
    words: dict[Key, list[str]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def add(self, row: Row, case: Case, tracker: str, measured: dict[str, Any]) -> None:
        """Take the figures of one repetition of a case."""
        for figure in case.figures:
            key = (row.name, case.name, figure.name, tracker)
            value = measured.get(figure.name)
            if isinstance(value, str):
                self.words.setdefault(key, []).append(value)
            elif value is not None:
                self.values.setdefault(key, []).append(value)

    def of(self, row: Row, case: Case, figure: Figure, tracker: str) -> list[float]:
        """The values of one figure of one tracker; empty if there are none."""
        return self.values.get((row.name, case.name, figure.name, tracker), [])

    def said(self, row: Row, case: Case, figure: Figure, tracker: str) -> str:
        """What was said in words, each once."""
        found = self.words.get((row.name, case.name, figure.name, tracker), [])
        return " / ".join(dict.fromkeys(found))

    def cell(self, row: Row, case: Case, figure: Figure, tracker: str) -> str:
        """What the table says of one figure of one tracker."""
        values = self.of(row, case, figure, tracker)
        reference = self.of(row, case, figure, REFERENCE)
        said = self.said(row, case, figure, tracker)
        return said or cell(values, reference, tracker == REFERENCE or figure.neutral)


def without(name: str) -> Mapping[str, str]:
    """The rows that a tracker has no part in, and why."""
    return load(name).without if name in NAMES else {}


def package(name: str) -> str:
    """The package that a tracker is."""
    return (load(name).room if name in NAMES else "") or name


def number(value: float) -> str:
    """A value with three digits that count."""
    size = abs(value)
    if value == int(value) and size < 1e6:
        return f"{value:.0f}"
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 else 4
    return f"{value:,.{digits}f}"


def cell(values: Sequence[float], reference: Sequence[float], is_reference: bool) -> str:
    """Median, the furthest that a repetition was from it, and the ratio to the reference."""
    if not values:
        return "-"
    middle = median(values)
    text = number(middle)
    if len(values) > 1:
        text += f" ±{number(max(abs(value - middle) for value in values))}"
    if not is_reference and reference and median(reference) > 0 and middle > 0:
        text += f" {number(middle / median(reference))}x"
    return text


def verdict(figure: Figure, values: Sequence[float]) -> str:
    """nbtrack's target, and whether its median keeps it."""
    if figure.target is None:
        return ""
    target = f"≤ {number(figure.target)}"
    if not values:
        return target
    return f"{target} {'ok' if median(values) <= figure.target else 'OVER'}"


def table(results: Results, row: Row, names: Iterable[str]) -> str:
    """The figures of one row: a line each, a column per tracker."""
    names = tuple(names)
    lines = [[row.title, "", *names, "target"]]
    for case in row.cases:
        for figure in case.figures:
            reference = results.of(row, case, figure, REFERENCE)
            cells = [results.cell(row, case, figure, name) for name in names]
            if set(cells) != {"-"}:
                lines.append([figure.label, figure.unit, *cells, verdict(figure, reference)])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    # The title may be longer than what stands below it; it has the whole line.
    widths[0] = max(24, *(len(line[0]) for line in lines[1:]), 0)
    header = f"{row.title}\n"
    lines[0][0] = ""
    return header + "\n".join(
        "  "
        + "  ".join(
            text.ljust(width) if column < 2 else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def machine() -> dict[str, Any]:
    """What this was measured on, and how busy it was."""
    return {
        "system": platform.platform(),
        "python": sys.version.split()[0],
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def ahead(results: Results, row: Row, case: Case, figure: Figure, tracker: str) -> bool:
    """Whether a tracker has a better median than nbtrack, or one where nbtrack has given up."""
    mine, theirs = (results.of(row, case, figure, name) for name in (REFERENCE, tracker))
    if figure.neutral or tracker == REFERENCE or not theirs:
        return False
    if not mine:
        return True
    difference = median(theirs) - median(mine)
    return difference > 0 if figure.more else difference < 0


def ratios(results: Results, shown: Iterable[Row], names: Iterable[str]) -> str:
    """What each tracker has as a multiple of nbtrack's, a line for each figure that compares."""
    lines = []
    for row in shown:
        for case in row.cases:
            for figure in case.figures:
                mine = results.of(row, case, figure, REFERENCE)
                found = []
                for name in names:
                    theirs = results.of(row, case, figure, name)
                    if figure.neutral or name == REFERENCE or not mine or not theirs:
                        continue
                    if median(mine) > 0 and median(theirs) > 0:
                        sign = " !" if ahead(results, row, case, figure, name) else ""
                        found.append(f"{name} {number(median(theirs) / median(mine))}x{sign}")
                if found:
                    lines.append(f"  {row.name:<9} {figure.label:<28} {', '.join(found)}")
    return "\n".join(["ratios to nbtrack (!: ahead of it)", *lines])


def write_json(
    path: Path, results: Results, scale: Scale, versions: dict[str, dict[str, str]]
) -> None:
    """Everything that was measured, each value of each repetition."""
    figures: dict[str, Any] = {}
    for (row, case, figure, tracker), values in results.values.items():
        place = figures.setdefault(row, {}).setdefault(case, {}).setdefault(figure, {})
        place[tracker] = {"median": median(values), "values": values}
    for (row, case, figure, tracker), words in results.words.items():
        place = figures.setdefault(row, {}).setdefault(case, {}).setdefault(figure, {})
        place[tracker] = {"words": words}
    document = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "scale": vars(scale),
        "versions": versions,
        "torch": TORCH_REQUIREMENT if scale.torch else "",
        "figures": figures,
        "failures": results.failures,
    }
    path.write_text(json.dumps(document, indent=1) + "\n")


def read_json(path: Path) -> tuple[dict[str, Any], Scale, Results]:
    """What `write_json` wrote: all of it, how much was run, and the figures."""
    document: dict[str, Any] = json.loads(path.read_text())
    listed: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in document["scale"].items()
    }
    results = Results(failures=list(document["failures"]))
    for row, cases in document["figures"].items():
        for case, figures in cases.items():
            for figure, found in figures.items():
                for tracker, one in found.items():
                    key = (row, case, figure, tracker)
                    if "words" in one:
                        results.words[key] = one["words"]
                    else:
                        results.values[key] = one["values"]
    return document, Scale(**listed), results
