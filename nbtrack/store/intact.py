"""Whether files of a run are what was written, as far as that can be told without its rows.

A crash, or a disk that got full, leaves files cut short. A table ends with its length and a mark,
documents are JSON, and the content of artifacts has a digest. A bit that flipped inside of a table
cannot be told: its pages have no checksums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from .._errors import NbtrackError
from .._process import liveness
from .layout import RunDir, SegmentName
from .objects import digest_of
from .tail import SegmentTail

# Parquet: at both ends, and before the last one the length of what describes the columns.
_MARK = b"PAR1"
_LENGTH = 4


def of_table(path: Path) -> str:
    """What is wrong with a table, in words; empty if nothing is.

    Raises:
        FileNotFoundError: It is not there.
    """

    def look() -> str:
        size = path.stat().st_size
        with path.open("rb") as file:
            begin = file.read(len(_MARK))
            file.seek(max(0, size - _LENGTH - len(_MARK)))
            length, end = file.read(_LENGTH), file.read()
        described = int.from_bytes(length, "little")
        whole = begin == end == _MARK and described + _LENGTH + 2 * len(_MARK) <= size
        return "" if whole else f"is cut short, or no table, with {size:,} bytes"

    return _looked(path, look)


def of_document(path: Path) -> str:
    """What is wrong with a document in JSON; see :func:`of_table`."""

    def look() -> str:
        try:
            msgspec.json.decode(path.read_bytes())
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return f"is no document: {error}"
        return ""

    return _looked(path, look)


def of_object(path: Path, digest: str) -> str:
    """What is wrong with the content of an artifact; see :func:`of_table`."""
    return _looked(path, lambda: "" if digest_of(path)[0] == digest else "is not what was stored")


def of_segments(run_dir: RunDir, names: Iterable[SegmentName]) -> list[str]:
    """What is damaged of segments that nobody writes any more, and so are never sealed."""
    found: list[str] = []
    for name in names:
        tail = SegmentTail(run_dir.segment(name), name)
        try:
            if _is_written(tail):
                continue
            for _ in tail.batches():
                pass
            found += [
                f"{damage.path} has {damage.length:,} damaged bytes" for damage in tail.damage
            ]
        except FileNotFoundError:
            continue
        except (NbtrackError, OSError) as error:
            found.append(f"{tail.path} cannot be read: {error}")
    return found


def _is_written(tail: SegmentTail) -> bool:
    next(tail.batches(), None)
    return tail.info is not None and liveness(tail.info.process) != "dead"


def _looked(path: Path, look: Callable[[], str]) -> str:
    try:
        said = look()
    except FileNotFoundError:
        raise
    except OSError as error:
        said = f"cannot be read: {error.strerror or error}"
    return f"{path} {said}" if said else ""
