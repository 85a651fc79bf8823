"""A thread of its own for what is done before and after a cell.

A disk that does not answer, or a mistake of ours, must not hold up a person's cell: the cell waits
for a bounded time and goes on. What was asked meanwhile is done in its turn, as soon as it can be:
a hook that is only slow loses nothing.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any


class LateError(Exception):
    """Something was not done in time. It may still be."""


class Task:
    """A call that is to be made, once."""

    __slots__ = ("_arguments", "_context", "_function", "_lock", "done", "error", "handed_over")

    def __init__(self, function: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        self._function = function
        self._arguments = arguments
        # So that what is printed is the output of the cell that asked.
        self._context = contextvars.copy_context()
        self.handed_over = False
        self.done = False
        # Let go when it is done.
        self._lock = threading.Lock()
        self._lock.acquire()
        self.error: BaseException | None = None

    def run(self) -> None:
        """Make the call, unless it was made."""
        if self.done:
            return
        try:
            self._context.run(self._function, *self._arguments)
        except BaseException as error:
            self.error = error
        finally:
            self.done = True
            self._lock.release()

    def wait(self, seconds: float) -> None:
        """Until it is done, or time is up."""
        if not self.done and self._lock.acquire(timeout=seconds):
            self._lock.release()


class Helper:
    """Does one thing after the other, in a thread.

    Args:
        patience: Seconds that anybody waits for it.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._tasks: SimpleQueue[Task] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._late: Task | None = None

    @property
    def is_late(self) -> bool:
        """Whether something that was waited for in vain is still not done."""
        return self._late is not None and not self._late.done

    def task(self, function: Callable[..., object], *arguments: Any) -> Task:
        """A call for :meth:`complete`."""
        return Task(function, arguments)

    def complete(self, task: Task) -> None:
        """Have the call made, and wait for it. Raises what it raises. Repeatable.

        The caller makes it where no thread can be started.

        Raises:
            LateError: It is not done yet.
        """
        if self._is_at_work():
            if not task.handed_over:
                self._tasks.put(task)
                task.handed_over = True
            self._wait(task)
            if not task.done:
                self._late = task
                raise LateError(f"it takes longer than {self._patience:g} s")
        else:
            task.run()
        if task.error is not None:
            raise task.error

    def _wait(self, task: Task) -> None:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                task.wait(max(0.0, deadline - time.monotonic()))
                return
            except KeyboardInterrupt:
                pass  # aimed at the cell, which is not running yet or any more

    def _is_at_work(self) -> bool:
        if self._thread is None or not self._thread.is_alive():
            thread = threading.Thread(target=self._serve, name="nbtrack-hooks", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                return False  # no more threads, or the interpreter is ending
            self._thread = thread
        return threading.current_thread() is not self._thread

    def _serve(self) -> None:
        while True:
            task = self._tasks.get()
            task.run()
            del task
