"""``nbtrack ui``: the pages of runs, in a browser."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from .options import here_or_there


@click.command()
@click.argument("store", required=False, metavar="[STORE]", callback=here_or_there)
@click.option(
    "--store", "named", metavar="PATH|URL", callback=here_or_there, help="The same as STORE."
)
@click.option("--port", type=click.IntRange(1, 65535), help="By default the first free one.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option("--read-only", is_flag=True, help="Let nobody change a run.")
def ui(
    store: Path | None, named: Path | None, port: int | None, no_browser: bool, read_only: bool
) -> None:
    """Show runs in the browser, until Ctrl-C.

    STORE is a store, the folder that it is in, or the URL of a place that runs were synced to; by
    default all stores that you have recorded into are shown.
    """
    from ..server.alone import serve
    from ..sync.mirror import watching

    if store is not None and named is not None:
        raise click.UsageError("Give STORE or --store.")
    shown = store or named
    with watching(shown) if shown is not None else contextlib.nullcontext():
        serve(shown, port=port, browser=not no_browser, read_only=read_only, tell=_tell)


def _tell(address: str) -> None:
    from .. import _environment

    click.echo(f"Runs are shown at\n\n    {address}\n\nCtrl-C ends it.")
    behind_hub = _environment.hub_prefix()
    if behind_hub is not None:
        click.echo(
            "That is an address of this machine. In the browser in which you use JupyterHub, your"
            f" runs are at {behind_hub}nbtrack."
        )
