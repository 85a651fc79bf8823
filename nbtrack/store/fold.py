"""What the records of a run add up to: attempts, config, summary and the evidence of its end."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from .._decoding import convert
from .._process import liveness
from .alive import read_alive
from .artifact_schema import ArtifactUse, SavedFile
from .death import Death
from .digest import Digest, Last
from .layout import RunDir
from .metrics import MetricDefinition, combined, defined, summarise
from .remains import add_remains
from .schema import (
    Alert,
    AttemptEnd,
    AttemptStart,
    AttemptState,
    CellEnd,
    CellError,
    CellStart,
    Change,
    Circumstances,
    Closing,
    Event,
    Failure,
    MemoryAlert,
    RunInfo,
    WriterInfo,
)
from .state import AttemptFacts, Evidence

SCRIPT = "script"

E = TypeVar("E", bound=Event)


class Attempt(msgspec.Struct, kw_only=True, omit_defaults=False):
    """One execution of a tracked cell.

    ``rows`` counts ``log()`` calls; ``summary`` is each key's last value in this attempt;
    ``left_out`` are metrics that the summary was told to leave out;
    ``config`` is the run's config when the attempt began. Times are microseconds UTC.
    """

    n: int
    writer: str
    cell_try: int
    cell_id: str | None
    execution_count: int | None
    name: str | None
    tags: list[str]
    source: str
    config: dict[str, Any]
    state: AttemptState = "running"
    started: int
    ended: int | None = None
    failure: Failure | None = None
    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    rows: int = 0
    max_step: int = -1
    summary: dict[str, Any] = {}
    left_out: list[str] = []

    @property
    def keys(self) -> list[str]:
        """Every metric that it logged."""
        return [*self.summary, *self.left_out]

    @property
    def label(self) -> str:
        """How a person names the cell: by its number, else its name."""
        if self.execution_count is not None:
            return f"[{self.execution_count}]"
        return self.name or SCRIPT


class Fold(msgspec.Struct, kw_only=True):
    """A run, added up. What is in it depends on the records alone, not on who is alive.

    ``alerts`` are in the order of time; ``metrics`` are definitions by name or pattern.

    ``last_time`` is when the run itself last recorded anything, ``last_seen`` when it or its
    recorder last gave a sign of life that is still in the journal (microseconds UTC).
    ``resumptions`` are by the writer that went on, ``first_config`` is the config before them.
    """

    writers: list[WriterInfo] = []
    attempts: list[Attempt] = []
    config: dict[str, Any] = {}
    summary: dict[str, Any] = {}
    closings: dict[str, Closing] = {}
    closed_at: dict[str, int] = {}
    died: dict[str, Death] = {}
    errors: list[Failure] = []
    alerts: list[Alert] = []
    metrics: dict[str, MetricDefinition] = {}
    memory_alert: MemoryAlert | None = None
    memory_alert_at: int = 0
    rows: int = 0
    dropped: int = 0
    last_time: int = 0
    last_seen: int = 0
    loose: Attempt | None = None
    resumptions: dict[str, Circumstances] = {}
    first_config: dict[str, Any] = {}
    artifacts: list[ArtifactUse] = []
    saved: dict[str, SavedFile] = {}
    models: list[str] = []

    @property
    def owner(self) -> WriterInfo | None:
        """The process that recorded the run last."""
        owners = [writer for writer in self.writers if writer.role == "owner"]
        return max(owners, key=lambda writer: writer.opened, default=None)

    @property
    def is_empty(self) -> bool:
        """Nothing was logged, tracked, watched or saved."""
        said = self.rows or self.attempts or self.config or self.summary or self.alerts
        return not (said or self.artifacts or self.saved or self.models)

    def evidence(self, run_dir: RunDir, info: RunInfo, now: int) -> Evidence:
        """What tells the run's state; looks up the owner's process.

        Where nobody was left to record its death, what it left in ``run_dir`` tells of it.
        """
        owner = self.owner
        if owner is None:
            return Evidence("elsewhere", attempts=self.facts(), fail_on=info.fail_on)
        alive = liveness(owner.process)
        if alive == "elsewhere" and owner.writer in self.died:
            alive = "dead"
        last_seen = self.last_seen
        if alive == "elsewhere" and (sign := read_alive(run_dir)) is not None:
            last_seen = max(last_seen, sign.time)
        death = self.died.get(owner.writer)
        if death is None and alive == "dead":
            death = add_remains(Death(), run_dir, owner.writer)
        return Evidence(
            alive,
            closing=self.closings.get(owner.writer),
            attempts=self.facts(),
            cell_errors=tuple(self.errors),
            fail_on=info.fail_on,
            death=death,
            job=info.job,
            memory_alert=self._latest_alert(),
            last_seen=max(0.0, (now - last_seen) / 1e6) if last_seen else None,
            where=owner.process.host,
        )

    def _latest_alert(self) -> MemoryAlert | None:
        """That memory got short, unless a tracked cell has begun since."""
        began = self.attempts[-1].started if self.attempts else 0
        return self.memory_alert if self.memory_alert_at >= began else None

    def facts(self) -> tuple[AttemptFacts, ...]:
        return tuple(
            AttemptFacts(a.n, a.cell_id or SCRIPT, a.label, a.state, a.failure)
            for a in self.attempts
        )

    def to_json(self) -> str:
        """The standard library's JSON, which keeps NaN and the infinities."""
        return json.dumps(msgspec.to_builtins(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> Fold:
        return convert(json.loads(text), cls)


def fold(
    writers: Iterable[WriterInfo], events: Iterable[tuple[str, Event]], digest: Digest
) -> Fold:
    """Add up a run. ``events`` come in any order between writers, in order within each."""
    known = {writer.writer: writer for writer in writers}
    result = Fold(writers=sorted(known.values(), key=lambda w: w.opened))
    set_by_hand: dict[str, tuple[Last, Any]] = {}
    attempts: dict[int, Attempt] = {}
    for writer, event in in_order(result.writers, events):
        if not (isinstance(event, Change) and event.kind in ("owner_died", "memory")):
            result.last_time = max(result.last_time, event.time)
        if isinstance(event, AttemptStart):
            attempts[event.attempt] = _started(writer, event)
        elif isinstance(event, AttemptEnd):
            if event.outcome == "moved":
                attempts.pop(event.attempt, None)
            else:
                _end(attempts.setdefault(event.attempt, _loose(event.attempt)), event)
        elif isinstance(event, CellError):
            result.errors.append(event.failure)
        elif isinstance(event, CellEnd):
            if event.outcome == "failed" and event.failure is not None and not event.attempt:
                result.errors.append(event.failure)
        elif isinstance(event, CellStart):
            pass  # every cell that ran: see cells.py
        else:
            _change(result, set_by_hand, writer, event)
    result.alerts.sort(key=lambda alert: alert.time)
    result.attempts = [attempts[n] for n in sorted(attempts)]
    owner = result.owner
    for attempt in result.attempts:
        if attempt.state == "running" and owner and attempt.writer != owner.writer:
            attempt.state = "crashed"
    _add_rows(result, digest)
    _summarise(result, set_by_hand, digest)
    return result


def in_order(writers: Iterable[WriterInfo], events: Iterable[tuple[str, E]]) -> list[tuple[str, E]]:
    """Events in the order in which they count: those of a writer that began later come later."""
    begun = sorted(writers, key=lambda writer: writer.opened)
    order = {writer.writer: at for at, writer in enumerate(begun)}
    return sorted(events, key=lambda e: (order.get(e[0], len(order)), e[1].seq))


def _started(writer: str, event: AttemptStart) -> Attempt:
    return Attempt(
        n=event.attempt,
        writer=writer,
        cell_try=event.cell_try,
        cell_id=event.cell_id,
        execution_count=event.execution_count,
        name=event.name,
        tags=event.tags,
        source=event.source,
        config=event.config,
        started=event.time,
    )


def _end(attempt: Attempt, event: AttemptEnd) -> None:
    if event.outcome != "moved":
        attempt.state = event.outcome
    attempt.ended = event.time
    attempt.failure = event.failure
    attempt.wall_seconds = event.wall_seconds
    attempt.cpu_seconds = event.cpu_seconds


def _change(
    result: Fold, set_by_hand: dict[str, tuple[Last, Any]], writer: str, event: Change
) -> None:
    if event.kind == "config":
        result.config[event.key] = event.value
    elif event.kind == "summary":
        at = Last(writer, event.seq, event.time, -1, None, None)
        set_by_hand[event.key] = (at, event.value)
    elif event.kind == "closed":
        result.closings[writer] = convert(event.value, Closing)
        result.closed_at[writer] = event.time
    elif event.kind == "owner_died":
        result.died[event.key] = convert(event.value or {}, Death)
    elif event.kind == "dropped":
        result.dropped += event.value
    elif event.kind == "resumed":
        if not result.resumptions:
            result.first_config = dict(result.config)
        result.resumptions[event.key] = convert(event.value, Circumstances)
    elif event.kind == "memory":
        result.memory_alert = convert(event.value, MemoryAlert)
        result.memory_alert_at = event.time
    elif event.kind == "artifact":
        result.artifacts.append(_artifact_use(event))
    elif event.kind == "saved":
        value = {"path": event.key, "time": event.time, **event.value}
        result.saved[event.key] = convert(value, SavedFile)
    elif event.kind == "metric":
        result.metrics[event.key] = defined(result.metrics, event.key, event.value)
    elif event.kind == "alert":
        result.alerts.append(_alert(event))
    elif event.kind == "model" and event.key not in result.models:
        result.models.append(event.key)


def _artifact_use(event: Change) -> ArtifactUse:
    name, _, version = event.key.rpartition(":v")
    value = {"name": name, "version": int(version), "time": event.time, "attempt": event.attempt}
    return convert({**value, **event.value}, ArtifactUse)


def _alert(event: Change) -> Alert:
    value = event.value if isinstance(event.value, dict) else {}
    return Alert(
        title=event.key,
        text=str(value.get("text", "")),
        level=str(value.get("level", "INFO")),
        time=event.time,
        attempt=event.attempt,
    )


def _add_rows(result: Fold, digest: Digest) -> None:
    result.rows = digest.rows
    by_number = {attempt.n: attempt for attempt in result.attempts}
    for n, rows in digest.items():
        result.last_time = max(result.last_time, *(last.time for last in rows.last.values()), 0)
        attempt = by_number.get(n)
        if attempt is None:
            attempt = _loose(n)
            if n == 0:
                result.loose = attempt
            else:
                result.attempts.append(attempt)
        attempt.rows = rows.rows
        attempt.max_step = rows.max_step
        attempt.summary = summarise(result.metrics, rows.last, rows.first, rows.numbers)
        attempt.left_out = [key for key in rows.last if key not in attempt.summary]
    result.attempts.sort(key=lambda attempt: attempt.n)


def _loose(n: int) -> Attempt:
    """An attempt without a beginning: number 0, or the beginning was damaged."""
    return Attempt(
        n=n,
        writer="",
        cell_try=0,
        cell_id=None,
        execution_count=None,
        name=None,
        tags=[],
        source="",
        config={},
        started=0,
    )


def _summarise(result: Fold, set_by_hand: dict[str, tuple[Last, Any]], digest: Digest) -> None:
    """Each key's value in the last attempt that logged it, or what its definition asks for over
    all attempts, unless set by hand since.
    """
    latest: dict[str, Last] = {}
    first: dict[str, Last] = {}
    for n in sorted(digest):
        latest.update(digest[n].last)
        for key, value in digest[n].first.items():
            first.setdefault(key, value)
    numbers = combined(digest[n].numbers for n in sorted(digest)) if result.metrics else {}
    result.summary = summarise(result.metrics, latest, first, numbers)
    for key, (at, value) in set_by_hand.items():
        if key not in latest or latest[key].before(at):
            result.summary[key] = value
