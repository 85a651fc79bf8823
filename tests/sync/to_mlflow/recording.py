"""Runs with something of everything that goes to MLflow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy

import nbtrack
from nbtrack._attempts import CellInfo
from nbtrack._run import Run
from nbtrack.store.journal import now
from nbtrack.store.layout import Store
from nbtrack.store.schema import Failure, Outcome, Sample
from nbtrack.sync.push import Outcome as Sent
from nbtrack.sync.targets import push
from tests.journals import new_run


def begun(store: Store, id: str, **changes: Any) -> Run:
    """A run that goes on, without rows."""
    return new_run(store.path, id, **{"project": id, "journal_quota": 256 << 20, **changes})


def attempt(
    run: Run, number: int, rows: int, outcome: Outcome | None = "finished", name: str = ""
) -> None:
    """One attempt, with rows; it goes on if it has no outcome."""
    cell = CellInfo(
        cell_id=f"c{number}", execution_count=number, source=f"fit({number})", name=name or None
    )
    run.begin_attempt(cell)
    for step in range(rows):
        run.log({"loss": 1 / (step + 1), "acc (%)": step * 0.5, "nested": {"lr": 0.1}})
    if outcome is not None:
        failed = outcome == "failed"
        failure = Failure(type="ValueError", message="no such layer", traceback="…", line=2)
        run.end_attempt(outcome, failure if failed else None)


def everything(store: Store, id: str, folder: Path) -> Run:
    """A run that goes on, with rows, samples, media, files and an artifact."""
    run = begun(store, id)
    run.config.update({"rate": 0.1, "layers": [64, 32], "data": {"name": "digits", "n": None}})
    run.config["prompt"] = "long " * 2_000
    run.config["what is it?"] = True
    run.tags = ("baseline", "a/b (c)")
    run.notes = "Looks *good*."
    run.log({"between": 1, "huge": 2**60 + 1, "text": "a word"})
    run.log({"odd": float("nan")})
    run.log({"odd": float("inf")})
    run.log({"odd": float("-inf")})
    attempt(run, 1, 40, name="slow")
    attempt(run, 2, 30, "failed")
    attempt(run, 3, 20, "interrupted")
    attempt(run, 4, 25, None)
    picture = numpy.arange(300, dtype=numpy.uint8).reshape(10, 10, 3)
    run.log({"picture": nbtrack.Image(picture, caption="ten by ten"), "loss": 0.5})
    run.log({"weights": nbtrack.Histogram([1, 2, 2, 3])})
    run.end_attempt("finished", None)
    for second in range(3):
        data = {"cpu.percent": 10.0 + second, "memory.process.bytes": 1e9}
        run._journal.append(Sample(run._next_seq(), now() + second * 1_000_000, data))
    run.summary["by hand"] = 0.75
    saved = folder / "notes #1.txt"
    saved.write_text("saved\n")
    run.save(str(saved))
    model = nbtrack.Artifact("model", type="model")
    (folder / "weights.bin").write_bytes(b"\x00\x01" * 500)
    model.add_file(str(folder / "weights.bin"))
    run.log_artifact(model).wait()
    return run


def sent(store: Store, url: str, *runs: str, **options: Any) -> list[Sent]:
    """What a sync to an URL made of runs."""
    return push(store, url, list(runs), **options).runs
