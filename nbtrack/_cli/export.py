"""``nbtrack export``: the history of a run as a file."""

from __future__ import annotations

from pathlib import Path

import click

from .options import json_option, print_json, reading_option

_KINDS = ["csv", "parquet", "jsonl", "ipynb", "log"]


@click.command()
@click.argument("run")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="The file. [default: RUN.<format>]"
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(_KINDS),
    help="By default what the file's name ends in, else csv.",
)
@click.option("--key", "keys", multiple=True, help="Only this metric; may be repeated.")
@reading_option
@json_option
def export(
    run: str,
    output: Path | None,
    kind: str | None,
    keys: tuple[str, ...],
    store: Path | None,
    as_json: bool,
) -> None:
    """Write the history of a run to a file, one column a metric.

    With one --key: a row for every value logged. Else a row for each attempt and step. The format
    ipynb is the session as a notebook, its cells in the order in which they ran; log is what was
    seen below them. See also `nbtrack export wandb --help`.
    """
    from ..store import derived, query
    from ..store.catalog import open_run

    if kind is None:
        ending = output.suffix.lstrip(".") if output else ""
        kind = ending if ending in _KINDS else "csv"
    view = open_run(run, dir=store)
    target = output or Path(f"{view.id}.{kind}")
    if not target.absolute().parent.is_dir():
        raise click.ClickException(f"{target.absolute().parent} is not a directory")
    if kind in ("ipynb", "log"):
        (derived.write_session if kind == "ipynb" else derived.write_log)(view, target)
        if as_json:
            print_json({"run": view.id, "path": str(target), "format": kind})
        else:
            click.echo(f"{len(view.cells)} cells of {view.name} in {target}")
        return
    history = view.history(*keys)
    query.export(history, target, kind)
    if as_json:
        print_json({"run": view.id, "path": str(target), "format": kind, "rows": len(history)})
    else:
        click.echo(f"{len(history)} rows of {view.name} in {target}")
