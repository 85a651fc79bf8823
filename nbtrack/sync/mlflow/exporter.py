"""Brings runs to an MLflow server: what is missing there, as often as one likes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from ..._errors import NbtrackError
from ...remote.mlflow_address import Address
from ...store import increments, reader
from ...store.layout import RunDir, Store
from ...store.shipment import Stamps, stamps
from ...store.together import side_by_side
from ...store.view import RunView
from ..ledger import Ledger
from ..push import Outcome
from . import files, rows, runs, words
from .failures import Gone
from .files import File, Listed
from .server import Point, Server, There, settings
from .words import WHOLE, Told, Words

# A run that somebody deletes there meanwhile is made again.
_LOOKS = 3
_THREADS = 4

# What went, its bytes, and how many values it was.
Sent = Callable[[str, int, int], object]


class _Look(NamedTuple):
    """A run as it is now; ``settled``: whatever changes it changes its stamps."""

    run_dir: RunDir
    stamps: Stamps
    settled: bool
    view: RunView
    told: Told
    original: dict[str, str]
    listed: Listed


class Exporter:
    """Brings runs of one store to one server.

    Args:
        exclude: Patterns of artifacts that do not go, such as ``media/*``.
        artifacts: Whether versions of artifacts go.
        dry_run: Only say what would go.
        sent: Told of each file and each request of values that went, from any thread.

    Raises:
        SyncError: mlflow-skinny is not installed.
    """

    def __init__(
        self,
        store: Store,
        address: Address,
        *,
        exclude: Collection[str] = (),
        artifacts: bool = True,
        dry_run: bool = False,
        sent: Sent = lambda what, size, values: None,
    ) -> None:
        self._store = store
        self._address = address
        self._server = Server(address)
        self._exclude = tuple(exclude)
        self._artifacts = artifacts
        self._dry_run = dry_run
        self._sent = sent
        self._ledger = Ledger(store, address.url)

    def push(self, names: Sequence[str], threads: int = _THREADS) -> list[Outcome]:
        """Bring what is missing of these runs; one that cannot be brought holds up no others.

        Raises:
            SyncError: The server cannot be reached at all.
        """
        known = {run: Outcome(run) for run in names}
        waiting = [run for run in known if not self._is_complete(run)]
        if waiting:
            self._server.check()
            with settings():
                for outcome in side_by_side(self._push, waiting, threads=min(threads, _THREADS)):
                    known[outcome.run] = outcome
        if not self._dry_run:
            self._ledger.save()
        return list(known.values())

    def _is_complete(self, run: str) -> bool:
        try:
            return self._ledger.is_complete(run, stamps(self._store.run(run)))
        except OSError:
            return False

    def _push(self, run: str) -> Outcome:
        run_dir = self._store.run(run)
        problem = "somebody deletes it at the server while it is sent"
        for _ in range(_LOOKS):
            try:
                look = self._look(run_dir)
                if look.view.is_empty:
                    return Outcome(run)
                return self._would(look) if self._dry_run else self._bring(look)
            except Gone:
                continue
            except FileNotFoundError as error:
                if not run_dir.info.exists():
                    return Outcome(run, problem="it is not there any more")
                problem = f"its files kept changing: {error}"
            except (NbtrackError, OSError) as error:
                return Outcome(run, problem=str(error))
        return Outcome(run, problem=problem)

    def _look(self, run_dir: RunDir) -> _Look:
        begun = stamps(run_dir)
        taken = reader.snapshot(run_dir)
        view = RunView(run_dir, taken)
        original = words.original_names(taken)
        listed = files.listed(
            self._store,
            run_dir,
            view,
            artifacts=self._artifacts,
            exclude=self._exclude,
            about={"names": original},
        )
        # A segment is written through a mapping, of which no time of a file tells.
        settled = view.state != "running" and not taken.selection.segments
        told = words.tell(view, taken, run_dir)
        return _Look(run_dir, begun, settled, view, told, original, listed)

    def _experiment_of(self, look: _Look) -> str:
        return self._address.experiment or look.view.project

    def _would(self, look: _Look) -> Outcome:
        """What is not there."""
        run_dir = look.run_dir
        there: dict[int, There] = {}
        experiment = self._server.find_experiment(self._experiment_of(look))
        if experiment is not None:
            found = runs.find(self._server, experiment, run_dir.id, look.told.identity)
            there = {attempt: several[0] for attempt, several in found.items()}
        listed = look.listed.files
        missing = files.missing(self._server, there, self._unknown(look, there, listed))
        values = rows.pending(run_dir, "metrics", there, list(look.told.words))
        values += rows.pending(run_dir, "system", there, [WHOLE])
        size = sum(file.size for file in missing)
        return Outcome(run_dir.id, len(missing), size, len(listed) - len(missing), values=values)

    def _bring(self, look: _Look) -> Outcome:
        experiment = self._server.make_experiment(self._experiment_of(look))
        there = runs.made(self._server, experiment, look.run_dir.id, look.told)
        stale = words.is_newer(there[WHOLE].tags.get(words.AS_OF), look.told.as_of)
        changed: dict[str, str] = {}
        if not stale:
            for attempt, said in look.told.words.items():
                changed |= self._say(there, attempt, said, look)
        values = self._bring_rows(look, there, trusted=stale)
        wanted = [one for one in look.listed.files if one.version is None or not stale]
        wanted = [one for one in wanted if one.attempt in there]
        sent = self._bring_files(look, there, wanted)
        notes: tuple[str, ...] = ("what is there is of a later moment",)
        if not stale:
            notes = self._conclude(look, there, changed)
        problems = look.listed.problems
        problem = f"not all of it can be read: {problems[0]}" if problems else ""
        everything = self._artifacts and not (self._exclude or problem or stale)
        whole = look.stamps if look.settled and everything else None
        self._ledger.keep(
            look.run_dir.id, whole, {_key(there, file): file.stamp for file in wanted}
        )
        return Outcome(
            look.run_dir.id,
            len(sent),
            sum(file.size for file in sent),
            len(wanted) - len(sent),
            problem=problem,
            values=values,
            notes=notes,
        )

    def _say(
        self, there: Mapping[int, There], attempt: int, said: Words, look: _Look
    ) -> dict[str, str]:
        """Say what a run is, but not how it ended; tags for params that are others by now."""
        run = there[attempt]
        changed = words.changed_params(run.params, said.params)
        tags = {**said.tags, **changed}
        if attempt == WHOLE:
            tags |= words.names_tag(look.original)
        else:
            tags[words.PARENT] = there[WHOLE].run_id
        for tag in run.tags:
            if tag.startswith((words.CONFIG, words.WORD)) and tag not in tags:
                self._server.remove_tag(run.run_id, tag)
        params = {key: value for key, value in said.params.items() if key not in run.params}
        self._tag(run, tags, params)
        if run.name != said.name:
            self._server.rename(run.run_id, said.name)
        return changed

    def _conclude(
        self, look: _Look, there: Mapping[int, There], changed: Mapping[str, str]
    ) -> tuple[str, ...]:
        """When all else is there: say how it ended, and what is not as it is here."""
        other = reader.read(look.run_dir, increments.count_other)
        notes = words.left_out(other, changed)
        run, end = there[WHOLE], look.told.words[WHOLE].end
        if end is not None:
            summary = words.summary(look.view)
            new = {key: value for key, value in summary.items() if run.metrics.get(key) != value}
            points = [Point(key, value, end, 0) for key, value in new.items()]
            for at in range(0, len(points), rows.MOST):
                self._server.log(run.run_id, points[at : at + rows.MOST])
        for attempt, said in look.told.words.items():
            self._tag(there[attempt], said.state)
            known = there[attempt]
            if said.status != known.status or said.end not in (None, known.end):
                self._server.set_status(known.run_id, said.status, said.end)
        told = {words.AS_OF: look.told.as_of, words.NOT_CARRIED: "; ".join(notes)}
        self._tag(run, told)
        return notes

    def _tag(
        self, run: There, tags: Mapping[str, str], params: Mapping[str, str] | None = None
    ) -> None:
        new = {tag: text for tag, text in tags.items() if run.tags.get(tag, "") != text}
        if new or params:
            self._server.log(run.run_id, params=params, tags=new)

    def _bring_rows(self, look: _Look, there: Mapping[int, There], *, trusted: bool) -> int:
        def told(values: int) -> None:
            self._sent("values", 0, values)

        def bring(table: rows.Table) -> int:
            return rows.send(self._server, look.run_dir, table, known, told, trusted=trusted)

        known = {attempt: there[attempt] for attempt in look.told.words}
        return bring("metrics") + bring("system")

    def _bring_files(
        self, look: _Look, there: Mapping[int, There], wanted: Sequence[File]
    ) -> list[File]:
        missing = files.missing(self._server, there, self._unknown(look, there, wanted))
        for file in missing:
            self._server.put(there[file.attempt].run_id, file.path, file.content)
            self._sent(file.path, file.size, 0)
        return missing

    def _unknown(
        self, look: _Look, there: Mapping[int, There], listed: Sequence[File]
    ) -> list[File]:
        """Those files of which nobody here remembers that they went as they are."""
        run = look.run_dir.id
        return [
            file
            for file in listed
            if file.attempt not in there
            or not self._ledger.was_sent(run, _key(there, file), file.stamp)
        ]


def _key(there: Mapping[int, There], file: File) -> str:
    """What a file is called among all that went; of a run that is made again, nothing did."""
    return f"{there[file.attempt].run_id}/{file.path}"
