"""The stores that this user has recorded into, so that a server may show those and no others.

One small file a store in the user's data directory; never part of a store. Beside them, one for
each kernel of a Jupyter server: which run it began last. So a server that is asked for a kernel's
run looks at one file, and not at every run of every store.
"""

from __future__ import annotations

import contextlib
import re
from hashlib import blake2b
from pathlib import Path

from .layout import RunDir, Store, atomic_write, is_run_id

_KEY = re.compile(r"[0-9a-f]{16}")
_KERNEL = re.compile(r"[A-Za-z0-9_-]{1,100}")
# Those that began a run last; nobody asks for a kernel that is gone.
_MOST_KERNELS = 1_000


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


def register_kernel(kernel: str, run_dir: RunDir) -> None:
    """Remember which run a kernel has begun, or gone on with. What fails here stops nobody."""
    if not _KERNEL.fullmatch(kernel):
        return
    folder = _kernels()
    word = f"{key_of(Store(run_dir.path.parent.parent))}/{run_dir.id}"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write(folder / f"{kernel}.run", word.encode(), durable=False)
        _forget_the_oldest(folder)


def run_of_kernel(kernel: str) -> tuple[str, str] | None:
    """The key of the store and the id of the run that a kernel began last; None: it has none."""
    if not _KERNEL.fullmatch(kernel):
        return None
    try:
        word = (_kernels() / f"{kernel}.run").read_text()
    except (OSError, UnicodeDecodeError):
        return None
    key, _, run = word.partition("/")
    return (key, run) if _KEY.fullmatch(key) and is_run_id(run) else None


def _forget_the_oldest(folder: Path) -> None:
    words = list(folder.glob("*.run"))
    if len(words) > _MOST_KERNELS:
        words.sort(key=lambda path: path.stat().st_mtime_ns)
        for path in words[: len(words) - _MOST_KERNELS]:
            path.unlink(missing_ok=True)


def _folder() -> Path:
    return _data() / "stores"


def _kernels() -> Path:
    return _data() / "kernels"


def _data() -> Path:
    import platformdirs

    return platformdirs.user_data_path("nbtrack")
