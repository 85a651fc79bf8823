"""``nbtrack enable`` and ``nbtrack disable``: nbtrack in every kernel, of one person or of all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import click

from .options import json_option, print_json


class _Kernels(NamedTuple):
    """Which kernels are meant, and the folder of IPython's that they read."""

    words: str
    folder: Path
    profile: str | None


def _which(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say whose kernels are meant."""
    for option in (
        click.option(
            "--system", is_flag=True, help="All kernels of this machine, of all its users."
        ),
        click.option(
            "--sys-prefix",
            is_flag=True,
            help="All kernels of this Python environment, of all its users.",
        ),
        click.option(
            "--profile", default="default", show_default=True, help="The profile of IPython."
        ),
    ):
        command = option(command)
    return command


@click.command()
@_which
@json_option
def enable(profile: str, sys_prefix: bool, system: bool, as_json: bool) -> None:
    """Load nbtrack in every kernel, without a cell that says so."""
    from .. import _profile

    kernels = _meant(profile, sys_prefix, system)
    path = _profile.enable(kernels.folder)
    if as_json:
        print_json({"profile": kernels.profile, "enabled": True, "path": str(path)})
    else:
        click.echo(f"Every kernel of {kernels.words} will load nbtrack: {path}")


@click.command()
@_which
@json_option
def disable(profile: str, sys_prefix: bool, system: bool, as_json: bool) -> None:
    """Take `nbtrack enable` back."""
    from .. import _profile

    kernels = _meant(profile, sys_prefix, system)
    path = _profile.disable(kernels.folder)
    still = _profile.enabled_by(kernels.profile or _profile.DEFAULT_PROFILE)
    if as_json:
        print_json(
            {
                "profile": kernels.profile,
                "enabled": False,
                "path": str(path) if path else None,
                "still_enabled_by": list(map(str, still)),
            }
        )
        return
    if path is None:
        click.echo(f"nbtrack is not enabled in {kernels.words}.")
    else:
        click.echo(f"Removed {path}")
    for other in still:
        click.echo(
            f"Kernels still load nbtrack: {other}. NBTRACK_MODE=disabled has them record nothing."
        )


def _meant(profile: str, sys_prefix: bool, system: bool) -> _Kernels:
    from .. import _profile

    named = profile != _profile.DEFAULT_PROFILE
    if named + sys_prefix + system > 1:
        raise click.UsageError("Give one of --profile, --sys-prefix and --system.")
    if system:
        return _Kernels("this machine", _profile.MACHINE_FOLDER, None)
    if sys_prefix:
        folder = _profile.environment_folder()
        return _Kernels(f"the environment {folder.parents[1]}", folder, None)
    return _Kernels(f"the profile {profile!r}", _profile.profile_folder(profile), profile)
