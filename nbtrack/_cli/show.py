"""``nbtrack show``: one run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from . import render
from .options import json_option, print_json, reading_option

if TYPE_CHECKING:
    from rich.console import Console

    from ..store.artifact_uses import UsedVersion
    from ..store.attempt_view import AttemptView
    from ..store.cells import CellView
    from ..store.model import ModelInfo
    from ..store.owners import PartView
    from ..store.post_mortem import PostMortem
    from ..store.schema import Alert
    from ..store.view import RunView
    from ..sync.told import Told

# How many values the table of attempts shows; --json has all.
_SUMMARY_COLUMNS = 3
# How many artifacts the table shows, the latest; --json has all.
_ARTIFACT_ROWS = 20


@click.command()
@click.argument("run")
@click.option("--cells", is_flag=True, help="Every cell that ran, tracked or not.")
@reading_option
@json_option
def show(run: str, cells: bool, store: Path | None, as_json: bool) -> None:
    """Show one run, by its id or name: state, reason, attempts, config, summary and artifacts."""
    from ..store.catalog import open_run

    view = open_run(run, dir=store)
    if as_json:
        found = view.post_mortem
        more: dict[str, Any] = {
            "post_mortem": found.to_dict() if found is not None else None,
            "models": msgspec.to_builtins(view.models),
            "media": msgspec.to_builtins(view.media_counts()),
            "artifacts": msgspec.to_builtins(_artifacts(view)),
            "sync": [one.to_dict() for one in _synced(view)],
        }
        if cells:
            more["cells"] = [cell.to_dict() for cell in view.cells]
        print_json({**view.to_dict(), **more})
    elif cells:
        console = render.console()
        console.print(_cell_table(view.cells, console))
    else:
        _show(render.console(), view)


def _show(console: Console, view: RunView) -> None:
    from rich.panel import Panel
    from rich.text import Text

    title = Text.assemble((view.name, "bold"), "  ", render.state(view.state))
    lines = [
        ("reason", view.reason),
        ("id", view.id),
        ("project", view.project),
        ("started", view.started_at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")),
        ("took", render.duration(view.started_at, view.ended_at)),
        *(("model", _model(model)) for model in view.models),
        ("rows", f"{view.rows:,}" + (f", {view.dropped_rows:,} dropped" * bool(view.dropped_rows))),
        ("host", view.host),
        ("notebook", view.notebook or ""),
        ("tags", ", ".join(view.tags)),
        ("notes", view.notes or ""),
        ("path", str(view.path)),
        *(("sync", _sync_line(view, one)) for one in _synced(view)),
    ]
    body = Text("\n").join(
        Text.assemble((f"{name:<9}", "dim"), value) for name, value in lines if value
    )
    console.print(Panel(body, title=title, title_align="left", expand=False))
    post_mortem = view.post_mortem
    if post_mortem is not None:
        console.print(_card(post_mortem))
    for alert in view.alerts:
        console.print(_alert(alert))
    if view.config:
        console.print(_pairs("config", view.config))
    if view.summary:
        console.print(_pairs("summary", _summary(view)))
    if view.attempts:
        console.print(_attempt_table(view.attempts))
    if len(view.parts) > 1:
        console.print(_part_table(view.parts))
    media = {one.key: f"{one.count:,} {one.kind}" for one in view.media_counts()}
    if media:
        console.print(_pairs("media", media))
    artifacts = _artifacts(view)
    if artifacts:
        console.print(_artifact_table(artifacts))
    for damage in view.damage:
        console.print(Text(f"damaged: {damage}", "yellow"))
    if view.exception:
        console.print(Text(view.exception["traceback"].rstrip(), "red"))


def _synced(view: RunView) -> list[Told]:
    from ..store.layout import RunDir
    from ..sync.told import told

    return told(RunDir(view.path))


def _sync_line(view: RunView, found: Told) -> str:
    """How far it is at a place, and what to do where nobody goes on with it."""
    if not found.problem or view.state == "running":
        return str(found)
    return f"{found} `nbtrack sync {view.id} --to {found.url}` tries again."


def _alert(alert: Alert) -> Any:
    from rich.text import Text

    at = datetime.fromtimestamp(alert.time / 1e6, UTC).astimezone().strftime("%b %d %H:%M")
    style = {"ERROR": "red", "WARN": "yellow"}.get(alert.level, "cyan")
    text = Text.assemble((alert.level, f"bold {style}"), " ", (at, "dim"), " ", alert.title)
    return text.append(f": {alert.text}") if alert.text else text


def _summary(view: RunView) -> dict[str, Any]:
    """The summary, a line for each value; extremes say where they were."""
    from ..store.metrics import Extreme, definition_of

    found: dict[str, Any] = {}
    for key, value in view.summary.items():
        if not isinstance(value, dict) or definition_of(view.metrics, key) is None:
            found[key] = value
            continue
        known = view.aggregates(key)
        for name, one in value.items():
            place = getattr(known, name, None)
            at = ""
            if isinstance(place, Extreme) and place.value == one:
                attempt = f"attempt {place.attempt}, " if place.attempt else ""
                at = f"  ({attempt}step {place.step})"
            found[f"{key} {name}"] = f"{render.shown(one)}{at}"
    return found


def _model(model: ModelInfo) -> str:
    """A model in one line."""
    kind = f" ({model.type}, {model.framework})" if model.name != model.type else ""
    kind = kind or f" ({model.framework})"
    said = f"{model.name}{kind}: {model.parameters:,} parameters"
    if model.trainable != model.parameters:
        said += f", {model.trainable:,} of them trained"
    size = f", {render.size(model.size_bytes)}" if model.size_bytes else ""
    parts = len(model.layers) - 1
    return f"{said}{size}, {parts:,} layers" if parts > 0 else said + size


def _card(found: PostMortem) -> Any:
    """How it died."""
    from rich.panel import Panel
    from rich.text import Text

    where = ", ".join(filter(None, [found.cell, f"line {found.line}" if found.line else ""]))
    memory = render.sparkline(found.memory)
    if found.memory_bytes is not None and found.memory_limit_bytes is not None:
        used, limit = render.size(found.memory_bytes), render.size(found.memory_limit_bytes)
        memory = f"{memory}  {used} of {limit} in use at the last look".strip()
    lines = [
        ("cause", found.cause),
        ("verdict", found.certainty),
        ("cell", where),
        ("source", found.source or ""),
        ("memory", memory),
        ("look up", found.look_up or ""),
    ]
    body = Text("\n").join(
        Text.assemble((f"{name:<9}", "dim"), value) for name, value in lines if value
    )
    for title, text in (
        ("last output", Text.from_ansi(found.output)),
        ("stack", Text(found.stack or "")),
    ):
        if text:
            body.append(f"\n\n{title}\n", "dim").append_text(text)
    return Panel(body, title=Text("post-mortem", "bold"), title_align="left", expand=False)


def _pairs(name: str, values: dict[str, Any]) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(name)
    table.add_column("", overflow="fold")
    for key in values:
        table.add_row(Text(key), Text(render.shown(values[key])))
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
            render.state(attempt.state),
            render.duration(attempt.started_at, attempt.ended_at) if attempt.started_at else "",
            f"{attempt.rows:,}",
            *(Text(render.shown(attempt.summary.get(key, ""))) for key in keys),
        )
    return table


def _part_table(parts: list[PartView]) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("part", justify="right")
    for column in ("state", "started", "host", "Python", "commit"):
        table.add_column(column, no_wrap=True)
    table.add_column("differs from the first in", overflow="fold")
    for part in parts:
        started = part.started_at.astimezone() if part.started_at else None
        table.add_row(
            str(part.n),
            render.state(part.state),
            f"{started:%Y-%m-%d %H:%M:%S}" if started else "",
            Text(part.host),
            Text(part.python or ""),
            Text((part.git_commit or "")[:10]),
            Text("\n".join(map(str, part.differences))),
        )
    return table


def _artifacts(view: RunView) -> list[UsedVersion]:
    from ..store.artifact_uses import used_versions
    from ..store.layout import Store

    return used_versions(Store(view.path.parent.parent), view.artifacts)


def _artifact_table(artifacts: list[UsedVersion]) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    before = len(artifacts) - _ARTIFACT_ROWS
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        caption=f"{before:,} before these; --json has all" if before > 0 else None,
        caption_justify="left",
    )
    table.add_column("artifact", overflow="fold")
    table.add_column("", no_wrap=True)
    table.add_column("type", overflow="fold")
    for column in ("files", "size"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("aliases", overflow="fold")
    for found in artifacts[-_ARTIFACT_ROWS:]:
        gone = found.files is None
        table.add_row(
            Text(found.name),
            found.role,
            Text(found.type),
            "" if gone else f"{found.files:,}",
            render.size(found.size),
            Text("gone or damaged", "dim") if gone else Text(", ".join(found.aliases)),
        )
    return table


def _cell_table(cells: list[CellView], console: Console) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    with_gpu = any(cell.peak_gpu_memory_bytes is not None for cell in cells)
    wide = console.width >= render.WIDE
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("cell", justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for name in ("took", *["cpu"] * wide, "memory", *["gpu"] * with_gpu, "attempt"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("source", no_wrap=True, overflow="ellipsis", ratio=1)
    for cell in cells:
        table.add_row(
            cell.label,
            render.state(cell.state),
            render.seconds(cell.wall_seconds),
            *[render.seconds(cell.cpu_seconds)] * wide,
            render.size(cell.peak_memory_bytes),
            *[render.size(cell.peak_gpu_memory_bytes)] * with_gpu,
            "" if cell.attempt is None else str(cell.attempt),
            Text(_first_line(cell.source)),
        )
    return table


def _first_line(source: str) -> str:
    """The first line that says what a cell does: not that it is tracked."""
    lines = [line for line in source.splitlines() if line.strip()]
    return next((line for line in lines if not line.startswith("%%track")), *lines[:1] or [""])
