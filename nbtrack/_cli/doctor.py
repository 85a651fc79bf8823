"""``nbtrack doctor``: what is wrong here, and what to do."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

import click

from . import render
from .options import json_option, print_json, store_option

_MARKS = {
    "ok": ("✓", "green"),
    "note": ("•", "cyan"),
    "warning": ("!", "yellow"),
    "problem": ("✗", "red"),
}


@click.command()
@store_option
@json_option
def doctor(store: Path | None, as_json: bool) -> None:
    """Say in plain words what is wrong here and what to do.

    Exits with 1 if there is a problem; warnings and notes are none.
    """
    import msgspec
    from rich.padding import Padding
    from rich.text import Text

    from ..doctor import examine
    from ..store.catalog import open_store_anyhow

    findings = list(examine(open_store_anyhow(store)))
    if as_json:
        print_json([msgspec.structs.asdict(finding) for finding in findings])
    else:
        console = render.console()
        for area, group in groupby(findings, key=lambda finding: finding.area):
            console.print(Text(area, "bold"))
            for finding in group:
                mark, colour = _MARKS[finding.level]
                console.print(
                    Padding(Text.assemble((mark, colour), " ", finding.what), (0, 0, 0, 2))
                )
                if finding.advice:
                    console.print(Padding(Text(finding.advice, "dim"), (0, 0, 0, 4)))
        console.print(Text(_summary([finding.level for finding in findings]), "bold"))
    if any(finding.level == "problem" for finding in findings):
        sys.exit(1)


def _summary(levels: list[str]) -> str:
    problems, warnings = levels.count("problem"), levels.count("warning")
    if not problems and not warnings:
        return "Everything is in order."
    counts = [(problems, "problem"), (warnings, "warning")]
    return ", ".join(f"{n} {word}{'s' * (n != 1)}" for n, word in counts if n) + "."
