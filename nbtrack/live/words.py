"""Numbers as a person reads them at a glance."""

from __future__ import annotations

import math
from itertools import accumulate
from unicodedata import east_asian_width

_NARROW = frozenset("ijlftr.,:;'|!()[]/\\ ")
_WIDE = frozenset("mw@%<>=+~…&#")
_SIZES = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def number(value: float, digits: int = 4) -> str:
    """So many significant digits at most: ``0.1234``, ``12.35k``, ``1.20e-05``."""
    if not math.isfinite(value):
        return "NaN" if value != value else "∞" if value > 0 else "-∞"
    size = abs(value)
    if size and (size < 1e-3 or size >= 1e15):
        return f"{value:.2e}"
    for scale, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= scale:
            return f"{value / (1e3 if unit == 'k' else scale):.{digits}g}{unit}"
    return f"{value:.{digits}g}"


def duration(seconds: float) -> str:
    """``3.2 s``, ``4 min 10 s``, ``2 h 5 min``."""
    if seconds < 10:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def sizes(part: float, whole: float) -> str:
    """Bytes of how many: ``3.2 of 16 GiB``, ``60 MiB of 16 GiB``."""
    amount, unit = _sized(part)
    of, whole_unit = _sized(whole)
    return f"{amount}{f' {unit}' * (unit != whole_unit)} of {of} {whole_unit}"


def _sized(size: float) -> tuple[str, str]:
    scale, unit = next(((scale, unit) for scale, unit in _SIZES if size >= scale), (1, "B"))
    return f"{size / scale:.3g}", unit


def cut(text: str, room: float) -> str:
    """As much of ``text`` as ``room`` letters of middle width take, and a mark if that is not all.

    What letters are on a reader's machine is not known; those that are wide in most fonts count
    for more.
    """
    text = " ".join(text.split())
    widths = list(accumulate(map(_width, text)))
    if not widths or widths[-1] <= room:
        return text
    kept = sum(width <= room - _width("…") for width in widths)
    return text[:kept] + "…"


def _width(letter: str) -> float:
    if letter in _NARROW:
        return 0.7
    if letter in _WIDE or letter.isupper():
        return 1.45
    return 1.7 if east_asian_width(letter) in "WF" else 1.0
