"""The bundle that pages load is the one that its sources make; found out without Node."""

from __future__ import annotations

import json
import runpy
from hashlib import sha256
from pathlib import Path

import nbtrack

STATIC = Path(nbtrack.__file__).parent / "static"
FRONTEND = Path(__file__).parents[2] / "frontend"
AGAIN = "the front end has changed since: run `make frontend`"
BUILT = ("LICENSES.txt", "figure.js", "page.css", "page.js", "widget.css", "widget.js")
LARGEST_BUNDLE = 100_000
LARGEST_FIGURE = 900_000


def manifest() -> dict[str, object]:
    found: dict[str, object] = json.loads((STATIC / "sources.json").read_text())
    return found


def test_the_bundle_was_built_from_these_sources() -> None:
    names = [
        path.relative_to(FRONTEND).as_posix()
        for path in (FRONTEND / "src").rglob("*")
        if path.is_file()
    ]
    digest = sha256()
    for name in sorted([*names, "build.mjs", "package.json", "package-lock.json"]):
        digest.update(f"{name}\0".encode() + (FRONTEND / name).read_bytes() + b"\0")
    assert digest.hexdigest() == manifest()["sources"], AGAIN


def test_the_bundle_is_the_one_that_was_built() -> None:
    built = {name: sha256((STATIC / name).read_bytes()).hexdigest() for name in BUILT}
    assert built == manifest()["files"], AGAIN


def test_the_types_of_messages_are_those_of_python() -> None:
    made = runpy.run_path(str(FRONTEND / "wire.py"))
    for file, schema in made["schemas"]().items():
        assert (FRONTEND / file).read_text() == schema, AGAIN


def test_the_bundle_is_small() -> None:
    assert (STATIC / "widget.js").stat().st_size <= LARGEST_BUNDLE
    assert (STATIC / "widget.css").stat().st_size <= LARGEST_BUNDLE // 8


def test_what_draws_figures_is_a_script_that_can_lie_in_a_document() -> None:
    script = (STATIC / "figure.js").read_text(encoding="utf-8").lower()
    assert len(script) <= LARGEST_FIGURE
    assert "</script" not in script
    assert "<!--" not in script
    # The document alone has it: pages and widgets are as small as they were.
    for other in ("page.js", "widget.js"):
        assert "vega" not in (STATIC / other).read_text(encoding="utf-8").lower()
