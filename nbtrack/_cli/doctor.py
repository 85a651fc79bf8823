"""``nbtrack doctor``: what is wrong here, and what to do."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import render
from .options import json_option, print_json, store_option

if TYPE_CHECKING:
    from ..doctor import Finding

_MARKS = {
    "ok": ("✓", "green"),
    "note": ("•", "cyan"),
    "warning": ("!", "yellow"),
    "problem": ("✗", "red"),
}


@click.command()
@click.option(
    "--verify", is_flag=True, help="Read all content of artifacts, and compare it with its digest."
)
@click.option(
    "--patience",
    type=click.FloatRange(min=0, min_open=True),
    default=10,
    show_default=True,
    metavar="SECONDS",
    help="How long all checks may take, other than --verify.",
)
@store_option
@json_option
def doctor(verify: bool, patience: float, store: Path | None, as_json: bool) -> None:
    """Say in plain words what is wrong here and what to do.

    Exits with 1 if there is a problem; warnings and notes are none.
    """
    import msgspec
    from rich.padding import Padding
    from rich.text import Text

    from ..doctor import examine
    from ..store.catalog import open_store_anyhow

    findings = list(examine(open_store_anyhow(store), thorough=verify, patience=patience))
    if as_json:
        print_json([msgspec.structs.asdict(finding) for finding in findings])
    else:
        console = render.console()
        for area, group in groupby(findings, key=lambda finding: finding.area):
            console.print(Text(area, "bold"))
            console.print(Padding(_lines(list(group)), (0, 0, 0, 2), expand=False))
        console.print(Text(_summary([finding.level for finding in findings]), "bold"))
    if any(finding.level == "problem" for finding in findings):
        sys.exit(1)


def _lines(findings: list[Finding]) -> Any:
    """The findings of one area; why they matter and what to do stand below them."""
    from rich.table import Table
    from rich.text import Text

    lines = Table.grid(padding=(0, 1, 0, 0))
    lines.add_column()
    lines.add_column(overflow="fold")
    for finding in findings:
        mark, colour = _MARKS[finding.level]
        lines.add_row(Text(mark, colour), Text(finding.what))
        for more in (finding.why, finding.advice):
            if more:
                lines.add_row("", Text(more, "dim"))
    return lines


def _summary(levels: list[str]) -> str:
    problems, warnings = levels.count("problem"), levels.count("warning")
    if not problems and not warnings:
        return "Everything is in order."
    counts = [(problems, "problem"), (warnings, "warning")]
    return ", ".join(f"{n} {word}{'s' * (n != 1)}" for n, word in counts if n) + "."
