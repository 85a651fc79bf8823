"""What Google Colab needs besides: see *Front ends* in the documentation."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_WIDGETS = "google.colab.output._widgets"


def see_to_widgets(shell: InteractiveShell) -> None:
    """Have widgets shown by this thread be like those of any other. Elsewhere nothing is done.

    Pages of Colab load a widget only if its output says from where. A hook of
    ``enable_custom_widget_manager()`` says it, which anywidget calls; but hooks are those of the
    thread that registered them, and somebody else may have called it before.
    """
    hook = getattr(sys.modules.get(_WIDGETS), "_widget_display_hook", None)
    if hook is not None:
        shell.display_pub.register_hook(hook)  # type: ignore[attr-defined]
