"""The report: a page of Markdown with tables and charts, made of the JSON file of a run.

Nothing is measured here, so a report can be made again, in other words, from the same figures.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import prices, report
from benchmarks.report import REFERENCE, Results
from benchmarks.rows import Case, Figure, Row, Scale, rows

# Figures that are drawn: row, case, figure, title.
CHARTS = (
    ("latency", "3", "p50", "log() of 3 scalars, median, µs"),
    ("latency", "3-busy", "p99", "log() beside a busy thread, p99, µs"),
    ("memory", "memory", "growth", "memory of the process after the row memory, MiB"),
    ("kill", "kill", "lost", "rows lost at SIGKILL"),
    ("disk", "mix", "bytes", "bytes per scalar at rest"),
    ("read", "read", "read", "one metric as numpy, ms"),
)
COLOURS = ("#2563a8", "#9aa4b1")
WIDTH, BAR, LEFT, RIGHT = 640, 22, 120, 90

INTRODUCTION = """\
# Performance

nbtrack beside other trackers, on the same work, on one machine, in one run. Made by
`python -m benchmarks --report` from measured figures; nothing in it is written by hand.

- A cell is the median of {repetitions} repetitions, interleaved between the trackers, ± the
  furthest repetition, and the ratio to nbtrack. Ratios count: seconds differ between machines.
- What takes a tracker longer than half a minute is run once: it has no ±.
- A dash: the tracker has no part in it, for the reason below the table, or was stopped: it took too
  long or too much memory.
- *Budget* is what nbtrack is meant to keep: **OVER** where its median does not.
- Where a tracker is ahead of nbtrack, the figure has a mark (▲) and its price stands below.
- `benchmarks/rows.py` says how each row is measured. Every tracker is offline, in an environment of
  its own.
"""


GROWTH = """\
## growth: nbtrack alone, where there is very much

By `python -m benchmarks.scale`, which says what each line means.
"""


class MissingPriceError(Exception):
    """Trackers are ahead in figures and nobody has said what they pay for it."""


def markdown(document: dict[str, Any], scale: Scale, results: Results, images: str) -> str:
    """The page; `images` is where it finds the charts.

    Raises:
        MissingPriceError: A tracker is ahead somewhere without a price.
    """
    names = list(document["versions"])
    machine = document["machine"]
    parts = [INTRODUCTION.format(repetitions=scale.repetitions)]
    system = str(machine["system"]).partition("-")[0]
    parts.append(
        f"Measured on {document['time'][:10]}: {system}, {machine['cores']} cores, Python"
        f" {machine['python']}, load {machine['load']:.1f} at the end.\n"
    )
    parts.append(versions(document["versions"], document["torch"]))
    missing: list[str] = []
    for row in rows(scale):
        if row.name in document["figures"]:
            parts.append(section(results, row, names, images, missing))
    if missing:
        raise MissingPriceError("without a price: " + "; ".join(missing))
    if results.failures:
        failed = "\n".join(f"- {told(failure)}" for failure in results.failures)
        parts.append(f"## Failed\n\n{failed}\n")
    return "\n".join(parts)


def told(failure: str) -> str:
    """What failed and the last that was said of it, of what names no path."""
    what, _, _ = failure.partition(":")
    lines = [line.strip() for line in failure.splitlines() if "/" not in line]
    if not lines or lines[-1].startswith(what):
        return lines[-1] if lines else what
    return f"{what}: {lines[-1]}"


def versions(found: dict[str, dict[str, str]], torch: str) -> str:
    """Which version of each was measured, in loops of which torch."""
    named = [torch.replace("==", " ")] if torch else []
    for name, installed in found.items():
        version = installed.get(report.package(name), "")
        named.append(f"{name} {version}".rstrip())
    return f"Versions: {', '.join(named)}.\n"


def section(results: Results, row: Row, names: list[str], images: str, missing: list[str]) -> str:
    """One row: its charts, its table, and the prices of those that are ahead in it."""
    shown = [name for name in names if not row.only or name in row.only]
    lines = [f"## {row.name}: {row.title}\n"]
    for *place, title in CHARTS:
        if place[0] == row.name and bars(results, *place):
            lines.append(f"![{title}]({images}/{file_name(*place)})\n")
    lines.append("| | | " + " | ".join(shown) + " | budget |")
    lines.append("|---|---|" + "---:|" * len(shown) + "---|")
    better: dict[tuple[str, str], list[str]] = {}
    for case in row.cases:
        for figure in case.figures:
            cells = []
            for name in shown:
                text = results.cell(row, case, figure, name)
                if report.ahead(results, row, case, figure, name):
                    text += " ▲"
                    cost = prices.price(results, row.name, figure.name, name)
                    if cost:
                        better.setdefault((name, cost), []).append(figure.label)
                    else:
                        missing.append(f"{row.name}, {figure.label}, {name}")
                cells.append(text)
            if set(cells) != {"-"}:
                lines.append(line_of(results, row, case, figure, cells))
    lines.append("")
    for (name, cost), figures in better.items():
        lines.append(f"- ▲ **{name}** in {', '.join(figures)}. Its price: {cost}.")
    lines += reasons(row, shown)
    return "\n".join(lines) + "\n"


def line_of(results: Results, row: Row, case: Case, figure: Figure, cells: list[str]) -> str:
    """A line of a table."""
    kept = report.verdict(figure, results.of(row, case, figure, REFERENCE))
    kept = kept.replace("OVER", "**OVER**")
    return f"| {figure.label} | {figure.unit} | " + " | ".join([*cells, kept]) + " |"


def reasons(row: Row, shown: list[str]) -> list[str]:
    """Why trackers have no part in a row."""
    found = []
    for name in shown:
        without = report.without(name)
        for part in (row.name, *(("chart",) if row.name == "read" else ())):
            if part in without:
                found.append(f"- No {part} of {name}: {without[part]}.")
                break
    return found


def bars(results: Results, row: str, case: str, figure: str) -> dict[str, float]:
    """The medians of one figure by tracker, if there are at least two."""
    found = {
        tracker: median(values)
        for (r, c, f, tracker), values in results.values.items()
        if (r, c, f) == (row, case, figure)
    }
    return found if len(found) > 1 else {}


def file_name(row: str, case: str, figure: str) -> str:
    """What the file of a chart is called."""
    return f"performance-{row}-{case}-{figure}.svg"


def write_charts(results: Results, directory: Path) -> None:
    """Draw every chart that there are figures for."""
    directory.mkdir(parents=True, exist_ok=True)
    for row, case, figure, title in CHARTS:
        found = bars(results, row, case, figure)
        if found:
            (directory / file_name(row, case, figure)).write_text(drawn(found, title))


def drawn(found: dict[str, float], title: str) -> str:
    """A bar for each tracker, on a scale of powers of ten, as SVG; zero has no bar."""
    positive = [value for value in found.values() if value > 0]
    lowest = math.floor(math.log10(min(positive))) if positive else 0
    highest = math.log10(max(positive)) if positive else 1
    span = max(highest - lowest, 1)
    height = 36 + BAR * len(found)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        f' width="{WIDTH}" font-family="sans-serif" font-size="12" fill="#222">'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>'
        f'<text x="8" y="20" font-weight="bold">{escape(title)} (log scale)</text>'
    )
    parts = [head]
    for index, (name, value) in enumerate(found.items()):
        top = 32 + BAR * index
        part = max((math.log10(value) - lowest) / span, 0.005) if value > 0 else 0.0
        length = (WIDTH - LEFT - RIGHT) * part
        colour = COLOURS[0] if name == REFERENCE else COLOURS[1]
        parts.append(
            f'<text x="{LEFT - 8}" y="{top + 13}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR - 5}" fill="{colour}"/>'
            f'<text x="{LEFT + length + 6:.1f}" y="{top + 13}">{report.number(value)}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def grown(sources: Sequence[Path]) -> str:
    """What `benchmarks.scale` wrote into these files, a table each."""
    parts = [GROWTH] if sources else []
    for source in sources:
        document = json.loads(source.read_text())
        parts.append(f"### {document['what']}\n\n| | |\n|---|---|")
        parts += (f"| {name} | {value} |" for name, value in document["found"].items())
        parts.append("")
    return "\n".join(parts)


def write(source: Path, page: Path, scales: Sequence[Path] = ()) -> None:
    """Make the page of the JSON file `source`, and its charts in `images` beside it.

    Args:
        scales: JSON files of `benchmarks.scale`, shown at the end.

    Raises:
        MissingPriceError: A tracker is ahead somewhere without a price; nothing is written.
    """
    document, scale, results = report.read_json(source)
    text = markdown(document, scale, results, "images")
    write_charts(results, page.parent / "images")
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join(filter(None, (text, grown(scales)))))
