"""Rebuilds the files that a run was made with."""

from __future__ import annotations

import contextlib
import os
import posixpath
from pathlib import Path

import msgspec

from ..._errors import RestoreError
from ...store.code import CodeInfo, installed_path, patch_path, read_code
from ...store.derived import write_session
from ...store.layout import RunDir
from ...store.view import RunView
from . import trees
from .git import EMPTY_TREE, Git, GitError
from .trees import load


class Restored(msgspec.Struct, kw_only=True):
    """What was rebuilt, and what not.

    Attributes:
        path: The folder.
        commit: The commit that the files started from.
        files: How many files there are.
        not_rebuilt: Files that are not as they were, each with the reason.
    """

    path: str
    commit: str | None
    files: int
    not_rebuilt: dict[str, str]


def restore(run_dir: RunDir, target: Path, *, repository: Path | None, part: int = -1) -> Restored:
    """Rebuild the files of a run in the new or empty folder ``target``.

    Args:
        repository: A clone to take the commit from; by default the one that the run was made in,
            if it is there still, else its remote is cloned.
        part: Of a resumed run, which part's code, from 0; by default the last one's.

    Raises:
        RestoreError: The code was not recorded, its commit cannot be had, or ``target`` holds
            something.
    """
    info = _info(run_dir, part)
    try:
        target.mkdir(parents=True, exist_ok=True)
        is_empty = not any(target.iterdir())
    except OSError as error:
        raise _error(run_dir, f"{target} cannot be used: {error.strerror}") from error
    if not is_empty:
        raise _error(run_dir, f"{target} is not empty", "Name a new folder.")
    not_rebuilt = {**info.left_out, **dict.fromkeys(info.masked, "secrets in it were masked")}
    patch = patch_path(run_dir, info)
    try:
        commits = [info.commit] if info.commit is not None else []
        with trees.repository(commits, repository, info.root, info.remote, target) as git:
            files = _rebuild(git, info, patch.read_bytes() if patch.exists() else b"", not_rebuilt)
    except GitError as error:
        hint = "Name a clone that has the commit with --repo."
        raise _error(run_dir, f"its files cannot be rebuilt: {error}", hint) from error
    except OSError as error:
        raise _error(run_dir, f"{target} cannot be written: {error}") from error
    return Restored(
        path=str(target),
        commit=info.commit,
        files=files,
        not_rebuilt=dict(sorted(not_rebuilt.items())),
    )


def write_companions(view: RunView, target: Path, *, part: int = -1) -> list[Path]:
    """Put the packages and the session as a notebook beside the files. Returns where.

    Where the code has a file of that name, theirs begins with the id of the run.

    Raises:
        OSError: They cannot be written.
        StoreError: The run cannot be read.
    """
    run_dir = RunDir(view.path)
    written = []
    with contextlib.suppress(FileNotFoundError):
        content = installed_path(run_dir, _info(run_dir, part)).read_bytes()
        written.append(_free(target, run_dir.requirements.name, view.id))
        written[0].write_bytes(content)
    if view.cells:
        written.append(_free(target, run_dir.session.name, view.id))
        write_session(view, written[-1])
    return written


def _free(target: Path, name: str, run_id: str) -> Path:
    path = target / name
    return target / f"{run_id}-{name}" if os.path.lexists(path) else path


def _info(run_dir: RunDir, part: int) -> CodeInfo:
    parts = read_code(run_dir)
    if not parts:
        raise _error(run_dir, "its code was not recorded", "See the setting 'code'.")
    try:
        info = parts[part]
    except IndexError:
        raise _error(run_dir, f"it has {len(parts)} parts, and not one of number {part}") from None
    if not info.done:
        raise _error(
            run_dir, "its code was not looked at: it had no recorder, or began a moment ago"
        )
    if info.root is None:
        why = f": {info.problem}" if info.problem else ""
        raise _error(
            run_dir,
            f"its code was neither in a git repository nor a script{why}",
            "nbtrack export --format ipynb writes the cells that ran.",
        )
    return info


def _rebuild(git: Git, info: CodeInfo, patch: bytes, not_rebuilt: dict[str, str]) -> int:
    """Put the files of the commit and the patch in their place. Returns how many."""
    git.run("read-tree", info.commit or EMPTY_TREE)
    before = _entries(git)
    load(git, info, patch)
    after = _entries(git)
    for path, (mode, name) in after.items():
        if mode == "160000":
            not_rebuilt[path] = "a repository of its own"
        elif mode == "120000" and _leaves(path, os.fsdecode(git.run("cat-file", "blob", name))):
            git.set_entries([("0", "", path)])
            not_rebuilt[path] = "a link that leaves the folder"
    git.run("checkout-index", "--all", "--force", "--quiet")
    for path, (mode, name) in after.items():
        if before.get(path) != (mode, name) and mode.startswith("100") and path not in not_rebuilt:
            _write_exactly(git, path, name)
    return sum(os.path.lexists(git.root / path) for path in after)


def _entries(git: Git) -> dict[str, tuple[str, str]]:
    """Path to (mode, object) of everything in the index."""
    found = {}
    for line in git.paths("ls-files", "--stage", "-z"):
        head, _, path = line.partition("\t")
        mode, name, _ = head.split(" ")
        found[path] = mode, name
    return found


def _write_exactly(git: Git, path: str, name: str) -> None:
    """A changed file was recorded as it was, so no line end of it may be translated."""
    content = git.run("cat-file", "blob", name)
    place = git.root / path
    if place.read_bytes() != content:
        place.write_bytes(content)


def _leaves(path: str, link: str) -> bool:
    """Whether a link in ``path`` leads out of the folder that paths start from."""
    to = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
    return link.startswith("/") or to == ".." or to.startswith("../")


def _error(run_dir: RunDir, what: str, hint: str = "") -> RestoreError:
    return RestoreError(what, path=run_dir.path, operation=f"restore run {run_dir.id}", hint=hint)
