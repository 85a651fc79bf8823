"""Measures the table of ``docs/reliability.md`` anew.

Run as ``python -m docs.reliability`` in the root of the project, with the development environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("reliability.md")
BEGIN, END = "<!-- begin: deaths -->\n", "<!-- end: deaths -->\n"
COLUMNS = ("what happened", "state", "reason", "acknowledged", "kept", "seconds")


def measure() -> list[dict[str, Any]]:
    """Every way of dying, done once."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results")
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "tests/kernel/test_deaths.py"],
            env={**os.environ, "DEATHS_FILE": str(results)},
            check=True,
        )
        return [json.loads(line) for line in results.read_text().splitlines()]


def table(results: Iterable[dict[str, Any]], words: dict[str, str]) -> str:
    """The table, in the order of ``words``: the names of the ways, and what they are."""
    by_name = {result["name"]: result for result in results}
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|---|---|--:|--:|--:|"]
    for name, what in words.items():
        result = by_name.get(name)
        if result is None:
            lines.append(f"| {what} | not run here | | | | |")
            continue
        cells = (
            what,
            result["state"],
            result["reason"],
            f"{result['acknowledged']:,}",
            f"{result['kept']:,}",
            f"{result['seconds']:.1f}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    from tests.kernel.deaths import WAYS

    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    words = {name: way.words for name, way in WAYS.items()}
    PAGE.write_text(f"{before}{BEGIN}{table(measure(), words)}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
