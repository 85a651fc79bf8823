"""PyTorch Lightning: a ``Logger``, for ``lightning.pytorch`` and ``pytorch_lightning`` alike."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from .. import _api
from .._errors import UsageError
from .._run import Run
from ..record.artifacts import Artifact
from ..record.media import Image, Table
from . import FRAMEWORKS, _patching

if "pytorch_lightning" in sys.modules and "lightning.pytorch" not in sys.modules:
    from pytorch_lightning.loggers import Logger
    from pytorch_lightning.loggers.logger import rank_zero_experiment
    from pytorch_lightning.utilities import rank_zero_only
else:
    from lightning.pytorch.loggers import Logger
    from lightning.pytorch.loggers.logger import rank_zero_experiment
    from lightning.pytorch.utilities import rank_zero_only

__all__ = ["NbtrackLogger", "autolog"]


class NbtrackLogger(Logger):
    """Logs what ``self.log()`` is given to the current run, and has the hyperparameters as config.

    Metrics keep their names, and Lightning's step is the step. Of several processes the first logs.
    """

    def __init__(
        self,
        log_model: Literal["all"] | bool = False,
        prefix: str = "",
        save_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        """Begin with nothing logged; a run is started by what is logged first, if there is none.

        Args:
            log_model: ``"all"`` records checkpoints as versions of the artifact ``model-<id of the
                run>`` when they are saved, True those that are left when the training ends. The
                best one is called ``best``.
            prefix: Stands before the names of all metrics, with a ``/`` between.
            save_dir: Where Lightning saves checkpoints, in ``<project>/<id of the run>``; by
                default the trainer's ``default_root_dir``.

        Raises:
            UsageError: ``log_model`` is none of these.
        """
        super().__init__()
        if log_model not in ("all", True, False):
            raise UsageError(
                f"log_model={log_model!r}",
                operation="make an NbtrackLogger",
                hint="Use 'all', True or False.",
            )
        self._log_model = log_model
        self._prefix = prefix
        self._save_dir = None if save_dir is None else os.fspath(save_dir)
        self._callbacks: list[Any] = []
        # When those that were recorded were written.
        self._recorded: dict[str, int] = {}

    @property
    @rank_zero_experiment
    def experiment(self) -> Run:
        """The current run; in processes that log nothing, something that does nothing."""
        return _api.current_run()

    @property
    def name(self) -> str | None:
        """The project of the run; None in processes that log nothing."""
        return None if rank_zero_only.rank else self.experiment.project

    @property
    def version(self) -> str | None:
        """The id of the run; None in processes that log nothing."""
        return None if rank_zero_only.rank else self.experiment.id

    @property
    def save_dir(self) -> str | None:
        """Where Lightning saves checkpoints; None: where it does by default."""
        return self._save_dir

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log a row; Lightning calls it with what ``self.log()`` was given."""
        _patching.guarded("lightning", self._log, metrics, step)

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Set the config; Lightning calls it with what ``save_hyperparameters()`` saved."""
        _patching.guarded("lightning", self._describe, params)

    @rank_zero_only
    def log_graph(self, model: Any, input_array: Any = None) -> None:
        """Record the layers of a model, unless it is watched already; Lightning calls it."""
        _patching.guarded("lightning", self._watch, model)

    @rank_zero_only
    def log_image(
        self, key: str, images: Sequence[Any], step: int | None = None, **kwargs: Sequence[Any]
    ) -> None:
        """Log pictures under one name.

        Args:
            key: The name.
            images: Whatever :class:`nbtrack.Image` takes, one for each picture.
            step: The step.
            kwargs: Arguments of :class:`nbtrack.Image`, such as ``caption``: a list each, with one
                value for each picture.

        Raises:
            UsageError: A list has not one value for each picture.
        """
        for name, values in kwargs.items():
            if len(values) != len(images):
                raise UsageError(
                    f"{name} has {len(values)} values for {len(images)} pictures",
                    operation="log pictures",
                )
        pictures = [
            Image(image, **{name: values[at] for name, values in kwargs.items()})
            for at, image in enumerate(images)
        ]
        self._log({key: pictures}, step)

    @rank_zero_only
    def log_table(
        self,
        key: str,
        columns: list[str] | None = None,
        data: Any = None,
        dataframe: Any = None,
        step: int | None = None,
    ) -> None:
        """Log a table; see :class:`nbtrack.Table`."""
        self._log({key: Table(columns=columns, data=data, dataframe=dataframe)}, step)

    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        """Record checkpoints, if that was asked for; called by Lightning."""
        if self._log_model == "all":
            self._record(checkpoint_callback)
        elif self._log_model and checkpoint_callback not in self._callbacks:
            self._callbacks.append(checkpoint_callback)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Record what checkpoints are left; called by Lightning. The run goes on."""
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            self._record(callback)

    def _log(self, metrics: Mapping[str, Any], step: int | None) -> None:
        if self._prefix:
            metrics = {f"{self._prefix}/{key}": value for key, value in metrics.items()}
        _api.log(dict(metrics), step=step)

    def _describe(self, params: Any) -> None:
        _api.current_run().config.update(params)

    def _watch(self, model: Any) -> None:
        run = _api.current_run()
        if not run.is_watching(model):
            run.watch(model, log=None)

    @rank_zero_only
    def _record(self, callback: Any) -> None:
        _patching.guarded("lightning", self._record_new, callback)

    def _record_new(self, callback: Any) -> None:
        """Record the checkpoints that were written since."""
        best = str(getattr(callback, "best_model_path", ""))
        last = str(getattr(callback, "last_model_path", ""))
        scores = dict(getattr(callback, "best_k_models", {}))
        run = _api.current_run()
        paths = [
            path for path in {**scores, best: None, last: None} if path and Path(path).exists()
        ]
        written = {path: Path(path).stat().st_mtime_ns for path in paths}
        for path in sorted(paths, key=written.__getitem__):
            if self._recorded.get(path) == written[path]:
                continue
            self._recorded[path] = written[path]
            metadata: dict[str, Any] = {"file": Path(path).name}
            if path in scores:
                metadata.update({"monitor": callback.monitor, "score": float(scores[path])})
            artifact = Artifact(f"model-{run.id}", "model", metadata=metadata)
            (artifact.add_dir if Path(path).is_dir() else artifact.add_file)(path)
            run.log_artifact(artifact, aliases=["best"] if path == best else None)


def autolog() -> None:
    """Give each ``Trainer`` that is made from now on this logger too, unless it has it.

    One that is made with ``logger=False`` or ``fast_dev_run`` keeps none.
    """
    for name in FRAMEWORKS["lightning"].packages:
        if name in sys.modules:
            _patching.around("lightning", sys.modules[name].Trainer, "__init__", _init)


def _init(original: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    result = original(*args, **kwargs)
    _patching.guarded("lightning", _add_logger, args[0])
    return result


def _add_logger(trainer: Any) -> None:
    loggers = trainer.loggers
    has_one = any(isinstance(logger, NbtrackLogger) for logger in loggers)
    if loggers and not has_one and not trainer.fast_dev_run:
        # Behind the others: the first one says where checkpoints go.
        trainer.loggers = [*loggers, NbtrackLogger()]
