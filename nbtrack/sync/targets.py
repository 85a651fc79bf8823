"""Where runs can be sent, by the URL: object stores and folders, and MLflow servers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..remote.mlflow_address import is_mlflow, parse
from ..store.layout import Store
from .place import Place
from .push import Outcome, Pusher

if TYPE_CHECKING:
    from .artifacts import ArtifactOutcome

# Told what goes, its bytes as they go, and how many values, where these do not go as files.
Sent = Callable[[str, int, int], object]


class Pushed(NamedTuple):
    """What became of the runs, and of the versions of artifacts that go for themselves."""

    runs: list[Outcome]
    artifacts: list[ArtifactOutcome]


def checked(url: str) -> str:
    """The URL as people may see it: without a password.

    Raises:
        UsageError: Nothing can be sent there.
        SyncError: A package is missing for it.
    """
    return parse(url).url if is_mlflow(url) else Place(url).url


def push(
    store: Store,
    url: str,
    runs: Sequence[str],
    *,
    everything: bool = False,
    exclude: Collection[str] = (),
    artifacts: bool = True,
    dry_run: bool = False,
    concurrency: int = 16,
    sent: Sent = lambda what, size, values: None,
) -> Pushed:
    """Send what is missing of runs at a place; one that cannot be sent holds up no others.

    Args:
        everything: These are all runs of the store, so that all artifacts go with them.
        exclude: Patterns of files of runs that do not go, such as ``media/*``.
        artifacts: Whether versions of artifacts go.
        dry_run: Only say what would go.
        concurrency: So many requests at a time.
        sent: Told of what went, from any thread.

    Raises:
        UsageError: Nothing can be sent there.
        SyncError: The place cannot be reached at all.
    """
    if is_mlflow(url):
        from .mlflow.exporter import Exporter

        exporter = Exporter(
            store, parse(url), exclude=exclude, artifacts=artifacts, dry_run=dry_run, sent=sent
        )
        return Pushed(exporter.push(runs, threads=concurrency), [])
    place = Place(url, concurrency, moved=lambda key, count: sent(key, count, 0))
    outcomes = Pusher(store, place, exclude=exclude, dry_run=dry_run).push(runs, concurrency)
    if dry_run or not artifacts or not store.artifacts.exists():
        return Pushed(outcomes, [])
    from .artifacts import ArtifactPusher

    return Pushed(outcomes, ArtifactPusher(store, place).push(None if everything else set(runs)))
