"""The picture of an attempt: one small SVG that needs neither kernel nor JavaScript.

It stays in the saved notebook, and is shown there through an ``<img>``: nothing in it can run, no
font is loaded, and its colours follow the reader's preference for dark or light. It has a ground of
its own, so it can be read on a page of any colour.
"""

from __future__ import annotations

import re
import time
from typing import NamedTuple
from xml.etree import ElementTree as ET

from . import words
from .card import AttemptCard, Card
from .chosen import Chart, best, is_held_out, most_telling
from .curves import Curves, Plot
from .frame import SYSTEM, LiveFrame, Series

WIDTH = 720
MAX_BYTES = 22_000

_EDGE = 16
_COLUMNS = 4
_ROWS = 2
_GAP = 14
_CHART_HEIGHT = 96
_STRIP_HEIGHT = 22
_LABEL_WIDTH = 150
# Of middle width, in a line as wide as the sheet.
_LINE_LETTERS = 95
_MAX_LINES = 3
# Grey lines in one chart.
_MAX_OTHERS = 6
# The part of a limit from which on it is the top of its strip.
_NEAR = 0.15
# How many points across; the first that makes a picture small enough is taken.
_RESOLUTIONS = (75, 50, 30, 16, 8)
_CONTROLS = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_STYLE = """
svg{color-scheme:light dark;font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',\
sans-serif}
.g{fill:#fff;stroke:#d1d9e0}.t{fill:#1f2328}.m{fill:#59636e}.b{font-weight:600}.s{font-size:11px}
.n{font-variant-numeric:tabular-nums}.e{text-anchor:end}
.running{fill:#0969da}.finished{fill:#1a7f37}.failed,.crashed{fill:#cf222e}.interrupted{fill:#9a6700}
.o{stroke:#c3ccd5;stroke-width:1}.l0{stroke:#0969da}.l1{stroke:#bc4c00}.l2{stroke:#8250df}
.k0{fill:#0969da}.k1{fill:#bc4c00}.k2{fill:#8250df}
path,polyline{fill:none;stroke-width:1.5;stroke-linejoin:round}.r{stroke:#eaeef2;stroke-width:1}
.bar{fill:#eaeef2}.a{fill:#0969da;fill-opacity:.25;stroke:none}
@media (prefers-color-scheme:dark){.g{fill:#161b22;stroke:#3d444d}.t{fill:#e6edf3}.m{fill:#9ea7b3}
.running{fill:#58a6ff}.finished{fill:#3fb950}.failed,.crashed{fill:#ff7b72}.interrupted{fill:#d29922}
.o{stroke:#4d5661}.l0{stroke:#58a6ff}.l1{stroke:#f0883e}.l2{stroke:#bc8cff}
.k0{fill:#58a6ff}.k1{fill:#f0883e}.k2{fill:#bc8cff}.r{stroke:#2a313a}.bar{fill:#2a313a}
.a{fill:#58a6ff}}
""".replace("\n", "")


class Drawn(NamedTuple):
    """A picture: a whole SVG document, and the same in words."""

    svg: str
    text: str


def draw(card: Card, attempt: AttemptCard, frame: LiveFrame) -> Drawn:
    """The picture of one attempt, the tries of its cell before it in grey."""
    series = {key: one for (n, key), one in frame.series.items() if n == attempt.n}
    chosen = most_telling(series)
    text = describe(card, attempt, series, chosen)
    svg = ""
    for resolution in _RESOLUTIONS:
        svg = _Sheet(card, attempt, frame, series, chosen, text).draw(resolution)
        if len(svg.encode()) <= MAX_BYTES:
            break
    return Drawn(svg, text)


def describe(
    card: Card, attempt: AttemptCard, series: dict[str, Series], chosen: list[Chart]
) -> str:
    """The picture in words."""
    lines = [f"{_title(card, attempt)}: {_state(card, attempt)}"]
    if attempt.config:
        lines.append(_config(attempt))
    if (
        attempt.state in ("failed", "interrupted")
        and card.error
        and card.error.attempt == attempt.n
    ):
        lines.append(words.cut(f"{card.error.type}: {card.error.message}", 200))
    keys = [key for chart in chosen for key in chart.keys.values()]
    for key in keys[: 2 * _COLUMNS]:
        top = best(key, series[key])
        shown = f"{key} {words.number(series[key].last[1])}"
        lines.append(shown + (f" (best {words.number(top)})" if top is not None else ""))
    return "\n".join(lines)


def _title(card: Card, attempt: AttemptCard) -> str:
    parts = [card.name, attempt.name or f"attempt {attempt.n}"]
    if attempt.cell_try > 1:
        parts.append(f"try {attempt.cell_try}")
    return " · ".join(parts)


def _state(card: Card, attempt: AttemptCard) -> str:
    seconds = ((attempt.ended or card.ended or card.time) - attempt.started) / 1e6
    if attempt.state == "running":
        at = time.strftime("%H:%M:%S", time.localtime(card.time / 1e6))
        return f"running for {words.duration(seconds)} at {at}"
    if attempt.state == "crashed":
        return card.reason
    return f"{attempt.state} after {words.duration(seconds)}"


def _config(attempt: AttemptCard) -> str:
    return ", ".join(f"{key}={value}" for key, value in attempt.config.items())


class _Sheet:
    """One picture on its way; everything is placed from the top down."""

    def __init__(
        self,
        card: Card,
        attempt: AttemptCard,
        frame: LiveFrame,
        series: dict[str, Series],
        chosen: list[Chart],
        text: str,
    ) -> None:
        self._card = card
        self._attempt = attempt
        self._frame = frame
        self._series = series
        self._chosen = chosen
        self._text = text
        self._root = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", role="img")
        self._y = 0

    def draw(self, resolution: int) -> str:
        root = self._root
        ET.SubElement(root, "title").text = _clean(self._text.split("\n", 1)[0])
        ET.SubElement(root, "style").text = _STYLE
        ground = self._add("rect", x=0.5, y=0.5, width=WIDTH - 1, rx=8)
        ground.set("class", "g")
        self._head()
        self._charts(resolution)
        self._strips(resolution)
        height = self._y + _EDGE - 4
        ground.set("height", str(height - 1))
        root.set("width", str(WIDTH))
        root.set("height", str(height))
        root.set("viewBox", f"0 0 {WIDTH} {height}")
        return ET.tostring(root, encoding="unicode")

    def _head(self) -> None:
        card, attempt = self._card, self._attempt
        word = attempt.state
        self._add("circle", cx=_EDGE + 5, cy=23, r=5).set("class", word)
        self._label(_EDGE + 18, 27, word, f"b {word}")
        x = _EDGE + 30 + 7 * len(word)
        self._label(x, 27, words.cut(_title(card, attempt), 60), "t b")
        state = _state(card, attempt)
        if attempt.state in ("running", "finished", "failed", "interrupted"):
            self._label(WIDTH - _EDGE, 27, state.removeprefix(f"{word} "), "m n e")
        self._y = 40
        if attempt.state == "crashed":
            self._line(card.reason, "crashed", _LINE_LETTERS)
        if attempt.config:
            self._line(_config(attempt), "m", _LINE_LETTERS)
        error = card.error
        if attempt.state == "failed" and error is not None and error.attempt == attempt.n:
            where = f" · line {error.line}" if error.line else ""
            self._line(f"{error.type}: {error.message}", "failed", 92 - len(where), where)
        progress = card.progress
        if progress is not None and progress.total and attempt.state == "running":
            part = min(1.0, progress.done / progress.total)
            done = f"{words.number(progress.done)} of {words.number(progress.total)}"
            self._line(f"{progress.label} {done} · {part:.0%}".strip(), "m n", 60)
            self._add("rect", x=260, y=self._y - 12, width=444, height=5, rx=2.5).set(
                "class", "bar"
            )
            bar = self._add("rect", x=260, y=self._y - 12, width=444 * part, height=5, rx=2.5)
            bar.set("class", "running")

    def _charts(self, resolution: int) -> None:
        shown = self._chosen[: _COLUMNS * _ROWS]
        if not shown:
            what = "no metrics yet" if self._attempt.state == "running" else "no metrics"
            self._line(what, "m", 60)
            return
        self._y += 8
        columns = min(_COLUMNS, max(2, len(shown)))
        width = (WIDTH - 2 * _EDGE - (columns - 1) * _GAP) / columns
        for at, chart in enumerate(shown):
            x = _EDGE + (at % columns) * (width + _GAP)
            self._chart(chart, x, self._y + (at // columns) * _CHART_HEIGHT, width, resolution)
        self._y += -(-len(shown) // columns) * _CHART_HEIGHT
        more = len(self._chosen) - len(shown)
        if more:
            plural = "s" if more > 1 else ""
            self._line(f"and {more} more metric{plural}", "m s", 60)

    def _chart(self, chart: Chart, x: float, y: float, width: float, resolution: int) -> None:
        keys = list(chart.keys.items())[:_MAX_LINES]
        others = self._others(_MAX_OTHERS // len(keys))
        curves = Curves(
            [self._series[key] for _, key in keys],
            [
                one
                for _, key in keys
                for n in others
                if (one := self._frame.series.get((n, key))) is not None
            ],
        )
        log = " (log)" if curves.is_log else ""
        room = width / 7.2
        value, kind = self._headline(keys)
        self._label(
            x, y + 11, words.cut(chart.title, room - 1.2 * len(value) - len(log) - 1) + log, "t s b"
        )
        self._label(x + width, y + 11, value, f"{kind} n e")
        plot = Plot(x, y + 18, width, _CHART_HEIGHT - 46)
        self._add("path", d=f"M{x:.0f} {plot.bottom:.0f}h{width:.0f}").set("class", "r")
        for points in curves.others:
            self._path(curves.path(points, plot, max(8, resolution // 3)), "o")
        for at, points in reversed(list(enumerate(curves.lines))):
            self._path(curves.path(points, plot, resolution), f"l{at}")
        self._legend(keys, len(chart.keys) - len(keys), x, plot.bottom + 14, room)

    def _headline(self, keys: list[tuple[str, str]]) -> tuple[str, str]:
        """The value beside a chart's title: the last of a single line, the best of several."""
        if len(keys) == 1:
            return words.number(self._series[keys[0][1]].last[1]), "t b"
        at = next((at for at, (prefix, _) in enumerate(keys) if is_held_out(prefix)), 0)
        top = best(keys[at][1], self._series[keys[at][1]])
        return (f"best {words.number(top)}", f"k{at} b") if top is not None else ("", "m")

    def _legend(
        self, keys: list[tuple[str, str]], more: int, x: float, y: float, room: float
    ) -> None:
        """Below a chart: the best value of a single line, the last ones of several."""
        if len(keys) == 1:
            top = best(keys[0][1], self._series[keys[0][1]])
            if top is not None:
                self._label(x, y, f"best {words.number(top)}", "m s n")
            return
        element = self._label(x, y, "", "s n")
        tail = f"+{more}" if more else ""
        for at, (prefix, key) in enumerate(keys):
            part = ET.SubElement(element, "tspan", {"class": f"k{at}"})
            value = words.number(self._series[key].last[1], digits=3)
            name = words.cut(prefix or "all", (room - len(tail)) / len(keys) - len(value) - 1)
            part.text = _clean(f"{name} {value}")
            part.tail = "\u2002"
        if more:
            ET.SubElement(element, "tspan", {"class": "m"}).text = tail

    def _strips(self, resolution: int) -> None:
        """What the machine did meanwhile."""
        strips = [strip for strip in (self._memory(), *self._gpus()) if strip is not None][:3]
        if not strips:
            return
        width = (WIDTH - 2 * _EDGE - (len(strips) - 1) * _GAP) / len(strips)
        self._y += 6
        for at, (label, series, top) in enumerate(strips):
            x = _EDGE + at * (width + _GAP)
            across = width - _LABEL_WIDTH
            plot = Plot(x + _LABEL_WIDTH, self._y, across, _STRIP_HEIGHT - 6)
            self._label(x, self._y + 13, label, "m s n")
            curves = Curves([series], [], since=self._attempt.started, low=0.0, high=top)
            self._add("path", d=f"M{plot.x:.0f} {plot.bottom:.0f}h{plot.width:.0f}").set(
                "class", "r"
            )
            self._path(curves.area(plot, max(8, resolution // 2)), "a")
        self._y += _STRIP_HEIGHT

    def _memory(self) -> tuple[str, Series, float] | None:
        used = self._system("memory.process.bytes")
        limit = self._card.memory_limit
        if used is None or not limit:
            return None
        most = max(used.points[1::2], default=0.0)
        # A limit that is far away would leave nothing to see of what is used.
        top = float(limit) if most > _NEAR * limit else 1.25 * most
        return f"RAM {words.sizes(used.last[1], limit)}", used, top

    def _gpus(self) -> list[tuple[str, Series, float] | None]:
        use = self._system("gpu.0.utilization.percent")
        memory = self._system("gpu.0.memory.used.bytes")
        total = self._system("gpu.0.memory.total.bytes")
        found: list[tuple[str, Series, float] | None] = []
        if use is not None:
            found.append((f"GPU {use.last[1]:.0f} %", use, 100.0))
        if memory is not None and total is not None:
            of = total.last[1]
            found.append((f"GPU {words.sizes(memory.last[1], of)}", memory, of))
        return found

    def _system(self, key: str) -> Series | None:
        return self._frame.series.get((SYSTEM, key))

    def _others(self, most: int) -> list[int]:
        """The tries of the same cell before this one."""
        cell, n = self._attempt.cell, self._attempt.n
        return [one.n for one in self._card.attempts if one.cell == cell and one.n < n][-most:]

    def _line(self, text: str, kind: str, length: int, tail: str = "") -> None:
        self._label(_EDGE, self._y + 11, words.cut(text, length) + tail, kind)
        self._y += 18

    def _label(self, x: float, y: float, text: str, kind: str) -> ET.Element:
        element = self._add("text", x=x, y=y)
        element.set("class", kind)
        element.text = _clean(text)
        return element

    def _path(self, d: str, kind: str) -> None:
        if d:
            self._add("path", d=d).set("class", kind)

    def _add(self, tag: str, **attributes: float | str) -> ET.Element:
        return ET.SubElement(self._root, tag, {n: _short(v) for n, v in attributes.items()})


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")


def _clean(text: str) -> str:
    """Without what XML cannot hold."""
    return _CONTROLS.sub("�", text)
