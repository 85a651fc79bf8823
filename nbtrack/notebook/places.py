"""Outputs below cells that are written when the cell begins and filled in later.

A picture that stays in the saved notebook is an output of its own, so that a kernel that is killed
leaves it behind; the live view is another, which is taken away when the run ends.
"""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ..live.picture import Picture
from .engines import engine_number

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

PREFIX = "nbtrack-"
_VIEW = "application/vnd.jupyter.widget-view+json"
# JupyterLab's theme and the system's may differ. A notebook that is not trusted has no styles, and
# follows the system's.
_STYLE = (
    "<style>"
    'body[data-jp-theme-light="false"] .nbtrack-picture img{color-scheme:dark}'
    'body[data-jp-theme-light="true"] .nbtrack-picture img{color-scheme:light}'
    "</style>"
)


class Place:
    """One output, wherever it is shown; ``mark`` tells a server what it is."""

    def __init__(self, shell: InteractiveShell, mark: dict[str, str] | None = None) -> None:
        self._shell = shell
        self._metadata = {"nbtrack": mark} if mark else {}
        self._id = f"{PREFIX}{uuid4().hex[:16]}"

    def open(self, bundle: dict[str, Any]) -> None:
        """Show it below the cell whose context the caller has."""
        self._publish(bundle, update=False)

    def update(self, bundle: dict[str, Any]) -> None:
        """Put something else there. From any thread."""
        self._publish(bundle, update=True)

    def _publish(self, bundle: dict[str, Any], *, update: bool) -> None:
        self._shell.display_pub.publish(
            data=bundle,
            metadata={**self._metadata},  # hooks of others add to it
            transient={"display_id": self._id},
            update=update,
        )


def are_updated(shell: InteractiveShell) -> bool:
    """Whether what is shown below a cell can change afterwards: not in a terminal, in Spyder's
    console, or where a client of ipyparallel shows what its engines sent.
    """
    is_console = type(shell).__module__.startswith("spyder_kernels.")
    return hasattr(shell, "kernel") and not is_console and engine_number(shell) is None


def is_ours(transient: Any) -> bool:
    """Whether an output is a place of ours, by what was published with it."""
    return isinstance(transient, dict) and str(transient.get("display_id")).startswith(PREFIX)


def waiting(text: str) -> dict[str, Any]:
    """What stands there before there is a picture.

    Text has to stay true, since consoles do not take it back.
    """
    html = f'<div class="nbtrack-picture"><small>{escape(text)} is running</small></div>'
    return {"text/html": html, "text/plain": text}


def picture(picture: Picture) -> dict[str, Any]:
    """A picture that needs nothing but a browser, and the same in words."""
    data = base64.b64encode(picture.svg.encode()).decode()
    html = (
        f'{_STYLE}<div class="nbtrack-picture"><img alt="{escape(picture.text)}"'
        f' style="max-width:100%" src="data:image/svg+xml;base64,{data}"></div>'
    )
    return {"text/html": html, "text/plain": picture.text}


def view(model_id: str) -> dict[str, Any]:
    """The live view of a widget; nothing where a front end has no widget of that name any more."""
    return {_VIEW: {"version_major": 2, "version_minor": 0, "model_id": model_id}, **nothing()}


def nothing() -> dict[str, Any]:
    """What is left of a live view."""
    return {"text/plain": ""}
