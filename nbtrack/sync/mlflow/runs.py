"""Finds the runs of MLflow's that are a run of nbtrack's, and makes those that are missing.

MLflow chooses ids, and keeps two runs of one tag. A request whose answer is lost is sent again, and
two may export one run at once: then there are two. So whoever made one looks again. Of several the
one that was claimed first stays, on which all agree, and the others are deleted.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from ..._errors import SyncError
from .failures import Gone
from .server import Server, There
from .words import ATTEMPT, CLAIM, IDENTITY, PARENT, RUN, WHOLE, Told

_LOOKS = 5


def find(server: Server, experiment: str, run: str, identity: str) -> dict[int, list[There]]:
    """The runs there that are this run, under :data:`WHOLE`, and its attempts, by number.

    Of each the one that stays comes first.

    Raises:
        SyncError: Another run of this id is there.
    """
    found: dict[int, list[There]] = {}
    for there in server.search(experiment, RUN, run):
        if there.tags.get(IDENTITY) != identity:
            raise SyncError(
                f"another run of the id {run!r} is in this experiment: its run there is"
                f" {there.run_id}",
                path=server.address.url,
                operation="sync",
                hint="Choose another experiment with ?experiment=name.",
            )
        attempt = there.tags.get(ATTEMPT, str(WHOLE))
        if attempt.isdecimal():
            found.setdefault(int(attempt), []).append(there)
    for runs in found.values():
        runs.sort(key=lambda one: (one.tags.get(CLAIM, ""), one.run_id))
    return found


def made(server: Server, experiment: str, run: str, told: Told) -> dict[int, There]:
    """The runs there, one for each of what is to be told; made where they are missing.

    Raises:
        Gone: They kept being deleted.
        SyncError: See :func:`find`.
    """
    for _ in range(_LOOKS):
        found = find(server, experiment, run, told.identity)
        _delete_others(server, found.values())
        missing = [attempt for attempt in told.words if attempt not in found]
        if not missing:
            return {attempt: found[attempt][0] for attempt in found}
        if WHOLE in missing:
            # Attempts name it, so that it has to be settled which one it is.
            missing = [WHOLE]
        parent = found[WHOLE][0].run_id if WHOLE in found else ""
        for attempt in missing:
            _create(server, experiment, told, attempt, parent)
    raise Gone


def _create(server: Server, experiment: str, told: Told, attempt: int, parent: str) -> None:
    words = told.words[attempt]
    tags: Mapping[str, str] = {
        key: words.tags[key] for key in (RUN, IDENTITY, ATTEMPT) if key in words.tags
    }
    claim = {CLAIM: f"{time.time_ns():020d}"}
    of_parent = {PARENT: parent} if parent else {}
    server.create(experiment, words.name, words.start, {**tags, **claim, **of_parent})


def _delete_others(server: Server, found: Iterable[list[There]]) -> None:
    for runs in found:
        for other in runs[1:]:
            server.delete(other.run_id)
