"""Optuna: each trial a run in the group of its study, and the study in the run around them."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from functools import partial, wraps
from threading import current_thread, get_ident, main_thread
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from .. import _api, _current
from .._run import Run
from ..store.layout import new_run_id
from ..store.locks import PatientLock
from . import _patching
from ._optuna_study import (
    FEWEST,
    charts,
    figures,
    finished,
    is_better,
    quietly,
    trials_table,
    value_names,
)
from ._optuna_trial import Teller, TrackedTrial, close, close_with, tellers
from ._patching import guarded

__all__ = ["NbtrackCallback", "autolog"]

# Drawing a study takes this part of its time at most.
_SHARE = 0.05
# A kernel that shuts down has little time.
_QUICK_SECONDS = 1.0

_one_at_a_time = PatientLock()


class _Shown:
    """What the run of a study has of it: the values that were logged, and when it was drawn."""

    def __init__(self) -> None:
        # The first row of a cell makes it an attempt: None before that.
        self.attempt: int | None = None
        self.values: dict[int, object] = {}
        self.best: float | None = None
        self.distributions: dict[str, str] = {}
        self.summary: dict[str, Any] = {}
        self.about: dict[str, Any] = {}
        self.drawn = 0
        self.drawn_at = 0.0
        self.seconds = 0.0


class NbtrackCallback:
    """Records each trial of a study as a run, and the study itself in the run around them.

    ::

        callback = NbtrackCallback()
        study.optimize(callback.track(objective), n_trials=100, callbacks=[callback])

    As a callback alone it records a trial when it has ended, from what Optuna knows of it. With
    :meth:`track` or :meth:`trial` its run goes on while the trial does, and what the objective logs
    is in it. May be used for several studies, by several threads and, made anew in each, by several
    processes.

    Args:
        project: Of the trials' runs; by default that of the run around them.
        group: Of all these runs; by default the study's name.
        tags: Of the trials' runs.
        trials: False: trials are not made runs, since the objective starts runs of its own.
        figures: False: Optuna's own figures are not logged, also where plotly is installed.
    """

    def __init__(
        self,
        *,
        project: str | None = None,
        group: str | None = None,
        tags: Sequence[str] = (),
        trials: bool = True,
        figures: bool = True,
    ) -> None:
        self._project = project
        self._group = group
        self._tags = list(tags)
        self._trials = trials
        self._figures = figures
        self._tracked: set[tuple[str, int]] = set()
        self._around: dict[tuple[int, str], Run] = {}
        self._returned: dict[str, Any] = {}
        self._shown: dict[tuple[str, str], _Shown] = {}

    def __call__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """A trial has ended: what ``callbacks=[callback]`` is for."""
        guarded("optuna", self._after, study, trial)

    def track(self, objective: Callable[[optuna.Trial], Any]) -> Callable[[optuna.Trial], Any]:
        """The objective, each call of which is recorded as a run; also as a decorator.

        What it raises or returns reaches Optuna as ever.
        """

        @wraps(objective)
        def tracked(trial: optuna.Trial) -> Any:
            with ExitStack() as stack:
                run = guarded("optuna", stack.enter_context, self.trial(trial))
                values = objective(trial)
                if run is not None:
                    self._returned[run.id] = values
                return values

        tracked._nbtrack_callback = self  # type: ignore[attr-defined]
        return tracked

    @contextmanager
    def trial(self, trial: optuna.Trial) -> Iterator[Run]:
        """The run of a trial that was asked for by hand; it is current in the body of ``with``.

        ::

            trial = study.ask()
            with callback.trial(trial):
                callback(study, study.tell(trial, train(trial.suggest_float("lr", 1e-4, 1.0))))

        A trial that is told its value behind the body has none in its run.

        Raises:
            As :func:`nbtrack.init`.
        """
        study = trial.study
        around = self._run_of(study)
        key = (get_ident(), study.study_name)
        # Beside any other thread there may be more that have a trial each.
        apart = nullcontext() if current_thread() is main_thread() else _current.own_run()
        with apart, self._start(study, trial.number, around) as run:
            self._tracked.add((study.study_name, trial.number))
            self._around[key] = around
            teller = tellers[trial] = Teller(run)
            plain = type(trial)
            if plain is optuna.Trial:
                trial.__class__ = TrackedTrial
            guarded("optuna", teller.tell, trial)
            how = "raised"
            try:
                yield run
                how = "ended"
            except optuna.TrialPruned:
                how = "pruned"
                raise
            finally:
                trial.__class__ = plain
                del tellers[trial], self._around[key]
                guarded("optuna", self._end, run, teller, trial, how)

    def log_study(self, study: optuna.Study) -> None:
        """Log how the study stands: the table of its trials, the charts, what is best.

        That is done by itself too, now and then, and when the cell or the script ends.
        """
        guarded("optuna", self._look, study, None, True)

    def _after(self, study: optuna.Study, trial: FrozenTrial) -> None:
        run = self._run_of(study)
        place = (study.study_name, trial.number)
        if place in self._tracked:
            self._tracked.discard(place)
        elif self._trials:
            self._record(study, trial, run)
        self._look(study, trial, False)

    def _look(self, study: optuna.Study, trial: FrozenTrial | None, draw: bool) -> None:
        run = self._run_of(study)
        if not run.disabled and not run.finished:
            lock = _one_at_a_time.take()
            try:
                self._tell(run, study, trial, draw)
            finally:
                lock.release()

    def _tell(self, run: Run, study: optuna.Study, trial: FrozenTrial | None, draw: bool) -> None:
        shown = self._shown_of(run, study)
        if trial is not None:
            run.begin_armed()  # it may be a thread of optimize() that comes here
            # A worker adds to a run that others add to as well: each what it has done itself.
            trials = [trial] if run._is_child else finished(study)
            self._log_values(run, study, shown, trials)
        complete = self._sum_up(run, study, shown)
        waited = time.monotonic() - shown.drawn_at
        if draw or (complete >= FEWEST and waited > shown.seconds / _SHARE):
            self._draw(run, study)
        shown.attempt = run.attempt
        run.before_end((id(self), study.study_name), partial(self._draw_last, run, study))

    def _run_of(self, study: optuna.Study) -> Run:
        """The run around the trials, started if there is none."""
        around = self._around.get((get_ident(), study.study_name))
        if around is not None:
            return around
        lock = _one_at_a_time.take()
        try:
            run = _current.get_run()
            if run is None:
                run = _api.init(
                    self._project,
                    _name_of(study),
                    group=self._group or study.study_name,
                    job_type="study",
                )
            return run
        finally:
            lock.release()

    def _start(self, study: optuna.Study, number: int, around: Run) -> Run:
        # With an id of its own it is a run also where a worker would join that of its parent.
        where: dict[str, Any] = {"mode": "disabled"}
        if not around.disabled:
            where = {"dir": around.path.parent.parent, "sync": around._settings.sync}
        return _api.init(
            self._project or around.project,
            f"{_name_of(study) or 'trial'}-{number}",
            new_run_id(),
            group=self._group or study.study_name,
            job_type="trial",
            tags=self._tags,
            config={"optuna": {"study": study.study_name, "trial": number}},
            **where,
        )

    def _record(self, study: optuna.Study, trial: FrozenTrial, around: Run) -> None:
        """A trial that nobody tracked while it went on."""
        apart = nullcontext() if current_thread() is main_thread() else _current.own_run()
        with apart, self._start(study, trial.number, around) as run:
            teller = Teller(run)
            teller.tell(trial)
            close(run, teller, study, trial, trial.state)

    def _end(self, run: Run, teller: Teller, trial: optuna.Trial, how: str) -> None:
        """The body of ``with`` has ended; what it raised besides is the run's own affair."""
        teller.tell(trial)
        told, values = run.id in self._returned, self._returned.pop(run.id, None)
        if run.finished or how == "raised":
            return
        study = trial.study
        if told:
            close_with(run, study, values)
            return
        trials = study.get_trials(deepcopy=False)
        frozen = next(known for known in reversed(trials) if known.number == trial.number)
        state = TrialState.PRUNED if how == "pruned" else frozen.state
        close(run, teller, study, frozen, state)

    def _shown_of(self, run: Run, study: optuna.Study) -> _Shown:
        key = (run.id, study.study_name)
        shown = self._shown.setdefault(key, _Shown())
        if shown.attempt not in (None, run.attempt):  # each attempt shows all of the study
            shown = self._shown[key] = _Shown()
        return shown

    def _log_values(
        self, run: Run, study: optuna.Study, shown: _Shown, trials: list[FrozenTrial]
    ) -> None:
        names = value_names(study)
        me = object()
        for trial in trials:
            # Several threads come here: what one has taken is its own.
            if shown.values.setdefault(trial.number, me) is not me:
                continue
            kinds = trial.distributions.items()
            shown.distributions.update({name: str(kind) for name, kind in kinds})
            if trial.state != TrialState.COMPLETE:
                continue
            row = dict(zip(names, trial.values, strict=True))
            if len(names) == 1:
                if is_better(study, trial, shown.best):
                    shown.best = trial.value
                if shown.best is not None:
                    row["best_value"] = shown.best
            run.log(row, step=trial.number)

    def _sum_up(self, run: Run, study: optuna.Study, shown: _Shown) -> int:
        """Say in the run's config and summary how the study stands.

        Returns how many trials are complete.
        """
        about = {
            "study": study.study_name,
            "directions": [direction.name.lower() for direction in study.directions],
            "sampler": type(study.sampler).__name__,
            "pruner": type(study.pruner).__name__,
            "distributions": dict(shown.distributions),
            "user_attrs": study.user_attrs,
        }
        if about != shown.about:
            shown.about = about
            run.config.update({"optuna": about}, allow_val_change=True)
        states = [trial.state for trial in finished(study)]
        found: dict[str, Any] = {
            f"trials/{state.name.lower()}": states.count(state)
            for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
        }
        if len(study.directions) > 1:
            found["pareto_trials"] = [trial.number for trial in study.best_trials]
        else:
            with suppress(ValueError):  # none is complete, or none does what is demanded
                best = study.best_trial
                found.update(best_trial=best.number, best_value=best.value)
                found.update({f"best_params/{name}": it for name, it in best.params.items()})
        _update(run.summary, shown.summary, found)
        return states.count(TrialState.COMPLETE)

    def _draw(self, run: Run, study: optuna.Study, *, in_haste: bool = False) -> None:
        shown = self._shown_of(run, study)
        trials = finished(study)
        if run.finished or shown.drawn == len(trials):
            return
        # The first time imports what drawing needs, which a process that ends cannot do any more.
        first = not shown.drawn
        shown.drawn = len(trials)
        shown.drawn_at = began = time.monotonic()
        media: dict[str, Any] = {"trials": trials_table(study, trials)}
        if not in_haste:
            with quietly():
                media.update(charts(study))
                if self._figures:
                    media.update(figures(study))
        run.log(media, step=trials[-1].number, commit=False)
        shown.seconds = 0.0 if first else time.monotonic() - began

    def _finish(self, study: optuna.Study, in_peace: bool) -> None:
        """``optimize()`` has ended; what it raised waits for us."""
        run = self._run_of(study)
        if not run.disabled:
            self._sum_up(run, study, self._shown_of(run, study))
            if in_peace:
                self._draw_last(run, study)

    def _draw_last(self, run: Run, study: optuna.Study) -> None:
        slow = self._shown_of(run, study).seconds > _QUICK_SECONDS
        self._draw(run, study, in_haste=slow)


def _name_of(study: optuna.Study) -> str | None:
    """The name that somebody gave it."""
    return None if study.study_name.startswith("no-name-") else study.study_name


def _update(mapping: Any, known: dict[str, Any], new: dict[str, Any]) -> None:
    """Set what is not set so already: each change is recorded."""
    for key, value in new.items():
        if key not in known or known[key] != value:
            known[key] = value
            mapping[key] = value


_automatic = NbtrackCallback()


def autolog() -> None:
    """Have :meth:`optuna.Study.optimize` record trials and studies by itself."""
    _patching.around("optuna", optuna.Study, "optimize", _optimize)


def _optimize(original: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    prepared = guarded("optuna", _prepared, original, args, kwargs)
    if prepared is None:
        return original(*args, **kwargs)
    callback, bound = prepared
    returned = False
    try:
        result = original(*bound.args, **bound.kwargs)
        returned = True
        return result
    finally:
        guarded("optuna", callback._finish, bound.arguments["self"], returned)


def _prepared(
    original: Callable[..., Any], args: Any, kwargs: Any
) -> tuple[NbtrackCallback, inspect.BoundArguments]:
    """The call with the objective tracked and our callback among the others, unless it is there."""
    bound = inspect.signature(original).bind(*args, **kwargs)
    objective = bound.arguments["func"]
    callbacks = list(bound.arguments.get("callbacks") or ())
    known = [callback for callback in callbacks if isinstance(callback, NbtrackCallback)]
    of_objective = getattr(objective, "_nbtrack_callback", None)
    callback = known[0] if known else of_objective or _automatic
    if not known:
        bound.arguments["callbacks"] = [*callbacks, callback]
        if of_objective is None:
            bound.arguments["func"] = callback.track(objective)
    return callback, bound
