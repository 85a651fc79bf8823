"""Arguments that ``wandb.init()`` has and :func:`nbtrack.init` has no use for."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from .._errors import NbtrackWarning
from .._not_offered import ARGUMENTS, refuse
from .settings import arguments_of

# Without a server, accounts and a process to sync, these change nothing.
_HARMLESS = frozenset({"entity", "force", "anonymous", "magic", "save_code"})
# Asked for, these would bring into the run what is not there now.
_LEFT_OUT = {
    "tensorboard": "TensorBoard's values are not read; call log() beside add_scalar()",
    "sync_tensorboard": "TensorBoard's values are not read; call log() beside add_scalar()",
    "monitor_gym": "videos of gym are not recorded by themselves; log a Video",
}
# Where data goes in wandb. Here there is one place.
_PLACES = frozenset({"online", "offline", "shared", "dryrun", "run"})


def without_foreign(given: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """The arguments of ``init()``, with what those that only wandb knows say of them.

    Args:
        given: The arguments that nbtrack has.
        others: The rest.

    Raises:
        NotOfferedError: One of them cannot be left out of account.
        TypeError: One of them is not an argument of ``wandb.init()`` either.
    """
    excluded, included = (others.pop(f"config_{how}_keys", None) for how in ("exclude", "include"))
    for argument, value in arguments_of(others.pop("settings", None)).items():
        if given.get(argument) is None:
            given[argument] = value
    for name, value in others.items():
        if name in ARGUMENTS:
            if value is not None:
                refuse(f"init({name}=...)", ARGUMENTS[name])
        elif name in _LEFT_OUT:
            if value:
                warnings.warn(f"nbtrack: {name}: {_LEFT_OUT[name]}", NbtrackWarning, stacklevel=3)
        elif name not in _HARMLESS:
            raise TypeError(f"init() got an unexpected keyword argument {name!r}")
    if given.get("mode") in _PLACES:
        given["mode"] = None
    if excluded is not None or included is not None:
        given["config"] = _chosen(given.get("config"), excluded, included)
    return given


def _chosen(
    config: Any, excluded: Iterable[str] | None, included: Iterable[str] | None
) -> dict[str, Any]:
    from .._configs import plain_config

    left_out, kept = set(excluded or ()), None if included is None else set(included)
    return {
        key: value
        for key, value in plain_config(config).items()
        if key not in left_out and (kept is None or key in kept)
    }
