"""The pages that are made of docstrings: every public name is on one of them."""

from __future__ import annotations

import nbtrack

# The name of a page, its heading, what it says first, and the names that it has.
_PAGES = {
    "recording": (
        "Recording",
        "What is called in a notebook or script.",
        (
            "init log finish define_metric alert watch unwatch show progress Progress save "
            "log_artifact use_artifact link_artifact autolog"
        ),
    ),
    "run": ("Run", "What `init()` returns, and `nbtrack.run` is.", "Run Metric AlertLevel"),
    "reading": (
        "Reading",
        "Runs as anybody reads them, at any time.",
        (
            "open_run runs RunList RunView AttemptView CellView PartView CodeInfo ConfigChange "
            "MetricDefinition Aggregates Extreme Alert MediaView TableData ResultTable diff RunDiff"
        ),
    ),
    "artifacts": (
        "Artifacts",
        "Files in versions.",
        "Artifact open_artifact artifacts",
    ),
    "media": (
        "Media",
        "What a row may hold besides numbers.",
        "Media Image Audio Video Html Table Histogram Figure Text",
    ),
    "plot": ("nbtrack.plot", "Charts of tables, for `log()`.", "plot"),
    "errors": (
        "Errors",
        "Everything that nbtrack raises is a `NbtrackError`, and says what to do.",
        "NbtrackError NbtrackWarning",
    ),
}
# Not what they are but what they stand for: asking for them may start a run.
_CURRENT = {
    "run": "The current run, a :class:`Run`, or None.",
    "config": "The config of the current run, a mapping; it starts a run if there is none.",
    "summary": "The summary of the current run, a mapping; it starts a run if there is none.",
}
# Whose methods are nothing of ours.
_BASES = "Sequence, Mapping, list"
# Methods that the reference names something else by.
_WITHIN = "close, discard, keep, resume"
# Classes that people call; the others are given to them.
CALLED = {*_PAGES["media"][2].split(), "Artifact"} - {"Media"}
FIRST = "api/index.md"
_ABOUT = """\
# From the docstrings

Every public name as its docstring has it, with what it takes, returns and raises. The
[reference](../reference.md) has the same names by what they are for, with examples.
"""


def pages() -> dict[str, str]:
    """The pages, by their names.

    Raises:
        LookupError: A public name is on none of them, or on two.
    """
    given = [name for *_, names in _PAGES.values() for name in names.split()]
    errors = [name for name in nbtrack.__all__ if _is_error(name) and name not in given]
    missing = {*nbtrack.__all__} - {*given, *errors, *_CURRENT, "__version__"}
    if missing or len(given) != len({*given}):
        raise LookupError(f"docs/site/api.py has no single place for: {sorted(missing) or given}")
    names = "\n".join(["```{toctree}", "", *_PAGES, "```", ""])
    found = {FIRST: f"{_ABOUT}\n{names}"}
    for page, (title, first, names) in _PAGES.items():
        text = [f"# {title}", "", first, "", "```{eval-rst}", ".. currentmodule:: nbtrack", ""]
        for name in [*names.split(), *(errors if page == "errors" else ())]:
            text += [_directive(name), ""]
        if page == "recording":
            for name, says in _CURRENT.items():
                text += [f".. py:data:: {name}", "", f"   {says}", ""]
        found[f"api/{page}.md"] = "\n".join([*text, "```", ""])
    return found


def _is_error(name: str) -> bool:
    value = None if name in _CURRENT else getattr(nbtrack, name)
    return isinstance(value, type) and issubclass(value, BaseException)


def _directive(name: str) -> str:
    if name == "plot":
        return ".. automodule:: nbtrack.plot\n   :members:"
    if _is_error(name):
        return f".. autoexception:: {name}\n   :show-inheritance:"
    if isinstance(getattr(nbtrack, name), type):
        options = f"   :inherited-members: {_BASES}\n   :exclude-members: {_WITHIN}"
        return f".. autoclass:: {name}\n   :members:\n{options}"
    return f".. autofunction:: {name}"
