"""A torch model, layer by layer, and what its layers give in the first pass."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ...store.model import LayerInfo, ModelInfo, of_layers
from .text import shown

if TYPE_CHECKING:
    import torch

# A layer that gives more than so many things is not a layer whose shape says much.
_MOST_OUTPUTS = 64
_DEEPEST_OUTPUT = 4


def unwrapped(model: torch.nn.Module) -> torch.nn.Module:
    """The model in what ``torch.compile`` and the parallel wrappers made of it."""
    from torch import nn

    # Who has compiled a model has loaded this; it takes seconds to load.
    dynamo = sys.modules.get("torch._dynamo.eval_frame")
    while True:
        if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
            model = model.module
        elif dynamo is not None and isinstance(model, dynamo.OptimizedModule):
            model = model._orig_mod
        else:
            return model


def describe(model: torch.nn.Module, name: str, shapes: Mapping[str, Any]) -> ModelInfo:
    """A model as ``model.json`` holds it, with the output shapes that are known."""
    layers = [
        _layer(path, module, shapes.get(path)) for path, module in model.named_modules() if path
    ]
    whole = _layer("", model, shapes.get(""))
    return of_layers(name, "torch", [whole, *layers], text=shown(model))


def _layer(path: str, module: torch.nn.Module, shape: Any) -> LayerInfo:
    parameters = list(module.parameters())
    return LayerInfo(
        name=path,
        type=type(module).__name__,
        depth=path.count(".") + 1 if path else 0,
        parameters=sum(map(_count, parameters)),
        trainable=sum(_count(p) for p in parameters if p.requires_grad),
        output_shape=shape,
        size_bytes=sum(map(_size, [*parameters, *module.buffers()])),
    )


def is_unfinished(model: torch.nn.Module) -> bool:
    """Whether some layer learns its size only in the first pass."""
    from torch.nn.parameter import is_lazy

    return any(map(is_lazy, model.parameters()))


def _count(tensor: torch.Tensor) -> int:
    """How many numbers; 0 while a layer has not seen what it is for."""
    from torch.nn.parameter import is_lazy

    return 0 if is_lazy(tensor) else tensor.numel()


def _size(tensor: torch.Tensor) -> int:
    count = _count(tensor)
    return count * tensor.element_size() if count else 0


class Hook:
    """What is hung into a model. Never raises, and does nothing while a compiler looks.

    A copy of the model, also one that was saved and read again, has hooks that do nothing.
    """

    def __init__(
        self, act: Callable[..., None] | None, failed: Callable[[Exception], None] | None
    ) -> None:
        import torch

        self._act = act
        self._failed = failed
        # A compiler follows into here, and may be told to follow everything or fail.
        self._is_compiling = torch.compiler.is_compiling
        self._is_tracing = torch.jit.is_tracing

    def __call__(self, *args: Any) -> None:
        if self._is_compiling() or self._is_tracing() or self._act is None:
            return
        try:
            self._act(*args)
        except Exception as error:  # whatever it is, the training goes on
            if self._failed is not None:
                self._failed(error)

    def __reduce__(self) -> tuple[Any, ...]:
        return _inert, ()


def _inert() -> Hook:
    return Hook(None, None)


class FirstPass:
    """Sees what each layer gives, until the model has given something itself.

    Attributes:
        shapes: The layers seen so far, by name. Where one is used twice, the first time
            counts.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        done: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self.shapes: dict[str, Any] = {}
        self._done = done
        self._handles: list[Any] = []
        for name, module in model.named_modules():
            # Compiled script refuses; its layers run where no hook is called.
            with contextlib.suppress(RuntimeError):
                hook = Hook(self._see(name), failed)
                self._handles.append(module.register_forward_hook(hook))

    def _see(self, name: str) -> Callable[..., None]:
        def see(module: Any, inputs: Any, output: Any) -> None:
            if name not in self.shapes:
                self.shapes[name] = shape_of(output)
            if not name:
                self.end()
                self._done()

        return see

    @property
    def ended(self) -> bool:
        """Whether there is nothing left in the model."""
        return not self._handles

    def end(self) -> None:
        """Take all hooks off."""
        handles, self._handles = self._handles, []
        for handle in handles:
            handle.remove()


def shape_of(output: Any, depth: int = 0) -> Any:
    """The shape of a tensor; of several, a list or mapping of theirs; None of anything else."""
    import torch

    if isinstance(output, torch.Tensor):
        return [size if type(size) is int else None for size in output.shape]
    if depth < _DEEPEST_OUTPUT:
        if isinstance(output, Mapping):
            return {str(key): shape_of(output[key], depth + 1) for key in _few(output)}
        if isinstance(output, list | tuple):
            return [shape_of(item, depth + 1) for item in _few(output)]
    return None


def _few(items: Iterable[Any]) -> list[Any]:
    return [item for item, _ in zip(items, range(_MOST_OUTPUTS), strict=False)]
