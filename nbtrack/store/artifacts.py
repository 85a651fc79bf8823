"""Reading artifacts: which there are, and what a version of one holds. Writes nothing.

What a version is now follows from its manifest and the edits, in the order of their times; two
writers that do not know of each other cannot contradict themselves. Every time is later than those
that its writer had seen, whatever the clock says.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from .._decoding import from_json
from .._errors import ArtifactNotFoundError, DamagedFileError, InvalidArtifactError
from .artifact_paths import LATEST, ArtifactDir, ArtifactsRoot, check_paths, parse_address
from .artifact_schema import ArtifactEdit, ArtifactHead, ArtifactManifest, ArtifactVersion
from .frames import newer_format
from .layout import Store
from .schema import FORMAT_VERSION

_READ = "read the artifact"

D = TypeVar("D", ArtifactEdit, ArtifactHead, ArtifactManifest)


class History:
    """All versions of one artifact, and all that was said of them later.

    Attributes:
        versions: Those that are there, the oldest first.
        deleted: Those that somebody deleted, whether their manifests are still there or not.
        newest: The highest number that was ever given; -1 if none was.
        last_time: The latest time of any manifest or edit (microseconds UTC).
    """

    def __init__(self, place: ArtifactDir) -> None:
        # Edits first: a version that is deleted meanwhile may lose its manifest between the looks.
        edits = [_read(path, ArtifactEdit) for path in place.edit_files()]
        self.deleted = {edit.version for edit in edits if edit.deleted}
        used = place.users()
        heads: list[ArtifactHead] = []
        for version in place.manifests():
            try:
                heads.append(_read(place.manifest(version), ArtifactHead))
            except FileNotFoundError:
                continue  # freed since
        self.newest = max([-1, *used, *(h.version for h in heads), *(e.version for e in edits)])
        self.last_time = max([0, *(h.created for h in heads), *(e.time for e in edits)])
        live = [head for head in heads if head.version not in self.deleted]
        owners = _owners(live, edits)
        self.versions = [_version(head, owners, edits, used.get(head.version, [])) for head in live]


def artifact_names(store: Store) -> list[str]:
    """The names of the artifacts of which a version is there, in alphabetical order."""
    root = ArtifactsRoot(store)
    found: list[str] = []
    for name in root.names():
        place = root.artifact(name)
        if place.manifests() and History(place).versions:
            found.append(name)
    return found


def versions(store: Store, name: str) -> list[ArtifactVersion]:
    """Every version of an artifact, the oldest first; none if there is no such artifact.

    Raises:
        InvalidArtifactError: No artifact can have this name.
        DamagedFileError, NewerFormatError: A manifest or an edit cannot be read.
    """
    return History(ArtifactsRoot(store).artifact(name)).versions


def find_version(store: Store, text: str) -> ArtifactVersion:
    """The version that ``name``, ``name:alias`` or ``name:v3`` means now.

    Raises:
        ArtifactNotFoundError: There is none.
        As :func:`versions`.
    """
    address = parse_address(text)
    found = versions(store, address.name)
    for version in found:
        if version.version == address.version or address.alias in version.aliases:
            return version
    if found:
        there = ", ".join(f"v{version.version}" for version in found[-3:])
        problem, hint = f"artifact {address.name!r} has no {address.alias!r}", f"It has {there}."
    else:
        names = ", ".join(artifact_names(store)[:5])
        problem = f"there is no artifact {address.name!r}"
        hint = f"There are {names}." if names else "There are no artifacts in this store."
    raise ArtifactNotFoundError(problem, path=store.path, operation=_READ, hint=hint)


def read_manifest(store: Store, name: str, version: int) -> ArtifactManifest:
    """What a version holds, as it was when it was made.

    Its paths stay inside a folder: that is checked here, whoever wrote them.

    Raises:
        ArtifactNotFoundError: There is none.
        DamagedFileError, NewerFormatError: It cannot be read.
    """
    path = ArtifactsRoot(store).artifact(name).manifest(version)
    try:
        manifest = _read(path, ArtifactManifest)
        check_paths(entry.path for entry in manifest.entries)
        for entry in manifest.entries:
            if entry.uri is None:
                ArtifactsRoot(store).object(entry.digest or "")
    except FileNotFoundError:
        raise ArtifactNotFoundError(
            f"there is no version v{version} of artifact {name!r}", path=path, operation=_READ
        ) from None
    except InvalidArtifactError as error:
        raise DamagedFileError(error.message, path=path, operation=_READ) from None
    return manifest


def _owners(heads: list[ArtifactHead], edits: list[ArtifactEdit]) -> dict[str, int]:
    """Alias -> the version that has it, by what was said last."""
    said: list[tuple[int, int, int, list[str], list[str]]] = [
        *((head.created, 0, head.version, head.aliases, []) for head in heads),
        *((e.time, 1, e.version, e.add_aliases, e.remove_aliases) for e in edits),
    ]
    there = {head.version for head in heads}
    owners: dict[str, int] = {}
    for _, _, version, added, removed in sorted(said, key=lambda one: one[:3]):
        if version not in there:
            continue
        for alias in removed:
            if owners.get(alias) == version:
                del owners[alias]
        owners.update(dict.fromkeys(added, version))
    if heads and LATEST not in owners:
        owners[LATEST] = heads[-1].version
    return owners


def _version(
    head: ArtifactHead, owners: dict[str, int], edits: list[ArtifactEdit], used_by: list[str]
) -> ArtifactVersion:
    metadata, description = head.metadata, head.description
    for edit in sorted(edits, key=lambda edit: edit.time):
        if edit.version == head.version:
            if edit.metadata is not msgspec.UNSET:
                metadata = edit.metadata
            if edit.description is not msgspec.UNSET:
                description = edit.description
    aliases = [alias for alias, version in owners.items() if version == head.version]
    return ArtifactVersion(
        name=head.name,
        type=head.type,
        version=head.version,
        digest=head.digest,
        created=head.created,
        run=head.run,
        aliases=sorted(aliases, key=lambda alias: (alias != LATEST, alias)),
        description=description,
        metadata=metadata,
        size=head.size,
        files=head.files,
        used_by=used_by,
    )


def _read(path: Path, kind: type[D]) -> D:
    content = path.read_bytes()
    try:
        version = from_json(content, _Format).format
        if version > FORMAT_VERSION:
            raise newer_format(str(path), version)
        return from_json(content, kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DamagedFileError(
            f"not a readable {kind.__name__} document: {error}", path=path, operation=_READ
        ) from None


class _Format(msgspec.Struct):
    format: int = FORMAT_VERSION
