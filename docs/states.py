"""Draws the states of a run and what leads from one to another: ``python -m docs.states``.

Two pictures, ``docs/images/states-light.svg`` and ``states-dark.svg``, in the colours of
``frontend/src/style/colours.css``. ``tests/docs`` fails where they are not what this draws.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

IMAGES = Path(__file__).parent / "images"
WIDTH, HEIGHT = 800, 320


class Theme(NamedTuple):
    """The colours of a picture."""

    text: str
    muted: str
    edge: str
    ground: str
    running: str
    finished: str
    bad: str


THEMES = {
    "light": Theme("#1f2328", "#57606a", "#8c959f", "#fff", "#0969da", "#1a7f37", "#c11f2b"),
    "dark": Theme("#e8edf2", "#a8b1bb", "#768390", "#111", "#6cb6ff", "#57c768", "#ff8a80"),
}
# Where the middle of each state is, and which colour it has.
STATES = {
    "running": (210, 70, "running"),
    "failed": (210, 220, "bad"),
    "finished": (700, 70, "finished"),
    "crashed": (700, 220, "bad"),
}
# A way from one state to another: a path, where its words are, and the words.
WAYS = (
    (
        "M 275 70 H 633",
        (292, 42),
        ("the kernel ends, and the latest try", "of every cell went well"),
    ),
    ("M 190 95 V 193", (12, 138), ("a cell has ended, and", "its latest try raised")),
    ("M 230 195 V 97", (246, 150), ("a tracked cell begins",)),
    ("M 275 85 L 634 208", (520, 118), ("the process dies", "while a tracked cell runs")),
)
NOTE = (145, 268), ("the end too, if the kernel ends now,", "or a restart cuts a tracked cell off")


def draw(theme: Theme) -> str:
    """The picture, as SVG."""
    font = 'font-family="system-ui, sans-serif" font-size="15"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {font}>',
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="7"',
        f' markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" fill="{theme.edge}"/>',
        "</marker></defs>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="{theme.ground}"/>',
    ]
    for path, (x, y), words in WAYS:
        parts.append(
            f'<path d="{path}" fill="none" stroke="{theme.edge}" stroke-width="1.6"'
            ' marker-end="url(#tip)"/>'
        )
        parts += _words(x, y, words, theme)
    parts += _words(*NOTE[0], NOTE[1], theme)
    for name, (x, y, colour) in STATES.items():
        shade = getattr(theme, colour)
        parts.append(
            f'<rect x="{x - 65}" y="{y - 24}" width="130" height="48" rx="10" fill="{theme.ground}"'
            f' stroke="{shade}" stroke-width="2.5"/>'
            f'<text x="{x}" y="{y + 6}" text-anchor="middle" font-size="18" font-weight="600"'
            f' fill="{shade}">{name}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _words(x: int, y: int, lines: Iterable[str], theme: Theme) -> list[str]:
    return [
        f'<text x="{x}" y="{y + 18 * number}" fill="{theme.muted}">{line}</text>'
        for number, line in enumerate(lines)
    ]


def main() -> None:
    for name, theme in THEMES.items():
        (IMAGES / f"states-{name}.svg").write_text(draw(theme), encoding="utf-8")


if __name__ == "__main__":
    main()
