"""Hears what a Python program writes to its two streams, where nobody else tells."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .store.locks import PatientLock
from .store.schema import Stream

_STREAMS: tuple[Stream, ...] = ("stdout", "stderr")
_SECONDS = 0.2
_CHARACTERS = 64 * 1024


class Tee:
    """Watches ``sys.stdout.write`` and ``sys.stderr.write``; what they do stays as it is.

    Text is passed on when a line is complete, and that of a row in progress five times a second.
    """

    def __init__(self, on_write: Callable[[Stream, str], None]) -> None:
        self._on_write = on_write
        self._watched: list[_Watched] = []

    def start(self) -> None:
        """Begin to watch. May be repeated."""
        if not self._watched:
            for name in _STREAMS:
                # There may be no stream, or one whose methods cannot be set.
                with suppress(AttributeError, TypeError):
                    self._watched.append(_Watched(getattr(sys, name), name, self._on_write))

    def stop(self) -> None:
        """Leave the streams as they were."""
        for watched in self._watched:
            watched.stop()
        self._watched.clear()


class _Watched:
    """One stream whose ``write`` is heard."""

    def __init__(self, stream: Any, name: Stream, on_write: Callable[[Stream, str], None]) -> None:
        self._stream = stream
        self._name = name
        self._on_write = on_write
        self._lock = PatientLock()
        self._parts: list[str] = []
        self._size = 0
        self._passed_at = time.monotonic()
        self._inside = False
        original = stream.write
        # A bound method of the stream's own goes back by vanishing from the instance.
        self._before = vars(stream).get("write")

        def write(text: Any, *args: Any, **kwargs: Any) -> Any:
            done = original(text, *args, **kwargs)
            self._hear(text)
            return done

        stream.write = self._write = write

    def stop(self) -> None:
        if vars(self._stream).get("write") is self._write:
            if self._before is None:
                del self._stream.write
            else:
                self._stream.write = self._before
        self._pass_on(always=True)

    def _hear(self, text: Any) -> None:
        if isinstance(text, str) and text:
            with suppress(Exception):  # what goes wrong here must not become an error of print()
                lock = self._lock.take()
                try:
                    self._parts.append(text)
                    self._size += len(text)
                finally:
                    lock.release()
                self._pass_on(always=text.endswith("\n") or self._size > _CHARACTERS)

    def _pass_on(self, *, always: bool) -> None:
        moment = time.monotonic()
        if not always and moment - self._passed_at < _SECONDS:
            return
        lock = self._lock.take()
        try:
            if self._inside or not self._parts:
                return  # a warning from within
            self._inside = True
            text = "".join(self._parts)
            self._parts.clear()
            self._size = 0
            self._passed_at = moment
            try:
                self._on_write(self._name, text)
            finally:
                self._inside = False
        finally:
            lock.release()
