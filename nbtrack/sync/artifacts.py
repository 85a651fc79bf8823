"""Sends versions of artifacts to a place, where they have numbers of their own.

Two people who do not know of each other both have a ``dataset:v0``. At a place, as in a store, what
has the same content is the same version; what is new keeps its number if that is higher than all
that are there, and else gets the next one. The manifest's name is given once, to whoever is first;
who comes second looks again. What is said of a version, and who used it, goes under its number
there.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple

import msgspec

from .._decoding import from_json
from .._errors import DamagedFileError, NbtrackError
from ..store import intact
from ..store.artifact_paths import ArtifactDir, ArtifactsRoot
from ..store.artifact_schema import ArtifactEdit, ArtifactHead, ArtifactManifest
from ..store.artifacts import read_manifest, versions
from ..store.fetching import fetched
from ..store.layout import Store
from ..store.together import side_by_side
from .place import Place, Vanished


class ArtifactOutcome(NamedTuple):
    """What became of one version.

    Attributes:
        label: What it is called here; ``there``: at the place, empty if it is not there.
        sent, bytes: How many files of it went, and their bytes.
        problem: Why it is not there; empty if it is.
    """

    label: str
    there: str = ""
    sent: int = 0
    bytes: int = 0
    problem: str = ""


class ArtifactPusher:
    """Sends versions of a store's artifacts to a place."""

    def __init__(self, store: Store, place: Place) -> None:
        self._store = store
        self._root = ArtifactsRoot(store)
        self._place = place
        self._objects: set[str] | None = None

    def push(self, runs: AbstractSet[str] | None = None) -> list[ArtifactOutcome]:
        """Send the versions that these runs made or used; None: all of them."""
        found: list[ArtifactOutcome] = []
        for name in self._root.names():
            try:
                wanted = [
                    version.version
                    for version in versions(self._store, name)
                    if runs is None or version.run in runs or not runs.isdisjoint(version.used_by)
                ]
                if wanted:
                    found += self._push_artifact(name, wanted)
            except (NbtrackError, OSError) as error:
                found.append(ArtifactOutcome(name, problem=str(error)))
        return found

    def _push_artifact(self, name: str, wanted: list[int]) -> list[ArtifactOutcome]:
        place = self._root.artifact(name)
        known = self._numbers_there(place)
        numbers: dict[int, int] = {}
        found: list[ArtifactOutcome] = []
        for version in wanted:
            label = f"{name}:v{version}"
            try:
                manifest = read_manifest(self._store, name, version)
                sent = self._send_content(manifest)
                numbers[version] = self._claim(place, manifest, known)
            except Vanished:
                found.append(ArtifactOutcome(label, problem="some of its content is not there"))
                continue
            except (NbtrackError, OSError) as error:
                found.append(ArtifactOutcome(label, problem=str(error)))
                continue
            there = f"{name}:v{numbers[version]}"
            found.append(ArtifactOutcome(label, there, len(sent), sum(sent)))
        self._send_words(place, numbers)
        return found

    def _numbers_there(self, place: ArtifactDir) -> dict[str, int]:
        """Content -> number of each version at the place."""
        there = self._place.sizes(self._key(place.path))
        keys = [key for key in there if self._is_manifest(place, key)]
        heads = side_by_side(lambda key: from_json(self._place.get(key), ArtifactHead), keys)
        return {head.digest: head.version for head in heads}

    def _claim(self, place: ArtifactDir, manifest: ArtifactManifest, known: dict[str, int]) -> int:
        """The number of a version at the place, which it may be given now."""
        while manifest.digest not in known:
            number = max([manifest.version, *(taken + 1 for taken in known.values())])
            content = msgspec.json.encode(msgspec.structs.replace(manifest, version=number))
            if self._place.put(self._key(place.manifest(number)), content):
                known[manifest.digest] = number
            else:
                known |= self._numbers_there(place)
        return known[manifest.digest]

    def _send_content(self, manifest: ArtifactManifest) -> list[int]:
        """The sizes of those objects that went."""
        if self._objects is None:
            self._objects = set(self._place.sizes(self._key(self._root.objects)))
        objects = self._objects
        paths = {
            self._root.object(entry.digest): entry.size or 0
            for entry in manifest.entries
            if entry.uri is None and entry.digest
        }
        missing = [path for path in paths if self._key(path) not in objects]
        put = side_by_side(self._put_object, missing)
        objects.update(map(self._key, missing))
        return [paths[path] for path, went in zip(missing, put, strict=True) if went]

    def _put_object(self, path: Path) -> bool:
        # What is there under a digest is there for good: nobody puts it right.
        try:
            damage = intact.of_object(fetched(path), path.name)
        except FileNotFoundError:
            raise Vanished from None
        if damage:
            raise DamagedFileError(
                damage.removeprefix(f"{path} "),
                path=path,
                operation="sync",
                hint="This version does not go. Restore the file from a backup, or log it again.",
            )
        return self._place.put(self._key(path), path)

    def _send_words(self, place: ArtifactDir, numbers: dict[int, int]) -> None:
        """What was said of versions, and who used them."""
        there = self._place.sizes(self._key(place.path))
        words: dict[str, bytes] = {}
        for path in place.edit_files():
            edit = from_json(path.read_bytes(), ArtifactEdit)
            if edit.version in numbers:
                edit.version = numbers[edit.version]
                words[self._key(path)] = msgspec.json.encode(edit)
        for version, runs in place.users().items():
            if version in numbers:
                for run in runs:
                    words[self._key(place.used_marker(numbers[version], run))] = b""
        new = [key for key in words if key not in there]
        side_by_side(lambda key: self._place.put(key, words[key]), new)

    def _is_manifest(self, place: ArtifactDir, key: str) -> bool:
        path = self._store.path / key
        return path.parent == place.path and path.suffix == ".json"

    def _key(self, path: Path) -> str:
        return path.relative_to(self._store.path).as_posix()
