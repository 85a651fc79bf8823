"""Very many rows are sorted in parts, and come out as if they had been sorted at once."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from nbtrack.store import parquet, query, sorting
from nbtrack.store.parquet import COLUMNS

# Neighbours in their order, quotes, and what is no ASCII.
KEYS = ("a", "a'b", "a/b", "aa", "é", "z")


def rows(count: int, *, step: Any) -> list[dict[str, Any]]:
    dice = random.Random(2)
    return [
        {
            "writer": f"o{dice.randrange(2)}",
            "seq": seq,
            "attempt": dice.randrange(3),
            "step": step(dice, seq),
            "time": seq,
            "key": dice.choice(KEYS),
            "value": float(seq),
            "text": None,
        }
        for seq in range(count)
    ]


def write(folder: Path, found: list[dict[str, Any]], files: int) -> list[Path]:
    paths = []
    for n in range(files):
        part = found[n::files]
        columns: dict[str, parquet.Column] = {
            name: [row[name] for row in part] for name in COLUMNS["metrics"]
        }
        path = folder / f"{n}.parquet"
        parquet.write(
            "metrics", parquet.stream("metrics", [parquet.batch("metrics", columns)]), path, {}
        )
        paths.append(path)
    return paths


@pytest.mark.parametrize("at_once", [10, 150, 1_000, 100_000])
@pytest.mark.parametrize(
    "step",
    [
        lambda dice, seq: seq,
        lambda dice, seq: dice.randrange(-50, 50),
        lambda dice, seq: 7,
    ],
    ids=["rising", "anyhow", "all the same"],
)
def test_parts_together_are_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int, step: Any
) -> None:
    found = rows(5_000, step=step)
    paths = write(tmp_path, found, 3)
    monkeypatch.setattr(sorting, "_AT_ONCE", at_once)
    target = tmp_path / "sorted.parquet"
    with sorting.sorting(tmp_path) as sort:
        parquet.write("metrics", sort("metrics", paths), target, {})
    wanted = sorted(
        found,
        key=lambda row: tuple(row[name] for name in ("key", "attempt", "step", "writer", "seq")),
    )
    assert query.rows(query.Source("metrics", (target,), ())) == wanted
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
