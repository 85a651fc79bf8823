"""What a kernel shows below its cells, heard where it is on its way to the front end.

Nothing is replaced that prints. The two streams of ipykernel tell their hooks of every piece of
text that they send, whoever wrote it: ``print``, a subprocess, C code. They send from a thread of
their own, and hooks belong to the thread that registered them, so they are registered there. What
``display()`` and the last value of a cell show is heard at the two methods that send it.

Terminals have no such streams, and those of old kernels no hooks: there ``write`` is watched while
a cell runs.
"""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .._attempts import CellInfo
from .._console import REWRITE_SECONDS
from .._run import Run
from .._tee import Tee
from ..store.schema import Stream
from .places import is_ours

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_HOOKED = "register_hook"
_STREAMS: tuple[Stream, ...] = ("stdout", "stderr")
# Text of a cell can come long after it, from threads that it started.
_MAX_MESSAGES = 1024
_LONGEST_TEXT = 20_000

Message = dict[str, Any]


class ConsoleCapture:
    """Gives what one shell shows to the runs that go on."""

    def __init__(
        self,
        shell: InteractiveShell,
        *,
        runs: Callable[[], Sequence[Run]],
        cell_now: Callable[[], CellInfo | None],
    ) -> None:
        """Nothing is heard yet.

        Args:
            shell: The running shell.
            runs: The runs that record now.
            cell_now: The cell that the calling thread executes.
        """
        self._shell = shell
        self._runs = runs
        self._cell_now = cell_now
        self._cells: OrderedDict[str, CellInfo] = OrderedDict()
        self._heard: list[Any] = []
        self._unwatch: dict[int, Callable[[], None]] = {}
        self._flush_planned = False
        self._tee = Tee(self._on_write)
        self._wanted = False
        self._ending: CellInfo | None = None
        self._pid = os.getpid()
        os.register_at_fork(after_in_child=self._continue_in_child)

    def install(self, wanted: bool) -> None:
        """Begin to hear, if that is wanted. May be repeated."""
        self._wanted = wanted
        if hasattr(self._shell, "kernel"):
            self._watch()

    def begin_cell(self, cell: CellInfo) -> None:
        """A cell begins: what its request causes is its output."""
        message = self._message_id()
        if message is not None:
            self._cells[message] = cell
            if len(self._cells) > _MAX_MESSAGES:
                self._cells.popitem(last=False)
        self._watch()

    def end_cell(self, cell: CellInfo) -> None:
        """A cell has ended. A line that it did not end is its own."""
        self._ending = cell
        self._tee.stop()
        self._ending = None

    def _watch(self) -> None:
        """Hear what is there now; a cell, or ``%%capture``, may have put others in place."""
        if not self._wanted:
            return
        streams = [getattr(sys, name) for name in _STREAMS]
        if not hasattr(self._shell, "kernel"):
            self._tee.start()
            return
        if any(hasattr(one, "pub_thread") and not hasattr(one, _HOOKED) for one in streams):
            self._tee.start()
        for stream in streams:
            thread = getattr(stream, "pub_thread", None)
            known = any(stream is other for other in self._heard)
            if thread is not None and hasattr(stream, _HOOKED) and not known:
                self._heard.append(stream)
                thread.schedule(lambda stream=stream: stream.register_hook(self._on_stream))
        for sender, method, hear in (
            (self._shell.display_pub, "publish", self._hear_display),
            (self._shell.displayhook, "finish_displayhook", self._hear_result),
        ):
            if id(sender) not in self._unwatch and hasattr(sender, "session"):
                self._unwatch[id(sender)] = hear(sender, method)

    def remove(self) -> None:
        """Hear nothing any more."""
        self._wanted = False
        self._tee.stop()
        for stream in self._heard:
            with suppress(Exception):
                stream.pub_thread.schedule(
                    lambda stream=stream: stream.unregister_hook(self._on_stream)
                )
        self._heard.clear()
        for unwatch in self._unwatch.values():
            unwatch()
        self._unwatch.clear()

    def _message_id(self) -> str | None:
        """The request that is being served."""
        with suppress(Exception):
            parent = self._shell.get_parent()  # type: ignore[attr-defined]
            return str(parent["header"]["msg_id"])
        return None

    def _on_stream(self, message: Message) -> Message:
        """Text is about to be sent, in the thread that sends it."""
        with suppress(Exception):  # what goes wrong here must not cost anybody his output
            content = message["content"]
            parent = message.get("parent_header") or {}
            cell = self._cells.get(parent.get("msg_id", ""))
            self._write(cell, content["name"], content["text"])
        return message

    def _on_write(self, stream: Stream, text: str) -> None:
        if not getattr(self._shell, "showing_traceback", False):
            self._write(self._cell_now() or self._ending, stream, text)

    def _write(self, cell: CellInfo | None, stream: Stream, text: str) -> None:
        waits = False
        for run in self._runs():
            waits = run.console.write(cell, stream, text) or waits
        if waits and not self._flush_planned and self._heard and os.getpid() == self._pid:
            self._flush_planned = True
            self._heard[0].pub_thread.io_loop.call_later(REWRITE_SECONDS, self._flush)

    def _flush(self) -> None:
        self._flush_planned = False
        waits = False
        with suppress(Exception):
            for run in self._runs():
                waits = run.console.flush() or waits
        if waits and self._heard:
            self._flush_planned = True
            self._heard[0].pub_thread.io_loop.call_later(REWRITE_SECONDS, self._flush)

    def _hear_display(self, sender: Any, method: str) -> Callable[[], None]:
        original = getattr(sender, method)

        def publish(*args: Any, **kwargs: Any) -> Any:
            done = original(*args, **kwargs)
            if not kwargs.get("update") and not is_ours(kwargs.get("transient")):
                self._show("display", kwargs.get("data", args[0] if args else None))
            return done

        return _replace(sender, method, publish)

    def _hear_result(self, sender: Any, method: str) -> Callable[[], None]:
        original = getattr(sender, method)

        def finish_displayhook(*args: Any, **kwargs: Any) -> Any:
            message = getattr(sender, "msg", None)
            data = message["content"]["data"] if message else None
            done = original(*args, **kwargs)
            self._show("result", data)
            return done

        return _replace(sender, method, finish_displayhook)

    def _show(self, stream: Stream, data: Any) -> None:
        """Something other than text was shown: keep what it looks like as text."""
        with suppress(Exception):
            if not data or os.getpid() != self._pid:
                return
            text = data.get("text/plain") or f"<{', '.join(data)}>"
            for run in self._runs():
                run.console.write(self._cell_now(), stream, f"{_cut(str(text))}\n")

    def _continue_in_child(self) -> None:
        """A forked child sends its text itself, from the thread that goes on in it."""
        for stream in self._heard:
            with suppress(Exception):
                stream.register_hook(self._on_stream)


def _replace(sender: Any, method: str, replacement: Callable[..., Any]) -> Callable[[], None]:
    """Put ``replacement`` in place of a method of one object. Returns what takes it off again."""
    setattr(sender, method, replacement)

    def take_off() -> None:
        if vars(sender).get(method) is replacement:
            delattr(sender, method)

    return take_off


def _cut(text: str) -> str:
    if len(text) <= _LONGEST_TEXT:
        return text
    half = _LONGEST_TEXT // 2
    return f"{text[:half]}\n[{len(text) - 2 * half} characters left out]\n{text[-half:]}"
