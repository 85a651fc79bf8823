"""A run as a notebook: its cells in the order in which they really ran."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .cells import CellView
from .console import Output, outputs
from .present import iso
from .reader import Snapshot

if TYPE_CHECKING:
    from nbformat import NotebookNode

# Of the text of one output, so that a notebook can be opened.
_LONGEST_TEXT = 200_000
_USES = re.compile(r"^\s*%%?track\b", re.MULTILINE)
_LOADS = re.compile(r"%load_ext\s+nbtrack\b|^\s*(?:import|from)\s+nbtrack\b", re.MULTILINE)
_CUT_OFF = (
    "**The kernel died while this cell was running.** It is kept as raw text, so that running all"
    " cells repeats the session up to here. Change its type to *Code* to run it again."
)


def session(
    taken: Snapshot, cells: Sequence[CellView], *, python: str | None, about: dict[str, Any]
) -> NotebookNode:
    """The notebook of a run; executed in a fresh kernel, it repeats the session.

    A cell that failed, or of which it is not known, may fail again; a cell that was cut off by the
    kernel's death is no code cell.

    Args:
        taken: The run.
        cells: Its cells.
        python: The version of Python that ran them.
        about: What the notebook's metadata say of the run.
    """
    import nbformat.v4 as v4

    found = dict(outputs(taken))
    shown: list[NotebookNode] = []
    sources = "\n".join(cell.source for cell in cells)
    if _USES.search(sources) and not _LOADS.search(sources):
        shown.append(v4.new_code_cell("%load_ext nbtrack", id="load"))
    for cell in cells:
        name = f"cell-{cell.n}"
        metadata: dict[str, Any] = {"nbtrack": _about_cell(cell)}
        if cell.state == "crashed":
            shown.append(v4.new_markdown_cell(_CUT_OFF, id=f"{name}-note"))
            shown.append(v4.new_raw_cell(cell.source, id=name, metadata=metadata))
            continue
        if cell.state in ("failed", "unseen"):
            metadata["tags"] = ["raises-exception"]
        code = v4.new_code_cell(
            cell.source, id=name, metadata=metadata, execution_count=cell.execution_count
        )
        code.outputs = [_output(cell, output) for output in found.get(cell.number, ())]
        if cell.exception is not None:
            code.outputs.append(_error(cell.exception))
        shown.append(code)
    notebook: NotebookNode = v4.new_notebook(
        cells=shown,
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python", **({"version": python} if python else {})},
            "nbtrack": about,
        },
    )
    return notebook


def _about_cell(cell: CellView) -> dict[str, Any]:
    return {
        "outcome": cell.state,
        "attempt": cell.attempt,
        "cell_id": cell.cell_id,
        "started": iso(cell.started_at),
        "wall_seconds": cell.wall_seconds,
    }


def _output(cell: CellView, output: Output) -> Any:
    import nbformat.v4 as v4

    text = output.shown()
    if len(text) > _LONGEST_TEXT:
        half = _LONGEST_TEXT // 2
        left_out = f"\n[… {len(text) - 2 * half} characters left out …]\n"
        text = text[:half] + left_out + text[-half:]
    if output.stream in ("stdout", "stderr"):
        return v4.new_output("stream", name=output.stream, text=text)
    data = {"text/plain": text.removesuffix("\n")}
    if output.stream == "result":
        return v4.new_output("execute_result", data, execution_count=cell.execution_count)
    return v4.new_output("display_data", data)


def _error(failure: dict[str, Any]) -> Any:
    import nbformat.v4 as v4

    return v4.new_output(
        "error",
        ename=failure["type"],
        evalue=failure["message"],
        traceback=failure["traceback"].splitlines(),
    )
