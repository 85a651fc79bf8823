"""Cards, made of what the records of a run add up to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from ..store.fold import SCRIPT, Attempt, Fold
from ..store.metrics import Definitions, definition_of
from ..store.position import Position
from ..store.schema import Alert, Change, Event, Failure, RunInfo
from ..store.state import Verdict
from .card import AttemptCard, Card, ErrorCard

MAX_ATTEMPTS = 50
MAX_ALERTS = 10
CONSOLE_LINES = 40
_LONGEST_LINE = 500
_LONGEST_TRACEBACK = 6_000
_LONGEST_VALUE = 60
_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")


def make_card(
    info: RunInfo,
    found: Fold,
    verdict: Verdict,
    *,
    changes: Iterable[tuple[str, Event]],
    before: Card | None = None,
    keys: Iterable[str],
    rows: int,
    last_row: int = 0,
    rate: float | None = None,
    position: Position | None = None,
    console: list[str],
    memory_limit: int | None,
    left_out: int,
) -> Card:
    """A run as viewers see it; its ``time`` is not filled in.

    Args:
        changes: Events, among them the changes of the config.
        before: How the run was shown before: attempts and alerts that may not be in ``found``.
        keys: The metrics that are shown.
        last_row: When the last row was (microseconds UTC), if ``found`` knows nothing of rows.
        rate: Rows in a second, of late.
        position: Where the owner is; of the state running only.
    """
    known = [attempt for attempt in found.attempts if attempt.n]
    running = bool(known) and verdict.state == "running" and known[-1].state == "running"
    if position and known and known[-1].label == position.cell and not running:
        position = None  # as it was a moment before the cell's end
    axes, hidden = _defined(found.metrics, keys, before)
    return Card(
        id=info.id,
        name=info.name,
        project=info.project,
        tags=info.tags,
        state=verdict.state,
        reason=verdict.reason,
        started=info.created,
        ended=None if verdict.state == "running" else max(found.last_time, last_row) or None,
        attempts=_attempts(known, found, verdict, changes, before.attempts if before else ()),
        rows=rows,
        rate=rate if running else None,
        progress=position.progress if position is not None else None,
        position=position.line if position is not None and running else None,
        console=console,
        error=_error(verdict, known),
        memory_limit=memory_limit,
        dropped=found.dropped,
        left_out=left_out,
        alerts=_alerts(found.alerts, before.alerts if before else ()),
        axes=axes,
        hidden=hidden,
        time=0,
    )


def last_lines(lines: Iterable[str]) -> list[str]:
    """Lines of text as a card has them: without colours, not too long."""
    found = [_COLOURS.sub("", text)[:_LONGEST_LINE] for text in lines]
    while found and not found[-1]:
        found.pop()
    return found


def _alerts(found: Sequence[Alert], before: Sequence[Alert]) -> list[Alert]:
    """The last alerts, cut to what a line can show."""
    cut = [
        msgspec.structs.replace(
            alert, title=alert.title[:_LONGEST_LINE], text=alert.text[:_LONGEST_LINE]
        )
        for alert in found
    ]
    known = {(alert.time, alert.title) for alert in cut}
    older = [alert for alert in before if (alert.time, alert.title) not in known]
    return sorted([*older, *cut], key=lambda alert: alert.time)[-MAX_ALERTS:]


def _defined(
    definitions: Definitions, keys: Iterable[str], before: Card | None
) -> tuple[dict[str, str], list[str]]:
    """What is across each metric that has a step metric, and the metrics that are hidden."""
    axes = dict(before.axes) if before else {}
    hidden = dict.fromkeys(before.hidden) if before else {}
    for key in keys if definitions else ():
        definition = definition_of(definitions, key)
        if definition is None:
            continue
        hidden.pop(key, None)
        axes.pop(key, None)
        if definition.hidden:
            hidden[key] = None
        if definition.step_metric not in (None, key):
            axes[key] = str(definition.step_metric)
    return axes, list(hidden)


def _attempts(
    known: list[Attempt],
    found: Fold,
    verdict: Verdict,
    changes: Iterable[tuple[str, Event]],
    before: Sequence[AttemptCard],
) -> list[AttemptCard]:
    configs = {attempt.n: dict(attempt.config) for attempt in known}
    for _, event in changes:
        if isinstance(event, Change) and event.kind == "config" and event.attempt in configs:
            configs[event.attempt][event.key] = event.value
    special = _differences(configs)
    over = verdict.state != "running" and found.closings == {}
    cards = [
        AttemptCard(
            n=attempt.n,
            cell=attempt.cell_id or SCRIPT,
            cell_try=attempt.cell_try,
            label=attempt.label,
            name=attempt.name,
            tags=attempt.tags,
            state="crashed" if over and attempt.state == "running" else attempt.state,
            started=attempt.started,
            ended=attempt.ended,
            config=special[attempt.n],
        )
        for attempt in known
    ]
    return [*(one for one in before if one.n not in configs), *cards][-MAX_ATTEMPTS:]


def _differences(configs: Mapping[int, Mapping[str, Any]]) -> dict[int, dict[str, str]]:
    """The values that are not the same in all configs, as text; of a config alone, all."""
    absent = object()
    keys = dict.fromkeys(key for config in configs.values() for key in config)
    special = [
        key
        for key in keys
        if len(configs) == 1
        or any(
            config.get(key, absent) != next(iter(configs.values())).get(key, absent)
            for config in configs.values()
        )
    ]
    return {
        n: {key: _short(config[key]) for key in special if key in config}
        for n, config in configs.items()
    }


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _error(verdict: Verdict, attempts: list[Attempt]) -> ErrorCard | None:
    """What the latest attempt raised, else what the run failed with."""
    latest = attempts[-1] if attempts else None
    if latest is not None and latest.failure is not None and latest.state == "failed":
        return _error_card(latest.failure, latest)
    if verdict.failure is None:
        return None
    of = next((a for a in reversed(attempts) if a.label == verdict.failure.cell), None)
    return _error_card(verdict.failure, of)


def _error_card(failure: Failure, attempt: Attempt | None) -> ErrorCard:
    return ErrorCard(
        type=failure.type,
        message=failure.message[:_LONGEST_TRACEBACK],
        traceback=_COLOURS.sub("", failure.traceback)[-_LONGEST_TRACEBACK:],
        cell=failure.cell or "",
        cell_id=attempt.cell_id if attempt is not None else None,
        line=failure.line,
        attempt=attempt.n if attempt is not None else None,
    )
