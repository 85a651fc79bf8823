"""Where a run is to be copied to while it goes on: checked when it begins, without asking there."""

from __future__ import annotations

import importlib.util
import warnings

import msgspec

from ._errors import NbtrackWarning, UsageError
from ._settings import Settings
from .remote.addresses import check_destination
from .remote.mlflow_address import is_mlflow

_warned: set[str] = set()


def with_destination(given: str | None, settings: Settings) -> Settings:
    """The settings of a run for which ``init()`` was ``given`` a place, or none.

    Where nothing can be copied there, a warning says so, once in a process, and the run is
    recorded here all the same.
    """
    url = (settings.sync if given is None else given) or None
    if url is not None:
        try:
            url = check_destination(url)
            problem = _problem(url, settings)
        except UsageError as error:
            problem = str(error)
        if problem:
            url = None
            if problem not in _warned:
                _warned.add(problem)
                text = f"nbtrack: runs are recorded here and not synced: {problem}"
                warnings.warn(text, NbtrackWarning, stacklevel=5)
    return settings if url == settings.sync else msgspec.structs.replace(settings, sync=url)


def _problem(url: str, settings: Settings) -> str:
    """Why nothing can be copied there; empty if nothing is known to be in the way."""
    if settings.recorder != "process":
        return f"the setting 'recorder' is {settings.recorder!r}; it takes a process"
    library, extra = ("mlflow", "mlflow") if is_mlflow(url) else ("obstore", "sync")
    if importlib.util.find_spec(library) is None:
        return f"{library} is not installed. `pip install 'nbtrack[{extra}]'` installs it."
    return ""
