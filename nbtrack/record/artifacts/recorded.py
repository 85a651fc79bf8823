"""An artifact as it was recorded: what it is, what it holds, who made and used it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._errors import ArtifactStateError, DamagedFileError, InvalidArtifactError
from ...store.artifact_paths import LATEST, ArtifactsRoot, check_alias
from ...store.artifact_schema import ArtifactEntry, ArtifactVersion
from ...store.artifact_writing import edit
from ...store.artifacts import find_version, read_manifest
from ...store.layout import Store
from ...store.present import moment
from .download import bring, changed_references, differences, others
from .draft import Draft
from .entry import Entry, Manifest
from .metadata import plain_metadata
from .recording import Job

if TYPE_CHECKING:
    from ...store.view import RunView


class RecordedArtifact:
    """What an artifact offers once it is recorded; see :class:`nbtrack.Artifact`."""

    _name: str
    _type: str
    _description: str | None
    _metadata: dict[str, Any]

    def __init__(self) -> None:
        self._draft: Draft | None = None
        self._job: Job | None = None
        self._store: Store | None = None
        self._version: ArtifactVersion | None = None
        self._aliases: list[str] = []
        self._kept: dict[str, ArtifactEntry] | None = None
        self._deleted = False

    def __repr__(self) -> str:
        return f"<artifact {self.name} ({self._type})>"

    @property
    def name(self) -> str:
        """``name``, and once it is recorded ``name:v3``."""
        found = self._known()
        return found.label if found is not None else self._name

    @property
    def type(self) -> str:
        """What kind of thing it is."""
        return self._type

    @property
    def state(self) -> str:
        """``DRAFT``, ``PENDING`` while it is being recorded, ``COMMITTED`` or ``DELETED``."""
        if self._deleted:
            return "DELETED"
        if self._known() is not None:
            return "COMMITTED"
        return "PENDING" if self._job is not None else "DRAFT"

    @property
    def version(self) -> str:
        """``v0``, ``v1``, …; waits until it is recorded.

        Raises:
            ArtifactStateError: It was not given to ``log_artifact()``.
        """
        return f"v{self._found('ask for its version').version}"

    @property
    def aliases(self) -> list[str]:
        """What this version is called besides its number; may be changed, and then saved.

        Raises:
            ArtifactStateError: It was not given to ``log_artifact()``.
        """
        self._found("ask for its aliases")
        return self._aliases

    @aliases.setter
    def aliases(self, aliases: Sequence[str]) -> None:
        self._found("change its aliases")
        self._aliases = list(aliases)

    @property
    def description(self) -> str | None:
        """Text about it; may be set, and then saved if it is recorded already."""
        self._known()
        return self._description

    @description.setter
    def description(self, description: str | None) -> None:
        self._description = description

    @property
    def metadata(self) -> dict[str, Any]:
        """What is said of it; may be changed, and then saved if it is recorded already."""
        self._known()
        return self._metadata

    @metadata.setter
    def metadata(self, metadata: Mapping[str, Any]) -> None:
        self._metadata = plain_metadata(metadata)

    @property
    def digest(self) -> str:
        """BLAKE3 over all entries, in hexadecimal: equal digests, equal content."""
        return self._found("ask for its digest").digest

    @property
    def size(self) -> int:
        """Bytes of all entries whose size is known."""
        if self._kept is None and self._draft is None:
            return self._found("ask for its size").size
        return sum(entry.size or 0 for entry in self._entries().values())

    @property
    def file_count(self) -> int:
        """How many entries it has."""
        if self._kept is None and self._draft is None:
            return self._found("ask for its files").files
        return len(self._entries())

    @property
    def run_id(self) -> str | None:
        """The id of the run that made this version; None if no run did.

        Raises:
            ArtifactStateError: It was not given to ``log_artifact()``.
        """
        return self._found("ask who made it").run

    @property
    def created_at(self) -> datetime:
        """When this version was made (UTC).

        Raises:
            ArtifactStateError: It was not given to ``log_artifact()``.
        """
        made = moment(self._found("ask when it was made").created)
        assert made is not None, "a version has a time at which it was made"
        return made

    @property
    def manifest(self) -> Manifest:
        """What it holds."""
        return Manifest(self.entries)

    @property
    def entries(self) -> dict[str, Entry]:
        """What it holds, by path."""
        return {path: Entry(self, entry) for path, entry in sorted(self._entries().items())}

    def get_entry(self, name: str) -> Entry:
        """One file of it.

        Raises:
            InvalidArtifactError: There is no such file in it.
        """
        entry = self._entries().get(name)
        if entry is None:
            near = ", ".join(sorted(self._entries())[:3])
            raise InvalidArtifactError(
                f"artifact {self.name!r} has no file {name!r}", hint=f"It has {near or 'none'}."
            )
        return Entry(self, entry)

    get_path = get_entry

    def get(self, name: str) -> Any:
        """What :meth:`Artifact.add` added, from its files in ``./artifacts/<name>:v<N>``.

        A table as a :class:`nbtrack.TableData`; other media as a :class:`nbtrack.MediaView`, which
        has a ``path`` and can be ``read()``. None if nothing of this name was added.

        Raises:
            As :meth:`download`.
        """
        from .media import FOLDER, find_media, read_media

        entries = self._entries()
        path = find_media(entries, name)
        if path is None:
            return None
        needed = [e for p, e in entries.items() if p == path or p.startswith(f"{FOLDER}/")]
        return read_media(self._bring(needed, None), path)

    def wait(self, timeout: float | None = None) -> Any:
        """Wait until it is recorded. Returns itself.

        Args:
            timeout: Seconds to wait at most.

        Raises:
            ArtifactStateError: It is not recorded then, or was not given to ``log_artifact()``.
            NbtrackError: It could not be recorded.
        """
        self._found("wait for it", timeout)
        return self

    def download(self, root: str | Path | None = None) -> str:
        """Bring its files into a folder, by shared blocks where the file system can. Its path.

        Equal files that are there stay; others of the same names are replaced, each in one step.
        What references lead to is brought too, if it still is what was recorded; only what is in
        no place that can be asked for it stays where it is.

        Args:
            root: The folder; by default ``./artifacts/<name>:v<N>``.

        Raises:
            ArtifactStateError: It was not given to ``log_artifact()``.
            DamagedFileError: Content is missing; or what is referred to has changed, or cannot be
                had.
            InvalidArtifactError: A link in the folder leads out of it.
            OSError: A file cannot be written.
        """
        return str(self._bring(list(self._entries().values()), root))

    def file(self, root: str | Path | None = None) -> str:
        """Bring the only file of it, as :meth:`download` does. Its path.

        Raises:
            InvalidArtifactError: It has several files, or none.
        """
        entries = list(self._entries().values())
        if len(entries) != 1:
            raise InvalidArtifactError(
                f"artifact {self.name!r} has {len(entries)} files, not one", hint="Use download()."
            )
        return Entry(self, entries[0]).download(root)

    def checkout(self, root: str | Path | None = None) -> str:
        """As :meth:`download`, and remove every file below the folder that it does not hold.

        Raises:
            As :meth:`download`.
        """
        target = self._bring(list(self._entries().values()), root)
        for path in list(others(set(self._entries()), target)):
            path.unlink()
        return str(target)

    def verify(self, root: str | Path | None = None, *, references: bool = False) -> None:
        """Compare a folder with it: every file by its content, but for those of references.

        Args:
            root: The folder; by default ``./artifacts/<name>:v<N>``.
            references: Also ask whether what it refers to elsewhere is what was recorded.

        Raises:
            DamagedFileError: A file is missing, differs or does not belong to it; or what is
                referred to has changed, or cannot be asked for.
        """
        target = self._root(root)
        entries = list(self._entries().values())
        found = list(differences(entries, target))
        hint = "download() brings what differs." if found else ""
        if references:
            found += changed_references(entries)
        if found:
            more = f" and {len(found) - 3} more" if len(found) > 3 else ""
            raise DamagedFileError(
                f"{'; '.join(found[:3])}{more}",
                path=target,
                operation=f"verify {self.name}",
                hint=hint,
            )

    def save(self) -> None:
        """Keep aliases, description and metadata as they were changed.

        Raises:
            ArtifactStateError: It was not given to ``log_artifact()``.
            InvalidArtifactError: An alias or the metadata cannot be used.
            StoreNotWritableError: The store cannot be written.
        """
        found = self._found("save it")
        metadata = plain_metadata(self._metadata)
        changes: dict[str, Any] = {}
        added = [check_alias(a) for a in dict.fromkeys(self._aliases) if a not in found.aliases]
        removed = [alias for alias in found.aliases if alias not in self._aliases]
        if added:
            changes["add_aliases"] = added
        if removed:
            changes["remove_aliases"] = removed
        if metadata != found.metadata:
            changes["metadata"] = metadata
        if self._description != found.description:
            changes["description"] = self._description
        if changes:
            edit(self._place(found), found.version, **changes)
            self._take(find_version(self._in_store(), found.label))

    def delete(self, delete_aliases: bool = False) -> None:
        """Delete this version. `nbtrack gc` frees what nothing else refers to.

        Args:
            delete_aliases: Also if it has aliases other than ``latest``.

        Raises:
            ArtifactStateError: It has aliases, or was not given to ``log_artifact()``.
            StoreNotWritableError: The store cannot be written.
        """
        found = self._found("delete it")
        aliases = [alias for alias in found.aliases if alias != LATEST]
        if aliases and not delete_aliases:
            raise ArtifactStateError(
                f"{found.label} is called {', '.join(aliases)}",
                operation="delete a version",
                hint="delete_aliases=True deletes it all the same.",
            )
        edit(self._place(found), found.version, deleted=True)
        self._deleted = True

    def logged_by(self) -> RunView | None:
        """The run that made this version; None if that is gone.

        Raises:
            ArtifactStateError: It was not given to ``log_artifact()``.
        """
        found = self._found("ask who made it")
        views = self._runs([found.run] if found.run else [])
        return views[0] if views else None

    def used_by(self) -> list[RunView]:
        """The runs that used this version, as far as they are there.

        Raises:
            ArtifactStateError: It was not given to ``log_artifact()``.
        """
        found = self._found("ask who used it")
        return self._runs(find_version(self._in_store(), found.label).used_by)

    def _runs(self, ids: list[str]) -> list[RunView]:
        from ...store.view import RunView

        places = [self._in_store().run(run_id) for run_id in ids]
        return [RunView(run_dir) for run_dir in places if run_dir.info.exists()]

    def _entries(self) -> dict[str, ArtifactEntry]:
        if self._kept is None:
            found = self._found("see what it holds")
            manifest = read_manifest(self._in_store(), found.name, found.version)
            self._kept = {entry.path: entry for entry in manifest.entries}
        return self._kept

    def _bring(self, entries: Sequence[ArtifactEntry], root: str | Path | None) -> Path:
        self._found("download it")
        target = self._root(root)
        bring(self._in_store(), entries, target)
        return target

    def _root(self, root: str | Path | None) -> Path:
        if root is not None:
            return Path(root).expanduser().absolute()
        return Path.cwd() / "artifacts" / self._found("find its folder").label

    def _known(self) -> ArtifactVersion | None:
        """The version, if it is recorded by now."""
        job = self._job
        if self._version is None and job is not None and job.is_done and job.version is not None:
            self._take(job.version)
        return self._version

    def _found(self, operation: str, timeout: float | None = None) -> ArtifactVersion:
        if self._known() is None:
            if self._job is None:
                raise ArtifactStateError(
                    f"artifact {self._name!r} is not recorded",
                    operation=operation,
                    hint="log_artifact() records it.",
                )
            self._take(self._job.wait(timeout))
        assert self._version is not None, "it was just taken"
        return self._version

    def _take(self, version: ArtifactVersion) -> None:
        self._version = version
        self._aliases = list(version.aliases)
        self._description = version.description
        self._metadata = dict(version.metadata)

    def _in_store(self) -> Store:
        assert self._store is not None, "what is recorded is in a store"
        return self._store

    def _place(self, found: ArtifactVersion) -> Any:
        return ArtifactsRoot(self._in_store()).artifact(found.name)
