"""The stores that this user has recorded into, so that a server may show those and no others.

One small file a store in the user's data directory; never part of a store.
"""

from __future__ import annotations

import contextlib
import re
from hashlib import blake2b
from pathlib import Path

from .layout import Store, atomic_write

_KEY = re.compile(r"[0-9a-f]{16}")


def register(store: Store) -> None:
    """Remember a store. A home that cannot be written is no reason to stop."""
    path = str(store.path.resolve())
    entry = _folder() / f"{key_of(store)}.path"
    with contextlib.suppress(OSError):
        if not entry.exists():
            entry.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(entry, path.encode(), durable=False)


def key_of(store: Store) -> str:
    """What a store is called in addresses: says nothing of where it is."""
    return blake2b(str(store.path.resolve()).encode(), digest_size=8).hexdigest()


def registered() -> list[Store]:
    """The stores that were recorded into and are still there."""
    stores: list[Store] = []
    with contextlib.suppress(OSError):
        for entry in sorted(_folder().glob("*.path")):
            path = Path(entry.read_text())
            if path.is_dir():
                stores.append(Store(path))
    return stores


def find(key: str) -> Store | None:
    """The store that is called ``key`` in addresses, if it was recorded into and is still there."""
    if not _KEY.fullmatch(key):
        return None
    with contextlib.suppress(OSError, UnicodeDecodeError):
        store = Store(Path((_folder() / f"{key}.path").read_text()))
        if store.path.is_dir() and key_of(store) == key:
            return store
    return None


def _folder() -> Path:
    import platformdirs

    return platformdirs.user_data_path("nbtrack") / "stores"
