"""``nbtrack artifact``: list, bring and remove versions of artifacts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import render
from .options import json_option, print_json, reading_option, store_option

if TYPE_CHECKING:
    from ..record.artifacts import Artifact


@click.group()
def artifact() -> None:
    """List, bring and remove versions of artifacts."""


@artifact.command("ls")
@click.argument("name", required=False)
@click.option("--type", "kind", metavar="TYPE", help="Only artifacts of this type.")
@reading_option
@json_option
def ls_(name: str | None, kind: str | None, store: Path | None, as_json: bool) -> None:
    """List artifacts, or with NAME or NAME:VERSION the versions or files of one."""
    from ..record.artifacts import artifacts, open_artifact
    from ..store.catalog import open_store

    place = open_store(store).path
    if name is not None and ":" in name:
        found = open_artifact(name, dir=place)
        if as_json:
            print_json({**_described(found), "entries": _entries(found)})
        else:
            _print_entries(found)
        return
    versions = artifacts(name, kind, dir=place)
    if as_json:
        print_json([_described(version) for version in versions])
    elif not versions:
        click.echo(f"No artifacts in {place}.")
    else:
        _print_versions(versions)


@artifact.command("get")
@click.argument("name")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder; by default ./artifacts/NAME:VERSION.",
)
@reading_option
@json_option
def get(name: str, folder: Path | None, store: Path | None, as_json: bool) -> None:
    """Bring the files of NAME, NAME:VERSION or NAME:ALIAS into a folder."""
    from ..record.artifacts import open_artifact
    from ..store.catalog import open_store

    found = open_artifact(name, dir=open_store(store).path)
    try:
        path = found.download(folder)
    except OSError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        print_json({"artifact": found.name, "path": path, "files": found.file_count})
    else:
        click.echo(f"{found.name}: {found.file_count} files in {path}")


@artifact.command("rm")
@click.argument("name")
@click.option("--aliased", is_flag=True, help="Also if it has aliases other than latest.")
@store_option
@json_option
def rm(name: str, aliased: bool, store: Path | None, as_json: bool) -> None:
    """Remove the version NAME:VERSION or NAME:ALIAS; `gc` frees its content."""
    from ..record.artifacts import open_artifact
    from ..store.catalog import open_store

    if ":" not in name:
        raise click.UsageError("Say which version, such as NAME:v3.")
    found = open_artifact(name, dir=open_store(store).path)
    found.delete(delete_aliases=aliased)
    if as_json:
        print_json({"artifact": found.name, "deleted": True})
    else:
        click.echo(f"{found.name} is removed; `nbtrack gc` frees its content.")


def _described(found: Artifact) -> dict[str, Any]:
    return {
        "name": found.name,
        "type": found.type,
        "aliases": found.aliases,
        "created_at": found.created_at.isoformat(timespec="milliseconds"),
        "run": found.run_id,
        "size": found.size,
        "files": found.file_count,
        "digest": found.digest,
        "description": found.description,
        "metadata": found.metadata,
    }


def _entries(found: Artifact) -> list[dict[str, Any]]:
    return [
        {"path": e.path, "size": e.size, "digest": e.digest, "uri": e.ref, "etag": e.etag}
        for e in found.entries.values()
    ]


def _print_versions(versions: list[Artifact]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("ARTIFACT", "TYPE", "ALIASES", "FILES", "SIZE", "MADE"):
        right = column in ("FILES", "SIZE")
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for found in versions:
        table.add_row(
            found.name,
            found.type,
            ", ".join(found.aliases),
            str(found.file_count),
            render.size(found.size),
            f"{found.created_at.astimezone():%Y-%m-%d %H:%M}",
        )
    render.console().print(table)


def _print_entries(found: Artifact) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("FILE", overflow="fold")
    table.add_column("SIZE", justify="right")
    table.add_column("DIGEST")
    for entry in found.entries.values():
        content = entry.digest[:12] if entry.digest else ""
        table.add_row(entry.path, render.size(entry.size), entry.ref or content)
    render.console().print(table)
