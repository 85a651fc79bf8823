"""Brings what is generated up to date: the help texts, the notebooks' outputs, the pictures.

Run as ``python -m docs.update`` in the root of the project, with the development environment.
``tests/docs`` fails where the help texts are not the ones of the command line.
"""

from __future__ import annotations

import base64
import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import click

import nbtrack
from nbtrack._cli import main as command_line

DOCS = Path(__file__).parent
NOTEBOOKS = DOCS.parent / "notebooks"
IMAGES = DOCS / "images"
WIDTH = 80
# Stands in the saved outputs for the folder in which notebooks were executed, each in one below it.
FOLDER = "/home/ada"

_HELP = re.compile(r"(```text\n(nbtrack[ \w-]*) --help\n)(?:\n(?:.*\n)*?)?(```)")


def with_help(page: str) -> str:
    """The page with the help texts as they are now."""
    return _HELP.sub(lambda m: f"{m[1]}\n{help_of(*m[2].split()[1:])}\n{m[3]}", page)


def help_of(*commands: str) -> str:
    """What ``nbtrack … --help`` prints on a terminal of 80 columns."""
    command: click.Command = command_line
    context = _context("nbtrack", command, None)
    left = list(commands)
    while left:
        assert isinstance(command, click.Group)
        # A command may be two words.
        name = next(found for n in (2, 1) if (found := " ".join(left[:n])) in command.commands)
        del left[: len(name.split())]
        command = command.commands[name]
        context = _context(name, command, context)
    return command.get_help(context)


def _context(name: str, command: click.Command, parent: click.Context | None) -> click.Context:
    return command.make_context(
        name, [], parent, resilient_parsing=True, terminal_width=WIDTH, max_content_width=WIDTH
    )


def execute_notebook(name: str, store: Path, picture: Path | None = None) -> None:
    """Run a notebook in a real kernel, and save it with its outputs, and its picture apart."""
    import nbformat
    from nbclient import NotebookClient

    path = NOTEBOOKS / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    environment = {**os.environ, "NBTRACK_DIR": str(store)}
    NotebookClient(notebook, resources={"metadata": {"path": str(store.parent)}}).execute(
        env=environment
    )
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            if "text" in output:
                output["text"] = output["text"].replace(str(store.parent.parent), FOLDER)
            png = output.get("data", {}).get("image/png")
            if png and picture is not None:
                picture.write_bytes(base64.b64decode(png))
    notebook.metadata.pop("language_info", None)
    nbformat.write(notebook, path)


def draw_terminal(store: Path, *arguments: str) -> str:
    """A picture of what ``nbtrack`` prints on a terminal, as SVG."""
    from rich.console import Console
    from rich.text import Text

    done = subprocess.run(
        [sys.executable, "-m", "nbtrack", *arguments],
        env={
            **os.environ,
            "NBTRACK_DIR": str(store),
            "PYTHONPATH": str(DOCS.parent),
            "FORCE_COLOR": "1",
            "TERM": "xterm-256color",
            "COLUMNS": str(WIDTH + 10),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [f"$ nbtrack {' '.join(arguments)}", ""]
    lines += (
        _elsewhere(line, str(store.parent.parent)) for line in done.stdout.rstrip().splitlines()
    )
    console = Console(record=True, width=WIDTH + 10, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi("\n".join(lines)), soft_wrap=True)
    svg = console.export_svg(title="nbtrack show", unique_id="nbtrack")
    # Fonts from the network are not loaded in a picture; any fixed-width one will do.
    svg = re.sub(r"\s*@font-face \{[^}]*\}", "", svg)
    return svg.replace("Fira Code", "ui-monospace, SFMono-Regular, Menlo, DejaVu Sans Mono")


def _elsewhere(line: str, folder: str) -> str:
    """The line with another folder, and with its frame where it was."""
    head, found, tail = line.partition(folder)
    if not found:
        return line
    end = tail.rindex("│") - 1
    return f"{head}{FOLDER}{tail[:end]}{' ' * (len(folder) - len(FOLDER))}{tail[end:]}"


def main() -> None:
    page = DOCS / "cli.md"
    page.write_text(with_help(page.read_text(encoding="utf-8")), encoding="utf-8")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "digits" / ".nbtrack"
        store.parent.mkdir()
        execute_notebook("quickstart", store, IMAGES / "learning-curves.png")
        (run,) = nbtrack.runs(dir=store)
        svg = draw_terminal(store, "show", run.name)
        (IMAGES / "show.svg").write_text(svg, encoding="utf-8")
        for name, project in {"gradient-boosting": "tumours", "sweep": "sweep"}.items():
            other = Path(folder) / project / ".nbtrack"
            other.parent.mkdir()
            execute_notebook(name, other)


if __name__ == "__main__":
    main()
