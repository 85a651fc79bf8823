"""One file of an artifact, and all of them, as people see them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..._errors import ArtifactStateError
from ...store.artifact_schema import ArtifactEntry

if TYPE_CHECKING:
    from .recorded import RecordedArtifact


class Entry:
    """One file of an artifact.

    Attributes:
        path: Its name in the artifact.
        digest: BLAKE3 of its content in hexadecimal; None if that was never read.
        size: Bytes; None where nobody told.
        ref: The URI that it refers to; None if its content is in the store.
        etag: What the server there called this content.
    """

    def __init__(self, artifact: RecordedArtifact, entry: ArtifactEntry) -> None:
        self._artifact = artifact
        self._entry = entry
        self.path = entry.path
        self.digest = entry.digest
        self.size = entry.size
        self.ref = entry.uri
        self.etag = entry.etag

    def __repr__(self) -> str:
        return f"<entry {self.path}: {self.ref or self.digest}>"

    def download(self, root: str | Path | None = None) -> str:
        """Bring this file below ``root``, as :meth:`Artifact.download` brings all. Its path.

        Raises:
            ArtifactStateError: It refers to a place that cannot be asked for it.
            As :meth:`Artifact.download`.
        """
        target = self._artifact._bring([self._entry], root)
        path = target / self.path
        if not path.exists():
            raise ArtifactStateError(
                f"{self.ref} is not fetched", operation=f"download {self.path}"
            )
        return str(path)

    def ref_target(self) -> str:
        """The URI that it refers to.

        Raises:
            ArtifactStateError: It refers to none: the content is in the store.
        """
        if self.ref is None:
            raise ArtifactStateError(f"{self.path!r} is a file, and refers to nothing")
        return self.ref


class Manifest:
    """What an artifact holds.

    Attributes:
        entries: By their paths.
    """

    def __init__(self, entries: dict[str, Entry]) -> None:
        self.entries = entries

    def __repr__(self) -> str:
        return f"<manifest of {len(self.entries)} entries>"

    def __len__(self) -> int:
        return len(self.entries)
