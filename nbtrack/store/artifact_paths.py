"""Where every file of an artifact lies, and which names artifacts, aliases and entries can have.

The half of :mod:`layout` that is about ``artifacts/``. Knows names; reads no content.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from .._errors import InvalidArtifactError
from .layout import Store, new_ulid

LATEST = "latest"
_OBJECTS = "objects"

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
_ALIAS = re.compile(r"[^/\\:\x00-\x1f\x7f]{1,128}")
_VERSION = re.compile(r"v(0|[1-9]\d{0,8})")
_MANIFEST = re.compile(r"v(0|[1-9]\d{0,8})\.json")
_USED = re.compile(r"v(0|[1-9]\d{0,8})\.([A-Za-z0-9_-]{1,64})")
_EDIT = re.compile(r"([0-9a-z]{26})\.json")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PREFIX = re.compile(r"[0-9a-f]{2}")
_LONGEST_PATH = 4096
_LONGEST_PART = 255


class ArtifactAddress(NamedTuple):
    """``name:alias`` as it was asked for; ``version`` is a number if the alias is ``v<N>``."""

    name: str
    alias: str

    @property
    def version(self) -> int | None:
        found = _VERSION.fullmatch(self.alias)
        return int(found[1]) if found else None


class ArtifactDir:
    """The directory of all versions of one artifact."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        self.edits = path / "edits"
        self.used = path / "used"

    def manifest(self, version: int) -> Path:
        return self.path / f"v{version}.json"

    def new_edit(self) -> Path:
        return self.edits / f"{new_ulid()}.json"

    def used_marker(self, version: int, run_id: str) -> Path:
        return self.used / f"v{version}.{run_id}"

    def manifests(self) -> list[int]:
        """The versions that have a manifest, the oldest first."""
        return sorted(int(found[1]) for found in _matches(self.path, _MANIFEST))

    def edit_files(self) -> list[Path]:
        """The edits, by their names, which sort by time."""
        return sorted(self.edits / found[0] for found in _matches(self.edits, _EDIT))

    def users(self) -> dict[int, list[str]]:
        """Version -> ids of the runs that used it."""
        users: dict[int, list[str]] = {}
        for found in _matches(self.used, _USED):
            users.setdefault(int(found[1]), []).append(found[2])
        return {version: sorted(runs) for version, runs in users.items()}


class ArtifactsRoot:
    """The directory of all artifacts of a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.path = store.artifacts
        self.objects = store.artifacts / _OBJECTS

    def artifact(self, name: str) -> ArtifactDir:
        """The directory of an artifact, whether it exists or not.

        Raises:
            InvalidArtifactError: No artifact can have this name.
        """
        return ArtifactDir(self.path / check_name(name))

    def names(self) -> list[str]:
        """The names of the artifacts."""
        found = (match[0] for match in _matches(self.path, _NAME))
        return sorted(name for name in found if name != _OBJECTS)

    def object(self, digest: str) -> Path:
        """Where content lies, whether it is there or not.

        Raises:
            InvalidArtifactError: That is no digest.
        """
        if not _DIGEST.fullmatch(digest):
            raise InvalidArtifactError(f"{digest!r} is no digest", path=self.objects)
        return self.objects / digest[:2] / digest

    def object_files(self) -> Iterator[Path]:
        """Every object, in no order."""
        for prefix in _matches(self.objects, _PREFIX):
            folder = self.objects / prefix[0]
            for found in _matches(folder, _DIGEST):
                yield folder / found[0]

    def folders(self) -> Iterator[Path]:
        """Every folder in which files are made."""
        yield self.path
        yield self.objects
        for prefix in _matches(self.objects, _PREFIX):
            yield self.objects / prefix[0]
        for name in self.names():
            place = self.artifact(name)
            yield from (place.path, place.edits, place.used)


def check_name(name: str) -> str:
    """The name itself.

    Raises:
        InvalidArtifactError: It is not ``[A-Za-z0-9._-]{1,128}``, begins with a dot or is taken.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidArtifactError(
            f"{name!r} cannot be the name of an artifact",
            hint="Use 1 to 128 letters, digits, '.', '-' and '_', and no dot at the beginning.",
        )
    if name == _OBJECTS:
        raise InvalidArtifactError(
            f"no artifact can be called {name!r}: the content of all of them lies there",
            hint="Use another name.",
        )
    return name


def check_alias(alias: str) -> str:
    """The alias itself.

    Raises:
        InvalidArtifactError: It has characters that it cannot have, or looks like a version.
    """
    if not isinstance(alias, str) or not _ALIAS.fullmatch(alias) or alias != alias.strip():
        raise InvalidArtifactError(
            f"{alias!r} cannot be an alias",
            hint="Use 1 to 128 characters other than '/', '\\' and ':'.",
        )
    if _VERSION.fullmatch(alias):
        raise InvalidArtifactError(
            f"{alias!r} cannot be an alias: versions are called so", hint="Use another word."
        )
    return alias


def parse_address(text: str) -> ArtifactAddress:
    """``name``, ``name:alias`` or ``name:v3``; what stands before the last ``/`` is left out.

    Raises:
        InvalidArtifactError: That asks for no artifact.
    """
    if not isinstance(text, str):
        raise InvalidArtifactError(f"{text!r} is not the name of an artifact")
    name, colon, alias = text.rpartition("/")[2].partition(":")
    if colon and not _VERSION.fullmatch(alias):
        check_alias(alias)
    return ArtifactAddress(check_name(name), alias or LATEST)


def check_path(path: str) -> str:
    """The path of an entry itself: relative, with ``/``, and never out of its folder.

    Raises:
        InvalidArtifactError: It is absolute, empty or too long, has a part that is empty, ``.``
            or ``..``, or a backslash or a control character in it, or is not Unicode.
    """
    problem = ""
    if not isinstance(path, str) or not path:
        problem = "is empty"
    elif "\\" in path or any(ord(character) < 32 or ord(character) == 127 for character in path):
        problem = "has a backslash or a control character in it"
    elif path.startswith("/"):
        problem = "is absolute"
    elif any(part in ("", ".", "..") for part in path.split("/")):
        problem = "has a part that is empty, '.' or '..'"
    else:
        try:
            parts = path.encode().split(b"/")
        except UnicodeEncodeError:
            problem = "is not Unicode"
        else:
            if len(path) > _LONGEST_PATH or max(map(len, parts)) > _LONGEST_PART:
                problem = "is too long"
    if problem:
        raise InvalidArtifactError(
            f"{path!r} cannot be the path of a file here: it {problem}",
            hint="Use a relative path with '/', which does not leave its folder.",
        )
    return path


def check_paths(paths: Iterable[str]) -> None:
    """That files of these paths can lie in one folder.

    Raises:
        InvalidArtifactError: One cannot be a path, there twice, or a file and a folder at once.
    """
    seen: set[str] = set()
    for path in paths:
        check_path(path)
        if path in seen:
            raise InvalidArtifactError(f"there are two files called {path!r}")
        seen.add(path)
    for path in seen:
        while path := path.rpartition("/")[0]:
            if path in seen:
                raise InvalidArtifactError(f"{path!r} is a file and a folder at once")


def _matches(folder: Path, pattern: re.Pattern[str]) -> list[re.Match[str]]:
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [found for found in map(pattern.fullmatch, names) if found]
