"""What the runs of the store in use hold, read as people read them."""

from __future__ import annotations

import nbtrack


def ids() -> list[str]:
    return sorted(run.id for run in nbtrack.runs(include_empty=True))


def current() -> nbtrack.Run | None:
    return nbtrack.run


def losses(id: str) -> list[tuple[int, int, float]]:
    table = nbtrack.open_run(id).history("loss").to_pylist()
    return [(row["attempt"], row["step"], row["value"]) for row in table]
