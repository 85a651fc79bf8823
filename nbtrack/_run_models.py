"""``run.watch()``: the models whose layers and learning a run records."""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from ._attempts import ArmedCursor, CellInfo
from ._errors import InvalidSettingError, NbtrackError, NbtrackWarning
from ._timeline import Timeline
from .store.schema import Failure, Outcome

if TYPE_CHECKING:
    from .record.model.watches import Watches
    from .store.model import ModelInfo

_LOGS = ("gradients", "parameters", "all", None)
# What the timeline tells of a model.
_TOLD = ("framework", "type", "parameters", "trainable")


class Models(Timeline):
    """The part of a run that watches models."""

    _watches: Watches | None = None

    if TYPE_CHECKING:  # what a whole run has

        def begin_attempt(self, cell: CellInfo) -> int: ...

        def log(
            self, data: Mapping[str, Any], step: int | None = None, commit: bool = True
        ) -> None: ...

    def watch(
        self,
        models: Any,
        criterion: Any = None,
        log: Literal["gradients", "parameters", "all"] | None = "gradients",
        log_freq: int = 1000,
        idx: int | None = None,
        log_graph: bool = False,
    ) -> None:
        """Record what a model is made of, and histograms of what it learns.

        The layers go into ``model.json`` at once, and again when their output shapes are seen: in
        the first pass through the model. What ``torch.compile`` or a parallel wrapper made of a
        model is the same as the model; a compiled pass tells no shapes.

        Of a torch model there are histograms of 64 bins: in the first batch and every
        ``log_freq``-th after it, at the step that the next row gets. A batch is a backward pass
        that reaches the parameters. They are taken when it is over: gradients as they lie in
        ``.grad``, not clipped yet, parameters as they were in the pass. Of a tensor with more than
        16,384 values, that many evenly spaced ones are counted; the range is always that of all.
        What is not a number or infinite is counted apart, and said in a warning.

        A model of Keras or an estimator of scikit-learn is looked at now, and again when a tracked
        cell or the run ends. A model that is watched already is watched anew.

        Args:
            models: A ``torch.nn.Module``, a model of Keras 3, an estimator of scikit-learn; or a
                list of them.
            criterion: Takes what other trackers take, and is not used.
            log: Of what there are histograms; None: of nothing.
            log_freq: Every how manieth batch.
            idx: Tells this model from others in the run, from 0; of a list, the first's. By default
                the lowest number that no model has that still exists. Keys of the models after 0
                have the model's name in them: ``gradients/Critic/0.weight``.
            log_graph: Takes what other trackers take: the layers are always recorded.

        Raises:
            InvalidDataError: It is no model of a kind that is known.
            InvalidSettingError: ``log``, ``log_freq`` or ``idx`` has a value that it cannot have.
            RunFinishedError: The run has ended.
            UsageError: torch is older than 2.1.
        """
        if self._finished:
            self._refuse_finished("watch a model in")
        if log not in _LOGS:
            _refuse("log", log, "Use 'gradients', 'parameters', 'all' or None.")
        if type(log_freq) is not int or log_freq < 1:
            _refuse("log_freq", log_freq, "Use a number of batches, 1 or more.")
        if idx is not None and (type(idx) is not int or idx < 0):
            _refuse("idx", idx, "Use a number, 0 or more.")
        if self._watches is None:
            from .record.model.watches import Watches

            self._told: set[str] = set()
            self._watcher = threading.get_ident()
            self._watches = Watches(self._keep_model, self._log_histograms, _say)
        for at, model in enumerate(_listed(models)):
            number = None if idx is None else idx + at
            self._watches.begin(model, log=log, log_freq=log_freq, number=number)

    def unwatch(self, models: Any = None) -> None:
        """Watch these models no more, and leave them as they were before.

        Args:
            models: A model or a list of them; None: all that this run watches.

        Raises:
            InvalidDataError: It is no model of a kind that is known.
        """
        if self._watches is not None:
            self._watches.end(None if models is None else _listed(models))

    def is_watching(self, model: Any) -> bool:
        """Whether this model is watched; raises as :meth:`unwatch`."""
        return self._watches is not None and self._watches.has(model)

    @property
    def is_untouched(self) -> bool:
        """Whether there is nothing yet but perhaps an open attempt without rows."""
        return super().is_untouched and self._watches is None

    def end_attempt(self, outcome: Outcome, failure: Failure | None) -> None:
        """The tracked cell has ended so. Does nothing if none is open."""
        self._look_again()
        super().end_attempt(outcome, failure)

    def _end_journal(self) -> None:
        if not self._finished and self._watches is not None:
            with contextlib.suppress(Exception):  # a foreign model may raise anything
                self._watches.end()
        super()._end_journal()

    def _look_again(self) -> None:
        if self._watches is not None:
            with contextlib.suppress(Exception):  # a foreign model may raise anything
                self._watches.refresh()

    def _keep_model(self, model: ModelInfo) -> None:
        from .store.model import keep_model

        try:
            keep_model(self._run_dir, model)
        except (OSError, NbtrackError) as error:
            _say(f"the layers of {model.name} cannot be kept: {error}")
        if model.name not in self._told:
            self._told.add(model.name)
            self._change("model", model.name, {name: getattr(model, name) for name in _TOLD})

    def _log_histograms(self, row: Mapping[str, Any]) -> None:
        """Log a row at the step of the next one.

        Gradients on a GPU are finished by threads that Python did not start, while the thread that
        trains waits for them: the row belongs to the cell that this thread runs.
        """
        cursor = self._cursor
        if isinstance(cursor, ArmedCursor) and cursor.thread_id == self._watcher:
            started = {thread.ident for thread in threading.enumerate()}
            if threading.get_ident() not in started:
                self.begin_attempt(cursor.cell)
        self.log(row, commit=False)


def _listed(models: Any) -> list[Any]:
    return list(models) if type(models) in (list, tuple) else [models]


def _refuse(name: str, value: Any, hint: str) -> None:
    raise InvalidSettingError(f"{name}={value!r:.80}", operation="watch a model", hint=hint)


def _say(text: str) -> None:
    # Where warnings are made errors, this one is not worth an end of the training.
    with contextlib.suppress(Warning):
        warnings.warn(f"nbtrack: {text}", NbtrackWarning, stacklevel=2)
