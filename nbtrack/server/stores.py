"""The stores that are served, and the runs in them: nothing else can be reached by an address."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from .._errors import NbtrackError
from ..store import registry
from ..store.layout import RunDir, Store


class UnknownStoreError(LookupError):
    """No store that is served has this key."""


class UnknownRunError(LookupError):
    """There is no such run in that store, or nothing of it to show."""


class Stores:
    """Those that were recorded into by this user, or the ones that somebody asked for.

    Args:
        first: A store that comes before the others, served even if it is not registered.
        only: Stores that are served instead of the registered ones.
        prefer: A store that comes before the others if it is one of them.
    """

    def __init__(
        self,
        *,
        first: Store | None = None,
        only: Sequence[Store] | None = None,
        prefer: Store | None = None,
    ) -> None:
        self._given = [first] if first is not None else []
        self._only = list(only) if only is not None else None
        self._preferred = registry.key_of(prefer) if prefer is not None else None

    def find(self, key: str) -> Store:
        """The store that is called ``key`` in addresses.

        Raises:
            UnknownStoreError: There is none.
        """
        for store in self._given if self._only is None else self._only:
            if registry.key_of(store) == key:
                return store
        found = registry.find(key) if self._only is None else None
        if found is None:
            raise UnknownStoreError("there is no such store")
        return found

    def all(self) -> list[Store]:
        """All of them; the first is what a page shows that asks for none."""
        if self._only is not None:
            return list(self._only)
        found = {registry.key_of(store): store for store in self._given}
        for store in registry.registered():
            found.setdefault(registry.key_of(store), store)
        first = found.pop(self._preferred, None) if self._preferred is not None else None
        return [*([first] if first is not None else []), *found.values()]

    def run(self, key: str, run_id: str) -> RunDir:
        """A run in the store that is called ``key``.

        Raises:
            UnknownStoreError: There is no such store.
            UnknownRunError: There is no such run in it; a link that leads elsewhere is none.
        """
        store = self.find(key)
        with contextlib.suppress(NbtrackError, OSError):
            run_dir = store.run(run_id)
            if run_dir.path.is_dir() and is_inside(run_dir.path, store.runs):
                return run_dir
        raise UnknownRunError(f"there is no run {run_id} in that store")


def is_inside(path: Path, folder: Path) -> bool:
    """Whether ``path`` is below ``folder`` when all links are followed."""
    return folder.resolve() in path.resolve().parents
