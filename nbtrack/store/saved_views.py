"""How people look at runs, saved by name: small JSON files in the store, for all who use it."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec

from .._errors import UsageError
from .layout import Store, atomic_write, not_writable

MOST_BYTES = 256 << 10
MOST_VIEWS = 100


def read_views(store: Store) -> dict[str, Any]:
    """All of them; one that is no JSON is left out."""
    views: dict[str, Any] = {}
    for name in store.view_names()[:MOST_VIEWS]:
        with contextlib.suppress(OSError, msgspec.DecodeError, RecursionError):
            path = store.view(name)
            if path.stat().st_size <= MOST_BYTES:
                views[name] = msgspec.json.decode(path.read_bytes())
    return views


def save_view(store: Store, name: str, view: Any) -> None:
    """Save what JSON holds, in the place of a view of the same name.

    Raises:
        UsageError: The name cannot be used, it is too large, or there are too many.
        StoreNotWritableError: It cannot be written.
    """
    path = store.view(name)
    try:
        content = msgspec.json.encode(view)
    except (UnicodeEncodeError, RecursionError):
        raise UsageError("the view holds what cannot be read again") from None
    if len(content) > MOST_BYTES:
        raise UsageError(f"a view has at most {MOST_BYTES:,} bytes")
    names = store.view_names()
    if name not in names and len(names) >= MOST_VIEWS:
        raise UsageError(f"at most {MOST_VIEWS} views can be saved", hint="Remove one.")
    try:
        store.views.mkdir(exist_ok=True)
        atomic_write(path, content)
    except OSError as error:
        raise not_writable(path, error) from error


def remove_view(store: Store, name: str) -> None:
    """Remove a view; one that is not there is gone already.

    Raises:
        UsageError: No view has such a name.
        StoreNotWritableError: It cannot be removed.
    """
    path = store.view(name)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise not_writable(path, error) from error
