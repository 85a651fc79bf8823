"""``nbtrack pull``: runs of a place, brought into a store."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from . import render
from .options import json_option, print_json, store_option


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("--all", "everything", is_flag=True, help="Every run that is there.")
@click.option(
    "--from",
    "url",
    required=True,
    metavar="URL",
    help="s3://bucket/folder, gs://..., az://... or file:///folder.",
)
@click.option("--no-artifacts", is_flag=True, help="Leave out artifacts.")
@store_option
@json_option
def pull(
    runs: tuple[str, ...],
    everything: bool,
    url: str,
    no_artifacts: bool,
    store: Path | None,
    as_json: bool,
) -> None:
    """Bring runs from an object store into a store here, as far as they are not here yet.

    They keep their ids, and can be resumed here. To look at runs, `ls`, `show` and `ui` with
    --store URL do without.
    """
    from ..store.catalog import find_run, open_store
    from ..sync.mirror import opened
    from ..sync.place import Place
    from ..sync.pull import Puller, pull_artifacts

    if everything == bool(runs):
        raise click.UsageError("Give runs, or --all.")
    mirror = opened(url)
    here = open_store(store)
    names = [run_dir.id for run_dir in mirror.store.run_dirs()] if everything else []
    names += [find_run(mirror.store, run).id for run in runs]
    pulled = Puller(here, Place(url)).pull(names)
    artifacts = [] if no_artifacts else pull_artifacts(here, mirror, names)
    if as_json:
        told = [one._asdict() for one in pulled]
        print_json({"runs": told, "artifacts": [one._asdict() for one in artifacts]})
    else:
        files = sum(one.files for one in pulled) + sum(one.sent for one in artifacts)
        size = sum(one.bytes for one in pulled) + sum(one.bytes for one in artifacts)
        click.echo(
            f"Brought {render.counted(files, 'file')}, {render.size(size) or '0 B'},"
            f" of {render.counted(len(pulled), 'run')} into {here.path}."
        )
        for version in artifacts:
            if version.there not in ("", version.label):
                click.echo(f"  {version.label} is {version.there} here")
        problems = [(one.run, one.problem) for one in pulled]
        problems += [(one.label, one.problem) for one in artifacts]
        for name, problem in problems:
            if problem:
                click.echo(f"nbtrack: {name}: {problem}", err=True)
    if any(one.problem for one in pulled) or any(one.problem for one in artifacts):
        sys.exit(1)
