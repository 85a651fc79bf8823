"""``nbtrack recover``: bring in order what dead kernels left."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from .options import json_option, print_json, store_option


@click.command()
@store_option
@json_option
def recover(store: Path | None, as_json: bool) -> None:
    """Seal what kernels left behind that died together with their recorder."""
    from ..recorder.recover import recover as recover_store
    from ..store.catalog import open_store

    place = open_store(store)
    done = recover_store(place)
    if as_json:
        print_json([_recovered(item) for item in done])
    elif not done:
        click.echo(f"Nothing to recover in {place.path}.")
    for item in done if not as_json else ():
        if item.problem:
            click.echo(f"{item.id}: {item.problem}")
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
