"""The wiring into IPython, the kernel and the end of the interpreter, and its removal.

Nothing of it raises into a person's cell, or holds one up for longer than two seconds. A hook that
fails or is late three times in a row takes all of them off, with one line: a notebook must go on
whatever becomes of its tracker.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from . import magics
from .engines import Work
from .helper import Helper, LateError
from .register import Registered
from .running import Moment, moment

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

_MAX_FAILURES = 3
# A server waits 2.5 s for a kernel to end.
_PATIENCE = 2.0
_LATE = "late"


class Hooks:
    """What is installed in one shell. :meth:`install` and :meth:`remove` may be repeated."""

    def __init__(
        self,
        shell: InteractiveShell,
        *,
        begin: Callable[[ExecutionInfo, Moment], None],
        end: Callable[[ExecutionResult | None, Moment], None],
        begin_any: Callable[[], None],
        end_any: Callable[[], None],
        leave: Callable[[bool], None],
        gave_up: Callable[[], None],
        line: Callable[[str], None],
        say: Callable[[str], None],
    ) -> None:
        """Nothing is installed yet.

        Args:
            shell: The running shell.
            begin: Called before every cell, in a thread of the hooks' own.
            end: Called after every cell, there too.
            begin_any: Called before everything that IPython runs: cells, widgets' callbacks. In
                its thread, so it must do next to nothing.
            end_any: Called after it, there too.
            leave: Called once when this process ends by itself; True if a kernel restarts.
            gave_up: Called when the hooks have taken themselves off.
            line: Does what ``%track`` says.
            say: Tells the person one line.
        """
        self._shell = shell
        self._begin = begin
        self._end = end
        self._begin_any = begin_any
        self._end_any = end_any
        self._leave = leave
        self._gave_up = gave_up
        self._say = say
        self._helper = Helper(_PATIENCE)
        self._failures: dict[str, int] = {}
        self._pid = os.getpid()
        self._restarts = False
        self._on_shutdown: Callable[..., Any] | None = None
        self._magics = Registered(shell, line)
        self._work = Work(shell, self._before_cell, self._after_cell)

    def install(self) -> None:
        """Begin to watch the shell."""
        shell = self._shell
        self._pid = os.getpid()
        self._failures.clear()
        for event, hook in self._events():
            shell.events.register(event, hook)
        if magics.transform not in shell.input_transformers_cleanup:
            shell.input_transformers_cleanup.append(magics.transform)
        self._magics.install()
        self._work.install()
        self._watch_shutdown()
        atexit.unregister(self._at_exit)
        atexit.register(self._at_exit)

    def remove(self) -> None:
        """Leave the shell as it was."""
        shell = self._shell
        atexit.unregister(self._at_exit)
        self._stop_watching_cells()
        if magics.transform in shell.input_transformers_cleanup:
            shell.input_transformers_cleanup.remove(magics.transform)
        self._magics.remove()
        kernel = getattr(shell, "kernel", None)
        if self._on_shutdown is not None:
            if kernel is not None and vars(kernel).get("do_shutdown") is self._on_shutdown:
                del kernel.do_shutdown
            self._on_shutdown = None

    def _events(self) -> tuple[tuple[str, Callable[..., None]], ...]:
        return (
            ("pre_execute", self._before_anything),
            ("pre_run_cell", self._before_cell),
            ("post_execute", self._after_anything),
            ("post_run_cell", self._after_cell),
        )

    def _stop_watching_cells(self) -> None:
        self._work.remove()
        for event, hook in self._events():
            if hook in self._shell.events.callbacks[event]:
                self._shell.events.unregister(event, hook)

    # IPython has added an argument to its events before.

    def _before_anything(self, *args: Any, **kwargs: Any) -> None:
        self._guard("pre_execute", self._begin_any)

    def _after_anything(self, *args: Any, **kwargs: Any) -> None:
        self._guard("post_execute", self._end_any)

    def _before_cell(self, *args: Any, **kwargs: Any) -> None:
        info = args[0] if args else kwargs.get("info")
        if info is not None:
            self._guard("pre_run_cell", lambda: self._have_done(self._begin, info))

    def _after_cell(self, *args: Any, **kwargs: Any) -> None:
        result = args[0] if args else kwargs.get("result")
        self._guard("post_run_cell", lambda: self._have_done(self._end, result))

    def _have_done(self, hook: Callable[..., None], argument: Any) -> None:
        """Have the helper call ``hook``, even if an interrupt comes meanwhile."""
        task = self._helper.task(hook, argument, moment(self._shell))
        try:
            self._helper.complete(task)
        except KeyboardInterrupt:
            self._helper.complete(task)
        self._failures[_LATE] = 0

    def _guard(self, event: str, hook: Callable[[], None]) -> None:
        if os.getpid() != self._pid:
            return  # a forked child runs the rest of its cell; the cell is its parent's
        try:
            try:
                hook()
            except KeyboardInterrupt:
                # Aimed at the cell, which is not running yet or any more. IPython would report it
                # as an error of the hook; what the hook had to do still has to be done.
                hook()
        except LateError as error:
            self._failed(_LATE, error)
        except (Exception, KeyboardInterrupt) as error:
            self._failed(event, error)
        else:
            self._failures[event] = 0

    def _failed(self, event: str, error: BaseException) -> None:
        self._failures[event] = self._failures.get(event, 0) + 1
        what = f"{type(error).__name__}: {error}"
        # What is late is still being done: that is no news until it goes on.
        if sum(self._failures.values()) == 1 and event != _LATE:
            self._say(f"nbtrack could not record this cell: {what}")
        elif self._failures[event] >= _MAX_FAILURES:
            # What takes the %%track line out stays, or the cells themselves would fail.
            self._stop_watching_cells()
            with suppress(Exception):
                self._helper.complete(self._helper.task(self._gave_up))
            self._say(f"nbtrack stopped recording after {_MAX_FAILURES} failures: {what}")

    def _watch_shutdown(self) -> None:
        """A kernel is told whether it is to start again, and nobody else is."""
        kernel = getattr(self._shell, "kernel", None)
        original = getattr(kernel, "do_shutdown", None)
        if kernel is None or original is None or self._on_shutdown is not None:
            return

        def do_shutdown(restart: bool, *args: Any, **kwargs: Any) -> Any:
            self._restarts = bool(restart)
            return original(restart, *args, **kwargs)

        kernel.do_shutdown = self._on_shutdown = do_shutdown

    def _at_exit(self) -> None:
        if os.getpid() != self._pid:
            return
        try:
            if self._helper.is_late:
                self._leave(self._restarts)
            else:
                self._helper.complete(self._helper.task(self._leave, self._restarts))
        except Exception as error:
            sys.stderr.write(f"nbtrack could not end its run: {type(error).__name__}: {error}\n")
