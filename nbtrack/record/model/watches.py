"""The models that a run watches."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from ..._errors import NbtrackError
from ...store.model import ModelInfo
from .kinds import framework_of
from .torch_layers import unwrapped
from .torch_watch import Log, TorchWatch

Keep = Callable[[ModelInfo], None]


class Watch(Protocol):
    """One model that is watched."""

    name: str

    @property
    def model(self) -> object | None:
        """The model; None once nothing else refers to it."""

    def refresh(self) -> None:
        """See whether there is more to keep."""

    def stop(self) -> None:
        """Leave the model as it was."""


class Look:
    """A model that is only looked at: now, and again when a cell or the run ends.

    An estimator is seen as it was fitted, a Keras model as it was built.
    """

    def __init__(
        self, model: Any, name: str, describe: Callable[[Any, str], ModelInfo], keep: Keep
    ) -> None:
        self.name = name
        self._model = weakref.ref(model)
        self._describe = describe
        self._keep = keep
        self._known: ModelInfo | None = None
        self.refresh()

    @property
    def model(self) -> object | None:
        """The model; None once nothing else refers to it."""
        return self._model()

    def refresh(self) -> None:
        """Keep it as it is now, if it has changed."""
        model = self._model()
        if model is not None:
            seen = self._describe(model, self.name)
            if seen != self._known:
                self._known = seen
                self._keep(seen)

    def stop(self) -> None:
        """Look a last time."""
        self.refresh()


class Watches:
    """The models that a run watches, each under a name and a number of its own.

    Args:
        keep: Takes the description of a model.
        record: Takes a row of histograms.
        say: Takes what a person should know.
    """

    def __init__(
        self, keep: Keep, record: Callable[[dict[str, Any]], None], say: Callable[[str], None]
    ) -> None:
        self._keep = keep
        self._record = record
        self._say = say
        self._watched: dict[int, Watch] = {}

    def begin(self, model: Any, *, log: Log | None, log_freq: int, number: int | None) -> None:
        """Watch a model. One that is watched already is watched anew.

        Args:
            model: The model.
            log: Of what there are histograms.
            log_freq: Every how manieth batch.
            number: Tells it from others that are watched; by default the lowest that is free.

        Raises:
            InvalidDataError: It is no model that can be watched.
        """
        framework = framework_of(model)
        target = unwrapped(model) if framework == "torch" else model
        self._forget_gone(type(target).__name__)
        for at, watch in list(self._watched.items()):
            if watch.model is target or at == number:
                number = at
                self._watched.pop(at).stop()
        if number is None:
            number = next(n for n in range(len(self._watched) + 1) if n not in self._watched)
        name = self._free_name(type(target).__name__)
        try:
            self._watched[number] = self._new(framework, target, name, number, log, log_freq)
        except NbtrackError:
            raise
        except Exception as error:  # a foreign model may raise anything
            self._say(f"{name} cannot be watched: {type(error).__name__}: {error}")

    def _new(
        self, framework: str, model: Any, name: str, number: int, log: Log | None, log_freq: int
    ) -> Watch:
        if framework == "keras":
            from . import keras_layers

            return Look(model, name, keras_layers.describe, self._keep)
        if framework == "sklearn":
            from . import sklearn_estimator

            return Look(model, name, sklearn_estimator.describe, self._keep)
        return TorchWatch(
            model,
            name=name,
            prefix=f"{name}/" if number else "",
            log=log,
            log_freq=log_freq,
            keep=self._keep,
            record=self._record,
            say=self._say,
        )

    def end(self, models: Iterable[Any] | None = None) -> None:
        """Watch these no more, or none of all."""
        unwanted = None if models is None else [self._target(model) for model in models]
        for number, watch in list(self._watched.items()):
            if unwanted is None or any(watch.model is model for model in unwanted):
                del self._watched[number]
                watch.stop()

    def has(self, model: Any) -> bool:
        """Whether this one is watched."""
        target = self._target(model)
        return any(watch.model is target for watch in self._watched.values())

    def refresh(self) -> None:
        """See whether there is more to keep of any."""
        for watch in self._watched.values():
            watch.refresh()

    def _free_name(self, kind: str) -> str:
        """The class's name; with a number behind it if there are several of that class."""
        taken = {watch.name for watch in self._watched.values()}
        names = (f"{kind}-{at}" if at > 1 else kind for at in range(1, len(taken) + 2))
        return next(name for name in names if name not in taken)

    def _target(self, model: Any) -> Any:
        return unwrapped(model) if framework_of(model) == "torch" else model

    def _forget_gone(self, name: str) -> None:
        """Names and numbers of models that are gone are free: a cell that runs again makes anew."""
        if any(watch.name.startswith(name) for watch in self._watched.values()):
            gc.collect()  # it may be part of a circle
        for number, watch in list(self._watched.items()):
            if watch.model is None:
                del self._watched[number]
