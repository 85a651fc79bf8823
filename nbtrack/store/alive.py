"""Signs of life of a run that is recorded elsewhere and copied to a place."""

from __future__ import annotations

import msgspec

from .._decoding import from_json
from .layout import RunDir


class Alive(msgspec.Struct):
    """What readers elsewhere are told while the owner of a run lives.

    Clocks of two machines say nothing about each other: a reader has to see ``beat`` change.

    Attributes:
        beat: Differs from the one before, and grows while the owner lives.
        rows: How many rows the run has, sealed or not.
        time: When it was written (microseconds UTC).
        interval: Seconds until the next one is written, if all goes well.
    """

    beat: int
    rows: int
    time: int
    interval: float


def read_alive(run_dir: RunDir) -> Alive | None:
    """The last one; None if there is none that can be read."""
    try:
        return from_json(run_dir.alive.read_bytes(), Alive)
    except (OSError, msgspec.DecodeError):
        return None
