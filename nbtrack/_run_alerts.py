"""``alert()``: tell whoever watches a run, in its views, on its page and below the cell."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from abc import ABC, abstractmethod
from datetime import timedelta
from enum import StrEnum
from typing import Any

from ._errors import InvalidSettingError
from ._settings import Settings
from ._values import plain_setting
from .store.schema import ChangeKind

_WAIT_SECONDS = 60.0


class AlertLevel(StrEnum):
    """How much an alert matters: ``INFO``, ``WARN`` or ``ERROR``."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class Alerts(ABC):
    """A part of :class:`nbtrack.Run`."""

    _settings: Settings
    _is_child: bool
    _alerted: dict[str, float]

    @abstractmethod
    def _record(self, kind: ChangeKind, key: str, value: Any, what: str) -> None:
        """Record a change of the run that goes on."""

    def alert(
        self,
        title: str,
        text: str = "",
        level: str | AlertLevel | None = None,
        wait_duration: float | timedelta | None = None,
    ) -> None:
        """Tell whoever watches this run: in the live view, on its page and in ``nbtrack show``.

        Called by the main thread it also prints a line to stderr, unless ``quiet`` is set.

        Args:
            title: In a few words.
            text: In more.
            level: ``"INFO"`` (the default), ``"WARN"`` or ``"ERROR"``, or an :class:`AlertLevel`.
            wait_duration: Seconds in which another alert with this title does nothing; 0: none. By
                default a minute.

        Raises:
            InvalidSettingError: An argument has a value that it cannot have.
            RunFinishedError: The run has ended.
        """
        title = str(plain_setting(str(title)))
        known = _level(level)
        wait = _seconds(wait_duration)
        last = self._alerted.get(title)
        moment = time.monotonic()
        if last is not None and moment < last + wait:
            return
        text = str(plain_setting(str(text)))
        self._record("alert", title, {"text": text, "level": known.value}, "alert in")
        self._alerted[title] = moment
        # A thread would print into whatever cell runs then.
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and not self._is_child and not self._settings.quiet:
            _print(title, text, known)


def _level(level: Any) -> AlertLevel:
    try:
        return AlertLevel(level.upper() if isinstance(level, str) else level or "INFO")
    except ValueError:
        raise InvalidSettingError(
            f"level={level!r:.80} is none of INFO, WARN and ERROR", operation="alert"
        ) from None


def _seconds(duration: Any) -> float:
    if duration is None:
        return _WAIT_SECONDS
    if isinstance(duration, timedelta):
        return duration.total_seconds()
    try:
        return float(duration)
    except (TypeError, ValueError):
        raise InvalidSettingError(
            f"wait_duration={duration!r:.80} is no number of seconds and no timedelta",
            operation="alert",
        ) from None


def _print(title: str, text: str, level: AlertLevel) -> None:
    words = f"nbtrack: {level.value}: {title}" + (f": {text}" if text else "")
    # It may be closed, or none at all; the alert is recorded.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(words + "\n")
