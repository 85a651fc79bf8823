"""The addresses of the table of runs, and of what is done with many of them."""

from __future__ import annotations

from typing import Any

from ..store.saved_views import MOST_BYTES, read_views, remove_view, save_view
from .api.runs import CompareRequest, Edited, EditRequest, RunsQuery, SparksRequest
from .api.server import Views
from .bulk import compare, edit_runs
from .requests import STORE, ApiHandler, reads, writes
from .shared import Shared

_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/octet-stream"}


class RunsHandler(ApiHandler):
    """The table."""

    @reads
    async def get(self) -> None:
        """:class:`RunsPage`; takes :class:`RunsQuery`."""
        asked = self.arguments(RunsQuery)
        await self.answer(
            lambda: self.shared.tables.page(asked), etag=lambda: self.shared.tables.revision(asked)
        )


class ExportHandler(ApiHandler):
    """The table as a file."""

    @reads
    async def get(self) -> None:
        """All runs that :class:`RunsQuery` is true of; ``format`` is csv or parquet."""
        asked = self.arguments(RunsQuery)
        kind = self.get_query_argument("format", "csv")
        file, size = await self.in_thread(lambda: self.shared.tables.export(asked, kind))
        with file:
            file.seek(0)
            self.set_header("Content-Type", _TYPES[kind])
            self.set_header("Content-Disposition", f'attachment; filename="runs.{kind}"')
            self.set_header("Content-Length", size)
            self.set_header("Cache-Control", "no-store")
            await self.send(file, size, _TYPES[kind])


class SparksHandler(ApiHandler):
    """Small curves."""

    @reads
    async def post(self) -> None:
        """:class:`SparksRequest`; answers with :class:`Sparks`."""
        asked = self.body(SparksRequest)
        await self.answer(lambda: self.shared.sparks.answer(self.shared.stores, asked))


class EditsHandler(ApiHandler):
    """The same change of many runs."""

    @writes
    async def post(self) -> None:
        """:class:`EditRequest`; answers with :class:`Edited`."""
        asked = self.body(EditRequest)

        def change() -> Edited:
            done = edit_runs(self.shared.stores, asked)
            self.shared.tables.changed(self.shared.stores.find(asked.store), done.changed)
            return done

        await self.answer(change)


class CompareHandler(ApiHandler):
    """Runs beside each other."""

    @reads
    async def post(self) -> None:
        """:class:`CompareRequest`; answers with :class:`Compared`."""
        asked = self.body(CompareRequest)
        await self.answer(lambda: compare(self.shared.stores, asked))


class ViewsHandler(ApiHandler):
    """What people have saved of how they look at runs."""

    @reads
    async def get(self, store: str) -> None:
        """:class:`Views`."""
        await self.answer(lambda: Views(views=read_views(self.shared.stores.find(store))))


class ViewHandler(ApiHandler):
    """One of those."""

    @writes
    async def put(self, store: str, view: str) -> None:
        """Save it; answers with all of them."""
        value = self.body(object, limit=MOST_BYTES)

        def save() -> Views:
            found = self.shared.stores.find(store)
            save_view(found, view, value)
            return Views(views=read_views(found))

        await self.answer(save)

    @writes
    async def delete(self, store: str, view: str) -> None:
        """Remove it; answers with the others."""

        def remove() -> Views:
            found = self.shared.stores.find(store)
            remove_view(found, view)
            return Views(views=read_views(found))

        await self.answer(remove)


def addresses(shared: Shared) -> list[Any]:
    """What is answered here."""
    with_shared = {"shared": shared}
    views = f"/nbtrack/api/views/{STORE}"
    return [
        (r"/nbtrack/api/runs", RunsHandler, with_shared),
        (r"/nbtrack/api/runs/export", ExportHandler, with_shared),
        (r"/nbtrack/api/sparks", SparksHandler, with_shared),
        (r"/nbtrack/api/edits", EditsHandler, with_shared),
        (r"/nbtrack/api/compare", CompareHandler, with_shared),
        (views, ViewsHandler, with_shared),
        (rf"{views}/(?P<view>[^/]+)", ViewHandler, with_shared),
    ]
