"""What all media have in common: how they get from a ``log()`` call to the disk."""

from __future__ import annotations

import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import msgspec

from ..._errors import InvalidDataError
from ...store import spool
from ...store.layout import RunDir
from ...store.schema import MediaKind

_HINT = "Log less of it, or raise the setting media_limit."


class Kept(NamedTuple):
    """What a media record says of something that was kept."""

    kind: MediaKind
    file: str | None
    size: int
    info: dict[str, Any]


class Media(ABC):
    """Something besides a number that a row can hold; what it shows is taken when it is made.

    Attributes:
        kind: ``image``, ``audio``, ``video``, ``html``, ``table``, ``histogram``, ``figure`` or
            ``text``.
        caption: What stands below it.
    """

    kind: ClassVar[MediaKind]
    caption: str | None

    @abstractmethod
    def keep(self, keeper: Keeper) -> Kept:
        """Put the content on its way to the disk, with one copy.

        Raises:
            InvalidDataError: It is larger than the setting ``media_limit``.
            OSError: It cannot be written.
        """


class Keeper:
    """Puts contents into a run's folder of media.

    Args:
        limit: Bytes that one of them may have at most.
    """

    def __init__(self, run_dir: RunDir, limit: int) -> None:
        self._run_dir = run_dir
        self._limit = limit

    def raw(self, ending: str, header: dict[str, Any], parts: Sequence[spool.Part]) -> str:
        """Keep bytes that are encoded later, as ``header`` says; returns their name."""
        self._check(sum(memoryview(part).nbytes for part in parts))
        return spool.put_raw(self._run_dir, ending, header, parts)

    def file(self, ending: str, data: bytes) -> str:
        """Keep the bytes of a whole file; returns its name."""
        self._check(len(data))
        return spool.put_file(self._run_dir, ending, [data])

    def copy(self, ending: str, source: Path) -> tuple[str, int]:
        """Keep a copy of a file as it is; returns its name and size."""
        with source.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            self._check(size)
            return spool.copy_file(self._run_dir, ending, file), size

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise InvalidDataError(
                f"{size:,} bytes are more than {self._limit:,}",
                operation="keep media",
                hint=_HINT,
            )


def existing_file(path: str | os.PathLike[str], what: str) -> Path:
    """The absolute path of a file that is there.

    Raises:
        InvalidDataError: It is not.
    """
    found = Path(path).expanduser().absolute()
    try:
        is_file = stat.S_ISREG(found.stat().st_mode)
    except (OSError, ValueError) as error:
        raise InvalidDataError(
            f"the file cannot be read: {error}", path=str(found), operation=f"make {what}"
        ) from None
    if not is_file:
        raise InvalidDataError("it is no file", path=found, operation=f"make {what}")
    return found


def check_caption(caption: Any) -> str | None:
    """A caption as text."""
    return None if caption is None else text_of(str(caption))


def text_of(text: str) -> str:
    """Text that UTF-8 can hold; lone surrogates are shown escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def plain(value: Any) -> Any:
    """What a person gave to be kept beside media, as JSON holds it; keys become text."""
    if value is None or type(value) in (bool, int, float):
        return value
    if isinstance(value, str):
        return text_of(value)
    if isinstance(value, dict):
        return {text_of(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    for convert in ("tolist", "item"):  # of numpy, torch and others
        method = getattr(value, convert, None)
        if callable(method):
            return plain(method())
    try:
        return plain(msgspec.to_builtins(value))
    except (TypeError, ValueError, RecursionError):
        return text_of(str(value))
