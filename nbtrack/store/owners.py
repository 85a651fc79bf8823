"""The parts of a run: each process that owned it, and in what a later one differs from the first.

Pure: a function of what is on disk, also for the process that is about to go on with a run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from .code import CodeInfo
from .fold import Fold
from .present import iso, moment
from .schema import Circumstances, RunInfo, RunState, WriterInfo
from .state import Verdict

# What counts as a difference besides the config; where a part was recorded is told, not counted.
_COMPARED = {"python": "Python", "git_commit": "commit"}
# As much of a value, and as many differences, as a line holds.
_SHOWN = 24
_COMMIT = 10
_NAMED = 4


class Difference(NamedTuple):
    """One thing that is not as it was in the first part.

    Attributes:
        what: ``config.<key>``, ``Python``, ``commit``, ``package <name>``, or ``patch`` for what
            the code differed in from the commit, of which the values are digests.
        before: The value in the first part; None if there was none.
        now: The value in this part.
    """

    what: str
    before: Any
    now: Any

    def __str__(self) -> str:
        length = _COMMIT if self.what in ("commit", "patch") else _SHOWN
        if self.before is None:
            return f"{self.what} {_short(self.now, length)} (new)"
        return f"{self.what} {_short(self.before, length)} → {_short(self.now, length)}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return self._asdict()


class PartView:
    """What one process recorded of a run that others went on with.

    Attributes:
        n: Its number, from 1.
        writer: The name of its journal's segments.
        host, user: Where, and who.
        notebook: The notebook, or the script with its arguments.
        python, nbtrack, git_commit, git_branch: With what; None if that is not known.
        state: How it ended, or running. A part that ended without a word, and was gone on with,
            crashed.
        started_at, ended_at: ``datetime`` in UTC; the end is None unless it said so.
        differences: In what it differs from the first part.
    """

    def __init__(
        self,
        n: int,
        owner: WriterInfo,
        here: Circumstances | None,
        *,
        state: RunState,
        ended: int | None,
        differences: list[Difference],
    ) -> None:
        self.n = n
        self.writer = owner.writer
        self.host = owner.process.host
        self.user = here.user if here else None
        command = " ".join(here.command or []) if here else ""
        self.notebook = (here.notebook if here else None) or command or None
        self.python = here.python if here else None
        self.nbtrack = here.nbtrack if here else None
        self.git_commit = here.git_commit if here else None
        self.git_branch = here.git_branch if here else None
        self.state: RunState = state
        self.started_at = moment(owner.opened)
        self.ended_at: datetime | None = moment(ended)
        self.differences = differences

    def __repr__(self) -> str:
        differs = f", differs in {len(self.differences)}" if self.differences else ""
        return f"<part {self.n} {self.state} on {self.host}{differs}>"

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it; times are ISO 8601 in UTC."""
        return {
            "n": self.n,
            "writer": self.writer,
            "host": self.host,
            "user": self.user,
            "notebook": self.notebook,
            "python": self.python,
            "nbtrack": self.nbtrack,
            "git_commit": self.git_commit,
            "git_branch": self.git_branch,
            "state": self.state,
            "started_at": iso(self.started_at),
            "ended_at": iso(self.ended_at),
            "differences": [difference.to_dict() for difference in self.differences],
        }


class Code(NamedTuple):
    """What is known of the code of a part: the patch by its digest, None where there is none."""

    info: CodeInfo
    patch: str | None


def parts(fold: Fold, info: RunInfo, verdict: Verdict, codes: Mapping[str, Code]) -> list[PartView]:
    """The parts of a run, in the order in which they were recorded; ``codes`` by the writer."""
    owners = [writer for writer in fold.writers if writer.role == "owner"]
    first = first_part(fold, info)
    found: list[PartView] = []
    code = codes.get(owners[0].writer) if owners else None
    for n, owner in enumerate(owners, 1):
        here = fold.resumptions.get(owner.writer) if n > 1 else first
        closing = fold.closings.get(owner.writer)
        ended = closing.state if closing is not None else "crashed"
        differ = differences(first, here) if n > 1 and here is not None else []
        differ += code_differences(code, codes.get(owner.writer))
        found.append(
            PartView(
                n,
                owner,
                here,
                state=verdict.state if n == len(owners) else ended,
                ended=fold.closed_at.get(owner.writer),
                differences=differ,
            )
        )
    return found


def first_part(fold: Fold, info: RunInfo) -> Circumstances:
    """Where and with what the run began; the config is that of the end of its first part."""
    config = fold.first_config if fold.resumptions else fold.config
    return circumstances(info, config)


def circumstances(info: RunInfo, config: dict[str, Any]) -> Circumstances:
    """What ``run.json`` says of where and with what, with the config."""
    names = [name for name in Circumstances.__struct_fields__ if name != "config"]
    return Circumstances(config=config, **{name: getattr(info, name) for name in names})


def differences(first: Circumstances, later: Circumstances) -> list[Difference]:
    """In what a later part differs from the first one."""
    found: list[Difference] = []
    for key, value in later.config.items():
        before = first.config.get(key)
        if key not in first.config or _text(before) != _text(value):
            found.append(Difference(f"config.{key}", before, value))
    for field, name in _COMPARED.items():
        before, value = getattr(first, field), getattr(later, field)
        if before != value:
            found.append(Difference(name, before, value))
    return found


def code_differences(first: Code | None, later: Code | None) -> list[Difference]:
    """In what the code and the packages of a later part differ, where both were looked at."""
    if first is None or later is None or not (first.info.done and later.info.done):
        return []
    before, now = first.info.packages, later.info.packages
    found = [
        Difference(f"package {name}", before.get(name), now.get(name))
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    ]
    if first.patch != later.patch:
        found.append(Difference("patch", first.patch, later.patch))
    return found


def in_words(found: list[Difference]) -> str:
    """The differences, as a line that does not get long."""
    named = [str(difference) for difference in found[:_NAMED]]
    if len(found) > _NAMED:
        named.append(f"{len(found) - _NAMED} more")
    return ", ".join(named)


def _text(value: Any) -> str:
    return json.dumps(msgspec.to_builtins(value), sort_keys=True)  # NaN is NaN here


def _short(value: Any, length: int) -> str:
    if value is None:
        return "none"
    text = value if isinstance(value, str) else _text(value)
    if len(text) <= length or length == _COMMIT:
        return text[:length]
    return f"{text[: length - 1]}…"
