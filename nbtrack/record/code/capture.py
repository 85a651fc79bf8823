"""Looks at the code of a run, in a process of its own, soon after the run has begun."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from ..._masking import mask, mask_value
from ...store.code import CodeInfo, installed_path, patch_path, waiting_code, write_code
from ...store.layout import RunDir, atomic_write
from .changes import Changes, changes
from .git import EMPTY_TREE, Git, GitError, invented, opened
from .imports import imported_files
from .installed import installed
from .remote import without_credentials


def capture(run_dir: RunDir, *, limit: int, masks: bool) -> int:
    """Look at the code of every part of a run that waits for it. Returns how many there were.

    Args:
        limit: How many bytes of changed files are kept.
        masks: Whether secrets are masked.

    Raises:
        OSError: Something cannot be written.
    """
    waiting = waiting_code(run_dir)
    for info in waiting:
        packages, requirements = installed()
        info = msgspec.structs.replace(info, packages=packages)
        atomic_write(installed_path(run_dir, info), requirements.encode())
        patch = b""
        try:
            info, patch = _code(info, limit, masks)
        except (GitError, OSError) as error:
            info = msgspec.structs.replace(info, problem=mask(str(error)))
        if patch:
            atomic_write(patch_path(run_dir, info), patch)
        # Last: who reads this finds what it speaks of.
        write_code(run_dir, msgspec.structs.replace(info, done=True))
    return len(waiting)


def _code(info: CodeInfo, limit: int, masks: bool) -> tuple[CodeInfo, bytes]:
    cwd = Path(info.cwd or "/")
    entry = Path(info.entry) if info.entry is not None else None
    try:
        with opened(cwd) as git:
            return _from_git(git, info, entry, limit, masks)
    except GitError as error:
        if "not a git repository" not in str(error) and "No such file" not in str(error):
            raise
    if entry is None or not entry.is_file():
        return info, b""
    with invented(entry.parent) as git:
        paths = [os.path.relpath(path, entry.parent) for path in imported_files(entry)]
        found = changes(git, EMPTY_TREE, paths, limit, masks=masks)
        info = msgspec.structs.replace(info, root=str(entry.parent))
        return _with(info, found), found.patch


def _from_git(
    git: Git, info: CodeInfo, entry: Path | None, limit: int, masks: bool
) -> tuple[CodeInfo, bytes]:
    commit = git.line("rev-parse", "--verify", "--quiet", "HEAD")
    branch = git.line("symbolic-ref", "--quiet", "--short", "HEAD")
    remote = git.line("config", "--get", f"branch.{branch}.remote") if branch else None
    address = git.line("config", "--get", f"remote.{remote or 'origin'}.url")
    info = msgspec.structs.replace(
        info,
        commit=commit,
        branch=branch,
        remote=mask_value(without_credentials(address)) if address else None,
        root=str(git.root),
    )
    base = commit or EMPTY_TREE
    paths = _changed(git, base)
    if entry is not None and entry.is_file():
        try:
            path = str(entry.resolve().relative_to(git.root.resolve()))
        except ValueError:
            info.left_out[str(entry)] = "the script is outside of the repository"
        else:
            if path not in paths and not git.paths("ls-files", "-z", "--", path):
                paths.append(path)  # a script that git ignores
    git.run("read-tree", base)
    found = changes(git, base, paths, limit, masks=masks)
    return _with(info, found), found.patch


def _changed(git: Git, base: str) -> list[str]:
    """The files that may differ from ``base``: changed, staged, removed, new and not ignored."""
    git.copy_index()
    listed = git.paths(
        "ls-files", "-z", "--modified", "--deleted", "--others", "--exclude-standard"
    )
    staged = git.paths("diff-index", "-z", "--cached", "--name-only", "--no-renames", base, "--")
    return list(dict.fromkeys((*listed, *staged)))


def _with(info: CodeInfo, found: Changes) -> CodeInfo:
    return msgspec.structs.replace(
        info,
        dirty=found.dirty,
        left_out={**info.left_out, **found.left_out},
        masked=found.masked,
        whole=found.whole,
        deleted=found.deleted,
    )
