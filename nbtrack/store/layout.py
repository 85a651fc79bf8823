"""Where every file of a store lies, what it is called, and how it is put there."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .._errors import InvalidRunIdError, StoreNotWritableError, UsageError

STORE_NAME = ".nbtrack"
TABLES = ("metrics", "system", "cells", "console", "media", "changes")
# Written last: a sealed or merged set is there if and only if this table is.
LAST_TABLE = "changes"
# Beside a merged set, but no part of it: derived.
PYRAMID = "pyramid"
# Folders of a run that change while its own directory does not.
WATCHED = ("edits", "journal", "sealed")
# Folders of a run that go to other places.
SHIPPED = (*WATCHED, "merged", "media", "code", "files")

_RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_VIEW_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9 ._-]{0,63}")
_SEGMENT = re.compile(r"([a-z][0-9a-z]+)-(\d{6,})\.seg")
_SEALED = re.compile(r"([a-z][0-9a-z]+)-(\d{6,})\.changes\.parquet")
_TABLE = re.compile(r"([a-z][0-9a-z]+(?:-\d{6,})?)\.([a-z]+)\.parquet")
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


class SegmentName(NamedTuple):
    """A segment or its sealed set: the ``number``-th of ``writer``."""

    writer: str
    number: int

    def __str__(self) -> str:
        return f"{self.writer}-{self.number:06d}"


class _Inside:
    """A file or folder of a run: its path is made when it is first asked for, and kept.

    A list of thousands of runs asks for a few of each.
    """

    def __init__(self, *parts: str) -> None:
        self._parts = parts

    def __set_name__(self, owner: type[RunDir], name: str) -> None:
        self._name = name

    def __get__(self, run_dir: RunDir, owner: type[RunDir]) -> Path:
        path = run_dir.path.joinpath(*self._parts)
        run_dir.__dict__[self._name] = path
        return path


class RunDir:
    """The directory of one run. Knows names; reads and writes nothing."""

    info = _Inside("run.json")
    edits = _Inside("edits")
    journal = _Inside("journal")
    sealed = _Inside("sealed")
    merged = _Inside("merged")
    manifest = _Inside("merged.json")
    status = _Inside("status.json")
    live = _Inside("live.bin")
    pictures = _Inside("pictures")
    viewed = _Inside("viewed")
    output_log = _Inside("output.log")
    session = _Inside("session.ipynb")
    diff = _Inside("diff.patch")
    requirements = _Inside("requirements.txt")
    model = _Inside("model.json")
    code = _Inside("code")
    files = _Inside("files")
    media = _Inside("media")
    spool = _Inside("media", ".spool")
    recorder_log = _Inside("recorder.log")
    position = _Inside("position.json")
    stack = _Inside("stack.txt")
    destinations = _Inside("destinations")
    # At a place only: tells that the owner lives.
    alive = _Inside("alive.json")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name

    def __repr__(self) -> str:
        return f"RunDir({str(self.path)!r})"

    @property
    def for_people(self) -> tuple[Path, ...]:
        """The files and folders that a person wants to open, in that order."""
        return (
            self.output_log,
            self.session,
            self.diff,
            self.requirements,
            self.code,
            self.model,
            self.files,
            self.media,
        )

    def segment(self, name: SegmentName) -> Path:
        return self.journal / f"{name}.seg"

    def next_segment(self, writer: str) -> Path:
        """What a segment is called until it has a number; no reader looks at it."""
        return temporary(self.journal / f"{writer}-next.seg")

    def picture(self, attempt: int) -> Path:
        """What an attempt looks like."""
        return self.pictures / f"{attempt}.json"

    def segments(self) -> list[SegmentName]:
        """The journal's segments, by writer and number."""
        return _names(self.journal, _SEGMENT)

    def sealed_table(self, name: SegmentName, table: str) -> Path:
        return self.sealed / f"{name}.{table}.parquet"

    def sealed_sets(self) -> list[SegmentName]:
        """The complete sealed sets, by writer and number."""
        return _names(self.sealed, _SEALED)

    def merged_table(self, name: str, table: str) -> Path:
        return self.merged / f"{name}.{table}.parquet"

    def merged_files(self) -> list[Path]:
        """The tables of every merged set, in force or not."""
        return list(self.merged.glob("*.parquet"))

    def new_edit(self) -> Path:
        return self.edits / f"{new_ulid()}.json"

    def edit_files(self) -> list[Path]:
        """The edits, oldest first."""
        with contextlib.suppress(FileNotFoundError):
            return sorted(p for p in self.edits.iterdir() if p.suffix == ".json")
        return []


class Store:
    """A directory of runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runs = path / "runs"
        self.views = path / "views"
        self.artifacts = path / "artifacts"

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    def view(self, name: str) -> Path:
        """The file of a saved view, whether it exists or not.

        Raises:
            UsageError: The name is outside ``[A-Za-z0-9 ._-]{1,64}``, or begins oddly.
        """
        if not _VIEW_NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} cannot be the name of a view",
                hint="Use 1 to 64 letters, digits, spaces, '.', '-' and '_'.",
            )
        return self.views / f"{name}.json"

    def view_names(self) -> list[str]:
        """The names of the saved views."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            names = [path.stem for path in self.views.iterdir() if path.suffix == ".json"]
            return sorted(filter(_VIEW_NAME.fullmatch, names))
        return []

    def run(self, run_id: str) -> RunDir:
        """The directory of a run, whether it exists or not.

        Raises:
            InvalidRunIdError: The id is outside ``[A-Za-z0-9_-]{1,64}``.
        """
        return RunDir(self.runs / check_run_id(run_id))

    def run_dirs(self) -> Iterator[RunDir]:
        """Every run directory of the store, newest id first."""
        try:
            names = sorted((entry.name for entry in os.scandir(self.runs)), reverse=True)
        except FileNotFoundError:
            return
        for name in names:
            if _RUN_ID.fullmatch(name):
                yield RunDir(self.runs / name)

    def create(self) -> None:
        """Make the store's own files, if they are not there.

        Raises:
            StoreNotWritableError: The directory cannot be made or written.
        """
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
            ignore = self.path / ".gitignore"
            if not ignore.exists():
                atomic_write(ignore, b"*\n")
        except OSError as error:
            raise not_writable(self.path, error) from error

    def create_run(self, run_id: str) -> RunDir:
        """Make the directories of a new run.

        Raises:
            FileExistsError: There is a run of this id.
            StoreNotWritableError: The directory cannot be made.
        """
        self.create()
        run_dir = self.run(run_id)
        try:
            run_dir.path.mkdir()
            make_folders(run_dir)
        except FileExistsError:
            raise
        except OSError as error:
            raise not_writable(run_dir.path, error) from error
        return run_dir


def make_folders(run_dir: RunDir) -> None:
    """Make the folders of a run that are missing: copies of a run may leave out empty ones.

    Raises:
        OSError: One cannot be made, or there is no such run.
    """
    for folder in (run_dir.journal, run_dir.sealed, run_dir.merged, run_dir.edits):
        folder.mkdir(exist_ok=True)


def find_store(directory: str | None, cwd: Path) -> Store:
    """The store to use from ``cwd``, whether it exists or not.

    ``directory`` if given; else the nearest ``.nbtrack`` at or above ``cwd`` that this user owns;
    else ``.nbtrack`` at the git root; else in ``cwd``.
    """
    if directory:
        return Store(Path(directory).expanduser().absolute())
    for folder in (cwd, *cwd.parents):
        candidate = folder / STORE_NAME
        with contextlib.suppress(OSError):
            if candidate.is_dir() and candidate.stat().st_uid == os.getuid():
                return Store(candidate)
    return Store((git_root(cwd) or cwd) / STORE_NAME)


def git_root(cwd: Path) -> Path | None:
    """The root of the checkout around ``cwd``."""
    for folder in (cwd, *cwd.parents):
        with contextlib.suppress(OSError):
            if (folder / ".git").exists():
                return folder
    return None


def default_project(cwd: Path) -> str:
    """The project of what is recorded in ``cwd``: the name of the git root, else of the folder."""
    return (git_root(cwd) or cwd).name or "default"


def is_run_id(name: str) -> bool:
    """Whether a directory of this name may be a run."""
    return _RUN_ID.fullmatch(name) is not None


def check_run_id(run_id: object) -> str:
    """``run_id`` itself.

    Raises:
        InvalidRunIdError: It is not a string of ``[A-Za-z0-9_-]{1,64}``.
    """
    if not isinstance(run_id, str) or not _RUN_ID.fullmatch(run_id):
        raise InvalidRunIdError(
            f"id={run_id!r} is not a run id",
            hint="Use 1 to 64 letters, digits, '-' and '_'.",
        )
    return run_id


def new_run_id() -> str:
    """An id that sorts by the time it was made, such as ``20260131-174502-k3v9q``."""
    tail = "".join(_CROCKFORD[byte & 31] for byte in os.urandom(5))
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{tail}"


def new_ulid() -> str:
    """26 characters that sort by time: 48 bits of milliseconds, 80 random bits (Crockford)."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def new_writer_id(role: str) -> str:
    """A name for one process writing to a run; starts with the first letter of its role."""
    return role[0] + os.urandom(5).hex()


def segment_in(file: str) -> SegmentName | None:
    """The segment of a journal that a file is, by its name."""
    found = _SEGMENT.fullmatch(file)
    return SegmentName(found[1], int(found[2])) if found else None


def table_in(file: str) -> tuple[str, str] | None:
    """The set and the table that a Parquet file is of, by its name."""
    found = _TABLE.fullmatch(file)
    return (found[1], found[2]) if found and found[2] in TABLES else None


def set_name(sources: list[str]) -> str:
    """The name of a merged set: a digest of the names of what went into it."""
    # Not at the top: hashlib brings all of OpenSSL, 5 MiB, into kernels and recorders.
    from hashlib import blake2b

    return "m" + blake2b("\n".join(sorted(sources)).encode(), digest_size=8).hexdigest()


def temporary(path: Path) -> Path:
    """A name beside ``path`` that no reader looks at, for a file about to be renamed to it."""
    return path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(8).hex()}.tmp")


def is_temporary(name: str) -> bool:
    """Whether a file of this name is being made, and no reader looks at it."""
    return name.startswith(".") and name.endswith(".tmp")


def publish(temp: Path, path: Path) -> None:
    """Sync ``temp`` and rename it to ``path``: readers see all of it or nothing."""
    with temp.open("rb+") as file:
        os.fsync(file.fileno())
    temp.replace(path)
    sync_directory(path.parent)


def atomic_write(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Put ``content`` at ``path`` in one step.

    ``durable=False`` leaves out the syncs, for derived files that may be lost with the power.
    """
    temp = temporary(path)
    try:
        temp.write_bytes(content)
        if durable:
            publish(temp, path)
        else:
            temp.replace(path)
    except BaseException:
        temp.unlink(missing_ok=True)
        raise


def sync_directory(path: Path) -> None:
    """Make renames inside a directory last, where the file system knows how."""
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def not_writable(path: Path, error: OSError) -> StoreNotWritableError:
    """The error for a store that cannot be written, from what the system said."""
    return StoreNotWritableError(
        f"cannot write: {error.strerror or error}",
        path=path,
        operation="open the store",
        hint="Make it writable, free some space, or set NBTRACK_DIR to another directory.",
    )


def _names(folder: Path, pattern: re.Pattern[str]) -> list[SegmentName]:
    try:
        entries = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = (pattern.fullmatch(entry) for entry in entries)
    return sorted(SegmentName(m[1], int(m[2])) for m in found if m)
