"""Where a run is to be copied to: said when its owner begins, so that a later process knows too.

Light: a kernel loads it. Whether it is there already, the ledger of ``nbtrack.sync`` knows.
"""

from __future__ import annotations

import contextlib
from zlib import crc32

import msgspec

from .._decoding import from_json
from .layout import RunDir, atomic_write


class Destination(msgspec.Struct):
    """One place.

    Attributes:
        url: Where, without a ``/`` at its end.
    """

    url: str


def add_destination(run_dir: RunDir, url: str) -> None:
    """The run is to be copied there. Repeatable.

    Raises:
        OSError: It cannot be written.
    """
    path = run_dir.destinations / f"{crc32(url.encode()):08x}.json"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        atomic_write(path, msgspec.json.encode(Destination(url)))


def destinations(run_dir: RunDir) -> list[str]:
    """The places that it is to be copied to."""
    found = []
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for path in sorted(run_dir.destinations.glob("*.json")):
            with contextlib.suppress(OSError, msgspec.DecodeError):
                found.append(from_json(path.read_bytes(), Destination).url)
    return found
