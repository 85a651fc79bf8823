"""``Settings`` of wandb, as far as they say something about a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Its name -> the argument of init() that means the same.
_MEANINGS = {
    "mode": "mode",
    "project": "project",
    "reinit": "reinit",
    "resume": "resume",
    "root_dir": "dir",
    "run_group": "group",
    "run_id": "id",
    "run_job_type": "job_type",
    "run_name": "name",
    "run_notes": "notes",
    "run_tags": "tags",
}


class Settings:
    """Settings of wandb. Those that are arguments of :func:`nbtrack.init` too mean what they do.

    The others are kept as attributes and change nothing.
    """

    def __init__(self, **values: Any) -> None:
        vars(self).update(values)

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


def arguments_of(settings: Settings | Mapping[str, Any] | None) -> dict[str, Any]:
    """The arguments of ``init()`` that the settings give."""
    values = vars(settings) if isinstance(settings, Settings) else dict(settings or {})
    return {
        argument: values[name]
        for name, argument in _MEANINGS.items()
        if values.get(name) is not None
    }
