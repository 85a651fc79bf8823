"""The live view of a run: a widget that is only ever told, and never asked.

Imports ipywidgets, which takes a while: only the thread that feeds the views does it.
"""

from __future__ import annotations

import threading
import time
from importlib.resources import files
from typing import Any

import anywidget
import traitlets

from ..live.frame import PackedFrame
from ..live.wire import Seen, encode, seen

# A page that comes later gets the state whole, unless it is larger than this.
_LARGEST_STATE = 4 << 20
_WHOLE_SECONDS = 20.0
_WHOLE_RATE = 50_000

_STATIC = files("nbtrack") / "static"


class LiveWidget(anywidget.AnyWidget):
    """What pages show of one run.

    Attributes:
        run: The run's id.
        store: What its store is called in a server's addresses.
        kernel: What the server calls the kernel; empty if that is not known.
        focus: The attempt whose cell the view is below; 0 for none.
        last: All that there was to see when a page asked for it.
    """

    _esm = (_STATIC / "widget.js").read_text(encoding="utf-8")
    _css = (_STATIC / "widget.css").read_text(encoding="utf-8")

    run = traitlets.Unicode().tag(sync=True)
    store = traitlets.Unicode().tag(sync=True)
    kernel = traitlets.Unicode().tag(sync=True)
    focus = traitlets.Int().tag(sync=True)
    last = traitlets.Bytes().tag(sync=True)

    def __init__(self, **values: Any) -> None:
        self._frame: PackedFrame | None = None
        self._seen: Seen | None = None
        self._whole_at = 0.0
        # Pages ask from a thread of their own where the kernel has subshells.
        self._lock = threading.Lock()
        super().__init__(**values)

    def get_state(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The synchronised state, ``last`` as it is now: it is not sent each time it changes."""
        state: dict[str, Any] = super().get_state(*args, **kwargs)
        if "last" in state:
            with self._lock:
                whole = encode(self._frame) if self._frame is not None else b""
            state["last"] = whole if len(whole) <= _LARGEST_STATE else b""
        return state

    def tell(self, frame: PackedFrame) -> None:
        """Bring the pages to this state."""
        with self._lock:
            moment = time.monotonic()
            # A page that missed a difference cannot ask for it while a cell runs.
            whole = self._seen is None or moment >= self._whole_at
            message = encode(frame, None if whole else self._seen)
            if whole:
                self._whole_at = moment + max(_WHOLE_SECONDS, len(message) / _WHOLE_RATE)
            self._frame, self._seen = frame, seen(frame)
        self.send({"type": "update"}, buffers=[message])

    def close(self) -> None:
        """End it in the pages, with the layout that every widget brings along."""
        super().close()
        self.layout.close()
