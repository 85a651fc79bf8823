"""The picture of an attempt, as the recorder leaves it for the kernel to show."""

from __future__ import annotations

import msgspec

from .._decoding import from_json
from ..store.layout import RunDir, atomic_write


class Picture(msgspec.Struct, kw_only=True):
    """One attempt at a glance.

    Attributes:
        attempt: Its number.
        final: The attempt has ended; the picture stays as it is.
        svg: A whole SVG document.
        text: The same in words, in one or a few lines.
    """

    attempt: int
    final: bool
    svg: str
    text: str


def write_picture(run_dir: RunDir, picture: Picture) -> None:
    """Put it in place of the one before.

    Raises:
        OSError: It cannot be written.
    """
    path = run_dir.picture(picture.attempt)
    path.parent.mkdir(exist_ok=True)
    atomic_write(path, msgspec.json.encode(picture), durable=False)


def read_picture(run_dir: RunDir, attempt: int) -> Picture | None:
    """The last picture of an attempt; None if there is none."""
    try:
        return from_json(run_dir.picture(attempt).read_bytes(), Picture)
    except (OSError, msgspec.DecodeError):
        return None
