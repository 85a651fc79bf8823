"""Hugging Face Transformers: a callback for ``Trainer``, and ``report_to="nbtrack"``."""

from __future__ import annotations

import functools
import inspect
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import transformers
from transformers import Trainer, TrainerCallback
from transformers.integrations import INTEGRATION_TO_CALLBACK, integration_utils

from .. import _api, _current
from .._errors import UsageError
from .._run import Run
from ..record.artifacts import Artifact
from . import _patching

__all__ = ["NbtrackCallback", "autolog"]

_NAME = "nbtrack"
_LEAST_WATCH_STEPS = 100
_SIGNATURE = inspect.signature(Trainer.__init__)


class NbtrackCallback(TrainerCallback):
    """Logs what a ``Trainer`` reports to the current run, and has the arguments as its config.

    Metrics are called as in other trackers: ``loss`` is ``train/loss``, ``eval_loss`` is
    ``eval/loss``; the trainer's global step is the step. Of several processes the first logs.
    Each trial of ``hyperparameter_search()`` is a run of its own.
    """

    def __init__(
        self,
        log_model: Literal["checkpoint", "end"] | None = None,
        watch: Literal["gradients", "parameters", "all"] | None = None,
    ) -> None:
        """Begin with nothing logged.

        Args:
            log_model: ``"checkpoint"`` records each checkpoint as a version of the artifact
                ``model-<id of the run>``, called ``step-<n>``, and ``best`` if it is;
                ``"end"`` the model that the training ended with, with its tokenizer.
            watch: Of what of the model there are histograms; see :meth:`nbtrack.Run.watch`. The
                layers are always recorded. A model that is watched already stays so.

        Raises:
            UsageError: ``log_model`` is none of these.
        """
        if log_model not in (None, "checkpoint", "end"):
            raise UsageError(
                f"log_model={log_model!r}",
                operation="make an NbtrackCallback",
                hint="Use 'checkpoint', 'end' or None.",
            )
        self._log_model = log_model
        self._watch = watch
        self._described: tuple[str, int] | None = None
        self._trial: Run | None = None
        self._is_evaluated = False
        self._is_trained = False

    def on_train_begin(
        self, args: Any, state: Any, control: Any, model: Any = None, **others: Any
    ) -> None:
        """Record the arguments, the model's config and its layers."""
        self._guarded(state, self._begin, args, state, model)

    def on_log(
        self,
        args: Any,
        state: Any,
        control: Any,
        logs: Mapping[str, Any] | None = None,
        model: Any = None,
        **others: Any,
    ) -> None:
        """Log what is reported now."""
        self._guarded(state, self._log, args, state, model, logs or {})

    def on_evaluate(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """An evaluation has been logged."""
        self._guarded(state, self._evaluated)

    def on_predict(
        self, args: Any, state: Any, control: Any, metrics: Mapping[str, Any], **others: Any
    ) -> None:
        """Log what ``predict()`` measured, which the trainer does not report."""
        self._guarded(state, self._log, args, state, others.get("model"), metrics)

    def on_save(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Record a checkpoint, if that was asked for."""
        if self._log_model == "checkpoint":
            self._guarded(state, self._keep_checkpoint, args, state)

    def on_train_end(
        self, args: Any, state: Any, control: Any, model: Any = None, **others: Any
    ) -> None:
        """Record the model, if that was asked for."""
        if self._log_model == "end":
            processing = others.get("processing_class")
            self._guarded(state, self._keep_model, state, model, processing)
        self._guarded(state, self._trained)

    def _guarded(self, state: Any, ours: Callable[..., None], *given: Any) -> None:
        # One of several processes, and one of several callbacks of a trainer.
        first = vars(state).setdefault("_nbtrack_callback", id(self))
        if state.is_world_process_zero and first == id(self):
            _patching.guarded("transformers", ours, *given)

    def _begin(self, args: Any, state: Any, model: Any) -> None:
        if self._trial is not None:  # it raised, and the search goes on
            self._trial.finish(exit_code=1)
            self._leave_trial()
        self._is_evaluated = self._is_trained = False
        if state.is_hyper_param_search:
            self._trial = _begin_trial(args, state).__enter__()
        self._described = None
        self._describe(args, model)
        run = _api.current_run()
        if model is not None and not run.is_watching(model):
            frequency = max(_LEAST_WATCH_STEPS, int(state.logging_steps or 0))
            run.watch(model, log=self._watch, log_freq=frequency)

    def _describe(self, args: Any, model: Any) -> None:
        """Set the config, unless it is that of these arguments."""
        run = _api.current_run()
        if self._described != (run.id, id(args)):
            self._described = (run.id, id(args))
            run.config.update({**_config_of(model), **args.to_dict()})

    def _log(self, args: Any, state: Any, model: Any, logs: Mapping[str, Any]) -> None:
        self._describe(args, model)
        row = {_name(key): value for key, value in logs.items()}
        _api.log(row, step=state.global_step)

    def _evaluated(self) -> None:
        self._is_evaluated = True
        if self._is_trained:
            self._leave_trial()

    def _trained(self) -> None:
        self._is_trained = True
        # A trial that was not evaluated yet will be.
        if self._is_evaluated:
            self._leave_trial()

    def _leave_trial(self) -> None:
        trial, self._trial = self._trial, None
        if trial is not None:
            trial.__exit__(None, None, None)

    def _keep_checkpoint(self, args: Any, state: Any) -> None:
        folder = Path(args.output_dir, f"checkpoint-{state.global_step}")
        if state.is_hyper_param_search:
            folders = Path(args.output_dir).glob(f"run-*/{folder.name}")
            folder = max(folders, key=lambda path: path.stat().st_mtime_ns, default=folder)
        aliases = [f"step-{state.global_step}"]
        best = state.best_model_checkpoint
        if best is not None and Path(best).resolve() == folder.resolve():
            aliases.append("best")
        self._keep(folder, state, aliases)

    def _keep_model(self, state: Any, model: Any, processing: Any) -> None:
        with tempfile.TemporaryDirectory(prefix="nbtrack-") as folder:
            for part in (model, processing):
                if part is not None:
                    part.save_pretrained(folder)
            self._keep(Path(folder), state, ["final"])

    def _keep(self, folder: Path, state: Any, aliases: list[str]) -> None:
        run = _api.current_run()
        metadata = {"step": state.global_step, "epoch": state.epoch}
        artifact = Artifact(f"model-{run.id}", "model", metadata=metadata)
        artifact.add_dir(folder)
        run.log_artifact(artifact, aliases=aliases)


def autolog() -> None:
    """Give each ``Trainer`` that is made from now on a callback, unless it has one."""
    _patching.before("transformers", Trainer, "__init__", _prepare)


def _prepare(args: _patching.Args, kwargs: _patching.Kwargs) -> tuple[Any, Any]:
    # With those of the person, since some that come later take values out of what is reported.
    given = _SIGNATURE.bind_partial(*args, **kwargs)
    callbacks = list(given.arguments.get("callbacks") or ())
    reported_to = getattr(given.arguments.get("args"), "report_to", None) or ()
    if _NAME not in reported_to and not any(map(_is_ours, callbacks)):
        given.arguments["callbacks"] = [*callbacks, NbtrackCallback()]
    return given.args, given.kwargs


def _is_ours(callback: Any) -> bool:
    kind = callback if isinstance(callback, type) else type(callback)
    return issubclass(kind, NbtrackCallback)


def _begin_trial(args: Any, state: Any) -> Run:
    """Start the run of a trial: where the current one is, and as that one is."""
    around = _current.get_run()
    places: dict[str, Any] = {}
    if around is not None and around.disabled:
        places["mode"] = "disabled"
    elif around is not None:
        places.update(project=around.project, dir=around.path.parents[1])
    group = args.run_name or str(args.output_dir)
    return _api.init(name=state.trial_name, group=group, **places)


def _config_of(model: Any) -> dict[str, Any]:
    config = getattr(model, "config", None)
    if config is None:
        return {}
    return dict(config if isinstance(config, Mapping) else config.to_dict())


def _name(key: str) -> str:
    """What a metric is called, such as ``eval/loss``."""
    for kind in ("eval", "test"):
        if key.startswith(f"{kind}_"):
            return f"{kind}/{key.removeprefix(f'{kind}_')}"
    return f"train/{key}"


def _with_ours(function: Callable[[], list[str]]) -> Callable[[], list[str]]:
    """What ``report_to="all"`` means, with this one."""

    @functools.wraps(function)
    def available() -> list[str]:
        found = function()
        return found if _NAME in found else [*found, _NAME]

    return available


INTEGRATION_TO_CALLBACK[_NAME] = NbtrackCallback
# Before, all is what is reported to if nobody says anything.
if int(transformers.__version__.partition(".")[0]) >= 5:
    _available = _with_ours(integration_utils.get_available_reporting_integrations)
    integration_utils.get_available_reporting_integrations = _available
    transformers.integrations.get_available_reporting_integrations = _available
