"""Runs that pages follow: one look at each, however many pages there are."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Executor
from typing import NamedTuple

from .._errors import NbtrackError
from ..live.frame import PackedFrame
from ..store.layout import RunDir
from .live import LiveRuns
from .stores import UnknownRunError

_LOOK_SECONDS = 0.25


class Found(NamedTuple):
    """What was seen of a run last.

    Attributes:
        state: How many times something else was seen; 0: nothing yet.
        over: There is no such run any more.
    """

    state: int = 0
    frame: PackedFrame | None = None
    over: bool = False


class Watch:
    """One run that at least one page follows."""

    def __init__(self, run_dir: RunDir, live: LiveRuns, threads: Executor) -> None:
        self.run_dir = run_dir
        self.viewers = 0
        self._live = live
        self._threads = threads
        self._found = Found()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.get_running_loop().create_task(self._look())

    def stop(self) -> None:
        """Nobody follows it any more."""
        if self._task is not None:
            self._task.cancel()

    def wake(self) -> None:
        """Let everybody look at what they wait for."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def newer_than(self, known: int, seconds: float, *, until: Callable[[], bool]) -> Found:
        """What is seen once it is not ``known`` any more; the same if that takes longer."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while self._found.state == known and not self._found.over and not until():
            left = deadline - loop.time()
            if left <= 0:
                break
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._changed.wait(), left)
        return self._found

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        mark: object = None
        number: int | None = None
        while not self._found.over:
            try:
                new = await loop.run_in_executor(self._threads, self._live.mark, self.run_dir)
                if new != mark:
                    frame = await loop.run_in_executor(
                        self._threads, self._live.frame, self.run_dir
                    )
                    mark = new
                    if frame.number != number:
                        number = frame.number
                        self._found = Found(self._found.state + 1, frame)
                        self.wake()
            except (UnknownRunError, FileNotFoundError):
                self._found = self._found._replace(over=True)
                self.wake()
            except (NbtrackError, OSError):
                pass  # what cannot be read now may be readable at the next look
            await asyncio.sleep(_LOOK_SECONDS)


class Watches:
    """All runs that pages follow. Used by the server's own thread only.

    Attributes:
        viewers: How many pages there are.
    """

    def __init__(self, live: LiveRuns, threads: Executor) -> None:
        self._live = live
        self._threads = threads
        self._watches: dict[str, Watch] = {}
        self.viewers = 0

    def join(self, run_dir: RunDir) -> Watch:
        """One page more; it has to leave."""
        key = str(run_dir.path)
        watch = self._watches.get(key)
        if watch is None:
            watch = self._watches[key] = Watch(run_dir, self._live, self._threads)
            watch.start()
        watch.viewers += 1
        self.viewers += 1
        return watch

    def leave(self, watch: Watch) -> None:
        """A page is gone."""
        watch.viewers -= 1
        self.viewers -= 1
        if not watch.viewers:
            watch.stop()
            self._watches.pop(str(watch.run_dir.path), None)
