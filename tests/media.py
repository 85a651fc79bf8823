"""Media that are logged in tests, and read again wherever the run's records lie."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from nbtrack._run import Run
from nbtrack.record.media import Media
from nbtrack.store.layout import RunDir
from nbtrack.store.media import MediaView
from nbtrack.store.merge import merge
from nbtrack.store.seal import seal_run
from tests.journals import new_run, view


class TensorLike:
    """An array as torch's tensors are: what holds it is asked for by ``detach`` and ``cpu``."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def detach(self) -> TensorLike:
        return self

    def cpu(self) -> TensorLike:
        return self

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self._array


def read_back(media: Media | Any) -> MediaView:
    """What a reader has of something that was logged, in a store that is left behind."""
    run = new_run(Path(tempfile.mkdtemp()) / "store")
    run.log({"key": media})
    run.finish()
    (found,) = view(run).media("key")
    return found


def everywhere(run: Run) -> list[MediaView]:
    """The media of a run: the same in the journal, sealed and merged."""
    run_dir = RunDir(run.path)
    run.finish()
    in_journal = view(run).media()
    assert seal_run(run_dir)
    assert told(view(run).media()) == told(in_journal)
    assert merge(run_dir)
    assert not run_dir.sealed_sets()
    assert told(view(run).media()) == told(in_journal)
    return view(run).media()


def told(found: list[MediaView]) -> list[dict[str, Any]]:
    return [{k: v for k, v in vars(one).items() if not k.startswith("_")} for one in found]
