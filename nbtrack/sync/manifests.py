"""Which of the merged sets of a run at a place is in force: they are all kept there."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from ..store.layout import new_writer_id
from ..store.run_keys import complete_set
from ..store.schema import Manifest

_RECORDER = new_writer_id("recorder")[0]


class InForce(NamedTuple):
    """What a reader goes by.

    Attributes:
        manifest: The merged set that replaces most: each merge replaces what those before it did,
            and more. None if there is none.
        hidden: Sets that are only part of another one, since two machines that did not know of
            each other went on with the run and merged it. Their rows cannot be read.
    """

    manifest: Manifest | None
    hidden: list[str]

    @property
    def problem(self) -> str:
        """What is wrong, in words; empty if nothing is."""
        if not self.hidden:
            return ""
        writers = {name.rpartition("-")[0] for name in self.hidden}
        return (
            f"two machines went on with it at the same time; what {len(writers)} of its writers"
            " recorded is in another merged set, and is not shown"
        )


def in_force(manifests: Iterable[Manifest], keys: Collection[str]) -> InForce:
    """Choose among the merged sets of a run, whose files are ``keys``."""
    known = list(manifests)
    best = max(known, key=lambda one: (len(one.replaces), one.name), default=None)
    if best is None:
        return InForce(None, [])
    shown = {*best.replaces, *map(str, filter(None, map(complete_set, keys)))}
    return InForce(best, sorted(set().union(*map(_with_rows, known)) - shown))


def are_apart(one: Manifest, other: Manifest) -> bool:
    """Whether each has something that the other lacks."""
    return not (_with_rows(one) <= set(other.replaces) or _with_rows(other) <= set(one.replaces))


def _with_rows(manifest: Manifest) -> set[str]:
    """The sets that hold what somebody logged.

    Two who find a run dead note it both; each of these notes is enough.
    """
    return {name for name in manifest.replaces if not name.startswith(_RECORDER)}
