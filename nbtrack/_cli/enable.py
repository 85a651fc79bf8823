"""``nbtrack enable`` and ``nbtrack disable``: nbtrack in every kernel of a profile."""

from __future__ import annotations

import click

from .options import json_option, print_json

profile_option = click.option(
    "--profile", default="default", show_default=True, help="The profile of IPython."
)


@click.command()
@profile_option
@json_option
def enable(profile: str, as_json: bool) -> None:
    """Load nbtrack in every kernel, without a cell that says so."""
    from .. import _profile

    path = _profile.enable(profile)
    if as_json:
        print_json({"profile": profile, "enabled": True, "path": str(path)})
    else:
        click.echo(f"Every kernel of the profile {profile!r} will load nbtrack: {path}")


@click.command()
@profile_option
@json_option
def disable(profile: str, as_json: bool) -> None:
    """Take `nbtrack enable` back."""
    from .. import _profile

    path = _profile.disable(profile)
    if as_json:
        print_json({"profile": profile, "enabled": False, "path": str(path) if path else None})
    elif path is None:
        click.echo(f"nbtrack is not enabled in the profile {profile!r}.")
    else:
        click.echo(f"Removed {path}")
