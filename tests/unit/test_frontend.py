"""The bundles that pages load are those that their sources make; found out without Node."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
import tomllib
from hashlib import sha256
from pathlib import Path

import nbtrack

STATIC = Path(nbtrack.__file__).parent / "static"
CHECKOUT = Path(__file__).parents[2]
FRONTEND = CHECKOUT / "frontend"
# What JupyterLab finds in `share/jupyter/labextensions/nbtrack` of an environment.
EXTENSION = CHECKOUT / "labextension"
AGAIN = "the front end has changed since: run `make frontend`"
LARGEST_BUNDLE = 100_000
LARGEST_EXTENSION = 50_000
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
    files = [
        path
        for folder in (STATIC, EXTENSION)
        for path in folder.rglob("*")
        if path.is_file() and path != STATIC / "sources.json"
    ]
    built = {
        path.relative_to(CHECKOUT).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in files
    }
    assert built == manifest()["files"], AGAIN


def test_jupyterlab_knows_the_extension() -> None:
    described = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    assert described["version"] == nbtrack.__version__, AGAIN
    assert (EXTENSION / described["jupyterlab"]["_build"]["load"]).is_file()
    # It runs in the oldest JupyterLab that the project works with, and in no other major version.
    extras = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    demo = extras["project"]["optional-dependencies"]["demo"]
    oldest = next(text for text in demo if text.startswith("jupyterlab>="))
    assert (
        described["dependencies"]["@jupyterlab/application"]
        == oldest.replace("jupyterlab>=", "^") + ".0"
    )


def test_jupyterlab_of_this_environment_has_the_extension() -> None:
    command = [sys.executable, "-m", "jupyterlab.labextensions", "list"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    said = re.sub(r"\x1b\[\d*m", "", done.stdout + done.stderr)
    assert f"nbtrack v{nbtrack.__version__} enabled OK" in said, "run `make env`"
    installed = Path(sys.prefix, "share", "jupyter", "labextensions", "nbtrack")
    for path in EXTENSION.rglob("*.*"):
        same = (installed / path.relative_to(EXTENSION)).read_bytes() == path.read_bytes()
        assert same, f"{path.name} in {installed} is of another build: run `make env`"


def test_the_types_of_messages_are_those_of_python() -> None:
    made = runpy.run_path(str(FRONTEND / "wire.py"))
    for file, schema in made["schemas"]().items():
        assert (FRONTEND / file).read_text() == schema, AGAIN


def test_the_bundle_is_small() -> None:
    assert (STATIC / "widget.js").stat().st_size <= LARGEST_BUNDLE
    assert (STATIC / "widget.css").stat().st_size <= LARGEST_BUNDLE // 8
    assert (EXTENSION / "static" / "lab.js").stat().st_size <= LARGEST_EXTENSION


def test_what_draws_figures_is_a_script_that_can_lie_in_a_document() -> None:
    script = (STATIC / "figure.js").read_text(encoding="utf-8").lower()
    assert len(script) <= LARGEST_FIGURE
    assert "</script" not in script
    assert "<!--" not in script
    # The document alone has it: pages and widgets are as small as they were.
    for other in ("page.js", "widget.js"):
        assert "vega" not in (STATIC / other).read_text(encoding="utf-8").lower()
