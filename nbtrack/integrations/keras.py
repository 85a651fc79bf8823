"""Keras 3: callbacks for ``fit()`` and ``evaluate()``, with any backend."""

from __future__ import annotations

import glob
import inspect
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from .. import _api
from .._errors import UsageError
from ..record.artifacts import Artifact
from . import _patching

__all__ = ["NbtrackCallback", "NbtrackModelCheckpoint", "autolog"]


class NbtrackCallback(keras.callbacks.Callback):
    """Logs what ``fit()`` has in its history to the current run: a row for each epoch.

    Metrics keep their names, the learning rate is there too, and the epoch is the step. What
    ``evaluate()`` alone measures has ``test_`` before its name.
    """

    def __init__(self, log_freq: int | None = None) -> None:
        """Begin with nothing logged.

        Args:
            log_freq: Log also every how manieth batch, as ``batch/<name>``, with the number of the
                batch as the step. By default no batch: then nothing is called for batches.

        Raises:
            UsageError: ``log_freq`` is not a number of batches.
        """
        super().__init__()
        if log_freq is not None:
            if type(log_freq) is not int or log_freq < 1:
                raise UsageError(
                    f"log_freq={log_freq!r}",
                    operation="make an NbtrackCallback",
                    hint="Use a number of batches, 1 or more, or None.",
                )
            # Only then: Keras waits for each batch if somebody wants to know of it.
            self.on_train_batch_end = self._on_batch
        self._log_freq = log_freq or 0
        self._is_fitting = False
        self._before = self._done = self._next = 0

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Record what is trained and how."""
        self._is_fitting = True
        self._before = self._done = self._next = 0
        _patching.guarded("keras", self._describe)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Know which batch comes next."""
        steps = (self.params or {}).get("steps")
        self._before = epoch * steps if steps else self._done

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Log the epoch."""
        _patching.guarded("keras", self._log_epoch, epoch, logs or {})

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """From now on, what is evaluated is no validation."""
        self._is_fitting = False

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Log what ``evaluate()`` measured, unless it was called by ``fit()``."""
        if not self._is_fitting:
            row = {f"test_{name}": value for name, value in (logs or {}).items()}
            _patching.guarded("keras", _api.log, row)

    def _on_batch(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        step = self._before + batch
        self._done = step + 1
        if step >= self._next:
            self._next = step + self._log_freq
            row = {f"batch/{name}": value for name, value in (logs or {}).items()}
            _patching.guarded("keras", _api.log, row, step)

    def _describe(self) -> None:
        run, model = _api.current_run(), self.model
        optimizer = getattr(model, "optimizer", None)
        params = self.params or {}
        config = {
            "backend": keras.backend.backend(),
            "loss": _name(getattr(model, "loss", None)),
            "optimizer": optimizer.get_config() if optimizer is not None else None,
            **{name: params[name] for name in ("epochs", "steps") if name in params},
        }
        run.config.update({name: value for name, value in config.items() if value is not None})
        if not run.is_watching(model):
            run.watch(model)

    def _log_epoch(self, epoch: int, logs: Mapping[str, Any]) -> None:
        row = dict(logs)
        optimizer = getattr(self.model, "optimizer", None)
        rate = getattr(optimizer, "learning_rate", None)
        if "learning_rate" not in row and rate is not None:
            row["learning_rate"] = float(keras.ops.convert_to_numpy(rate))
        _api.log(row, step=epoch)


class NbtrackModelCheckpoint(keras.callbacks.ModelCheckpoint):
    """A ``ModelCheckpoint`` whose files are versions of the artifact ``model-<id of the run>``.

    With ``save_best_only`` the latest is called ``best``. Takes what ``ModelCheckpoint`` takes.
    """

    _known: Mapping[str, int] = {}

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """What lies there now is of another training."""
        super().on_train_begin(logs)
        self._known = self._files()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Save if it is time to, and record what was saved."""
        super().on_train_batch_end(batch, logs)
        if self.save_freq != "epoch":
            _patching.guarded("keras", self._record, {"batch": batch}, logs)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Save if it is time to, and record what was saved."""
        super().on_epoch_end(epoch, logs)
        _patching.guarded("keras", self._record, {"epoch": epoch}, logs)

    def _record(self, when: Mapping[str, int], logs: Mapping[str, Any] | None) -> None:
        before, self._known = self._known, self._files()
        run = _api.current_run()
        for path, written in self._known.items():
            if before.get(path) != written:
                numbers = {name: float(value) for name, value in (logs or {}).items()}
                metadata = {"file": Path(path).name, **when, **numbers}
                artifact = Artifact(f"model-{run.id}", "model", metadata=metadata)
                artifact.add_file(path)
                run.log_artifact(artifact, aliases=["best"] if self.save_best_only else None)

    def _files(self) -> dict[str, int]:
        """The files that are called as checkpoints are, and when they were written."""
        pattern = re.sub(r"\{[^}]*\}", "*", glob.escape(os.fspath(self.filepath)))
        return {path: Path(path).stat().st_mtime_ns for path in sorted(glob.glob(pattern))}


def autolog() -> None:
    """Give ``fit()`` and ``evaluate()`` a callback, unless they are given one."""
    for name in ("fit", "evaluate"):
        signature = inspect.signature(getattr(keras.Model, name))
        _patching.before("keras", keras.Model, name, _Preparation(signature))


class _Preparation:
    """What is done to the arguments of a call."""

    def __init__(self, signature: inspect.Signature) -> None:
        self._signature = signature

    def __call__(self, args: _patching.Args, kwargs: _patching.Kwargs) -> tuple[Any, Any]:
        given = self._signature.bind_partial(*args, **kwargs)
        callbacks = given.arguments.get("callbacks") or []
        # fit() calls evaluate() with all of them in a list of its own.
        if not isinstance(callbacks, keras.callbacks.CallbackList):
            several = list(callbacks) if isinstance(callbacks, list | tuple) else [callbacks]
            if not any(isinstance(callback, NbtrackCallback) for callback in several):
                given.arguments["callbacks"] = [*several, NbtrackCallback()]
        return given.args, given.kwargs


def _name(loss: Any) -> Any:
    """What a loss, or each of several, is called."""
    if isinstance(loss, Mapping):
        return {key: _name(one) for key, one in loss.items()}
    if isinstance(loss, list | tuple):
        return [_name(one) for one in loss]
    if loss is None or isinstance(loss, str):
        return loss
    return getattr(loss, "name", None) or getattr(loss, "__name__", None) or type(loss).__name__
