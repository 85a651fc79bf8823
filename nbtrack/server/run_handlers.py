"""The addresses of one run, and of curves."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import IO, Any

from ..store import reader
from ..store.cells import read_cells
from ..store.code import read_code
from ..store.layout import RunDir
from ..store.log import log
from ..store.reader import Snapshot
from ..store.view import RunView
from . import files, run
from .api.run import Code, LogsQuery, RunEdit
from .api.series import SeriesRequest
from .file_handler import FileHandler, kept
from .logs import page
from .requests import RUN, ApiHandler, reads, writes
from .series import curves
from .shared import Shared


class OneRunHandler(ApiHandler):
    """What answers for one run."""

    def run(self, store: str, run_id: str) -> RunDir:
        return self.shared.stores.run(store, run_id)

    def ended(self, store: str, run_id: str) -> Callable[[], str | None]:
        return lambda: run.fingerprint(self.run(store, run_id))


class RunHandler(OneRunHandler):
    """What a run is."""

    @reads
    async def get(self, store: str, run_id: str) -> None:
        """:class:`RunDetail`."""
        await self.answer(lambda: self._detail(store, run_id), etag=self.ended(store, run_id))

    @writes
    async def patch(self, store: str, run_id: str) -> None:
        """:class:`RunEdit`; answers with the run as it is then."""
        asked = self.body(RunEdit)

        def change() -> None:
            run.change(self.run(store, run_id), asked)
            self.shared.tables.changed(self.shared.stores.find(store), [run_id])

        # The last change counts: each is kept in its turn, whichever thread is the fastest.
        async with self.shared.editing(store, run_id):
            await self.in_thread(change)
        await self.answer(lambda: self._detail(store, run_id))

    def _detail(self, store: str, run_id: str) -> Any:
        return run.detail(self.shared.stores.find(store), self.run(store, run_id))


class CellsHandler(OneRunHandler):
    """The cells that ran."""

    @reads
    async def get(self, store: str, run_id: str) -> None:
        """:class:`Cells`."""
        await self.answer(
            lambda: run.cells(self.run(store, run_id)), etag=self.ended(store, run_id)
        )


class CodeHandler(OneRunHandler):
    """Where a run came from."""

    @reads
    async def get(self, store: str, run_id: str) -> None:
        """:class:`Code`."""
        await self.answer(lambda: Code(parts=read_code(self.run(store, run_id))))


class LogsHandler(OneRunHandler):
    """Lines of what was seen."""

    @reads
    async def get(self, store: str, run_id: str) -> None:
        """:class:`Logs`; takes :class:`LogsQuery`."""
        asked = self.arguments(LogsQuery)
        await self.answer(
            lambda: page(self.shared.logs.get(self.run(store, run_id)), asked),
            etag=self.ended(store, run_id),
        )


class LogDownloadHandler(OneRunHandler):
    """Everything that was seen, as text."""

    @reads
    async def get(self, store: str, run_id: str) -> None:
        """The text, to be kept."""
        file, size = await self.in_thread(lambda: _written(self.run(store, run_id)))
        with file:
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.set_header("Content-Disposition", kept(f"{run_id}.log"))
            self.set_header("Cache-Control", "no-store")
            self.set_header("Content-Length", size)
            await self.send(file, size, "text/plain; charset=utf-8")


class FilesHandler(OneRunHandler):
    """Which files there are."""

    @reads
    async def get(self, store: str, run_id: str) -> None:
        """:class:`Files`."""
        await self.answer(lambda: files.tree(self.run(store, run_id)))


class RunFileHandler(FileHandler):
    """The bytes of one file."""

    @reads
    async def get(self, store: str, run_id: str, path: str) -> None:
        """All of them, or those of a range; ``?download=1`` to keep the file."""
        stores = self.shared.stores
        await self.send_file(
            await self.in_thread(lambda: files.open_file(stores.run(store, run_id), path))
        )


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
    one = f"/nbtrack/api/runs/{RUN}"
    with_shared = {"shared": shared}
    return [
        (r"/nbtrack/api/series", SeriesHandler, with_shared),
        (one, RunHandler, with_shared),
        (f"{one}/cells", CellsHandler, with_shared),
        (f"{one}/code", CodeHandler, with_shared),
        (f"{one}/logs", LogsHandler, with_shared),
        (f"{one}/logs/download", LogDownloadHandler, with_shared),
        (f"{one}/files", FilesHandler, with_shared),
        (f"{one}/files/(?P<path>.+)", RunFileHandler, with_shared),
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
