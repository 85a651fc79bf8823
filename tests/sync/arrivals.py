"""What has arrived at a place."""

from __future__ import annotations

from pathlib import Path

from nbtrack.store.view import RunView
from nbtrack.sync.mirror import Mirror
from nbtrack.sync.place import Place


def keys(url: str) -> set[str]:
    """The names of all that is there."""
    return set(Place(url).sizes())


def newest(url: str) -> set[str]:
    """The names of segments that went before they were sealed."""
    return {key for key in keys(url) if "/newest/" in key}


def view(url: str, run: str, folder: Path) -> RunView:
    """A run as a reader finds it there, with a copy of its own in ``folder``."""
    mirror = Mirror(Place(url), folder=folder)
    mirror.refresh()
    assert mirror.problems == {}
    return RunView(mirror.store.run(run))
