"""``nbtrack.Artifact``: a set of files in versions, being put together, or as it was recorded."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from ..._errors import ArtifactStateError, InvalidArtifactError, NotOfferedError
from ...store.artifact_paths import LATEST, check_name, check_path
from ...store.artifact_schema import ArtifactEntry, ArtifactVersion
from ...store.artifact_writing import NewVersion, content_digest
from ...store.layout import Store
from .. import place
from .draft import Draft, Policy, files_below
from .metadata import plain_metadata
from .recorded import RecordedArtifact
from .recording import Job
from .references import MOST_OBJECTS, reference_entries


class Artifact(RecordedArtifact):
    """Files that belong together, recorded in versions by ``log_artifact()``.

    Version ``v0`` is the first; ``latest`` is the one that was recorded last. Recording the same
    content again makes no new version.
    """

    def __init__(
        self,
        name: str,
        type: str,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        incremental: bool = False,
        use_as: str | None = None,
        storage_region: str | None = None,
        digest_algorithm: str | None = None,
    ) -> None:
        """Begin an artifact; nothing is recorded before it is given to ``log_artifact()``.

        Args:
            name: 1 to 128 letters, digits, ``.``, ``-`` and ``_``.
            type: What kind of thing it is, such as ``dataset`` or ``model``. All versions of a
                name are of one type.
            description: Text about it.
            metadata: What JSON can hold; numpy's numbers become Python's.
            incremental: Not offered: a version is whole.
            use_as, storage_region, digest_algorithm: For code written for W&B; not used.

        Raises:
            InvalidArtifactError: The name or the type cannot be used, or the metadata kept.
            NotOfferedError: It is to be incremental.
        """
        super().__init__()
        if incremental:
            raise NotOfferedError(
                "Artifact(incremental=True) is not offered",
                hint="Add all of it: content that is there already is not written again.",
            )
        if not isinstance(type, str) or not type.strip():
            raise InvalidArtifactError(f"{type!r} cannot be the type of an artifact")
        self._name = check_name(name)
        self._type = type
        self._description = description
        self._metadata = plain_metadata(metadata)
        self._draft = Draft()

    def add_file(
        self,
        local_path: str | Path,
        name: str | None = None,
        policy: Policy | None = None,
        skip_cache: bool | None = None,
        overwrite: bool = False,
    ) -> Any:
        """Add one file; a link is followed. What becomes of it afterwards is of no concern.

        Args:
            local_path: The file.
            name: Its path in the artifact; by default its own name.
            policy: ``"immutable"`` leaves the reading for ``log_artifact()``, beside what the
                program does next: the file must stay as it is until the version is recorded. By
                default (``"mutable"``) it is read now.
            skip_cache: Read it even if it looks as it did when it was read last.
            overwrite: It may replace another file of that name in the artifact.

        Raises:
            ArtifactStateError: The artifact was given to ``log_artifact()`` already.
            InvalidArtifactError: The file cannot be read, or the name used.
            StoreNotWritableError: The store cannot be written.
        """
        draft, path = self._open_draft("add a file"), Path(local_path)
        if path.is_dir():
            raise InvalidArtifactError("it is a folder", path=path, hint="Use add_dir().")
        target = _normal(name or path.name)
        draft.add_files(
            {target: path}, policy=policy, skip_cache=bool(skip_cache), overwrite=overwrite
        )
        return self.get_entry(target)

    def add_dir(
        self,
        local_path: str | Path,
        name: str | None = None,
        skip_cache: bool | None = None,
        policy: Policy | None = None,
    ) -> None:
        """Add every file below a folder, several at a time.

        Links are followed to files inside the folder. Those that lead out of it or to other
        folders, and what is no file, are left out with a warning; so is nbtrack's own store,
        without one.

        Args:
            local_path: The folder.
            name: The folder in the artifact that they come into; by default none.
            skip_cache: As :meth:`add_file` has it.
            policy: As :meth:`add_file` has it.

        Raises:
            As :meth:`add_file`.
        """
        draft, path = self._open_draft("add a folder"), Path(local_path).absolute()
        if not path.is_dir():
            raise InvalidArtifactError("there is no such folder", path=path, hint="Use add_file().")
        prefix = _normal(name) if name and name not in (".", "./") else ""
        files = files_below(path, prefix, place.store_here().path.resolve())
        draft.add_files(files, policy=policy, skip_cache=bool(skip_cache))

    def add_reference(
        self,
        uri: str,
        name: str | None = None,
        checksum: bool = True,
        max_objects: int | None = None,
    ) -> list[Any]:
        """Refer to something without storing it.

        Args:
            uri: ``file:///data/train`` (a file, or a folder of files), ``s3://bucket/key``,
                ``gs://…``, ``az://…`` (an object, or all below it), ``https://…`` or any other.
            name: Its path in the artifact, or the folder for several; by default as in the URI.
            checksum: A local file is read for its digest; servers are asked for size and ETag, up
                to 10 s for an answer, and send no content. False: only the URI is recorded, and of
                local files size and time. Of other places the URI alone is recorded.
            max_objects: Files or objects that a folder may have; by default 10,000.

        Raises:
            ArtifactStateError: The artifact was given to ``log_artifact()`` already.
            InvalidArtifactError: The URI cannot be used, has a secret in it, or nothing answers
                there; or obstore is not installed, which asks object stores.
        """
        draft = self._open_draft("add a reference")
        name = _normal(name) if name else None
        most = MOST_OBJECTS if max_objects is None else max_objects
        entries = reference_entries(uri, name, checksum=checksum, most=most)
        draft.add_entries(entries)
        return [self.get_entry(entry.path) for entry in entries]

    @contextlib.contextmanager
    def new_file(
        self, name: str, mode: str = "x", encoding: str | None = None
    ) -> Iterator[IO[Any]]:
        """A file to write into; it is added when the ``with`` ends, unless that raises.

        Args:
            name: Its path in the artifact.
            mode: ``"x"`` or ``"w"`` for text, ``"xb"`` or ``"wb"`` for bytes. With ``"w"`` it may
                replace another file of that name in the artifact.
            encoding: Of text; by default UTF-8.

        Raises:
            As :meth:`add_file`.
        """
        draft = self._open_draft("add a file")
        if mode.replace("b", "").replace("t", "") not in ("x", "w"):
            raise InvalidArtifactError(f"mode={mode!r} does not write", hint="Use 'x' or 'w'.")
        target = check_path(_normal(name))
        if "b" not in mode:
            encoding = encoding or "utf-8"
        with tempfile.TemporaryDirectory(prefix="nbtrack-") as folder:
            path = Path(folder, "file")
            with path.open(mode, encoding=encoding) as file:
                yield file
            draft.add_files({target: path}, overwrite="w" in mode)

    def add(self, obj: Any, name: str, overwrite: bool = False) -> Any:
        """Add a :class:`nbtrack.Table`, an image or other media; :meth:`get` gives it back.

        Args:
            obj: What a row of ``log()`` could hold.
            name: What it is called in the artifact; ``.<kind>.json`` is put behind it.
            overwrite: It may replace another of that name.

        Raises:
            InvalidDataError: It is larger than the setting ``media_limit``.
            NbtrackError: As :meth:`add_file`.
        """
        from .media import add_media

        draft = self._open_draft("add media")
        return self.get_entry(add_media(draft, obj, _normal(name), overwrite=overwrite))

    def remove(self, item: str | Any) -> None:
        """Take a file, or all of a folder, out again before it is recorded.

        Raises:
            ArtifactStateError: The artifact was given to ``log_artifact()`` already.
            InvalidArtifactError: There is no such file in it.
        """
        self._open_draft("remove a file").remove(item if isinstance(item, str) else item.path)

    def new_job(self, store: Store, aliases: list[str], run_id: str) -> Job:
        """From now on it is being recorded. For ``log_artifact()``."""
        draft = self._draft
        if draft is None:  # recorded before: the same content once more
            draft = self._as_draft()
        metadata = plain_metadata(self._metadata)
        self._job = Job(
            NewVersion(
                name=self._name,
                type=self._type,
                entries=[],
                description=self._description,
                metadata=metadata,
                aliases=aliases,
                run=run_id,
            ),
            draft,
        )
        self._draft = self._version = self._kept = None
        self._store = store
        return self._job

    def _as_draft(self) -> Draft:
        """What was recorded, to be recorded again."""
        entries = list(self._entries().values())
        draft = Draft(self._store)
        draft.add_entries(entries)
        return draft

    def record_nothing(self) -> None:
        """It was given to a run that records nothing, and looks as if it were recorded."""
        if self._draft is None:
            return
        self._kept = self._draft.entries
        version = ArtifactVersion(
            name=self._name,
            type=self._type,
            version=0,
            digest=self.digest,
            created=0,
            run=None,
            aliases=[LATEST],
            description=self._description,
            metadata=self._metadata,
            size=self.size,
            files=len(self._kept),
            used_by=[],
        )
        self._draft = None
        self._take(version)

    def _open_draft(self, operation: str) -> Draft:
        if self._draft is None:
            raise ArtifactStateError(
                f"artifact {self._name!r} was given to log_artifact() already",
                operation=operation,
                hint="Make another nbtrack.Artifact of the same name: it becomes the next version.",
            )
        return self._draft

    def _entries(self) -> dict[str, ArtifactEntry]:
        return self._draft.entries if self._draft is not None else super()._entries()

    @property
    def digest(self) -> str:
        """BLAKE3 over all entries, in hexadecimal; files that are still to be read are read."""
        if self._draft is None:
            return super().digest
        if not place.is_disabled():
            self._draft.settle(place.store_here())
        return content_digest(sorted(self._draft.entries.values(), key=lambda entry: entry.path))


def _normal(name: str) -> str:
    """``./a//b`` as ``a/b``; what leads elsewhere is refused later."""
    if not isinstance(name, str):
        raise InvalidArtifactError(f"{name!r} is not the name of a file")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return ("/" if name.startswith("/") else "") + "/".join(parts)
