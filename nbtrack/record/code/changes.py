"""The files that differ from a commit, put into one patch, without secrets and within a bound."""

from __future__ import annotations

import fnmatch
import os
import stat
from pathlib import Path

import msgspec

from ..._masking import mask
from .git import EMPTY_TREE, Git

_BINARY_SIGN = 8000
# Files that are there to hold secrets.
_SECRET_FILES = (
    *(".env", ".env.*", "*.pem", "*.key", "*.p12", "*.pfx", "id_rsa*", "id_ed25519*", "id_ecdsa*"),
    *(".netrc", ".npmrc", ".pypirc", ".git-credentials", ".htpasswd", "credentials*.json"),
    *("*service-account*.json", "*service_account*.json", "secrets.*"),
)


class Changes(msgspec.Struct, kw_only=True):
    """What differs.

    Attributes:
        patch: For ``git apply``.
        left_out, masked, whole, deleted: As in :class:`~nbtrack.store.code.CodeInfo`.
        dirty: Whether anything differs at all, in the patch or not.
    """

    patch: bytes = b""
    left_out: dict[str, str] = {}
    masked: list[str] = []
    whole: list[str] = []
    deleted: list[str] = []
    dirty: bool = False


def changes(git: Git, base: str, paths: list[str], limit: int, *, masks: bool) -> Changes:
    """The patch from ``base`` to the files of ``paths`` as they are now.

    Args:
        git: The repository, with the tree of ``base`` in its index.
        paths: Files that may differ, from the root.
        limit: How many bytes of files the patch may hold; large files are left out first.
        masks: Whether secrets are masked.
    """
    found = Changes(left_out={}, masked=[], whole=[], deleted=[])
    room = limit
    entries: list[tuple[str, str, str]] = []
    sized = [(_size(git.root, path), path) for path in paths]
    for size, path in sorted(sized):
        reason = _reason(git.root, path)
        if reason is None and size > room:
            reason = f"{size:,} bytes are more than the setting code_limit leaves"
        if reason is not None:
            found.left_out[_shown(path)] = reason
            found.dirty = True
            continue
        room -= max(size, 0)
        entries.append(_entry(git, path, found.masked, masks=masks))
    git.set_entries(entries)
    differing = git.paths("diff", "--cached", "--name-only", "--no-renames", "-z", base, "--")
    found.dirty = found.dirty or bool(differing)
    # What is not in the patch is not masked in it.
    found.masked = [_shown(path) for path in found.masked if path in set(differing)]
    found.patch = _patch(git, base, differing, found, masks=masks)
    return found


def _patch(git: Git, base: str, paths: list[str], found: Changes, *, masks: bool) -> bytes:
    if not paths:
        return b""
    patch = git.diff(base)
    if not masks or not _holds_secret(patch):
        return patch
    # A secret stands in lines that were there before: those files become new ones.
    plain, whole, gone = [], [], []
    for path in paths:
        if not _holds_secret(git.diff(base, [path])):
            plain.append(path)
        elif git.paths("ls-files", "-z", "--", path):
            whole.append(path)
        else:
            gone.append(path)
    found.whole, found.deleted = list(map(_shown, whole)), list(map(_shown, gone))
    parts = [git.diff(base, plain)] if plain else []
    for path in whole:
        piece = git.diff(EMPTY_TREE, [path])
        if _holds_secret(piece):
            found.left_out[_shown(path)] = "a secret in it cannot be masked"
            found.whole.remove(_shown(path))
        else:
            parts.append(piece)
    return b"".join(parts)


def _entry(git: Git, path: str, masked: list[str], *, masks: bool) -> tuple[str, str, str]:
    """What stands for the file as it is: mode, object, path."""
    place = git.root / path
    try:
        mode = _status(git.root, path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "0", "", path
    if stat.S_ISLNK(mode):
        return "120000", git.hash(os.fsencode(os.readlink(place))), path
    content = place.read_bytes()
    if masks and b"\0" not in content[:_BINARY_SIGN]:
        clean = mask(content.decode("latin-1")).encode("latin-1", "replace")
        if clean != content:
            masked.append(path)
            content = clean
    return "100755" if mode & stat.S_IXUSR else "100644", git.hash(content), path


def _holds_secret(patch: bytes) -> bool:
    text = patch.decode("latin-1")
    # Encoded content of binary files is no text.
    kept = "\n".join(part.split("\nGIT binary patch")[0] for part in text.split("\ndiff --git "))
    return mask(kept) != kept


def _reason(root: Path, path: str) -> str | None:
    """Why a file is left out; None: it is not."""
    if path.endswith("/"):
        return "a repository of its own"
    if any(fnmatch.fnmatch(Path(path).name.lower(), name) for name in _SECRET_FILES):
        return "files of this name hold secrets"
    place = root / path
    try:
        mode = _status(root, path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return str(error.strerror)
    if stat.S_ISDIR(mode):
        return "a repository of its own"
    if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
        return "no regular file"
    if stat.S_ISREG(mode) and not os.access(place, os.R_OK):
        return "it cannot be read"
    return None


def _status(root: Path, path: str) -> os.stat_result:
    """What the file is. One behind a link to a folder is not there, as git sees it.

    Raises:
        OSError: It is not there.
    """
    for parent in list(Path(path).parents)[:-1]:
        if (root / parent).is_symlink():
            raise FileNotFoundError(path)
    return (root / path).lstat()


def _size(root: Path, path: str) -> int:
    try:
        return _status(root, path).st_size
    except OSError:
        return -1


def _shown(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")
