"""``nbtrack export wandb``: a run for ``wandb sync``."""

from __future__ import annotations

from pathlib import Path

import click

from .options import json_option, print_json, store_option


@click.command("export wandb")
@click.argument("run")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@store_option
@json_option
def export_wandb(run: str, folder: Path, store: Path | None, as_json: bool) -> None:
    """Write a run to the folder DIR for `wandb sync`.

    It is what W&B writes offline. DIR is empty or not there yet, and nothing is sent. A run in
    which several attempts logged becomes a group there, with a run for each. Afterwards it says
    what could not be carried.

    A run whose name is wandb has its other export with `nbtrack export -- wandb`.
    """
    from ..store.catalog import find_run, open_store
    from ..sync.wandb.export import export

    done = export(find_run(open_store(store), run), folder.absolute())
    if as_json:
        print_json({**done._asdict(), "paths": [str(path) for path in done.paths]})
        return
    count = f"{len(done.paths)} run{'s' * (len(done.paths) != 1)} of W&B"
    click.echo(f"{count} with {done.rows:,} rows in {folder}. Send with:")
    click.echo(f"  wandb sync {folder}/wandb/*")
    if done.left_out:
        click.echo("Not carried:")
        for words in done.left_out:
            click.echo(f"  {words}")
