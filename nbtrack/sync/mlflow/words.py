"""What is said of a run and its attempts at MLflow: names, params, tags and status."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

from ...store.attempt_view import AttemptView
from ...store.changes import ConfigChange
from ...store.documents import read_info
from ...store.increments import Other
from ...store.layout import RunDir
from ...store.reader import Snapshot
from ...store.values import flatten
from ...store.view import RunView
from . import names

RUN = "nbtrack.run"
ATTEMPT = "nbtrack.attempt"
IDENTITY = "nbtrack.identity"
CLAIM = "nbtrack.claim"
AS_OF = "nbtrack.as_of"
NAMES = "nbtrack.names"
NOT_CARRIED = "nbtrack.not_carried"
CONFIG = "nbtrack.config."
WORD = "nbtrack.tag."
PARENT = "mlflow.parentRunId"

_STATUS = {
    "running": "RUNNING",
    "finished": "FINISHED",
    "failed": "FAILED",
    "crashed": "KILLED",
    "interrupted": "KILLED",
}
# The run itself; its attempts have numbers from 1.
WHOLE = 0


class Words(NamedTuple):
    """What is said of one run of MLflow's.

    Attributes:
        start, end: Milliseconds since 1970 (UTC); no end while it goes on.
        params: As they are now; what was sent before cannot be changed.
        tags: All that there should be.
        state: Tags that go last, with the status.
    """

    name: str
    status: str
    start: int
    end: int | None
    params: dict[str, str]
    tags: dict[str, str]
    state: dict[str, str]


class Told(NamedTuple):
    """A run at one moment.

    Attributes:
        words: Of the run, under :data:`WHOLE`, and of its attempts, by number.
        identity: Differs between two runs of one id.
        as_of: Sorts by how much of the run whoever looked knew.
    """

    words: dict[int, Words]
    identity: str
    as_of: str


def tell(view: RunView, taken: Snapshot, run_dir: RunDir) -> Told:
    """What is to be said of a run and of those attempts that logged or have ended.

    An attempt that has done neither may still become another run's.
    """
    identity = blake2b(run_dir.info.read_bytes(), digest_size=16).hexdigest()
    edits = run_dir.edit_files()
    ended = view.state != "running"
    as_of = f"{taken.fold.last_time:020d}-{edits[-1].stem if edits else ''}-{int(ended)}"
    changes = view.config_changes
    mine = {RUN: view.id, IDENTITY: identity}
    source = _source(view, run_dir)
    words = {WHOLE: _of_run(view, mine | source | _said(view))}
    for attempt in view.attempts:
        if attempt.rows or attempt.state != "running":
            words[attempt.n] = _of_attempt(view, attempt, changes, mine | source)
    return Told(words, identity, as_of)


def is_newer(there: str | None, here: str) -> bool:
    """Whether somebody who knew more of the run has been here."""
    return there is not None and there > here


def left_out(other: Other, changed: Mapping[str, str]) -> tuple[str, ...]:
    """What is different at MLflow, in words."""
    found = (
        (other.texts, "values are text: MLflow's metrics are numbers"),
        (other.rounded, "integers beyond 2**53 are rounded"),
        (other.infinite, "infinite values may become the largest float"),
        (len(changed), f"params were changed since they went: tags {CONFIG}* have them"),
    )
    return tuple(f"{count:,} {what}" for count, what in found if count)


def changed_params(there: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """Tags that say what params are by now that went with other values."""
    return {
        names.name(f"{CONFIG}{key}"): names.cut(value, names.LONGEST_TAG)
        for key, value in now.items()
        if key in there and there[key] != value
    }


def original_names(taken: Snapshot) -> dict[str, str]:
    """Which names of metrics and of the config are others there, by those."""
    fold = taken.fold
    every = [*fold.attempts, *([fold.loose] if fold.loose is not None else [])]
    used = {key for attempt in every for key in attempt.keys}
    used |= names.flat(fold.config).keys()
    return {names.name(key): key for key in sorted(used) if names.name(key) != key}


def summary(view: RunView) -> dict[str, float]:
    """The numbers of a run's summary, as metrics of the run itself."""
    found = flatten(view.summary, "summary/")
    return {names.name(key): value for key, (value, _) in found if value is not None}


def _of_run(view: RunView, tags: dict[str, str]) -> Words:
    state = {"nbtrack.state": view.state, "nbtrack.reason": view.reason}
    return Words(
        names.cut(view.name, names.LONGEST_NAME),
        _STATUS[view.state],
        _ms(view.started_at),
        _ms(view.ended_at or view.started_at) if view.state != "running" else None,
        _params(view.config),
        _tags(tags),
        _tags({**state, **_exception(view.exception)}),
    )


def _of_attempt(
    view: RunView,
    attempt: AttemptView,
    changes: Iterable[ConfigChange],
    tags: dict[str, str],
) -> Words:
    config = dict(attempt.config)
    config.update({one.key: one.new for one in changes if one.attempt == attempt.n})
    own = {
        ATTEMPT: str(attempt.n),
        "nbtrack.cell": attempt.cell_id or "",
        "nbtrack.try": str(attempt.cell_try) if attempt.cell_try else "",
        **{names.name(f"{WORD}{word}"): "true" for word in attempt.tags},
    }
    started = attempt.started_at or view.started_at
    name = f"{view.name} · {attempt.n}" + (f" · {attempt.name}" if attempt.name else "")
    return Words(
        names.cut(name, names.LONGEST_NAME),
        _STATUS[attempt.state],
        _ms(started),
        _ms(attempt.ended_at or started) if attempt.state != "running" else None,
        _params(config),
        _tags(tags | own),
        _tags({"nbtrack.state": attempt.state, **_exception(attempt.exception)}),
    )


def _source(view: RunView, run_dir: RunDir) -> dict[str, str]:
    """Where a run comes from, under MLflow's own names."""
    info = read_info(run_dir)
    return {
        "mlflow.user": info.user or "",
        "mlflow.source.name": view.notebook or "",
        "mlflow.source.type": "NOTEBOOK" if info.notebook else "LOCAL",
        "mlflow.source.git.commit": info.git_commit or "",
        "mlflow.source.git.branch": info.git_branch or "",
    }


def _said(view: RunView) -> dict[str, str]:
    used = [f"{one.name}:v{one.version}" for one in view.artifacts if one.role == "used"]
    made = [f"{one.name}:v{one.version}" for one in view.artifacts if one.role == "made"]
    return {
        "mlflow.note.content": view.notes or "",
        "nbtrack.project": view.project,
        "nbtrack.group": view.group or "",
        "nbtrack.job_type": view.job_type or "",
        "nbtrack.host": view.host,
        "nbtrack.python": view.python or "",
        "nbtrack.parts": str(len(view.parts)) if len(view.parts) > 1 else "",
        "nbtrack.discarded": "true" if view.discarded else "",
        "nbtrack.dropped_rows": str(view.dropped_rows or ""),
        "nbtrack.artifacts.used": ", ".join(dict.fromkeys(used)),
        "nbtrack.artifacts.made": ", ".join(dict.fromkeys(made)),
        **{names.name(f"{WORD}{word}"): "true" for word in view.tags},
    }


def _exception(found: Mapping[str, Any] | None) -> dict[str, str]:
    if found is None:
        return {"nbtrack.exception": ""}
    where = f"{found['cell'] or ''}{', line ' if found['cell'] else 'line '}{found['line']}"
    at = f" ({where})" if found["line"] is not None else ""
    return {"nbtrack.exception": f"{found['type']}: {found['message']}{at}"}


def _params(config: Mapping[str, Any]) -> dict[str, str]:
    return {
        names.name(key): names.cut(names.text(value), names.LONGEST_PARAM)
        for key, value in names.flat(config).items()
    }


def _tags(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: names.cut(value, names.LONGEST_TAG) for key, value in tags.items()}


def names_tag(original: Mapping[str, str]) -> dict[str, str]:
    """The tag with what names are here; of very many, where they are written."""
    said = json.dumps(original, ensure_ascii=False, sort_keys=True) if original else ""
    if len(said) > names.LONGEST_TAG:
        said = "see the artifact nbtrack.json"
    return {NAMES: said}


def _ms(time: datetime) -> int:
    return int(time.timestamp() * 1000)
