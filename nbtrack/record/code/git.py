"""git, asked in a way that changes nothing of the person's repository and never waits for long."""

from __future__ import annotations

import contextlib
import copy
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ..._environment import environment

# The tree without a file, in every repository.
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_PATIENCE = 60.0
_ALWAYS = (
    *("-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false"),
    *("-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=true"),
    *("-c", "diff.noprefix=false", "-c", "diff.mnemonicPrefix=false", "-c", "core.safecrlf=false"),
)


class GitError(Exception):
    """git could not be asked, or said no; its own words."""


class Git:
    """A repository, with an index and a place for new objects that are nobody else's.

    Attributes:
        root: The folder of its files.
    """

    def __init__(self, root: Path, git_dir: Path, scratch: Path) -> None:
        self.root = root
        self._git_dir = git_dir
        objects = scratch / "objects"
        objects.mkdir(exist_ok=True)
        self._index = scratch / "index"
        self._environment = {
            "GIT_DIR": str(git_dir),
            "GIT_WORK_TREE": str(root),
            "GIT_INDEX_FILE": str(self._index),
            "GIT_OBJECT_DIRECTORY": str(objects),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{_escaped(_objects_of(git_dir))}"',
            "GIT_LITERAL_PATHSPECS": "1",
        }

    def at(self, root: Path) -> Git:
        """The same repository, index and new objects, with its files in another folder."""
        moved = copy.copy(self)
        moved.root = root
        moved._environment = {**self._environment, "GIT_WORK_TREE": str(root)}
        return moved

    def run(self, *arguments: str, data: bytes | None = None) -> bytes:
        """What one command of git writes.

        Raises:
            GitError: It failed, or took longer than a minute.
        """
        return run(*arguments, cwd=self.root, data=data, variables=self._environment)

    def line(self, *arguments: str) -> str | None:
        """The one line that a command writes; None if it fails or writes none."""
        try:
            return self.run(*arguments).decode("utf-8", "replace").strip() or None
        except GitError:
            return None

    def paths(self, *arguments: str) -> list[str]:
        """The paths that a command with ``-z`` lists."""
        return [os.fsdecode(path) for path in self.run(*arguments).split(b"\0") if path]

    def copy_index(self) -> None:
        """Begin with the person's own index, which knows what has not changed."""
        with contextlib.suppress(FileNotFoundError):
            # With its time, which tells git which entries are too fresh to be trusted.
            shutil.copy2(self._git_dir / "index", self._index)

    def has(self, commits: list[str]) -> bool:
        """Whether all of them are here."""
        return all(self.line("cat-file", "-t", commit) == "commit" for commit in commits)

    def hash(self, content: bytes) -> str:
        """Keep a content, as it is, among the new objects. Returns its name."""
        return self.run("hash-object", "-w", "--stdin", "--no-filters", data=content).decode()[:-1]

    def set_entries(self, entries: Iterable[tuple[str, str, str]]) -> None:
        """Put (mode, object, path) into the index; mode "0" takes the path out."""
        lines = [
            f"{mode} {name or '0' * 40}\t".encode() + os.fsencode(path) + b"\0"
            for mode, name, path in entries
        ]
        if lines:
            self.run("update-index", "-z", "--index-info", data=b"".join(lines))

    def diff(self, base: str, paths: list[str] | None = None) -> bytes:
        """The patch from the tree ``base`` to the index, exact for every kind of file."""
        options = ("--cached", "--binary", "--full-index", "--no-ext-diff", "--no-textconv")
        more = ("--no-renames", "--no-color", "--src-prefix=a/", "--dst-prefix=b/", "-U3")
        return self.run("diff", *options, *more, base, "--", *(paths or []))


def run(
    *arguments: str,
    cwd: Path,
    data: bytes | None = None,
    patience: float = _PATIENCE,
    variables: Mapping[str, str] | None = None,
) -> bytes:
    """What one command of git writes.

    Raises:
        GitError: It failed, or took longer than ``patience`` seconds.
    """
    quiet = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    # In these a dollar would stand for another variable.
    more = {name: text.replace("$", "$$") for name, text in (variables or {}).items()}
    try:
        done = subprocess.run(
            ["git", *_ALWAYS, *arguments],
            cwd=cwd,
            env=environment({**quiet, **more}),
            input=data if data is not None else b"",
            capture_output=True,
            timeout=patience,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise GitError(f"git {arguments[0]}: {error}") from error
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip() or f"status {done.returncode}"
        raise GitError(f"git {arguments[0]}: {words}")
    return done.stdout


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Git]:
    """The repository around ``folder``.

    Raises:
        GitError: There is none, or no git.
    """
    root = Path(os.fsdecode(run("rev-parse", "--show-toplevel", cwd=folder)[:-1]))
    git_dir = Path(os.fsdecode(run("rev-parse", "--absolute-git-dir", cwd=folder)[:-1]))
    with tempfile.TemporaryDirectory(prefix="nbtrack-") as scratch:
        yield Git(root, git_dir, Path(scratch))


@contextlib.contextmanager
def invented(folder: Path) -> Iterator[Git]:
    """An empty repository of the files in ``folder``, which it leaves alone.

    Raises:
        GitError: There is no git.
    """
    with tempfile.TemporaryDirectory(prefix="nbtrack-") as scratch:
        git_dir = Path(scratch, "git")
        run("init", "--quiet", "--bare", "--template=", str(git_dir), cwd=Path(scratch))
        yield Git(folder, git_dir, Path(scratch))


def _objects_of(git_dir: Path) -> str:
    try:
        common = run(
            "rev-parse", "--git-common-dir", cwd=git_dir, variables={"GIT_DIR": str(git_dir)}
        )
    except GitError:
        return str(git_dir / "objects")
    return str((git_dir / os.fsdecode(common[:-1])).resolve() / "objects")


def _escaped(path: str) -> str:
    return path.replace("\\", "\\\\").replace('"', '\\"')
