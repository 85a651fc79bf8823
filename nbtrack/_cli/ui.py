"""``nbtrack ui``: the pages of runs, in a browser."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument(
    "store", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--port", type=click.IntRange(1, 65535), help="By default the first free one.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option("--read-only", is_flag=True, help="Let nobody change a run.")
def ui(store: Path | None, port: int | None, no_browser: bool, read_only: bool) -> None:
    """Show runs in the browser, until Ctrl-C.

    STORE is a store, or the folder that it is in; by default all stores that you have recorded
    into are shown.
    """
    from ..server.alone import serve

    serve(store, port=port, browser=not no_browser, read_only=read_only, tell=_tell)


def _tell(address: str) -> None:
    click.echo(f"Runs are shown at\n\n    {address}\n\nCtrl-C ends it.")
