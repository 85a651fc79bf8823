"""``nbtrack.autolog()``: frameworks log by themselves, whether imported already or later."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from .._errors import InvalidSettingError, NbtrackWarning
from . import FRAMEWORKS, _patching


def autolog(*frameworks: str, exclude: Sequence[str] = (), disable: bool = False) -> None:
    """Have training with these frameworks logged to the current run, without a line more.

    A framework that has been imported logs from now on, another one from its import on. What was
    asked for once stays so: a second call adds to it. A run is started by what is logged first, if
    there is none. If a framework cannot be prepared, a warning says why, and it works as ever.

    Args:
        frameworks: Names such as ``"xgboost"``; none: all that nbtrack has an integration for.
        exclude: Not these.
        disable: They log nothing by themselves any more.

    Raises:
        InvalidSettingError: There is no integration of such a name.
    """
    for name in (*frameworks, *exclude):
        if name not in FRAMEWORKS:
            raise InvalidSettingError(
                f"nbtrack has no integration {name!r}",
                operation="autolog",
                hint=f"There are {', '.join(FRAMEWORKS)}.",
            )
    chosen = [name for name in frameworks or FRAMEWORKS if name not in exclude]
    if disable:
        _patching.logging.difference_update(chosen)
        return
    from wrapt import when_imported

    for name in chosen:
        if name not in _patching.logging:
            _patching.logging.add(name)
            for package in FRAMEWORKS[name].packages:
                when_imported(package)(_Preparation(name))


class _Preparation:
    """What happens when a package was imported. Twice is as once."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, package: ModuleType) -> None:
        try:
            import_module(f"{__package__}.{self._name}").autolog()
        except Exception as error:  # whatever it is, the person's import goes on
            warnings.warn(
                f"nbtrack.autolog(): {self._name} logs nothing by itself: "
                f"{type(error).__name__}: {error}",
                NbtrackWarning,
                stacklevel=2,
            )
