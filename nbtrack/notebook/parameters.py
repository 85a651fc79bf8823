"""Parameters that a runner such as papermill gives a notebook, in a cell of their own."""

from __future__ import annotations

import ast
from collections.abc import Mapping
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
    try:
        statements = ast.parse(rest).body
    except SyntaxError:
        return {}
    names = (
        target.id
        for statement in statements
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    )
    return {name: namespace[name] for name in names if name in namespace}
