"""The report of the benchmarks: from known figures to the page."""

from __future__ import annotations

import dataclasses
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from benchmarks import performance, prices, report, trackers
from benchmarks.rows import FULL, QUICK, rows

NAMES = ("nbtrack", "wandb", "trackio", "tensorboardX")


def values(**found: list[float]) -> dict[str, Any]:
    return {name: {"values": given} for name, given in found.items()}


@pytest.fixture
def document() -> dict[str, Any]:
    latency = {
        "p50": values(nbtrack=[1.0, 1.2, 5.0], wandb=[120.0, 60.0, 90.0], trackio=[6.0] * 3),
        "p99": values(nbtrack=[20.0], wandb=[200.0], trackio=[5.0]),
    }
    memory = {
        "growth": values(nbtrack=[2.0], wandb=[0.5], trackio=[899.0], tensorboardX=[1.0]),
        "finish": values(nbtrack=[300.0], trackio=[3400.0]),
    }
    kill = {
        "lost": values(nbtrack=[0.0], wandb=[60.0, 5.0, 103.0], trackio=[62.0]),
        "state": {"nbtrack": {"words": ["crashed"]}, "wandb": {"words": ["-", "-"]}},
    }
    images = {"calls": values(nbtrack=[100.0], wandb=[400.0], trackio=[50.0])}
    return {
        "time": "2030-01-02T03:04:05+00:00",
        "machine": {"system": "Linux-6.1-of-somebody", "python": "3.11", "cores": 2, "load": 0.5},
        "scale": dataclasses.asdict(QUICK),
        "torch": "torch==2.0",
        "versions": {name: {name: "1.0"} for name in NAMES},
        "figures": {
            "latency": {"3": latency},
            "memory": {"memory": memory},
            "kill": {"kill": kill},
            "images": {"images": images},
        },
        "failures": ["memory memory wandb: ended with 1\n/somewhere/private"],
    }


@pytest.fixture
def page(document: dict[str, Any], tmp_path: Path) -> str:
    return made(document, tmp_path)


def made(document: dict[str, Any], folder: Path) -> str:
    (folder / "figures.json").write_text(json.dumps(document))
    performance.write(folder / "figures.json", folder / "page.md")
    return (folder / "page.md").read_text()


def line_of(page: str, label: str) -> list[str]:
    (line,) = (line for line in page.splitlines() if line.startswith(f"| {label} |"))
    return [part.strip() for part in line.strip("|").split("|")]


def test_a_cell_has_median_spread_and_ratio(page: str) -> None:
    cells = line_of(page, "3 scalars, p50")
    assert cells == ["3 scalars, p50", "µs", "1.20 ±3.80", "90 ±30 75x", "6 ±0 5x", "-", ""]


def test_a_budget_is_kept_or_over(page: str) -> None:
    assert line_of(page, "3 scalars, p99")[-1] == "≤ 15 **OVER**"
    assert line_of(page, "growth")[-1] == "≤ 8 ok"


def test_a_state_is_a_word(page: str) -> None:
    assert line_of(page, "state")[2:5] == ["crashed", "-", "-"]


def test_whoever_is_ahead_has_a_mark_and_a_price_with_what_was_measured(page: str) -> None:
    assert line_of(page, "3 scalars, p99")[4] == "5 0.25x ▲"
    trackio = re.search(r"- ▲ \*\*trackio\*\* in 3 scalars, p99\. Its price: (.*)", page)
    assert trackio is not None
    assert "loses 62 rows at SIGKILL" in trackio[1]
    assert "memory grows with what is logged (899 MiB here)" in trackio[1]


def test_where_more_is_better_the_higher_one_is_ahead(page: str) -> None:
    cells = line_of(page, "calls")
    assert cells[3].endswith("▲")
    assert not cells[4].endswith("▲")


def test_every_mark_has_a_price(page: str) -> None:
    for part in page.split("\n## ")[1:]:
        if part.startswith("Failed"):
            continue
        head = next(line for line in part.splitlines() if line.startswith("| | |"))
        names = [name.strip() for name in head.strip("|").split("|")]
        for line in part.splitlines():
            if not line.startswith("| ") or line == head:
                continue
            for name, text in zip(names, line.strip("|").split("|"), strict=True):
                if "▲" in text:
                    label = line.split("|")[1].strip()
                    assert re.search(rf"▲ \*\*{name}\*\* in .*{label}.*Its price: \S", part)


def test_without_a_price_there_is_no_page(
    document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(prices.WORDS, "tensorboardX")
    with pytest.raises(performance.MissingPriceError, match="memory, growth, tensorboardX"):
        made(document, tmp_path)
    assert not (tmp_path / "page.md").exists()


def test_every_tracker_has_a_price() -> None:
    assert set(prices.WORDS) == set(trackers.NAMES) - {report.REFERENCE}


def test_why_a_tracker_has_no_part_is_said(page: str) -> None:
    reason = trackers.load("tensorboardX").without["artifact"]
    assert reason
    row = next(row for row in rows(QUICK) if row.name == "artifact")
    assert f"- No artifact of tensorboardX: {reason}." in performance.reasons(row, list(NAMES))


def test_every_reason_names_a_row_that_is_there() -> None:
    known = {row.name for row in rows(QUICK)} | {"chart"}
    known |= {case.name for row in rows(FULL) for case in row.cases}
    for name in trackers.NAMES:
        assert set(trackers.load(name).without) <= known


def test_the_page_names_no_machine_and_no_path(page: str) -> None:
    assert "Linux, 2 cores, Python 3.11" in page
    assert "Versions: torch 2.0, nbtrack 1.0, wandb 1.0, " in page
    assert "of-somebody" not in page
    assert "/somewhere" not in page
    assert "memory memory wandb: ended with 1" in page


def test_charts_are_drawn_and_shown(page: str, tmp_path: Path) -> None:
    shown = re.findall(r"!\[.*?\]\((.*?)\)", page)
    assert "images/performance-latency-3-p50.svg" in shown
    for name in shown:
        text = (tmp_path / name).read_text()
        ElementTree.fromstring(text)
        assert "nbtrack" in text


def test_ratios_name_whoever_is_ahead(document: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "figures.json").write_text(json.dumps(document))
    _, scale, results = report.read_json(tmp_path / "figures.json")
    text = report.ratios(results, rows(scale), NAMES)
    assert re.search(r"latency +3 scalars, p50 +wandb 75x, trackio 5x\n", text)
    assert re.search(r"3 scalars, p99 +wandb 10x, trackio 0\.25x !", text)


@pytest.mark.parametrize(
    ("failure", "wanted"),
    [
        (
            'disk mix swanlab: ended with 1: File "/a/b"\n  at /c\nError: rows are gone',
            "Error: rows are gone",
        ),
        ("disk mix swanlab: ended with 1\n/a/b", "ended with 1"),
        ("disk mix swanlab: /a/b", ""),
    ],
)
def test_of_a_failure_no_path_is_told(failure: str, wanted: str) -> None:
    assert performance.told(failure) == f"disk mix swanlab{': ' * bool(wanted)}{wanted}"


def test_where_nbtrack_gave_up_others_are_ahead(document: dict[str, Any], tmp_path: Path) -> None:
    document["figures"]["memory"]["memory"]["settled"] = values(mlflow=[3.0])
    document["versions"]["mlflow"] = {"mlflow": "1.0"}
    page = made(document, tmp_path)
    assert line_of(page, "settled")[-2] == "3 ▲"
    assert "▲ **mlflow** in settled. Its price: " in page


def test_what_grows_is_shown_at_the_end(document: dict[str, Any], tmp_path: Path) -> None:
    scale = tmp_path / "scale.json"
    scale.write_text(json.dumps({"what": "points", "found": {"chart": "21 ms, then 20"}}))
    (tmp_path / "figures.json").write_text(json.dumps(document))
    performance.write(tmp_path / "figures.json", tmp_path / "page.md", [scale])
    page = (tmp_path / "page.md").read_text()
    assert page.endswith("### points\n\n| | |\n|---|---|\n| chart | 21 ms, then 20 |\n")
    assert page.startswith(made(document, tmp_path))
