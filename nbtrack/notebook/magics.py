"""``%%track``: its options, and how the line disappears from the code that runs.

The line is taken out by an input transformer, not by a magic that runs the rest of the cell: so
``await``, line numbers, ``Out``, other magics and ``!`` work as they do without it. The magic that
is registered under the name serves ``%%track?``, and refuses what the transformer left in place.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
from typing import Any, NoReturn

import msgspec

NAME = "track"
_TRACK = re.compile(rf"%%{NAME}(?:\s+(.*))?", re.DOTALL)
_CELL_MAGIC = re.compile(r"%%(\w+)")
# These run the rest of the cell as code of the notebook, so %%track may also stand below them.
_TRANSPARENT = frozenset({"capture", "prun", "time", "timeit"})


class OptionError(ValueError):
    """An option of ``%%track`` that cannot be used; the text names it."""


class TrackOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of one ``%%track`` line."""

    name: str | None = None
    tags: list[str] = []
    config: dict[str, Any] = {}
    project: str | None = None
    new: bool = False
    widget: bool = True


class Parser(argparse.ArgumentParser):
    """Raises where argparse would end the process."""

    def error(self, message: str) -> NoReturn:
        raise OptionError(message)


def _make_parser() -> Parser:
    parser = Parser(prog=f"%%{NAME}", add_help=False, allow_abbrev=False)
    parser.add_argument("--name")
    parser.add_argument("--tag", action="append", default=[], dest="tags")
    parser.add_argument("--config", action="append", default=[])
    parser.add_argument("--project")
    parser.add_argument("--new", action="store_true")
    parser.add_argument("--no-widget", action="store_false", dest="widget")
    return parser


_parser = _make_parser()


def parse_options(text: str) -> TrackOptions:
    """The options in what follows ``%%track``.

    Raises:
        OptionError: One of them cannot be used.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise OptionError(f"{text.strip()}: {error}") from None
    values = vars(_parser.parse_args(words))
    try:
        values["config"] = dict(setting(pair) for pair in values["config"])
    except OptionError as error:
        raise OptionError(f"argument --config: {error}") from None
    return TrackOptions(**values)


def setting(pair: str) -> tuple[str, Any]:
    key, equals, text = pair.partition("=")
    if not key or not equals:
        raise OptionError(f"{pair!r} is not of the form key=value")
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        return key, text
    return key, text if isinstance(value, dict | list) else value


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def complete(line: str) -> list[str]:
    """What can stand where ``line``, which begins with ``%%track``, ends."""
    return [option for action in _parser._actions for option in action.option_strings]


def leading_lines(source: str, *, below: str) -> int | None:
    """How many lines come before the code below ``%%<below>``; None if that does not lead it."""
    lines = source.splitlines()
    seen = False
    for at, line in enumerate(lines):
        line = line.strip()
        if not line:
            continue
        magic = _CELL_MAGIC.match(line)
        if seen or magic is None or magic[1] not in (*_TRANSPARENT, NAME):
            return at if seen else None
        seen = magic[1] == below
    return len(lines) if seen else None


def dropped_lines(source: str) -> int:
    """How many lines at the start of a cell do not reach the code that is compiled."""
    lines = source.splitlines(keepends=True)
    blank = next((at for at, line in enumerate(lines) if line.strip()), 0)
    return len(lines) - len(transform(lines[blank:]))


def find_options(source: str) -> TrackOptions | None:
    """The options of a cell's ``%%track`` line; None if it has none, or has one to be refused."""
    for line in source.splitlines():
        line = line.strip()
        if not line:
            continue
        found = _TRACK.fullmatch(line)
        if found:
            try:
                return parse_options(found[1] or "")
            except OptionError:
                return None
        magic = _CELL_MAGIC.match(line)
        if magic is None or magic[1] not in _TRANSPARENT:
            return None
    return None


def transform(lines: list[str]) -> list[str]:
    """Turn a leading ``%%track`` line into a comment; pure, as IPython calls it at will.

    Before another cell magic the line goes, with the blank lines after it: a cell magic has to
    stand first. A line with options that cannot be used stays, for the magic to refuse.
    """
    found = _TRACK.fullmatch(lines[0].strip()) if lines else None
    if found is None:
        return lines
    try:
        parse_options(found[1] or "")
    except OptionError:
        return lines
    for at, line in enumerate(lines[1:], start=1):
        if line.strip():
            if line.startswith("%%"):
                return lines[at:]
            break
    return [f"# {lines[0]}", *lines[1:]]


# Not true, but what makes a terminal wait for the rest of the cell after this first line: it skips
# such transformers when it looks whether the input is complete, and sees a cell magic.
transform.has_side_effects = True  # type: ignore[attr-defined]


def track(line: str, cell: str = "") -> None:
    """Record this cell as an attempt of the kernel's run: its source, config, rows and outcome.

    Usage::

        %%track [--name NAME] [--tag TAG]... [--config KEY=VALUE]...
                [--project PROJECT] [--new] [--no-widget]

    Every execution of the cell is its next try. Rows that it logs with ``nbtrack.log()`` belong to
    that attempt.

    --name NAME         call the attempt NAME
    --tag TAG           put a tag on the attempt; may be repeated
    --config KEY=VALUE  set a value in the run's config before the cell begins; may be repeated.
                        0.1, 10, true, null and "text" are read as JSON, anything else is a string
    --project PROJECT   record into this project; starts a new run if the current one is of another
    --new               end the kernel's run and start another one with this cell
    --no-widget         show the picture that stays in the notebook, and no live view
    """
    from IPython.core.error import UsageError

    try:
        parse_options(line)
    except OptionError as error:
        raise UsageError(f"%%{NAME}: {error}. See %%{NAME}?") from None
    raise UsageError(f"%%{NAME} has to be the first line of a cell")
