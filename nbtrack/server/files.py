"""The files in a run's directory: which there are, and one of them, safe to be shown."""

from __future__ import annotations

import mimetypes
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from ..store.fetching import elsewhere_below, fetched
from ..store.layout import RunDir
from .api.run import FileEntry, Files
from .stores import UnknownRunError

MAX_FILES = 10_000
_LONGEST_PATH = 4_096

Kind = Literal["text", "image", "audio", "video", "html", "notebook", "diff", "binary"]

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(".htm .html .xhtml".split(), "html"),
    **dict.fromkeys(".diff .patch".split(), "diff"),
    **dict.fromkeys(".avif .bmp .gif .ico .jpeg .jpg .png .svg .webp".split(), "image"),
    **dict.fromkeys(".flac .m4a .mp3 .oga .ogg .wav".split(), "audio"),
    **dict.fromkeys(".m4v .mov .mp4 .ogv .webm".split(), "video"),
    ".ipynb": "notebook",
    **dict.fromkeys(
        ".c .cc .cfg .cpp .css .csv .h .ini .jl .js .json .jsonl .log .md .py .r .rs .rst .sh .sql"
        " .tex .toml .ts .tsv .txt .xml .yaml .yml".split(),
        "text",
    ),
}
_TYPES = {
    "html": "text/html; charset=utf-8",
    "notebook": "application/json",
    "text": "text/plain; charset=utf-8",
    "diff": "text/plain; charset=utf-8",
    "binary": "application/octet-stream",
}


class UnknownFileError(UnknownRunError):
    """There is no such file in that run."""


class OpenFile(NamedTuple):
    """A file of a run, open.

    Attributes:
        kind: What a page does with it.
        type: What a browser takes it for.
    """

    file: BinaryIO
    name: str
    size: int
    modified: int
    kind: str
    type: str


def tree(run_dir: RunDir) -> Files:
    """All files: first those that a person wants to see, then what nbtrack keeps, by path."""
    found: list[FileEntry] = []
    seen: set[str] = set()
    elsewhere = elsewhere_below(run_dir.path)
    for path in _walk(run_dir, elsewhere):
        if str(path) in seen:
            continue
        seen.add(str(path))
        if len(found) == MAX_FILES:
            return Files(files=found, more=True)
        try:
            status = path.stat()
        except OSError:
            # It went away, is a link to nothing, or comes when somebody asks for it.
            if path in elsewhere:
                found.append(_entry(run_dir, path, *elsewhere[path]))
            continue
        if not stat.S_ISREG(status.st_mode) or not _is_inside(path, run_dir):
            continue
        found.append(_entry(run_dir, path, status.st_size, status.st_mtime_ns))
    return Files(files=found, more=False)


def _entry(run_dir: RunDir, path: Path, size: int, modified: int) -> FileEntry:
    name = path.relative_to(run_dir.path).as_posix()
    return FileEntry(path=name, size=size, modified=modified // 1000, kind=kind_of(path.name))


def open_file(run_dir: RunDir, path: str) -> OpenFile:
    """Open a file of a run; ``path`` is relative to its directory, with ``/``.

    Raises:
        UnknownFileError: There is no such file, or it is not to be seen: hidden and unfinished
            ones, and links that lead out of the run.
    """
    parts = path.split("/")
    if len(path) > _LONGEST_PATH or "\0" in path or any(map(_is_hidden, parts)):
        raise UnknownFileError("there is no such file")
    return open_inside(fetched(run_dir.path.joinpath(*parts)), run_dir.path, parts[-1])


def open_inside(path: Path, folder: Path, name: str) -> OpenFile:
    """Open a plain file that is really inside ``folder``; it is called ``name``.

    Raises:
        UnknownFileError: There is no such file, or it is a link that leads out.
    """
    try:
        real = path.resolve(strict=True)
        if folder.resolve() not in real.parents:
            raise UnknownFileError("there is no such file")
        # What is no plain file, such as a pipe, must not hold anybody up.
        descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        file = os.fdopen(descriptor, "rb")
    except (OSError, ValueError, RuntimeError):
        raise UnknownFileError("there is no such file") from None
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        file.close()
        raise UnknownFileError("there is no such file")
    kind = kind_of(name)
    known = _TYPES.get(kind) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return OpenFile(file, name, status.st_size, status.st_mtime_ns, kind, known)


def kind_of(name: str) -> Kind:
    """What a page does with a file of this name."""
    return _KINDS.get(Path(name).suffix.lower(), "binary")


def _walk(run_dir: RunDir, elsewhere: Iterable[Path]) -> Iterator[Path]:
    for path in run_dir.for_people:
        yield from _files_in(path) if path.is_dir() and not path.is_symlink() else [path]
        yield from (other for other in elsewhere if other.is_relative_to(path))
    yield from _files_in(run_dir.path)
    yield from elsewhere


def _files_in(folder: Path) -> Iterator[Path]:
    """Files below a folder by path; links to folders are not followed."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        yield from (Path(place, name) for name in sorted(names) if not _is_hidden(name))


def _is_inside(path: Path, run_dir: RunDir) -> bool:
    return not path.is_symlink() or run_dir.path.resolve() in path.resolve().parents


def _is_hidden(name: str) -> bool:
    """Hidden or temporary, or no name at all."""
    return not name or name.startswith(".") or name.endswith(".tmp")
