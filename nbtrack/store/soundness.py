"""Whether every version of every artifact has all that it refers to."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from .._errors import StoreError
from .artifact_paths import ArtifactsRoot
from .artifacts import History, read_manifest
from .layout import Store
from .objects import Objects, digest_of


class Soundness(msgspec.Struct, kw_only=True):
    """What was seen of a store's artifacts.

    Attributes:
        artifacts, versions, objects: How many there are.
        bytes: Of the objects, each counted once.
        problems: What is missing, damaged or cannot be read, in words.
    """

    artifacts: int = 0
    versions: int = 0
    objects: int = 0
    bytes: int = 0
    problems: list[str] = []


def examine_artifacts(store: Store, *, thorough: bool = False) -> Soundness:
    """Look at every manifest, and whether its objects are there and as long as they should be.

    Args:
        thorough: Read the content of every object too, and compare it with its digest.

    Raises:
        OSError: A folder cannot be read.
    """
    root = ArtifactsRoot(store)
    objects = Objects(root)
    found = Soundness()
    judged: dict[str, str] = {}
    for path in root.object_files():
        found.objects += 1
        found.bytes += path.stat().st_size
    for name in root.names():
        place = root.artifact(name)
        try:
            versions = History(place).versions
        except StoreError as error:
            found.problems.append(str(error))
            continue
        found.artifacts += bool(versions)
        for version in versions:
            found.versions += 1
            found.problems += _problems(
                store, objects, name, version.version, judged, thorough=thorough
            )
    return found


def _problems(
    store: Store,
    objects: Objects,
    name: str,
    number: int,
    judged: dict[str, str],
    *,
    thorough: bool,
) -> Iterator[str]:
    """What is wrong with one version. ``judged`` keeps what is known of objects by now."""
    try:
        manifest = read_manifest(store, name, number)
    except StoreError as error:
        yield str(error)
        return
    for entry in manifest.entries:
        if entry.uri is not None or entry.digest is None:
            continue
        if entry.digest not in judged:
            judged[entry.digest] = _judge(objects, entry.digest, entry.size, thorough=thorough)
        if judged[entry.digest]:
            yield f"{name}:v{number}: the content of {entry.path!r} {judged[entry.digest]}"


def _judge(objects: Objects, digest: str, size: int | None, *, thorough: bool) -> str:
    """What is wrong with an object, in words; empty if nothing is."""
    try:
        there = objects.path(digest).stat().st_size
        if size is not None and there != size:
            return f"has {there} bytes, not {size}"
        if thorough and digest_of(objects.path(digest))[0] != digest:
            return "is not what was stored"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    return ""
