"""The files of a run in the index of a repository, and where such a repository is."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ...store.code import CodeInfo
from .git import EMPTY_TREE, Git, GitError, invented, opened, run

_FETCH_SECONDS = 600.0


def load(git: Git, info: CodeInfo, patch: bytes) -> None:
    """Make the index that of the run: its commit with the patch.

    Raises:
        GitError: The patch does not belong to the commit, or leads out of the folder.
    """
    git.run("read-tree", info.commit or EMPTY_TREE)
    git.set_entries(("0", "", path) for path in (*info.whole, *info.deleted))
    if patch:
        # In the index, where contents are exact, whatever git makes of them in a folder.
        git.run("apply", "--cached", "--whitespace=nowarn", "-", data=patch)


@contextlib.contextmanager
def repository(
    commits: list[str], given: Path | None, recorded: str | None, remote: str | None, target: Path
) -> Iterator[Git]:
    """A repository that has all ``commits``, with ``target`` as the place of its files.

    Args:
        given: The one to use, if a person named one.
        recorded: Else the folder that it was in, if that is there.
        remote: Else this is cloned.

    Raises:
        GitError: There is none.
    """
    if not commits:
        with invented(target) as git:
            yield git
        return
    missing = []
    folder = given or _folder(recorded)
    if folder is not None:
        with contextlib.ExitStack() as stack, contextlib.suppress(GitError):
            git = stack.enter_context(opened(folder))
            if git.has(commits):
                yield git.at(target)
                return
        missing.append(str(folder))
    if given is None and remote:
        with contextlib.ExitStack() as stack:
            git = stack.enter_context(_cloned(remote, commits))
            if git.has(commits):
                yield git.at(target)
                return
        missing.append(remote)
    raise GitError(
        f"commit {' or '.join(commits)} is not in {' or '.join(missing) or 'any known repository'}"
    )


@contextlib.contextmanager
def _cloned(remote: str, commits: list[str]) -> Iterator[Git]:
    with tempfile.TemporaryDirectory(prefix="nbtrack-") as scratch:
        clone = Path(scratch, "clone")
        options = ("--quiet", "--no-checkout", "--template=")
        run(
            *("clone", *options, "--", remote, str(clone)),
            cwd=Path(scratch),
            patience=_FETCH_SECONDS,
        )
        with opened(clone) as git:
            for commit in commits:
                if not git.has([commit]):
                    with contextlib.suppress(GitError):  # a host may refuse single commits
                        run("fetch", "--quiet", "origin", commit, cwd=clone)
            yield git


def _folder(recorded: str | None) -> Path | None:
    folder = Path(recorded or "")
    return folder if folder.is_absolute() and folder.is_dir() else None
