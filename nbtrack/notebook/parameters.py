"""Parameters that a runner such as papermill gives a notebook, in a cell of their own."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

# The first line of the cell that papermill puts in.
_FIRST_LINE = "# Parameters"


def parameters_of(source: str, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the variables that a cell of parameters sets; empty for any other cell.

    Args:
        source: The cell's text.
        namespace: The variables as they are now that the cell has run.
    """
    first, _, rest = source.partition("\n")
    if first.rstrip() != _FIRST_LINE:
        return {}
    return {name: namespace[name] for name in _assigned(rest) if name in namespace}


def defaults_of(source: str) -> dict[str, Any]:
    """What a cell sets to values that stand there, such as ``rate = 0.1``.

    Args:
        source: The text of the cell above one of parameters, which may set only some of them.
    """
    found = {}
    for name, value in _assigned(source).items():
        with suppress(ValueError, TypeError, MemoryError, RecursionError):
            found[name] = ast.literal_eval(value)
    return found


def _assigned(source: str) -> dict[str, ast.expr]:
    """The variables that a text sets, and to what."""
    found = {}
    with suppress(SyntaxError):
        for statement in ast.parse(source).body:
            if isinstance(statement, ast.Assign):
                targets = statement.targets
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                targets = [statement.target]
            else:
                continue
            for target in targets:
                if isinstance(target, ast.Name) and statement.value is not None:
                    found[target.id] = statement.value
    return found
