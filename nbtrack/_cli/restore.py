"""``nbtrack restore``: the code of a run as files."""

from __future__ import annotations

from pathlib import Path

import click

from .options import json_option, print_json, reading_option


@click.command()
@click.argument("run")
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder, which must be new or empty.",
)
@click.option(
    "--repo",
    "repository",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A clone with the commit. [default: where the run was made, else its remote is cloned]",
)
@click.option(
    "--part",
    type=int,
    default=-1,
    help="Of a resumed run, which part, from 0. [default: the last]",
)
@reading_option
@json_option
def restore(
    run: str, target: Path, repository: Path | None, part: int, store: Path | None, as_json: bool
) -> None:
    """Rebuild the code of a run: the commit, and what was changed and new when it began.

    Beside it: requirements.txt with the packages that were installed, and session.ipynb with the
    cells in the order in which they ran. What could not be rebuilt is listed: files that were left
    out, and files in which secrets were masked.
    """
    from ..record.code.restore import restore as rebuild
    from ..record.code.restore import write_companions
    from ..store.catalog import open_run
    from ..store.layout import RunDir

    view = open_run(run, dir=store)
    target = target.absolute()
    repository = repository.absolute() if repository is not None else None
    done = rebuild(RunDir(view.path), target, repository=repository, part=part)
    companions = write_companions(view, target, part=part)
    if as_json:
        beside = [str(path) for path in companions]
        print_json(
            {
                "run": view.id,
                "path": done.path,
                "commit": done.commit,
                "files": done.files,
                "beside": beside,
                "not_rebuilt": done.not_rebuilt,
            }
        )
        return
    at = f" of commit {done.commit[:12]}" if done.commit else ""
    click.echo(f"{done.files} files{at} in {target}")
    for path in companions:
        click.echo(f"beside them: {path.name}")
    for name, reason in done.not_rebuilt.items():
        click.echo(f"not as it was: {name}: {reason}")
