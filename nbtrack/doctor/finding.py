"""One thing that was found."""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["ok", "note", "warning", "problem"]


class Finding(msgspec.Struct, frozen=True):
    """What was found.

    Attributes:
        area: What it is about, in a word or two.
        level: ok; a note, which asks for nothing; a warning; a problem: something does not work.
        what: What is so, in one sentence.
        why: Why it matters, empty where that is plain.
        advice: What to do, empty if nothing is to be done.
    """

    area: str
    level: Level
    what: str
    why: str = ""
    advice: str = ""
