"""Which store is meant."""

from __future__ import annotations

from pathlib import Path

from .._settings import Settings, resolve
from .layout import Store, find_store


def open_store(directory: str | Path | None = None) -> Store:
    """The store in ``directory``, else the one that the settings and the working directory give."""
    settings = Settings.load(dir=str(directory) if directory is not None else None)
    return find_store(settings.dir, Path.cwd())


def open_store_anyhow(directory: str | Path | None = None) -> Store:
    """The same where settings have values that cannot be used: those do not count here."""
    given = str(directory) if directory is not None else resolve()["dir"].value
    return find_store(str(given) if given else None, Path.cwd())
