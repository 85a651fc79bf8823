"""Takes live views whose kernels are gone out of notebooks that are opened.

A saved notebook may hold the output of a live view, so that a page that is loaded again while the
kernel lives gets it back. Later there is nobody to fill it, and Jupyter would say in its place that
a model is not found. The picture beside it stays, and so does the file as it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

# What the kernel's side puts into the metadata of such an output.
KEY = "nbtrack"

Lives = Callable[[str, str, str], bool]


def clean_when_opened(contents: Any, lives: Lives) -> None:
    """Have ``contents``, a server's contents manager, leave out views that do not live.

    Args:
        lives: Whether there is still somebody who fills the views of a kernel, store and run.
    """
    original = contents.get

    @wraps(original)
    def get(*args: Any, **kwargs: Any) -> Any:
        found = original(*args, **kwargs)
        if inspect.isawaitable(found):

            async def wait() -> Any:
                return _cleaned(await found, lives)

            return wait()
        return _cleaned(found, lives)

    contents.get = get


def _cleaned(model: Any, lives: Lives) -> Any:
    if isinstance(model, dict) and model.get("type") == "notebook" and model.get("content"):
        remove_dead_views(model["content"], lives)
    return model


def remove_dead_views(notebook: dict[str, Any], lives: Lives) -> None:
    """Take the outputs out of ``notebook`` that are live views of what does not live."""
    for cell in notebook.get("cells", ()):
        if cell.get("outputs"):
            cell["outputs"] = [
                output for output in cell["outputs"] if not _is_dead_view(output, lives)
            ]


def _is_dead_view(output: Any, lives: Lives) -> bool:
    metadata = output.get("metadata") or {}
    mark = metadata.get(KEY)
    if not isinstance(mark, dict):
        return False
    return not lives(*(str(mark.get(name, "")) for name in ("kernel", "store", "run")))
