"""What a study of Optuna looks like: its trials as a table, importances and fronts as charts."""

from __future__ import annotations

import contextlib
import math
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from .. import plot
from ..record.media import Figure, Media, Table

# A trial's attribute with its constraints, as samplers keep it; all of them hold at 0 or below.
_CONSTRAINTS = "constraints"
# With fewer complete trials there is nothing to compare.
FEWEST = 2


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that have ended, in order."""
    ended = [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]
    return sorted(ended, key=lambda trial: trial.number)


def value_names(study: optuna.Study) -> list[str]:
    """What the objectives are called: ``value``, or ``values/0`` and so on if there are several."""
    if len(study.directions) == 1:
        return ["value"]
    names = getattr(study, "metric_names", None) or range(len(study.directions))
    return [f"values/{name}" for name in names]


def why_no_value(study: optuna.Study, returned: Any) -> str | None:
    """Why Optuna counts a trial as failed whose objective returned this; None: it does not."""
    shown = f"the objective returned {returned!r:.80}"
    values = returned if isinstance(returned, Sequence) else [returned]
    try:
        if any(math.isnan(float(value)) for value in values):
            return f"{shown}, which is no value"
    except (TypeError, ValueError):
        return f"{shown}, which is no number"
    if len(values) != len(study.directions):
        return f"{shown}: {len(values)} values for {len(study.directions)} objectives"
    return None


def is_better(study: optuna.Study, trial: FrozenTrial, best: float | None) -> bool:
    """Whether the only value of a complete trial is better than the best before."""
    constraints = trial.system_attrs.get(_CONSTRAINTS) or ()
    if any(value > 0 for value in constraints):
        return False
    if best is None:
        return True
    least = study.directions[0] == optuna.study.StudyDirection.MINIMIZE
    return bool(trial.value < best if least else trial.value > best)


def trials_table(study: optuna.Study, trials: Iterable[FrozenTrial]) -> Table:
    """The trials, a row each, with the names that ``study.trials_dataframe()`` has."""
    rows = list(trials)
    names = [name.replace("/", "_") for name in value_names(study)]
    params = _keys(trial.params for trial in rows)
    attributes = _keys(trial.user_attrs for trial in rows)
    columns = [
        "number",
        *names,
        *(f"params_{name}" for name in params),
        *(f"user_attrs_{name}" for name in attributes),
        *("state", "duration_seconds", "datetime_start", "datetime_complete"),
    ]
    data = [
        [
            trial.number,
            *(trial.values or [None] * len(names)),
            *(trial.params.get(name) for name in params),
            *(trial.user_attrs.get(name) for name in attributes),
            trial.state.name,
            trial.duration.total_seconds() if trial.duration is not None else None,
            *(trial.datetime_start, trial.datetime_complete),
        ]
        for trial in rows
    ]
    return Table(columns=columns, data=data)


def _keys(mappings: Iterable[dict[str, Any]]) -> list[str]:
    return sorted({key for mapping in mappings for key in mapping})


def charts(study: optuna.Study) -> Iterator[tuple[str, Media]]:
    """Charts of a study with their keys: those for which it has enough complete trials."""
    names = value_names(study)
    if len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))) < FEWEST:
        return
    for at, name in enumerate(names):
        target = None if len(names) == 1 else _value_of(at)
        key = "param_importances" if target is None else f"param_importances/{_short(name)}"
        # Too few trials, values that are all the same, a package that is missing.
        with contextlib.suppress(Exception):
            found = optuna.importance.get_param_importances(study, target=target)
            if found:
                yield key, _bars(found)
    if len(names) == 2:
        front = [[*trial.values, trial.number] for trial in study.best_trials]
        if front:
            x, y = (f"objective {name}" if name.isdigit() else name for name in map(_short, names))
            table = Table(columns=[x, y, "number"], data=front)
            yield "pareto_front", plot.scatter(table, x, y, "Trials that no other is better than")


def _short(name: str) -> str:
    return name.removeprefix("values/")


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Optuna's warnings about what is drawn are kept from the person, who did not ask for it.

    In the main thread only: filters of warnings are the whole process's.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _value_of(at: int) -> Callable[[FrozenTrial], float]:
    return lambda trial: float(trial.values[at])


def _bars(importances: dict[str, float]) -> Media:
    table = Table(
        columns=["parameter", "importance"],
        data=[[name, float(value)] for name, value in importances.items()],
    )
    return plot.bar(table, "parameter", "importance", "How much each parameter matters")


def figures(study: optuna.Study) -> Iterator[tuple[str, Media]]:
    """Optuna's own figures with their keys; none where plotly is not installed."""
    from optuna import visualization

    if not visualization.is_available():
        return
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not any(trial.params for trial in complete):
        return
    several = len(study.directions) > 1
    if several:
        wanted = [("pareto", visualization.plot_pareto_front)]
    else:
        wanted = [
            ("optimization_history", visualization.plot_optimization_history),
            ("parallel_coordinate", visualization.plot_parallel_coordinate),
            ("slice", visualization.plot_slice),
        ]
    for key, draw in wanted:
        with contextlib.suppress(Exception):  # more objectives than it can draw
            yield f"figures/{key}", Figure(draw(study))
