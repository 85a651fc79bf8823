"""The addresses of artifacts, of what runs made of them and used, and of models."""

from __future__ import annotations

from typing import Any

from ..store.artifact_paths import check_name
from ..store.model import read_model
from . import artifacts, lineage
from .api.artifacts import ArtifactsQuery, EntriesQuery
from .api.media import Models
from .file_handler import FileHandler
from .requests import RUN, STORE, ApiHandler, reads
from .run_handlers import OneRunHandler
from .shared import Shared


class ArtifactsHandler(ApiHandler):
    """The artifacts of a store."""

    @reads
    async def get(self) -> None:
        """:class:`ArtifactsPage`; takes :class:`ArtifactsQuery`."""
        asked = self.arguments(ArtifactsQuery)
        await self.answer(lambda: artifacts.page(self.shared.stores, asked))


class ArtifactHandler(ApiHandler):
    """One artifact."""

    @reads
    async def get(self, store: str, name: str) -> None:
        """:class:`ArtifactDetail`."""
        await self.answer(lambda: artifacts.detail(self.shared.stores, store, name))


class EntriesHandler(ApiHandler):
    """What is in a version."""

    @reads
    async def get(self, store: str, name: str, version: str) -> None:
        """:class:`Entries`; takes :class:`EntriesQuery`."""
        asked = self.arguments(EntriesQuery)
        stores = self.shared.stores
        await self.answer(lambda: artifacts.entries(stores, store, name, int(version), asked))


class EntryHandler(FileHandler):
    """The content of a file in a version."""

    @reads
    async def get(self, store: str, name: str, version: str, path: str) -> None:
        """All of it, or a range; ``?download=1`` to keep it."""
        stores = self.shared.stores
        await self.send_file(
            await self.in_thread(
                lambda: artifacts.open_entry(stores, store, name, int(version), path)
            )
        )


class LineageHandler(ApiHandler):
    """Where a version comes from, and where it went."""

    @reads
    async def get(self, store: str, name: str, version: str) -> None:
        """:class:`Lineage`."""
        number = int(version)

        def work() -> Any:
            found, _ = artifacts.version_of(self.shared.stores, store, name, number)
            return lineage.of_version(found, check_name(name), number)

        await self.answer(work)


class RunArtifactsHandler(OneRunHandler):
    """What a run made and used."""

    @reads
    async def get(self, store: str, run_id: str) -> None:
        """:class:`RunArtifacts`."""
        await self.answer(
            lambda: artifacts.of_run(self.shared.stores.find(store), self.run(store, run_id))
        )


class RunLineageHandler(OneRunHandler):
    """What led to a run, and what came of it."""

    @reads
    async def get(self, store: str, run_id: str) -> None:
        """:class:`Lineage`."""
        await self.answer(
            lambda: lineage.of_run(self.shared.stores.find(store), self.run(store, run_id).id)
        )


class ModelsHandler(OneRunHandler):
    """The models that a run watched."""

    @reads
    async def get(self, store: str, run_id: str) -> None:
        """:class:`Models`."""
        await self.answer(
            lambda: Models(models=read_model(self.run(store, run_id))),
            etag=self.ended(store, run_id),
        )


def addresses(shared: Shared) -> list[Any]:
    """What is answered here."""
    one = f"/nbtrack/api/runs/{RUN}"
    name = r"(?P<name>[A-Za-z0-9_-][A-Za-z0-9._-]{0,127})"
    artifact = f"/nbtrack/api/artifacts/{STORE}/{name}"
    version = rf"{artifact}/v(?P<version>[0-9]{{1,9}})"
    with_shared = {"shared": shared}
    return [
        (r"/nbtrack/api/artifacts", ArtifactsHandler, with_shared),
        (artifact, ArtifactHandler, with_shared),
        (f"{version}/entries", EntriesHandler, with_shared),
        (f"{version}/files/(?P<path>.+)", EntryHandler, with_shared),
        (f"{version}/lineage", LineageHandler, with_shared),
        (f"{one}/artifacts", RunArtifactsHandler, with_shared),
        (f"{one}/lineage", RunLineageHandler, with_shared),
        (f"{one}/models", ModelsHandler, with_shared),
    ]
