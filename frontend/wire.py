"""Writes the schemas of what is sent to pages, as the Python structures have it.

``wire.schema.json`` is a live message's head, ``api.schema.json`` everything else. Run as
``python frontend/wire.py`` in the root of the project; ``make frontend`` does.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import msgspec

from nbtrack.live.card import Update
from nbtrack.server.api import artifacts, media, run, runs, series, server

FOLDER = Path(__file__).parent


def schemas() -> dict[str, str]:
    """The JSON schemas by file name."""
    structures = [
        found
        for module in (artifacts, media, run, runs, series, server)
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, msgspec.Struct)
        if found.__module__ == module.__name__
    ]
    return {"wire.schema.json": _schema("Update", Update), "api.schema.json": _all(structures)}


def _schema(name: str, kind: Any) -> str:
    components = _components([kind])
    return _text({**components.pop(name), "definitions": components})


def _all(kinds: list[Any]) -> str:
    components = _components(kinds)
    every = {name: {"$ref": f"#/definitions/{name}"} for name in sorted(components)}
    top = {"title": "Api", "type": "object", "properties": every, "required": list(every)}
    return _text({**top, "definitions": components})


def _components(kinds: list[Any]) -> dict[str, Any]:
    _, components = msgspec.json.schema_components(kinds, ref_template="#/definitions/{name}")
    for name, component in components.items():
        if "description" in component:
            # msgspec takes the indentation away, or does not, by its version.
            component["description"] = inspect.cleandoc(component["description"])
        # Everything is always sent by the server; a page may leave out what has a default.
        if not name.endswith(("Request", "Query", "Edit", "SeriesOf")):
            component["required"] = list(component["properties"])
        for field in component["properties"].values():
            field.pop("default", None)
            if field == {"type": "object"}:
                field["additionalProperties"] = {}
    return components


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    for file, text in schemas().items():
        (FOLDER / file).write_text(text, encoding="utf-8")
