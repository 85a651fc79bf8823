"""How two runs differ: code, config, environment."""

from __future__ import annotations

import difflib
import os
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ...store.catalog import open_run
from ...store.code import CodeInfo, patch_path
from ...store.layout import RunDir
from ...store.view import RunView
from .git import Git, GitError
from .trees import load, repository


class Pair(NamedTuple):
    """What the first and the second run have; None where one has nothing."""

    first: Any
    second: Any


class RunDiff(msgspec.Struct, kw_only=True):
    """What differs between two runs; what is equal in both is not here.

    Attributes:
        runs: The ids of both.
        commit: The commits, if they differ.
        cells: The sources of the cells that ran, as one unified diff.
        files: The files of the repository as they were for each run, as one patch.
        files_note: Why ``files`` compares no more than the two patches, or is empty.
        config: Keys with different values.
        python: The versions of Python, if they differ.
        packages: Packages with different versions; None where one is not installed.
    """

    runs: Pair
    commit: Pair | None = None
    cells: str = ""
    files: str = ""
    files_note: str = ""
    config: dict[str, Pair] = {}
    python: Pair | None = None
    packages: dict[str, Pair] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        pairs = (self.commit, self.cells, self.files, self.config, self.python, self.packages)
        return not any(pairs)

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return {**plain, "equal": self.is_empty}


def diff(
    first: str | RunView, second: str | RunView, *, dir: str | os.PathLike[str] | None = None
) -> RunDiff:
    """How two runs differ: code, config, environment.

    Args:
        first, second: Runs, or their ids or names.
        dir: The store directory; by default the one found from here.

    Raises:
        AmbiguousRunError: Several runs have a name.
        RunNotFoundError: There is no such run.
        StoreError: A run cannot be read.
    """
    one, other = (
        open_run(run, dir=dir) if isinstance(run, str) else run for run in (first, second)
    )
    return compare(one, other)


def compare(first: RunView, second: RunView) -> RunDiff:
    """How two runs differ. Of a resumed run, its last part counts.

    Raises:
        StoreError: A run cannot be read.
    """
    codes = _last_code(first), _last_code(second)
    files, note = _files(first, second, *codes)
    return RunDiff(
        runs=Pair(first.id, second.id),
        commit=_pair(*(code.commit if code else None for code in codes)),
        cells=_cells(first, second),
        files=files,
        files_note=note,
        config=_differing(first.config, second.config),
        python=_pair(*(code.python if code else None for code in codes))
        or _pair(first.python, second.python),
        packages=_differing(*(code.packages if code else {} for code in codes))
        if all(code is not None and code.packages for code in codes)
        else {},
    )


def _last_code(view: RunView) -> CodeInfo | None:
    return next((info for info in reversed(view.code) if info.done), None)


def _cells(first: RunView, second: RunView) -> str:
    return _unified(_session(first), _session(second), f"{first.id}/cells", f"{second.id}/cells")


def _session(view: RunView) -> str:
    """The latest source of each cell, in the order in which cells first ran."""
    latest: dict[Any, str] = {}
    for cell in view.cells:
        latest[cell.cell_id or (cell.n, cell.source)] = cell.source
    return "".join(f"# {at}\n{source.rstrip()}\n" for at, source in enumerate(latest.values(), 1))


def _files(
    first: RunView, second: RunView, one: CodeInfo | None, other: CodeInfo | None
) -> tuple[str, str]:
    if one is None or other is None:
        which = " and ".join(v.id for v, c in ((first, one), (second, other)) if c is None)
        return "", f"the code of {which} was not recorded"
    if one.root is None and other.root is None:
        return "", ""
    patches = _patch(first, one), _patch(second, other)
    commits = list(dict.fromkeys(c for c in (one.commit, other.commit) if c is not None))
    try:
        with (
            tempfile.TemporaryDirectory(prefix="nbtrack-") as folder,
            repository(commits, None, one.root, None, Path(folder)) as git,
        ):
            trees = [_tree(git, one, patches[0]), _tree(git, other, patches[1])]
            options = ("--no-ext-diff", "--no-textconv", "--no-color")
            found = git.run("diff", *options, *trees, "--")
            return found.decode("utf-8", "replace"), ""
    except GitError as error:
        texts = [patch.decode("utf-8", "replace") for patch in patches]
        compared = _unified(*texts, f"{first.id}/patch", f"{second.id}/patch")
        return compared, f"only the patches of both are compared: {error}"


def _tree(git: Git, info: CodeInfo, patch: bytes) -> str:
    load(git, info, patch)
    return git.run("write-tree").decode().strip()


def _patch(view: RunView, info: CodeInfo) -> bytes:
    try:
        return patch_path(RunDir(view.path), info).read_bytes()
    except FileNotFoundError:
        return b""


def _unified(first: str, second: str, name: str, other: str) -> str:
    lines = difflib.unified_diff(
        first.splitlines(keepends=True), second.splitlines(keepends=True), name, other
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _pair(first: Any, second: Any) -> Pair | None:
    return None if first == second else Pair(first, second)


def _differing(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Pair]:
    keys = sorted(first.keys() | second.keys(), key=str.lower)
    pairs = {key: _pair(first.get(key), second.get(key)) for key in keys}
    return {key: pair for key, pair in pairs.items() if pair is not None}
