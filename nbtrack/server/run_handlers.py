"""The addresses of one run, and of curves."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from typing import IO, Any
from urllib.parse import quote

from ..store import reader
from ..store.cells import read_cells
from ..store.layout import RunDir
from ..store.log import log
from ..store.reader import Snapshot
from ..store.view import RunView
from . import files, run
from .api.run import LogsQuery, RunEdit
from .api.series import SeriesRequest
from .logs import page
from .requests import ApiHandler, RefusedError, reads, writes
from .series import curves
from .shared import Shared

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
# What a file of a run may do when a browser shows it: look like something, and nothing else.
_FILE_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)


class _RunHandler(ApiHandler):
    """What answers for one run."""

    def _run(self, store: str, run_id: str) -> RunDir:
        return self.shared.stores.run(store, run_id)

    def _ended(self, store: str, run_id: str) -> Callable[[], str | None]:
        return lambda: run.fingerprint(self._run(store, run_id))


class RunHandler(_RunHandler):
    """What a run is."""

    @reads
    async def get(self, store: str, run_id: str) -> None:
        """:class:`RunDetail`."""
        await self.answer(lambda: self._detail(store, run_id), etag=self._ended(store, run_id))

    @writes
    async def patch(self, store: str, run_id: str) -> None:
        """:class:`RunEdit`; answers with the run as it is then."""
        asked = self.body(RunEdit)

        def change() -> Any:
            run.change(self._run(store, run_id), asked)
            self.shared.tables.changed(self.shared.stores.find(store), [run_id])
            return self._detail(store, run_id)

        await self.answer(change)

    def _detail(self, store: str, run_id: str) -> Any:
        return run.detail(self.shared.stores.find(store), self._run(store, run_id))


class CellsHandler(_RunHandler):
    """The cells that ran."""

    @reads
    async def get(self, store: str, run_id: str) -> None:
        """:class:`Cells`."""
        await self.answer(
            lambda: run.cells(self._run(store, run_id)), etag=self._ended(store, run_id)
        )


class LogsHandler(_RunHandler):
    """Lines of what was seen."""

    @reads
    async def get(self, store: str, run_id: str) -> None:
        """:class:`Logs`; takes :class:`LogsQuery`."""
        asked = self.arguments(LogsQuery)
        await self.answer(
            lambda: page(self.shared.logs.get(self._run(store, run_id)), asked),
            etag=self._ended(store, run_id),
        )


class LogDownloadHandler(_RunHandler):
    """Everything that was seen, as text."""

    @reads
    async def get(self, store: str, run_id: str) -> None:
        """The text, to be kept."""
        file, size = await self.in_thread(lambda: _written(self._run(store, run_id)))
        with file:
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.set_header("Content-Disposition", _kept(f"{run_id}.log"))
            self.set_header("Cache-Control", "no-store")
            self.set_header("Content-Length", size)
            await self.send(file, size, "text/plain; charset=utf-8")


class FilesHandler(_RunHandler):
    """Which files there are."""

    @reads
    async def get(self, store: str, run_id: str) -> None:
        """:class:`Files`."""
        await self.answer(lambda: files.tree(self._run(store, run_id)))


class FileHandler(_RunHandler):
    """The bytes of one file. Nothing in them is ever run."""

    @property
    def content_security_policy(self) -> str:
        """No scripts, no requests, an origin of its own."""
        return _FILE_POLICY

    @reads
    async def get(self, store: str, run_id: str, path: str) -> None:
        """All of them, or those of a range; ``?download=1`` to keep the file."""
        found = await self.in_thread(lambda: files.open_file(self._run(store, run_id), path))
        with found.file:
            tag = f'"{found.modified:x}-{found.size:x}"'
            self.set_header("ETag", tag)
            self.set_header("Cache-Control", "no-cache")
            self.set_header("Accept-Ranges", "bytes")
            self.set_header("Content-Type", found.type)
            keep = self.get_query_argument("download", "") == "1" or found.kind == "binary"
            disposition = _kept(found.name) if keep else "inline"
            self.set_header("Content-Disposition", disposition)
            if tag in self.request.headers.get("If-None-Match", ""):
                self.set_status(304)
                await self.finish(set_content_type=found.type)
                return
            start, end = self._range(found.size, tag)
            self.set_header("Content-Length", end - start)
            await self.in_thread(lambda: found.file.seek(start))
            await self.send(found.file, end - start, found.type)

    def _range(self, size: int, tag: str) -> tuple[int, int]:
        """The part that is asked for; all of it where several are, or of another state of it."""
        asked = _RANGE.fullmatch(self.request.headers.get("Range", ""))
        if asked is None or self.request.headers.get("If-Range", tag) != tag:
            return 0, size
        first, last = asked.groups()
        if not first and not last:
            return 0, size
        start = int(first) if first else max(0, size - int(last))
        end = min(size, int(last) + 1) if first and last else size
        if start >= end:
            self.set_header("Content-Range", f"bytes */{size}")
            raise RefusedError(416, "there are no such bytes")
        self.set_status(206)
        self.set_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        return start, end


class SeriesHandler(ApiHandler):
    """Curves."""

    @reads
    async def post(self) -> None:
        """:class:`SeriesRequest`; answers with a head and points."""
        asked = self.body(SeriesRequest)
        answer = await self.in_thread(lambda: curves(self.shared.stores, asked))
        self.set_header("Cache-Control", "no-store")
        await self.finish(answer, set_content_type="application/octet-stream")


def addresses(shared: Shared) -> list[Any]:
    """What is answered here."""
    one = r"/nbtrack/api/runs/(?P<store>[0-9a-f]{16})/(?P<run_id>[A-Za-z0-9_-]{1,64})"
    with_shared = {"shared": shared}
    return [
        (r"/nbtrack/api/series", SeriesHandler, with_shared),
        (one, RunHandler, with_shared),
        (f"{one}/cells", CellsHandler, with_shared),
        (f"{one}/logs", LogsHandler, with_shared),
        (f"{one}/logs/download", LogDownloadHandler, with_shared),
        (f"{one}/files", FilesHandler, with_shared),
        (f"{one}/files/(?P<path>.+)", FileHandler, with_shared),
    ]


def _written(run_dir: RunDir) -> tuple[IO[bytes], int]:
    """The whole log in a temporary file, so that none of it has to fit into memory."""

    def write(taken: Snapshot) -> IO[bytes]:
        file = tempfile.TemporaryFile()  # noqa: SIM115  # whoever sends it closes it
        try:
            running = RunView(run_dir, taken).state == "running"
            cells = read_cells(taken, running=running, read_output=lambda cell: "")
            for piece in log(taken, cells):
                file.write(piece.encode("utf-8", "backslashreplace"))
        except BaseException:
            file.close()
            raise
        return file

    file = reader.read(run_dir, write)
    size = file.tell()
    file.seek(0)
    return file, size


def _kept(name: str) -> str:
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"
