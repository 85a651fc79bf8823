"""``code/<writer>.json``: from which code and in which environment one part of a run came."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import msgspec

from .._decoding import from_json
from .fetching import fetched, fetched_below
from .layout import RunDir, atomic_write
from .schema import FORMAT_VERSION


class CodeInfo(msgspec.Struct, kw_only=True, omit_defaults=False):
    """The code and the environment of one process that owned a run.

    Attributes:
        format: The format version.
        writer: The owner's writer.
        time: When its part of the run began, microseconds UTC.
        done: Whether it was looked at; before, only what the process itself knew is here.
        first: Whether the patch and the packages are at the top of the run's folder.
        commit: What was checked out; None outside of git, and before the first commit.
        branch: And on which branch, if on one.
        remote: Where the repository came from, without credentials.
        root: The folder that paths of the patch start from.
        dirty: Whether anything differed from the commit.
        cwd: The working directory.
        entry: The script.
        notebook: The notebook, as its front end calls it.
        python: The version of Python.
        packages: Name to version of what was installed.
        left_out: Changed files that are not in the patch, each with the reason.
        masked: Files of the patch in which secrets were masked.
        whole: Files that the patch holds as if they were new, since lines before had secrets.
        deleted: Files that are gone and not in the patch, since their lines had secrets.
        problem: Why something of this is missing.
    """

    format: int = FORMAT_VERSION
    writer: str
    time: int
    done: bool = False
    first: bool = True
    commit: str | None = None
    branch: str | None = None
    remote: str | None = None
    root: str | None = None
    dirty: bool | None = None
    cwd: str | None = None
    entry: str | None = None
    notebook: str | None = None
    python: str | None = None
    packages: dict[str, str] = {}
    left_out: dict[str, str] = {}
    masked: list[str] = []
    whole: list[str] = []
    deleted: list[str] = []
    problem: str | None = None


def write_code(run_dir: RunDir, info: CodeInfo, *, durable: bool = True) -> None:
    """Put ``info`` in its place.

    Raises:
        OSError: It cannot be written.
    """
    run_dir.code.mkdir(exist_ok=True)
    atomic_write(_path(run_dir, info.writer), msgspec.json.encode(info), durable=durable)


def read_code(run_dir: RunDir) -> list[CodeInfo]:
    """What is known of the code of each part of a run, oldest first; damaged files are left out."""
    found = []
    for path in sorted(fetched_below(run_dir.code).glob("[!.]*.json")):
        with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
            found.append(from_json(path.read_bytes(), CodeInfo))
    return sorted(found, key=lambda info: info.time)


def patch_path(run_dir: RunDir, info: CodeInfo) -> Path:
    """Where the difference from the commit is, if there is one."""
    name = run_dir.diff.name
    return fetched(run_dir.diff if info.first else run_dir.code / f"{info.writer}.{name}")


def installed_path(run_dir: RunDir, info: CodeInfo) -> Path:
    """Where the packages are, for pip."""
    name = run_dir.requirements.name
    return fetched(run_dir.requirements if info.first else run_dir.code / f"{info.writer}.{name}")


def waiting_code(run_dir: RunDir) -> list[CodeInfo]:
    """The parts of a run whose code was not looked at yet."""
    return [info for info in read_code(run_dir) if not info.done]


def _path(run_dir: RunDir, writer: str) -> Path:
    return run_dir.code / f"{writer}.json"


def patch_digest(run_dir: RunDir, info: CodeInfo) -> str | None:
    """Names the content of the difference from the commit; None if there is none."""
    try:
        return hashlib.sha256(patch_path(run_dir, info).read_bytes()).hexdigest()
    except OSError:
        return None
