"""Which runs of W&B a run becomes, and what each of them is called and holds.

W&B has one axis of steps a run, which only rises, and attempts begin at step 0. So a run in which
several attempts logged becomes a group, with a run of W&B for each of them; attempts with which a
resumed run went on, behind the steps that it had, belong to the same one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ...store.code import read_code
from ...store.documents import read_info
from ...store.fold import Attempt, Fold
from ...store.metrics import definition_of
from ...store.schema import RunInfo
from ...store.step_rows import Extent
from ...store.view import RunView
from .told import Told

# What W&B does not take, by its SDK: in names of projects, and lengths.
_NOT_IN_PROJECTS = re.compile(r"[/\\#?%:]")
_LONGEST_PROJECT = 128
_LONGEST_TAG = 64
_LONGEST_ID = 64
# Exit codes: W&B's own for an interrupt, 1 for everything else that did not end well.
_EXIT_CODES = {"finished": 0, "running": 0, "interrupted": 255}
# Where W&B has names of its own in the config, and where nbtrack says what has no place there.
_RESERVED = "_wandb"
ABOUT = "nbtrack"


class Target(msgspec.Struct, kw_only=True):
    """One run of W&B.

    Attributes:
        attempts: The attempts whose rows it gets, in order; 0 for what was logged between cells.
        whole: Whether everything of the run is in it.
        last: Whether it is the last one, which gets what belongs to no attempt.
        started: When it began (microseconds UTC).
        stretches: From when to when its attempts ran (microseconds UTC); None: open.
    """

    id: str
    name: str
    project: str
    group: str | None
    job_type: str | None
    tags: list[str]
    notes: str | None
    config: dict[str, Any]
    summary: dict[str, Any]
    exit_code: int
    started: int
    host: str
    program: str | None
    commit: str | None
    remote: str | None
    attempts: list[int]
    stretches: list[tuple[int, int | None]]
    whole: bool
    last: bool


def targets(view: RunView, fold: Fold, logged: Mapping[int, Extent], told: Told) -> list[Target]:
    """The runs of W&B that a run becomes, in the order of its attempts.

    Args:
        view: The run.
        fold: What its records add up to.
        logged: The steps of each attempt that logged anything.
        told: Takes what cannot be carried.

    Raises:
        StoreError: The files of the run cannot be read.
    """
    info = read_info(view._run_dir)
    attempts = [a for a in (fold.loose, *fold.attempts) if a is not None and a.n in logged]
    groups = together(attempts, logged)
    plan = _Plan(view, fold, info, told)
    if len(groups) < 2:
        return [plan.whole([attempt.n for attempt in fold.attempts])]
    silent = [a.n for a in fold.attempts if a.n not in logged]
    if silent:
        told.say(f"attempts that logged nothing: {', '.join(map(str, silent))}")
    return [plan.part(group, last=group is groups[-1]) for group in groups]


def together(attempts: Sequence[Attempt], logged: Mapping[int, Extent]) -> list[list[Attempt]]:
    """Attempts that become one run: those of another process that went on behind their steps."""
    groups: list[list[Attempt]] = []
    for attempt in attempts:
        before = groups[-1] if groups else []
        goes_on = (
            bool(before)
            and "" not in (attempt.writer, before[-1].writer)
            and attempt.writer != before[-1].writer
            and logged[attempt.n].first > max(logged[earlier.n].last for earlier in before)
        )
        if goes_on:
            before.append(attempt)
        else:
            groups.append([attempt])
    return groups


class _Plan:
    """What all targets of a run have in common."""

    def __init__(self, view: RunView, fold: Fold, info: RunInfo, told: Told) -> None:
        self._view = view
        self._fold = fold
        self._info = info
        self._told = told
        self._attempts = {attempt.n: attempt for attempt in view.attempts}
        remotes = [code.remote for code in read_code(view._run_dir) if code.remote]
        self._remote = remotes[0] if remotes else None

    def whole(self, attempts: list[int]) -> Target:
        view = self._view
        about = {
            "state": view.state,
            "reason": view.reason,
            **({"exception": view.exception} if view.exception else {}),
        }
        return self._target(
            id=view.id,
            name=view.name,
            group=view.group,
            tags=view.tags,
            config=view.config,
            about=about,
            summary=view.summary,
            exit_code=_EXIT_CODES.get(view.state, 1),
            started=self._info.created,
            attempts=[0, *attempts],
            stretches=[(0, None)],
            whole=True,
            last=True,
        )

    def part(self, group: Sequence[Attempt], *, last: bool) -> Target:
        view, latest = self._view, group[-1]
        numbers = [attempt.n for attempt in group]
        label = "-".join(str(n) for n in dict.fromkeys((numbers[0], numbers[-1])))
        seen = self._attempts.get(latest.n)
        name = f"{view.name} {label}" + (f" {latest.name}" if latest.name else "")
        state = seen.state if seen is not None else view.state
        about = {
            "attempt": numbers[0] if len(numbers) == 1 else numbers,
            "cell": latest.label if seen is not None else None,
            "cell_try": latest.cell_try,
            "state": state,
            **({"exception": seen.exception} if seen is not None and seen.exception else {}),
        }
        stretches = [(a.started, a.ended) for a in group if a.started]
        return self._target(
            id=_id_of(view.id, label),
            name=name if seen is not None else f"{view.name} between cells",
            group=view.group or view.name,
            tags=[*view.tags, *(tag for attempt in group for tag in attempt.tags)],
            config=self._config_of(latest) if seen is not None else view.config,
            about=about,
            summary=self._summary_of(group, last=last),
            exit_code=_EXIT_CODES.get(state, 1),
            started=group[0].started or self._info.created,
            attempts=numbers,
            stretches=stretches,
            whole=False,
            last=last,
        )

    def _target(
        self, *, config: dict[str, Any], about: dict[str, Any], tags: list[str], **more: Any
    ) -> Target:
        info, view = self._info, self._view
        said = {
            "run": view.id,
            **{key: value for key, value in about.items() if value is not None},
            "notebook": view.notebook,
            "python": view.python,
            "host": view.host,
        }
        kept = {key: value for key, value in config.items() if key != _RESERVED}
        if len(kept) < len(config):
            self._told.say(f"the config's {_RESERVED!r}: W&B keeps that name for itself")
        return Target(
            project=self._project(),
            job_type=view.job_type,
            notes=view.notes,
            config={ABOUT: said, **kept},
            tags=self._tags(tags),
            host=view.host,
            program=view.notebook,
            commit=info.git_commit,
            remote=self._remote,
            **more,
        )

    def _project(self) -> str:
        given = self._view.project
        project = _NOT_IN_PROJECTS.sub("-", given)[:_LONGEST_PROJECT]
        if project != given:
            self._told.say(f"the name of the project, {given!r}: there it is {project!r}")
        return project

    def _tags(self, given: Sequence[str]) -> list[str]:
        fitting = [tag for tag in dict.fromkeys(given) if 0 < len(tag) <= _LONGEST_TAG]
        for tag in given:
            if tag not in fitting:
                self._told.say(f"the tag {tag!r}: W&B's have {_LONGEST_TAG} characters at most")
        return fitting

    def _config_of(self, attempt: Attempt) -> dict[str, Any]:
        """The config as it was when the attempt ended."""
        changed = [change for change in self._view.config_changes if change.attempt == attempt.n]
        return {**attempt.config, **{change.key: change.new for change in changed}}

    def _summary_of(self, group: Sequence[Attempt], *, last: bool) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for attempt in group:
            found |= attempt.summary
        if last:
            every = [a for a in (self._fold.loose, *self._fold.attempts) if a is not None]
            logged = {key for attempt in every for key in attempt.keys}
            # What was set by hand, also in place of what was logged.
            for key, value in self._view.summary.items():
                if key not in logged or (key in found and not self._is_defined(key)):
                    found[key] = value
        return found

    def _is_defined(self, key: str) -> bool:
        definition = definition_of(self._fold.metrics, key)
        return definition is not None and bool(definition.summary)


def _id_of(run: str, label: str) -> str:
    """The id of a part: that of the run and its number, of the length that ids may have."""
    found = f"{run}-{label}"
    if len(found) <= _LONGEST_ID:
        return found
    digest = hashlib.sha256(run.encode()).hexdigest()[:8]
    return f"{run[: _LONGEST_ID - len(label) - len(digest) - 2]}-{digest}-{label}"
