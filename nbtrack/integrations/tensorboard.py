"""TensorBoard: what a ``SummaryWriter`` writes into event files goes to the current run too.

That of ``torch.utils.tensorboard`` and that of ``tensorboardX``, whichever is imported.
"""

from __future__ import annotations

import inspect
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import PurePath
from typing import Any

from .. import _api
from ..record.media import Histogram, Image, Text
from . import _patching
from ._autolog import autolog as log_by_itself

__all__ = ["autolog", "mirror"]

_PACKAGES = ("torch.utils.tensorboard", "tensorboardX")
# What lies between the one who writes and the file.
_BETWEEN = (*_PACKAGES, __name__, _patching.__name__)
# What these write is what they report to us themselves, where they log by themselves.
_OWNERS = {
    "lightning": "lightning",
    "lightning_fabric": "lightning",
    "pytorch_lightning": "lightning",
    "transformers": "transformers",
}
_MOST_BINS = Histogram.MAX_LENGTH


def mirror(logdir: str | os.PathLike[str] | None = None) -> None:
    """From now on, what writers of event files write goes to the current run too.

    Args:
        logdir: The folder that ``tensorboard --logdir`` gets. What is written into folders below it
            has the folder's path before its tag. By default it is the folder of the first writer
            that writes; in a notebook, of the first that is new in a tracked cell.
    """
    _folders.root = None if logdir is None else os.path.abspath(logdir)
    _folders.prefixes.clear()
    log_by_itself("tensorboard")


def autolog() -> None:
    """What :func:`nbtrack.autolog` does for TensorBoard: the same as :func:`mirror`."""
    for name in _PACKAGES:
        package = sys.modules.get(name)
        if package is not None:
            _patching.around("tensorboard", package.FileWriter, "add_event", _add_event)
            _patching.around("tensorboard", package.SummaryWriter, "add_scalars", _add_scalars)
            _patching.around("tensorboard", package.SummaryWriter, "add_hparams", _add_hparams)


class _Folders:
    """The folders of event files that one run has rows of.

    Attributes:
        root: The folder that was given, if one was.
        prefixes: What stands before the tags of a folder.
    """

    def __init__(self) -> None:
        self.root: str | None = None
        self.prefixes: dict[str, str] = {}
        self._first: str | None = None
        self._of: tuple[str, int] = "", 0

    def prefix(self, run_id: str, attempt: int, folder: str) -> str:
        """What stands before the tags of a folder; a cell that runs again begins anew."""
        if (run_id, attempt) != self._of:
            if run_id != self._of[0]:
                self.prefixes.clear()
            self._of = run_id, attempt
            self._first = None
        folder = os.path.abspath(folder)
        if folder not in self.prefixes:
            self._first = self._first or folder
            parts = PurePath(os.path.relpath(folder, self.root or self._first)).parts
            self.prefixes[folder] = "".join(f"{part}/" for part in parts if part != "..")
        return self.prefixes[folder]


class _Call(threading.local):
    """A call of a writer that makes folders of its own, in this thread.

    Attributes:
        prefix: What stands before the tags of these; None: there is no such call.
        is_silent: Whether nothing in them is logged.
    """

    prefix: str | None = None
    is_silent = False


_folders = _Folders()
_call = _Call()


@contextmanager
def _during(*, prefix: str | None = None, is_silent: bool = False) -> Iterator[None]:
    before = _call.prefix, _call.is_silent
    _call.prefix, _call.is_silent = prefix, is_silent
    try:
        yield
    finally:
        _call.prefix, _call.is_silent = before


def _add_event(original: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    result = original(*args, **kwargs)
    if not _call.is_silent:
        _patching.guarded("tensorboard", _log_event, *args[:1], _given(original, args, kwargs))
    return result


def _add_scalars(original: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    with _during(is_silent=True):  # they go into a folder for each value
        result = original(*args, **kwargs)
    _patching.guarded("tensorboard", _log_scalars, *args[:1], _given(original, args, kwargs))
    return result


def _add_hparams(original: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    given = _given(original, args, kwargs)
    prefix = _patching.guarded("tensorboard", _log_hparams, *args[:1], given)
    with _during(prefix=prefix or ""):  # the metrics go into a folder that is called by the time
        return original(*args, **kwargs)


_signature = cache(inspect.signature)


def _given(function: Callable[..., Any], args: Any, kwargs: Any) -> dict[str, Any]:
    return _signature(function).bind(*args, **kwargs).arguments


def _log_event(writer: Any, given: dict[str, Any]) -> None:
    event = given["event"]
    found = {_name(value): _recorded(value) for value in event.summary.value}
    row = {name: value for name, value in found.items() if value is not None}
    if row and not _has_owner():
        # In a file, what has no step has step 0.
        has_step = event.step or given.get("step") is not None
        _log(writer.get_logdir(), row, event.step if has_step else None)


def _log_scalars(writer: Any, given: dict[str, Any]) -> None:
    if not _has_owner():
        tag, values = given["main_tag"], given["tag_scalar_dict"]
        row = {f"{tag}/{name}": value for name, value in values.items()}
        _log(_folder(writer), row, given.get("global_step"))


def _log_hparams(writer: Any, given: dict[str, Any]) -> str:
    run = _api.current_run()
    run.config.update(given["hparam_dict"])
    return _folders.prefix(run.id, run.attempt, _folder(writer))


def _log(folder: str, row: dict[str, Any], step: int | None) -> None:
    run = _api.current_run()
    prefix = _call.prefix
    if prefix is None:
        prefix = _folders.prefix(run.id, run.attempt, folder)
    run.log({prefix + name: value for name, value in row.items()}, step)


def _folder(writer: Any) -> str:
    """The folder of a ``SummaryWriter``: the two packages call it by two names."""
    return str(writer.log_dir if hasattr(writer, "log_dir") else writer.logdir)


def _has_owner() -> bool:
    """Whether what is written comes from a framework that logs it by itself too."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        module = frame.f_globals.get("__name__", "")
        if not module.startswith(_BETWEEN):
            return _OWNERS.get(module.partition(".")[0]) in _patching.logging
        frame = frame.f_back
    return False


def _name(value: Any) -> str:
    """The tag as it was given."""
    tag: str = value.tag
    return tag.removesuffix("/text_summary") if _plugin(value) == "text" else tag


def _plugin(value: Any) -> str:
    return str(value.metadata.plugin_data.plugin_name)


def _recorded(value: Any) -> Any:
    """A value of an event file as a row holds it; None if it is of a kind that rows have not."""
    kind = value.WhichOneof("value")
    if kind == "simple_value":
        return value.simple_value
    if kind == "image":
        return Image(value.image.encoded_image_string)
    if kind == "histo":
        return _histogram(value.histo)
    if kind == "tensor" and _plugin(value) == "text":
        return Text("\n\n".join(text.decode() for text in value.tensor.string_val))
    if kind == "tensor" and _plugin(value) == "scalars":
        (number,) = value.tensor.float_val or value.tensor.double_val
        return number
    return None


def _histogram(histogram: Any) -> Histogram:
    """Bins that have a left edge too: in the file, the first bin is empty and ends there."""
    counts, edges = list(histogram.bucket), list(histogram.bucket_limit)
    if counts[0]:
        edges.insert(0, min(histogram.min, edges[0]))
    else:
        del counts[0]
    while len(counts) > _MOST_BINS:
        counts = [sum(counts[at : at + 2]) for at in range(0, len(counts), 2)]
        edges = [*edges[:-1:2], edges[-1]]
    return Histogram(np_histogram=(counts, edges))
