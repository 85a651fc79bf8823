"""Writes ``wire.schema.json``: what is sent to pages, as the Python structures have it.

Run as ``python frontend/wire.py`` in the root of the project; ``make frontend`` does.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from nbtrack.live.card import Update

SCHEMA = Path(__file__).parent / "wire.schema.json"


def schema() -> str:
    """The JSON schema of a message's head."""
    (_,), components = msgspec.json.schema_components([Update], ref_template="#/definitions/{name}")
    for component in components.values():
        # Everything is always sent.
        component["required"] = list(component["properties"])
        for field in component["properties"].values():
            field.pop("default", None)
    document = {**components.pop("Update"), "definitions": components}
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema(), encoding="utf-8")
