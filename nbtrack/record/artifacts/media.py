"""Tables, images and other media as files of an artifact.

``<name>.<kind>.json`` says what it is, in the words of a media record; its file, and those of the
media in a table's cells, lie in ``media/``, as they do in a run.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import msgspec

from ..._decoding import from_json
from ..._errors import DamagedFileError, InvalidArtifactError
from ..._settings import Settings
from ...store import encoding
from ...store.artifact_paths import check_path
from ...store.artifact_schema import ArtifactEntry
from ...store.layout import RunDir
from ...store.media import MediaItem, MediaView
from ...store.schema import MediaKind
from ...store.spool import spooled
from ..media.bare import media_of
from ..media.base import Keeper
from .draft import Draft

FOLDER = "media"


class _Described(msgspec.Struct, kw_only=True):
    kind: MediaKind
    file: str | None
    size: int
    info: dict[str, Any]


def add_media(draft: Draft, value: Any, name: str, *, overwrite: bool) -> str:
    """Add something that a row could hold too. Returns the path of the file that describes it.

    Raises:
        InvalidArtifactError: It is nothing of that kind, or the name cannot be used.
        InvalidDataError: It is larger than the setting ``media_limit``.
        StoreNotWritableError: The store cannot be written.
    """
    media = media_of(value)
    if media is None:
        raise InvalidArtifactError(
            f"a {type(value).__name__} cannot be added",
            hint="Add a Table, an Image or other media; new_file() writes anything.",
        )
    path = check_path(f"{name}.{media.kind}.json")
    with tempfile.TemporaryDirectory(prefix="nbtrack-") as folder:
        place = RunDir(Path(folder))
        kept = media.keep(Keeper(place, Settings.load().media_limit))
        for waiting in spooled(place):
            encoding.encode(place, waiting)
        described = _Described(kind=kept.kind, file=kept.file, size=kept.size, info=kept.info)
        description = Path(folder, "description")
        description.write_bytes(msgspec.json.encode(described))
        files = {path: description}
        if place.media.is_dir():
            found = (file for file in place.media.iterdir() if file.is_file())
            files |= {f"{FOLDER}/{file.name}": file for file in found}
        draft.add_files(files, overwrite=overwrite)
    return path


def find_media(entries: dict[str, ArtifactEntry], name: str) -> str | None:
    """The path of the file that describes what was added under this name."""
    for kind in MediaKind.__args__:  # type: ignore[attr-defined]  # a Literal has them
        path = f"{name}.{kind}.json"
        if path in entries:
            return path
    return name if name in entries and name.endswith(".json") else None


def read_media(root: Path, path: str) -> Any:
    """What was added, from the files of an artifact below ``root``: tables as such, else a view.

    Raises:
        DamagedFileError: A file is not what was written.
    """
    try:
        described = from_json((root / path).read_bytes(), _Described)
    except msgspec.DecodeError as error:
        raise DamagedFileError(
            f"it does not describe media: {error}", path=root / path, operation="get media"
        ) from None
    item = MediaItem(
        writer="",
        seq=0,
        attempt=0,
        step=0,
        time=0,
        key=path,
        index=0,
        **msgspec.structs.asdict(described),
    )
    view = MediaView(RunDir(root), item)
    return view.read() if described.kind == "table" else view
