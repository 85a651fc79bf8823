"""Where a run is to be copied to while it goes on: checked when it begins, without asking there."""

from __future__ import annotations

import importlib.util
import warnings

import msgspec

from ._errors import NbtrackWarning, UsageError
from ._settings import Settings
from .remote.addresses import check_address

_warned: set[str] = set()


def with_destination(given: str | None, settings: Settings) -> Settings:
    """The settings of a run for which ``init()`` was ``given`` a place, or none.

    Where nothing can be copied there, a warning says so, once in a process, and the run is
    recorded here all the same.
    """
    url = (settings.sync if given is None else given) or None
    if url is not None:
        url = url.rstrip("/")
        problem = _problem(url, settings)
        if problem:
            url = None
            if problem not in _warned:
                _warned.add(problem)
                text = f"nbtrack: runs are recorded here and not synced: {problem}"
                warnings.warn(text, NbtrackWarning, stacklevel=5)
    return settings if url == settings.sync else msgspec.structs.replace(settings, sync=url)


def _problem(url: str, settings: Settings) -> str:
    """Why nothing can be copied there; empty if nothing is known to be in the way."""
    try:
        check_address(url)
    except UsageError as error:
        return str(error)
    if settings.recorder != "process":
        return f"the setting 'recorder' is {settings.recorder!r}; it takes a process"
    if importlib.util.find_spec("obstore") is None:
        return "obstore is not installed. `pip install 'nbtrack[sync]'` installs it."
    return ""
