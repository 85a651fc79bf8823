"""What a kernel did before its run began, without which what comes may not work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._attempts import CellInfo
from .._environment import notebook_hint
from .._run import Run
from . import cells
from .parameters import defaults_of, parameters_of
from .running import RunningCells

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def record_past(run: Run, shell: InteractiveShell, running: RunningCells) -> None:
    """Record the cells that ran before, and those that run."""
    now = [one.cell for one in running.values() if not one.cell.aside]
    history = shell.history_manager
    inputs = list(history.input_hist_raw) if history is not None else []
    end = now[0].execution_count if now else None
    for cell in cells.describe_inputs(inputs[:end]):
        run.record_earlier(cell)
        record_parameters(run, cell, shell)
    for cell in now:
        run.begin_cell(cell)


def record_parameters(run: Run, cell: CellInfo, shell: InteractiveShell) -> None:
    """What a parameterised cell has set is the run's config, and the defaults of the others."""
    given = parameters_of(cell.source, shell.user_ns)
    if given:
        run.config.update({**_defaults(cell, shell), **given})


def _defaults(cell: CellInfo, shell: InteractiveShell) -> dict[str, Any]:
    """What the cell above sets: a program that gives parameters puts its cell below them."""
    number, history = cell.execution_count, shell.history_manager
    if not cells.is_asked_by_a_program(shell) or history is None or not number or number < 2:
        return {}
    return defaults_of(history.input_hist_raw[number - 1])


def notebook_of(shell: InteractiveShell) -> str | None:
    """The path of the notebook, as far as the server or VS Code told it to this kernel.

    On a server VS Code runs notebooks of its own under names that it makes for the occasion.
    """
    path = shell.user_ns.get("__vsc_ipynb_file__") or notebook_hint()
    return str(path) if path else None
