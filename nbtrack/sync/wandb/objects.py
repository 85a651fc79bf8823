"""What was logged besides numbers, as the objects that wandb has for it."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

Cannot = Callable[[str], None]

# A cell of a table that holds media is an object with this key alone.
CELL = "nbtrack.media"


def made(wandb: ModuleType, item: dict[str, Any], cannot: Cannot) -> Any:
    """The object for one item.

    Args:
        item: ``kind``, ``path`` of its file or None, ``info``; of a table also ``columns`` and
            ``rows``, of an image ``masks``, paths by name.
        cannot: Takes what is left out of it, in words.

    Raises:
        Exception: wandb, or a library that it needs, does not take it.
    """
    return _MAKERS[item["kind"]](wandb, item, cannot)


def _image(wandb: ModuleType, item: dict[str, Any], cannot: Cannot) -> Any:
    path, info = Path(item["path"]), item["info"]
    if path.suffix == ".svg":
        return wandb.Html(path.read_text(encoding="utf-8"), inject=False)
    caption, drawn = info.get("caption"), _drawn_over(item)
    try:
        return wandb.Image(str(path), caption=caption, classes=info.get("classes"), **drawn)
    except Exception as error:  # each check of boxes and masks has errors of its own
        if not drawn:
            raise
        cannot(f"boxes and masks ({str(error).partition(chr(10))[0]})")
        return wandb.Image(str(path), caption=caption)


def _drawn_over(item: dict[str, Any]) -> dict[str, Any]:
    boxes, masks = item["info"].get("boxes"), item.get("masks")
    found: dict[str, Any] = {}
    if boxes:
        found["boxes"] = {name: _labelled(group) for name, group in boxes.items()}
    if masks:
        import numpy
        from PIL import Image

        found["masks"] = {}
        for name, path in masks.items():
            with Image.open(path) as picture:
                pixels = numpy.asarray(picture)
            group = {k: v for k, v in item["info"]["masks"][name].items() if k != "file"}
            found["masks"][name] = {**_labelled(group), "mask_data": pixels}
    return found


def _labelled(group: dict[str, Any]) -> dict[str, Any]:
    """With the numbers of classes as numbers: as keys of JSON they were text."""
    labels = group.get("class_labels")
    if not labels:
        return group
    return {**group, "class_labels": {int(n): name for n, name in labels.items()}}


def _audio(wandb: ModuleType, item: dict[str, Any], cannot: Cannot) -> Any:
    return wandb.Audio(item["path"], caption=item["info"].get("caption"))


def _video(wandb: ModuleType, item: dict[str, Any], cannot: Cannot) -> Any:
    return wandb.Video(item["path"], caption=item["info"].get("caption"))


def _html(wandb: ModuleType, item: dict[str, Any], cannot: Cannot) -> Any:
    return wandb.Html(Path(item["path"]).read_text(encoding="utf-8"), inject=False)


def _text(wandb: ModuleType, item: dict[str, Any], cannot: Cannot) -> Any:
    path = item["path"]
    text = item["info"].get("text", "") if path is None else Path(path).read_text(encoding="utf-8")
    return wandb.Html(f"<pre>{html.escape(text)}</pre>", inject=False)


def _histogram(wandb: ModuleType, item: dict[str, Any], cannot: Cannot) -> Any:
    return wandb.Histogram(np_histogram=(item["info"]["counts"], item["info"]["bins"]))


def _figure(wandb: ModuleType, item: dict[str, Any], cannot: Cannot) -> Any:
    if not item["path"].endswith(".json"):
        return _image(wandb, item, cannot)
    if item["info"].get("source") != "plotly":
        raise ValueError("W&B has no figures of Vega-Lite")
    try:
        from plotly.graph_objects import Figure
    except ImportError:
        raise ValueError("that takes `pip install plotly` here") from None
    document = json.loads(Path(item["path"]).read_text(encoding="utf-8"))
    return wandb.Plotly(Figure(document, skip_invalid=True))


def _table(wandb: ModuleType, item: dict[str, Any], cannot: Cannot) -> Any:
    rows = [[_cell(wandb, value, cannot) for value in row] for row in item["rows"]]
    most = wandb.Table.MAX_ARTIFACT_ROWS
    if len(rows) > most:
        cannot(f"rows behind the first {most:,}")
    # Columns may be of mixed values, which wandb refuses unless it is told.
    return wandb.Table(columns=item["columns"], data=rows[:most], allow_mixed_types=True)


def _cell(wandb: ModuleType, value: Any, cannot: Cannot) -> Any:
    if not (isinstance(value, dict) and value.keys() == {CELL}):
        return value
    found = value[CELL]
    try:
        return made(wandb, found, cannot)
    except Exception as error:  # each kind has errors of its own
        cannot(f"{found['kind']}s in cells ({str(error).partition(chr(10))[0]})")
        return None


_MAKERS: dict[str, Callable[[ModuleType, dict[str, Any], Cannot], Any]] = {
    "image": _image,
    "audio": _audio,
    "video": _video,
    "html": _html,
    "text": _text,
    "histogram": _histogram,
    "figure": _figure,
    "table": _table,
}
