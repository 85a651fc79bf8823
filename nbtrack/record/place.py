"""The store for what belongs to no run yet: that of the current run, else the one from here."""

from __future__ import annotations

from pathlib import Path

from .._settings import Settings
from ..store.layout import Store, find_store

_current: Store | None = None
_disabled = False


def recording_into(store: Store | None, *, disabled: bool = False) -> None:
    """The current run is of this store; None: there is none, or it records nothing."""
    global _current, _disabled
    _current, _disabled = store, disabled


def store_here(directory: str | Path | None = None) -> Store:
    """The named store, else that of the current run, else the one that a run would begin in.

    Raises:
        InvalidSettingError: A setting cannot be used.
    """
    if directory is not None:
        return Store(Path(directory).expanduser().absolute())
    return _current or find_store(Settings.load().dir, Path.cwd())


def is_disabled() -> bool:
    """Whether nothing is to be written.

    Raises:
        InvalidSettingError: A setting cannot be used.
    """
    return _disabled or (_current is None and Settings.load().mode == "disabled")
