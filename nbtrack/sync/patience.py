"""Asks a place, again when it may work later: after longer and longer pauses, and not for ever."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from .._errors import NbtrackError, SyncError
from ..remote.failures import Failure, explained

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")

# What fails is asked again for so many seconds, and pauses are at most so long.
SECONDS = 60.0
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 15.0
# A place that wants to be left alone for longer is left alone.
_LONGEST_WISH = 300.0
# So many in a row failed to the end: nothing more is asked.
_LOST = 3


class Patience:
    """For all that is asked of one place. May be used from several threads.

    Args:
        url: Of the place.
        wish: Gives for how many seconds the place wants to be left alone now; None: it does not
            say. Called with the key of what it did not want to do.
        seconds: For so long something is done again; 60 by default.
    """

    def __init__(
        self, url: str, wish: Callable[[str], float | None], seconds: float | None = None
    ) -> None:
        self._url = url
        self._seconds = SECONDS if seconds is None else seconds
        self._wish = wish
        self._lock = threading.Lock()
        self._quiet_until = 0.0
        self._failed = 0
        self._last: SyncError | None = None

    def begin_again(self) -> None:
        """A place that was lost is asked again."""
        with self._lock:
            self._failed = 0

    def ask(self, do: Callable[[], T], key: str = "", *, seconds: float | None = None) -> T:
        """What ``do`` gives; it is done again as long as that may help.

        Args:
            do: One request of obstore.
            key: What it is about.
            seconds: For so long it is done again, not counting what the place wishes.

        Raises:
            SyncError: It does not work. What is neither obstore's nor the system's is raised as
                it is.
        """
        with self._lock:
            lost = self._last if self._failed >= _LOST else None
        if lost is not None:
            raise SyncError(
                "the place does not answer any more",
                path=self._path(key),
                operation="sync",
                hint=lost.hint,
                passing=True,
            )
        call = _Call(self, key, self._seconds if seconds is None else seconds)
        try:
            found = call(do)
        except Exception as error:
            raise self._told(error, key, call.wish) from None
        self.begin_again()
        return found

    def failure(self, error: BaseException) -> Failure | None:
        """What an error means; None if it is none of the place's."""
        if isinstance(error, NbtrackError):
            return None
        if (
            isinstance(error, OSError | ValueError)
            or type(error).__module__.partition(".")[0] == "obstore"
        ):
            return explained(self._url, error)
        return None

    def keep_quiet(self) -> None:
        """Nobody asks while the place wants to be left alone, and not all at once after that."""
        rest = self._quiet_until - time.monotonic()
        if rest > 0:
            time.sleep(rest + random.uniform(0, min(1.0, rest)))

    def learn(self, key: str) -> float:
        """Ask for the place's wish, and keep to it from now on. Returns it."""
        wish = self._wish(key) or 0.0
        with self._lock:
            self._quiet_until = max(self._quiet_until, time.monotonic() + wish)
        return wish

    def _told(self, error: Exception, key: str, wish: float) -> Exception:
        failure = self.failure(error)
        if failure is None:
            return error
        hint = failure.remedy
        if wish > _LONGEST_WISH:
            hint = f"It wants to be left alone for {wish / 60:,.0f} minutes. {hint}"
        told = SyncError(
            failure.cause,
            path=self._path(key),
            operation="sync",
            hint=hint,
            passing=failure.passing,
        )
        with self._lock:
            self._failed = self._failed + 1 if failure.passing else 0
            self._last = told
        return told

    def _path(self, key: str) -> str:
        return f"{self._url}/{key}".rstrip("/")


class _Call:
    """One request, with all that it takes until it is answered.

    Attributes:
        wish: For how many seconds the place wanted to be left alone at last.
    """

    def __init__(self, patience: Patience, key: str, seconds: float) -> None:
        self.wish = 0.0
        self._patience = patience
        self._key = key
        self._until = time.monotonic() + seconds

    def __call__(self, do: Callable[[], T]) -> T:
        self._patience.keep_quiet()
        try:
            return do()
        except Exception as error:
            if not self._may_pass(error):
                raise
            return self._again(do, error)

    def _again(self, do: Callable[[], T], error: Exception) -> T:
        # Hardly anything fails, and it takes longer to load than most syncs.
        try:
            from tenacity import Retrying, retry_if_exception, wait_random_exponential
        except ImportError:
            raise SyncError(
                "tenacity is not installed",
                operation="sync",
                hint="`pip install 'nbtrack[sync]'` installs it.",
            ) from None

        failed = [error]

        def attempt() -> T:
            if failed:
                raise failed.pop()
            return do()

        retrying = Retrying(
            retry=retry_if_exception(self._may_pass),
            wait=wait_random_exponential(multiplier=_FIRST_PAUSE, max=_LONGEST_PAUSE),
            stop=self._is_over,
            before=lambda state: self._patience.keep_quiet(),
            reraise=True,
        )
        return retrying(attempt)

    def _may_pass(self, error: BaseException) -> bool:
        failure = self._patience.failure(error)
        return failure is not None and failure.passing

    def _is_over(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        failure = self._patience.failure(error) if error else None
        if failure is not None and failure.busy:
            self.wish = self._patience.learn(self._key)
            self._until += self.wish
        return self.wish > _LONGEST_WISH or time.monotonic() >= self._until
