"""What people read of a run's metrics, alerts and changes of the config."""

from __future__ import annotations

from abc import ABC, abstractmethod

from . import query, reader
from .changes import ConfigChange, config_changes
from .fold import Fold
from .layout import RunDir
from .metrics import Aggregates, MetricDefinition, aggregates, definition_of, step_metric_of
from .result import ResultTable
from .schema import Alert


class MetricsView(ABC):
    """A part of :class:`nbtrack.RunView`."""

    _run_dir: RunDir

    @property
    @abstractmethod
    def _fold(self) -> Fold: ...

    @property
    def metrics(self) -> dict[str, MetricDefinition]:
        """What ``define_metric()`` said, by the name or the pattern that it was given."""
        return self._fold.metrics

    @property
    def alerts(self) -> list[Alert]:
        """What ``alert()`` was called with, in the order of time."""
        return self._fold.alerts

    @property
    def config_changes(self) -> list[ConfigChange]:
        """When each value of the config was set, and to what, in the order of time.

        Raises:
            StoreError: The files cannot be read.
        """
        return reader.read(self._run_dir, config_changes)

    def aggregates(self, key: str) -> Aggregates | None:
        """Smallest, largest, mean, first and last value of a metric, defined or not, over all
        attempts; the extremes name their attempt and step. None if it was never logged.

        Raises:
            StoreError: The files cannot be read.
        """
        definition = definition_of(self.metrics, key)
        return reader.read(
            self._run_dir, lambda taken: aggregates(reader.digest_of(taken), key, definition)
        )

    def history(self, *keys: str, x: str | None = None) -> ResultTable:
        """What was logged, never sampled.

        One key gives the columns ``attempt, step, time, value``, a row for every value logged, and
        ``text`` if any value is not exact as a number. Several keys, or none for all, give one
        wide table ``attempt, step, <key>, …`` with one row for each (attempt, step); where a key
        was logged twice for a step, the later value. The keys ``attempt`` and ``step`` become
        ``attempt.value`` and ``step.value`` there.

        Args:
            x: A metric that becomes a column too, behind ``step``: its value at each row's step, or
                else the latest of the attempt before it. By default the step metric that
                ``define_metric()`` gave the keys, if it is one and the same for all;
                ``"step"``: none.

        Raises:
            StoreError: The files cannot be read.
        """
        across = query.Across(x) if x not in (None, "step") else None
        if x is None and keys:
            found = [step_metric_of(self.metrics, key) for key in keys]
            names = {one.step_metric if one is not None else None for one in found}
            if found[0] is not None and found[0].step_metric is not None and len(names) == 1:
                synced = all(one is not None and one.step_sync is not False for one in found)
                across = query.Across(found[0].step_metric, latest=synced)
        return reader.read(
            self._run_dir, lambda taken: query.history(taken.source("metrics"), keys, across)
        )
