"""``nbtrack recover``: bring in order what dead kernels left."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from .options import json_option, print_json, store_option


@click.command()
@store_option
@click.option(
    "--silent",
    type=click.FloatRange(min=1),
    metavar="MINUTES",
    help="Also take kernels for dead that cannot be seen from here, of other machines and of"
    " containers, if nobody has heard of them for so long.",
)
@json_option
def recover(store: Path | None, silent: float | None, as_json: bool) -> None:
    """Seal what kernels left behind that died together with their recorder."""
    from ..recorder.recover import recover as recover_store
    from ..store.catalog import open_store
    from ..store.state import ago

    place = open_store(store)
    done = recover_store(place, silent=None if silent is None else silent * 60)
    if as_json:
        print_json([_recovered(item) for item in done])
    elif not done:
        click.echo(f"Nothing to recover in {place.path}.")
    for item in done if not as_json else ():
        if item.problem:
            click.echo(f"{item.id}: {item.problem}")
        elif item.silent is not None:
            click.echo(
                f"{item.id}: its kernel, not heard of for {ago(item.silent)}, counts as dead;"
                f" {item.rows} rows can be read"
            )
        else:
            encoded = f", {item.encoded} media encoded" * bool(item.encoded)
            click.echo(
                f"{item.id}: {item.rows} rows can be read, {item.sealed} segments sealed{encoded}"
            )
        for damage in item.damage:
            click.echo(f"  {damage}")
    if any(item.problem for item in done):
        sys.exit(1)


def _recovered(item: Any) -> dict[str, Any]:
    import msgspec

    return msgspec.structs.asdict(item)
