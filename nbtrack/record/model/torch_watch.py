"""Watching a torch model while it is trained: its layers, and histograms of what it learns."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from ..._errors import UsageError
from ...store.model import ModelInfo
from . import torch_histograms
from .torch_layers import FirstPass, Hook, describe, is_unfinished, unwrapped

if TYPE_CHECKING:
    import torch

    from ..media.tensor_histogram import TensorHistogram

Log = Literal["gradients", "parameters", "all"]


class TorchWatch:
    """One model that is watched. The model does not keep this alive, nor this the model.

    Args:
        model: The model.
        name: What it is called in the run.
        prefix: Goes before the names of its parameters in the keys of histograms.
        log: Of what there are histograms.
        log_freq: Every how manieth batch they are taken, from the first on. Each backward pass that
            reaches the parameters is a batch.
        keep: Takes the description, at once and when more is known.
        record: Takes a row of histograms.
        say: Takes what a person should know.

    Raises:
        UsageError: This torch is too old.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        *,
        name: str,
        prefix: str,
        log: Log | None,
        log_freq: int,
        keep: Callable[[ModelInfo], None],
        record: Callable[[dict[str, Any]], None],
        say: Callable[[str], None],
    ) -> None:
        import torch

        if not hasattr(torch.Tensor, "register_post_accumulate_grad_hook"):
            raise UsageError(
                f"torch {torch.__version__} is too old to be watched",
                operation="watch a model",
                hint="Use torch 2.1 or newer.",
            )
        inner = unwrapped(model)
        self.name = name
        self._model = weakref.ref(inner)
        self._prefix = prefix
        self._log = log
        self._log_freq = log_freq
        self._keep = keep
        self._record = record
        self._say = say
        self._said: set[str] = set()
        self._handles: list[Any] = []
        self._batches = 0
        self._due = 1
        keep(describe(inner, name, {}))
        self._first_pass = FirstPass(inner, self._passed, self._fail)
        if log is not None and not is_unfinished(inner):
            self._count_batches(inner)

    @property
    def model(self) -> object | None:
        """The model, without what wraps it; None once it is gone."""
        return self._model()

    def stop(self) -> None:
        """Take every hook off the model."""
        seen = self._first_pass.shapes and not self._first_pass.ended
        self._first_pass.end()
        handles, self._handles = self._handles, []
        for handle in handles:
            handle.remove()
        if seen:
            self._keep_shapes()

    def refresh(self) -> None:
        """Nothing: what is new is seen when it comes."""

    def _count_batches(self, model: torch.nn.Module) -> None:
        """Hang one hook each into the first and the last parameter that is trained.

        The last one's gradient comes first. The other is there for models that do not always use
        all they have. No other parameter has a hook: the gradients are read where they lie when the
        backward pass is over.
        """
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        if not trained:
            self._say(
                f"no parameter of {self.name} is trained, so there are no histograms; "
                "call watch() again when some are"
            )
            return
        ends = [trained[0], trained[-1]] if len(trained) > 1 else trained
        counts = [0] * len(ends)
        for at, parameter in enumerate(ends):

            def count(tensor: Any, at: int = at) -> None:
                counts[at] += 1
                if counts[at] > self._batches:
                    self._batches = counts[at]
                    self._begin_batch()

            hook = Hook(count, self._fail)
            self._handles.append(parameter.register_post_accumulate_grad_hook(hook))

    def _begin_batch(self) -> None:
        if self._batches < self._due and self._first_pass.ended:
            return
        import torch

        engine = torch.autograd.Variable._execution_engine
        # The wrappers of distributed training finish gradients in a callback of theirs, which may
        # have been put there after this one: so this goes to the end of the line once more.
        end = Hook(self._end_batch, self._fail)
        engine.queue_callback(Hook(lambda: engine.queue_callback(end), self._fail))

    def _end_batch(self) -> None:
        """A backward pass is over: all gradients are there, and the parameters as they were."""
        model: Any = self._model()
        if model is None:
            return
        if not self._first_pass.ended:
            self._first_pass.end()
            self._keep_shapes()
        if self._batches < self._due:
            return
        self._due = self._batches + self._log_freq
        if not _is_first_rank():
            return
        tensors: dict[str, torch.Tensor] = {}
        for name, parameter in model.named_parameters():
            if self._log != "parameters" and parameter.grad is not None:
                tensors[f"gradients/{self._prefix}{name}"] = parameter.grad
            if self._log != "gradients":
                tensors[f"parameters/{self._prefix}{name}"] = parameter
        counted = torch_histograms.count(list(tensors.values()))
        found = {key: one for key, one in zip(tensors, counted, strict=True) if one is not None}
        self._complain(found)
        if found:
            self._record({key: _histogram(one) for key, one in found.items()})

    def _passed(self) -> None:
        """The model has given something for the first time."""
        self._keep_shapes()
        model: Any = self._model()
        if self._log is not None and not self._handles and model is not None:
            self._count_batches(model)

    def _keep_shapes(self) -> None:
        model: Any = self._model()
        if model is not None:
            self._keep(describe(model, self.name, self._first_pass.shapes))

    def _complain(self, found: dict[str, torch_histograms.Counts]) -> None:
        """Say which tensors hold what is no number, once each."""
        bad = {key: one for key, one in found.items() if one.nan or one.inf}
        new = [key for key in bad if key not in self._said]
        if not new:
            return
        self._said.update(new)
        first = bad[new[0]]
        more = f", and {len(new) - 1} more" if len(new) > 1 else ""
        self._say(
            f"not all is finite in batch {self._batches} of {self.name}: {new[0]} "
            f"({first.nan:,} NaN and {first.inf:,} infinite of {first.values:,} values){more}"
        )

    def _fail(self, error: Exception) -> None:
        """Something of nbtrack's own went wrong: the training goes on without it."""
        self._first_pass.end()
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._say(f"{self.name} is not watched any more: {type(error).__name__}: {error}")


def _histogram(counts: torch_histograms.Counts) -> TensorHistogram:
    from ..media.tensor_histogram import TensorHistogram

    return TensorHistogram(
        counts.counts, counts.bins, values=counts.values, nan=counts.nan, inf=counts.inf
    )


def _is_first_rank() -> bool:
    """Whether this is the process that records what all ranks of a training have in common."""
    import torch

    ranks = torch.distributed
    return not (ranks.is_available() and ranks.is_initialized() and ranks.get_rank() > 0)
