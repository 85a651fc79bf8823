"""Where a run or a version of an artifact comes from, and what was made with it."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from .._errors import NbtrackError
from ..store.artifact_schema import ArtifactVersion
from ..store.artifacts import versions
from ..store.layout import Store, is_run_id
from ..store.view import RunView
from .api.artifacts import Lineage, LineageEdge, LineageNode
from .artifacts import link_to
from .stores import is_inside

MOST = 150


class _Place(NamedTuple):
    """A run, if there is no version; else a version of an artifact."""

    name: str
    version: int | None

    @property
    def id(self) -> str:
        return f"run {self.name}" if self.version is None else f"{self.name}:v{self.version}"


def of_run(store: Store, run_id: str) -> Lineage:
    """What led to a run, and what came of it."""
    return _lineage(store, _Place(run_id, None))


def of_version(store: Store, name: str, version: int) -> Lineage:
    """The same of a version of an artifact."""
    return _lineage(store, _Place(name, version))


def _lineage(store: Store, start: _Place) -> Lineage:
    around = _Around(store)
    ranks = {start: 0}
    edges: dict[tuple[str, str], LineageEdge] = {}
    more = False
    # Each way by itself: what else the run made from which this comes is no part of it.
    for direction in (-1, 1):
        waiting = deque([start])
        while waiting:
            place = waiting.popleft()
            for other in around.before(place) if direction < 0 else around.after(place):
                if other not in ranks:
                    if len(ranks) == MOST:
                        more = True
                        continue
                    ranks[other] = ranks[place] + direction
                    waiting.append(other)
                ends = (other.id, place.id) if direction < 0 else (place.id, other.id)
                edges[ends] = LineageEdge(start=ends[0], end=ends[1])
    nodes = [around.node(place, rank) for place, rank in ranks.items()]
    return Lineage(nodes=nodes, edges=list(edges.values()), more=more)


class _Around:
    """What is next to runs and versions, each looked up once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._versions: dict[str, dict[int, ArtifactVersion]] = {}
        self._uses: dict[str, list[tuple[str, _Place]]] = {}

    def before(self, place: _Place) -> Iterator[_Place]:
        """What a run used, or the run that made a version."""
        if place.version is None:
            yield from (one for role, one in self._used(place.name) if role == "used")
            return
        found = self._version(place)
        if found is not None and found.run is not None:
            yield _Place(found.run, None)

    def after(self, place: _Place) -> Iterator[_Place]:
        """What a run made, or the runs that used a version."""
        if place.version is None:
            yield from (one for role, one in self._used(place.name) if role == "made")
            return
        found = self._version(place)
        for run in found.used_by if found is not None else ():
            yield _Place(run, None)

    def node(self, place: _Place, rank: int) -> LineageNode:
        """What a page draws of it."""
        if place.version is None:
            run = link_to(self._store, place.name)
            return LineageNode(
                id=place.id,
                kind="run",
                name=run.name or place.name,
                rank=rank,
                there=run.name is not None,
                run=run,
            )
        found = self._version(place)
        return LineageNode(
            id=place.id,
            kind="artifact",
            name=place.id,
            rank=rank,
            there=found is not None,
            artifact=place.name,
            version=place.version,
            type=found.type if found is not None else None,
        )

    def _version(self, place: _Place) -> ArtifactVersion | None:
        if place.name not in self._versions:
            self._versions[place.name] = {}
            with contextlib.suppress(NbtrackError, OSError):
                there = versions(self._store, place.name)
                self._versions[place.name] = {one.version: one for one in there}
        return self._versions[place.name].get(place.version or 0)

    def _used(self, run_id: str) -> list[tuple[str, _Place]]:
        if run_id not in self._uses:
            self._uses[run_id] = []
            with contextlib.suppress(NbtrackError, OSError):
                run_dir = self._store.run(run_id) if is_run_id(run_id) else None
                if run_dir is not None and is_inside(run_dir.path, self._store.runs):
                    self._uses[run_id] = [
                        (use.role, _Place(use.name, use.version))
                        for use in RunView(run_dir).artifacts
                    ]
        return self._uses[run_id]
