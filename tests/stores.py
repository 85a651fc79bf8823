"""What the runs of the store in use hold, read as people read them."""

from __future__ import annotations

import nbtrack
from nbtrack.store.model import LayerInfo, ModelInfo


def ids() -> list[str]:
    return sorted(run.id for run in nbtrack.runs(include_empty=True))


def current() -> nbtrack.Run | None:
    return nbtrack.run


def losses(id: str) -> list[tuple[int, int, float]]:
    table = nbtrack.open_run(id).history("loss").to_pylist()
    return [(row["attempt"], row["step"], row["value"]) for row in table]


def models(run: nbtrack.Run) -> list[ModelInfo]:
    return nbtrack.open_run(run.id).models


def layers(run: nbtrack.Run) -> dict[str, LayerInfo]:
    """Those of the model that was watched last, by their names."""
    return {layer.name: layer for layer in models(run)[-1].layers}
