"""The command line: parsing and printing, nothing else."""

from __future__ import annotations

import json
import math
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._errors import NbtrackError
from ._version import __version__

if TYPE_CHECKING:
    from rich.console import Console

    from .store.view import AttemptView, RunView

_COLOURS = {
    "running": "cyan",
    "finished": "green",
    "failed": "red",
    "crashed": "red",
    "interrupted": "yellow",
}

# From here on there is room for ids beside the names.
_WIDE = 120
# How many values the table of attempts shows; --json has all.
_SUMMARY_COLUMNS = 3

store_option = click.option(
    "--store",
    type=click.Path(path_type=Path),
    help="The store directory, instead of the one found from here.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class _Group(click.Group):
    """Shows the errors of nbtrack as one line, not as a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except NbtrackError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="nbtrack")
def main() -> None:
    """Look at the runs that nbtrack recorded."""


@main.command()
@click.option("--project", help="Only runs of this project.")
@click.option(
    "--state",
    type=click.Choice(["running", "finished", "failed", "crashed"]),
    help="Only runs in this state.",
)
@click.option("--all", "everything", is_flag=True, help="Also runs in which nothing was logged.")
@store_option
@json_option
def ls(
    project: str | None, state: str | None, everything: bool, store: Path | None, as_json: bool
) -> None:
    """List the runs of a store, newest first."""
    from .store.catalog import open_store, runs

    found = runs(project=project, state=state, dir=store, include_empty=everything)
    if as_json:
        _print_json([view.to_dict() for view in found])
    elif not found:
        click.echo(f"No runs in {open_store(store).path}.")
    else:
        console = _console()
        console.print(_run_table(list(found), console))
    for run_id, reason in found.unreadable.items():
        click.echo(f"nbtrack: {run_id} cannot be read: {reason}", err=True)


@main.command()
@click.argument("run")
@store_option
@json_option
def show(run: str, store: Path | None, as_json: bool) -> None:
    """Show one run, by its id or name: state, reason, attempts, config and summary."""
    from .store.catalog import open_run

    view = open_run(run, dir=store)
    if as_json:
        _print_json(view.to_dict())
    else:
        _show(_console(), view)


@main.command()
@click.argument("run")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="The file. [default: RUN.<format>]"
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["csv", "parquet", "jsonl"]),
    help="By default what the file's name ends in, else csv.",
)
@click.option("--key", "keys", multiple=True, help="Only this metric; may be repeated.")
@store_option
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

    With one --key: a row for every value logged. Else a row for each attempt and step.
    """
    from .store import query
    from .store.catalog import open_run

    if kind is None:
        ending = output.suffix.lstrip(".") if output else ""
        kind = ending if ending in ("parquet", "jsonl") else "csv"
    view = open_run(run, dir=store)
    target = output or Path(f"{view.id}.{kind}")
    if not target.absolute().parent.is_dir():
        raise click.ClickException(f"{target.absolute().parent} is not a directory")
    history = view.history(*keys)
    query.export(history, target, kind)
    if as_json:
        _print_json({"run": view.id, "path": str(target), "format": kind, "rows": len(history)})
    else:
        click.echo(f"{len(history)} rows of {view.name} in {target}")


@main.command()
@store_option
@json_option
def recover(store: Path | None, as_json: bool) -> None:
    """Seal what kernels left behind that died together with their recorder."""
    from .recorder.recover import recover as recover_store
    from .store.catalog import open_store

    place = open_store(store)
    done = recover_store(place)
    if as_json:
        _print_json([_recovered(item) for item in done])
    elif not done:
        click.echo(f"Nothing to recover in {place.path}.")
    for item in done if not as_json else ():
        if item.problem:
            click.echo(f"{item.id}: {item.problem}")
        else:
            click.echo(f"{item.id}: {item.rows} rows can be read, {item.sealed} segments sealed")
        for damage in item.damage:
            click.echo(f"  {damage}")
    if any(item.problem for item in done):
        sys.exit(1)


def _recovered(item: Any) -> dict[str, Any]:
    import msgspec

    return msgspec.structs.asdict(item)


def _print_json(value: Any) -> None:
    click.echo(json.dumps(_strict(value), indent=2, default=str, allow_nan=False))


def _strict(value: Any) -> Any:
    """The same without NaN and infinities, which JSON has no numbers for: they become strings."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _strict(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_strict(item) for item in value]
    return value


def _console() -> Console:
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, _WIDE)  # a pipe has no width to keep to
    return console


def _run_table(views: list[RunView], console: Console) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    names = [view.name for view in views]
    with_id = console.width >= _WIDE or len(set(names)) < len(names)
    with_project = len({view.project for view in views}) > 1
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("name", *["id"] * with_id, *["project"] * with_project, "state", "started"):
        table.add_column(name, no_wrap=True, overflow="fold")
    for name in ("took", "tries", "rows"):
        table.add_column(name, no_wrap=True, justify="right")
    table.add_column("reason")
    for view in views:
        table.add_row(
            Text(view.name, "bold"),
            *[Text(view.id, "dim")] * with_id,
            *[Text(view.project)] * with_project,
            _state(view.state),
            view.started_at.astimezone().strftime("%b %d %H:%M"),
            _duration(view.started_at, view.ended_at),
            str(len(view.attempts)),
            f"{view.rows:,}",
            Text(view.reason, "dim"),
        )
    return table


def _show(console: Console, view: RunView) -> None:
    from rich.panel import Panel
    from rich.text import Text

    title = Text.assemble((view.name, "bold"), "  ", _state(view.state))
    lines = [
        ("reason", view.reason),
        ("id", view.id),
        ("project", view.project),
        ("started", view.started_at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")),
        ("took", _duration(view.started_at, view.ended_at)),
        ("rows", f"{view.rows:,}" + (f", {view.dropped_rows:,} dropped" * bool(view.dropped_rows))),
        ("host", view.host),
        ("notebook", view.notebook or ""),
        ("tags", ", ".join(view.tags)),
        ("notes", view.notes or ""),
        ("path", str(view.path)),
    ]
    body = Text("\n").join(
        Text.assemble((f"{name:<9}", "dim"), value) for name, value in lines if value
    )
    console.print(Panel(body, title=title, title_align="left", expand=False))
    for name, values in (("config", view.config), ("summary", view.summary)):
        if values:
            console.print(_pairs(name, values))
    if view.attempts:
        console.print(_attempt_table(view.attempts))
    for damage in view.damage:
        console.print(Text(f"damaged: {damage}", "yellow"))
    if view.exception:
        console.print(Text(view.exception["traceback"].rstrip(), "red"))


def _pairs(name: str, values: dict[str, Any]) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(name)
    table.add_column("", overflow="fold")
    for key in values:
        table.add_row(Text(key), Text(_shown(values[key])))
    return table


def _attempt_table(attempts: list[AttemptView]) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("n", justify="right")
    table.add_column("name", overflow="fold")
    table.add_column("try", justify="right")
    for column in ("state", "took"):
        table.add_column(column, no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    keys = list(dict.fromkeys(key for attempt in attempts for key in attempt.summary))
    keys = keys[:_SUMMARY_COLUMNS]
    for key in keys:
        table.add_column(Text(key), justify="right", no_wrap=True)
    for attempt in attempts:
        table.add_row(
            str(attempt.n),
            Text(attempt.name or attempt.cell_id or ""),
            str(attempt.cell_try),
            _state(attempt.state),
            _duration(attempt.started_at, attempt.ended_at) if attempt.started_at else "",
            f"{attempt.rows:,}",
            *(Text(_shown(attempt.summary.get(key, ""))) for key in keys),
        )
    return table


def _state(state: str) -> Any:
    from rich.text import Text

    return Text(state, _COLOURS.get(state, ""))


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _duration(start: datetime, end: datetime | None) -> str:
    """How long it took, or takes so far."""
    seconds = ((end or datetime.now(start.tzinfo)) - start).total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
