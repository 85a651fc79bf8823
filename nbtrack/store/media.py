"""Media of a run, as people and pages read them.

What the recorder has not encoded yet, the reader encodes: where it was logged, or, if nothing can
be written there, in a file of its own.
"""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from .._errors import DamagedFileError
from . import encoding, media_tables, query
from .fetching import fetched
from .layout import RunDir
from .media_tables import Cell, TableData
from .reader import Snapshot
from .result import ResultTable
from .schema import MediaKind
from .spool import is_media_name, open_inside, read_raw

_ORDER = 'key, attempt, step, "index", time, writer, seq'


class MediaItem(msgspec.Struct, kw_only=True):
    """A media record and who wrote it; times are microseconds since 1970 (UTC)."""

    writer: str
    seq: int
    attempt: int
    step: int
    time: int
    key: str
    index: int
    kind: MediaKind
    file: str | None
    size: int
    info: dict[str, Any]


class MediaCount(msgspec.Struct, kw_only=True):
    """How many media of a kind there are under a key, and in which attempts."""

    key: str
    kind: MediaKind
    count: int
    attempts: list[int]


def read_media(taken: Snapshot, keys: Sequence[str] = ()) -> list[MediaItem]:
    """The media of these keys, or all, in the order of key, attempt, step and index."""
    where = "WHERE list_contains($keys, key)" if keys else ""
    parameters = {"keys": list(keys)} if keys else {}
    found = query.fetch(
        taken.source("media"), f"SELECT * FROM rows {where} ORDER BY {_ORDER}", **parameters
    )
    return [
        MediaItem(**{**row, "info": json.loads(row["info"])})
        for row in ResultTable(found).to_pylist()
    ]


def count_media(taken: Snapshot) -> list[MediaCount]:
    """What there is, by key and kind."""
    found = query.fetch(
        taken.source("media"),
        "SELECT key, kind, count(*) AS count, list_sort(list(DISTINCT attempt)) AS attempts"
        " FROM rows GROUP BY key, kind ORDER BY key, kind",
    )
    return [MediaCount(**row) for row in ResultTable(found).to_pylist()]


def media_path(run_dir: RunDir, name: str) -> Path:
    """The file of this name, encoded now if it has not been yet.

    Raises:
        DamagedFileError: That is no name of a file of media, or nothing can be made of it.
        FileNotFoundError: There is none, or it is a link.
        OSError: It cannot be read.
    """
    if not is_media_name(name):
        raise DamagedFileError(
            f"{name!r} is no name of a file of media", path=run_dir.media, operation="read media"
        )
    path = fetched(run_dir.media / name)
    try:
        open_inside(path).close()
    except FileNotFoundError:
        return _encoded(run_dir, name)
    return path


def _encoded(run_dir: RunDir, name: str) -> Path:
    path = run_dir.media / name
    try:
        encoding.encode(run_dir, name)
    except OSError:
        if path.is_symlink():
            raise
        other = _own_folder() / name
        if not other.exists():
            encoding.write(read_raw(run_dir, name), other)
        return other
    open_inside(path).close()
    return path


@cache
def _own_folder() -> Path:
    """A folder of this process, removed when it ends."""
    folder = Path(tempfile.mkdtemp(prefix="nbtrack-media-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class MediaView:
    """Something that was logged besides numbers.

    Attributes:
        key: The key that it was logged under.
        index: Its place in the list that was logged under the key.
        kind: image, audio, video, html, table, histogram, figure or text.
        attempt, step, time: Of the row that it was logged with; microseconds UTC.
        file: The name of its file in the run's folder of media; None if it has none.
        size: Bytes of what was given.
        info: What is known of it: caption, width, height, rate, rows, columns, boxes …
    """

    def __init__(self, run_dir: RunDir, item: MediaItem) -> None:
        self._run_dir = run_dir
        self.key = item.key
        self.index = item.index
        self.kind = item.kind
        self.attempt = item.attempt
        self.step = item.step
        self.time = item.time
        self.file = item.file
        self.size = item.size
        self.info = item.info

    def __repr__(self) -> str:
        return f"<{self.kind} {self.key!r} at step {self.step} of attempt {self.attempt}>"

    @property
    def caption(self) -> str | None:
        """What stands below it."""
        return self.info.get("caption")

    @property
    def path(self) -> Path | None:
        """Its file, encoded now if it has not been yet; None if it has none.

        Raises:
            DamagedFileError: The file is not what was written.
            FileNotFoundError: It is not there any more.
        """
        return None if self.file is None else media_path(self._run_dir, self.file)

    def read(self) -> Any:
        """What was logged.

        ========= =============================================================
        image     a numpy array: height x width, x 2, 3 or 4 with colours or alpha
        audio     the samples as a numpy array, and the rate; bytes of what is not WAV
        video     the bytes of its file
        html      the text
        table     a :class:`TableData`: ``columns``, ``data``, ``to_pandas()``
        histogram two numpy arrays: counts, and edges of the bins
        figure    the JSON of plotly or Vega-Lite as a dictionary; of matplotlib an image
        text      the text
        ========= =============================================================

        Raises:
            DamagedFileError: The file is not what was written.
            FileNotFoundError: It is not there any more.
        """
        if self.kind == "table" and self.path is not None:
            table = media_tables.read(self.path)
            return TableData(table.columns, self._with_views(table.data))
        return _read(self.kind, self.path, self.info)

    def _with_views(self, value: Any) -> Any:
        """Cells with media as what they are read by."""
        if isinstance(value, Cell):
            item = MediaItem(
                writer="",
                seq=0,
                attempt=self.attempt,
                step=self.step,
                time=self.time,
                key=self.key,
                index=self.index,
                **value._asdict(),
            )
            return MediaView(self._run_dir, item)
        if isinstance(value, list):
            return [self._with_views(item) for item in value]
        if isinstance(value, dict):
            return {key: self._with_views(item) for key, item in value.items()}
        return value

    def masks(self) -> dict[str, Any]:
        """The masks on an image, by name: arrays of class numbers, height x width.

        Raises:
            DamagedFileError: The file of one is not what was written.
            FileNotFoundError: It is not there any more.
        """
        found = {}
        for name, mask in self.info.get("masks", {}).items():
            path = media_path(self._run_dir, mask["file"])
            with open_inside(path) as file:
                found[name] = _decoded("image", path, file.read())
        return found


def _read(kind: str, path: Path | None, info: dict[str, Any]) -> Any:
    if path is None:
        if kind == "histogram":
            import numpy

            return numpy.array(info["counts"]), numpy.array(info["bins"], dtype=numpy.float64)
        return info.get("text")
    with open_inside(path) as file:
        data = file.read()
    return _decoded(kind, path, data)


def _decoded(kind: str, path: Path, data: bytes) -> Any:
    try:
        if kind == "figure" and path.suffix == ".json":
            return json.loads(data)
        if kind in ("html", "text"):
            return data.decode()
        if kind == "audio" and path.suffix == ".wav":
            return encoding.decode_sound(data)
        if kind in ("image", "figure") and path.suffix != ".svg":
            return encoding.decode_image(data)
    except Exception as error:  # each library has errors of its own
        raise DamagedFileError(
            f"not a readable {kind}: {error}", path=path, operation="read media"
        ) from error
    return data
