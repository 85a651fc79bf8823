"""The addresses of what a run logged besides numbers."""

from __future__ import annotations

from typing import Any

from . import frames, media
from .api.media import MediaQuery, TableQuery
from .file_handler import FileHandler
from .requests import RUN, reads
from .run_handlers import OneRunHandler
from .shared import Shared


class MediaKeysHandler(OneRunHandler):
    """What there is."""

    @reads
    async def get(self, store: str, run_id: str) -> None:
        """:class:`MediaKeys`."""
        await self.answer(
            lambda: media.keys(self.run(store, run_id)), etag=self.ended(store, run_id)
        )


class MediaEntriesHandler(OneRunHandler):
    """What lies under one key."""

    @reads
    async def get(self, store: str, run_id: str) -> None:
        """:class:`MediaEntries`; takes :class:`MediaQuery`."""
        asked = self.arguments(MediaQuery)
        await self.answer(
            lambda: media.entries(self.run(store, run_id), asked), etag=self.ended(store, run_id)
        )


class MediaFileHandler(FileHandler):
    """The bytes of one file, which never change."""

    @reads
    async def get(self, store: str, run_id: str, name: str) -> None:
        """All of them, or a range; ``?download=1`` to keep the file."""
        stores = self.shared.stores
        found = await self.in_thread(lambda: media.open_media(stores.run(store, run_id), name))
        await self.send_file(found, for_ever=True)


class MediaFrameHandler(OneRunHandler):
    """A document whose scripts can do nothing but draw it."""

    @property
    def content_security_policy(self) -> str:
        """An origin of its own, from which nothing can be asked."""
        return frames.POLICY

    @reads
    async def get(self, store: str, run_id: str, name: str) -> None:
        """HTML."""
        document = await self.in_thread(lambda: frames.document(self.run(store, run_id), name))
        self.set_header("Cache-Control", "no-cache")
        self.set_header("Referrer-Policy", "no-referrer")
        await self.finish(document, set_content_type="text/html; charset=utf-8")


class MediaTableHandler(OneRunHandler):
    """Rows of a table."""

    @reads
    async def get(self, store: str, run_id: str, name: str) -> None:
        """:class:`TablePage`; takes :class:`TableQuery`."""
        asked = self.arguments(TableQuery)
        # Its name says what is in it.
        await self.answer(
            lambda: media.table(self.run(store, run_id), name, asked),
            etag=lambda: f"{self.run(store, run_id).id} {name} {asked!r}",
        )


def addresses(shared: Shared) -> list[Any]:
    """What is answered here."""
    one = f"/nbtrack/api/runs/{RUN}/media"
    file = r"(?P<name>[0-9a-f]{40}\.[a-z0-9]{1,8})"
    with_shared = {"shared": shared}
    return [
        (one, MediaKeysHandler, with_shared),
        (f"{one}/entries", MediaEntriesHandler, with_shared),
        (f"{one}/files/{file}", MediaFileHandler, with_shared),
        (f"{one}/frames/{file}", MediaFrameHandler, with_shared),
        (f"{one}/tables/{file}", MediaTableHandler, with_shared),
    ]
