"""``nbtrack gc``: free what nothing refers to."""

from __future__ import annotations

from pathlib import Path

import click

from . import render
from .options import json_option, print_json, store_option


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be freed.")
@click.option(
    "--trash",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Also remove runs that were discarded so many days ago.",
)
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=24.0,
    show_default=True,
    metavar="HOURS",
    help="Spare content that is younger: it may be part of a version soon.",
)
@store_option
@json_option
def gc(dry_run: bool, trash: float | None, grace: float, store: Path | None, as_json: bool) -> None:
    """Free content of artifacts that no version refers to.

    Versions that were removed go for good, and with them the content that no other version has.
    """
    import msgspec

    from ..recorder.trash import empty_trash
    from ..store.catalog import open_store
    from ..store.garbage import collect

    place = open_store(store)
    runs = empty_trash(place, days=trash, dry_run=dry_run) if trash is not None else []
    freed = collect(place, dry_run=dry_run, grace=grace * 3600)
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                **msgspec.structs.asdict(freed),
                "runs": [msgspec.structs.asdict(run) for run in runs],
            }
        )
        return
    verb = "Would free" if dry_run else "Freed"
    click.echo(
        f"{verb} {render.size(freed.bytes) or '0 B'}: {len(freed.objects)} objects,"
        f" {len(freed.versions)} deleted versions, {freed.temporaries} temporary files."
    )
    for label in freed.versions:
        click.echo(f"  {label}")
    for run in runs:
        click.echo(f"  run {run.name} ({run.id}), discarded {run.days:.0f} days ago")
