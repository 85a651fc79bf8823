"""``define_metric()``: what is across when a metric is drawn, and what its summary is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal, get_args

from ._errors import InvalidSettingError
from .store.metrics import SUMMARIES, Goal, MetricDefinition, defined
from .store.schema import ChangeKind


class Metric:
    """What was said of a metric, or of all that a pattern names, so far.

    Attributes:
        name: The metric, or the pattern.
        step_metric: The metric that is across when it is drawn; None: the step.
        step_sync: Whether rows without a value of ``step_metric`` take the latest.
        hidden: Whether it is not drawn unless somebody asks.
        summary: What of its values the summary has; None: the last.
        goal: ``minimize`` or ``maximize``; None: nobody said.
    """

    __slots__ = ("goal", "hidden", "name", "step_metric", "step_sync", "summary")

    def __init__(self, definition: MetricDefinition) -> None:
        self.name = definition.name
        self.step_metric = definition.step_metric
        self.step_sync = definition.step_sync
        self.hidden = definition.hidden
        self.summary = tuple(definition.summary) if definition.summary is not None else None
        self.goal = definition.goal

    def __repr__(self) -> str:
        return f"<nbtrack.Metric {self.name}>"


class Metrics(ABC):
    """A part of :class:`nbtrack.Run`."""

    _definitions: dict[str, MetricDefinition]

    @abstractmethod
    def _record(self, kind: ChangeKind, key: str, value: Any, what: str) -> None:
        """Record a change of the run that goes on."""

    def define_metric(
        self,
        name: str,
        step_metric: str | Metric | None = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | Sequence[str] | None = None,
        goal: Literal["minimize", "maximize"] | None = None,
        overwrite: bool | None = None,
    ) -> Metric:
        """Say what is across when a metric is drawn, and what its summary is.

        It holds for rows of before too. Called again for the same name it changes what it is given.

        Args:
            name: The metric, or a pattern: in ``val/*`` the ``*`` stands for any text. What a
                longer pattern says goes before a shorter one, and the name itself before both.
            step_metric: The metric that is across, logged in the same rows.
            step_sync: False: rows without a value of ``step_metric`` have none. By default they
                take the latest.
            hidden: True: not drawn unless somebody asks.
            summary: One or several of ``min``, ``max``, ``mean``, ``best``, ``last``, ``first``,
                as a list or with commas between; ``copy`` is the last value and no dictionary,
                ``none`` leaves the metric out.
            goal: Which values are the best; ``best`` needs it.
            overwrite: True: forget what was said of this name before.

        Raises:
            InvalidSettingError: An argument has a value that it cannot have.
            RunFinishedError: The run has ended.
        """
        value = {
            "step_metric": step_metric.name if isinstance(step_metric, Metric) else step_metric,
            "step_sync": step_sync,
            "hidden": hidden,
            "summary": _summary(summary),
            "goal": {"min": "minimize", "max": "maximize"}.get(goal, goal) if goal else None,
            "overwrite": overwrite,
        }
        value = {key: one for key, one in value.items() if one is not None}
        _check(name, value)
        definition = defined(self._definitions, name, value)
        if "best" in (definition.summary or ()) and definition.goal is None:
            raise _refused(
                f"summary 'best' of {name!r} has no goal", "Add goal='minimize' or goal='maximize'."
            )
        self._record("metric", name, value, "define a metric of")
        self._definitions[name] = definition
        return Metric(definition)


def _summary(summary: Any) -> list[str] | None:
    if summary is None:
        return None
    parts = summary.split(",") if isinstance(summary, str) else summary
    try:
        names = [str(part).strip().lower() for part in parts]
    except TypeError:
        raise _refused(f"summary={summary!r:.80} is no text and no list", _HOW) from None
    unknown = [name for name in names if name not in SUMMARIES]
    if unknown:
        raise _refused(f"summary {unknown[0]!r:.80} is none of {', '.join(SUMMARIES)}", _HOW)
    return list(dict.fromkeys(names))


_HOW = "Such as summary='min,last'."


def _check(name: Any, value: dict[str, Any]) -> None:
    step_metric = value.get("step_metric")
    if not isinstance(name, str) or not name:
        raise _refused(f"name={name!r:.80} is not the name of a metric")
    if step_metric is not None and (not isinstance(step_metric, str) or "*" in step_metric):
        raise _refused(f"step_metric={step_metric!r:.80} is not the name of a metric")
    if value.get("goal") not in (None, *get_args(Goal)):
        raise _refused(f"goal={value['goal']!r:.80} is neither 'minimize' nor 'maximize'")
    for flag in ("step_sync", "hidden", "overwrite"):
        if not isinstance(value.get(flag, False), bool):
            raise _refused(f"{flag}={value[flag]!r:.80} is neither True nor False")


def _refused(what: str, hint: str = "") -> InvalidSettingError:
    return InvalidSettingError(what, operation="define a metric", hint=hint)
