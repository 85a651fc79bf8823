"""The artifacts of one run on their way into the store, in a thread beside the person's loop."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable

import msgspec

from ..._errors import ArtifactStateError, InvalidArtifactError, NbtrackError
from ...store.artifact_schema import ArtifactVersion
from ...store.artifact_writing import MissingObjects, NewVersion, commit
from ...store.layout import Store
from .draft import Draft

_IDLE_SECONDS = 5.0


class Job:
    """One version that is being recorded.

    Attributes:
        new: What is to be recorded; its entries are those of ``draft`` once they are taken.
        version: What came of it.
        error: Why nothing did.
        notes: What a person should know.
    """

    def __init__(self, new: NewVersion, draft: Draft) -> None:
        self.new = new
        self.draft = draft
        self.version: ArtifactVersion | None = None
        self.error: NbtrackError | None = None
        self.notes: list[str] = []
        self.told = False
        self._done = threading.Event()
        self._pid = os.getpid()

    @property
    def is_done(self) -> bool:
        """Whether it is over, well or not."""
        return self._done.is_set()

    def wait(self, timeout: float | None = None) -> ArtifactVersion:
        """The version, once it is there.

        Raises:
            ArtifactStateError: It took longer than ``timeout`` seconds, or it was begun by the
                process that this one was forked from.
            NbtrackError: It could not be recorded.
        """
        if not self._done.is_set() and self._pid != os.getpid():
            raise ArtifactStateError(
                "the process that this one was forked from records it",
                operation=f"wait for artifact {self.new.name!r}",
                hint="Wait there.",
            )
        if not self._done.wait(timeout):
            raise ArtifactStateError(
                f"it is not recorded after {timeout:g} s",
                operation=f"wait for artifact {self.new.name!r}",
                hint="Wait again, without a timeout.",
            )
        if self.error is not None:
            self.told = True
            raise self.error
        assert self.version is not None, "what is done has a version or an error"
        return self.version

    def run(self, store: Store) -> None:
        """Record it. Never raises."""
        try:
            self.version = self._commit(store)
        except NbtrackError as error:
            self.error = error
        except Exception as error:  # a thread has nobody to raise to
            self.error = ArtifactStateError(
                f"it could not be recorded: {type(error).__name__}: {error}",
                operation=f"record artifact {self.new.name!r}",
            )

    def end(self) -> None:
        """It is over."""
        self._done.set()

    def _commit(self, store: Store) -> ArtifactVersion:
        for last in (False, True):
            changed = self.draft.settle(store)
            if changed:
                self.notes.append(
                    f"artifact {self.new.name!r}: {', '.join(changed[:3])} changed between being"
                    " added and being recorded, and is recorded as it is now"
                )
            entries = list(self.draft.entries.values())
            try:
                return commit(store, msgspec.structs.replace(self.new, entries=entries))
            except MissingObjects as missing:
                if last:
                    raise InvalidArtifactError(
                        f"the content of {missing.entries[0].path!r} was removed from the store"
                    ) from missing
        raise AssertionError("the second time it returns or raises")


class Recording:
    """Records one artifact after the other.

    Args:
        store: Where to.
        tell: Called with each version, from the thread that recorded it.
    """

    def __init__(self, store: Store, tell: Callable[[ArtifactVersion], None]) -> None:
        self._store = store
        self._tell = tell
        self._jobs: list[Job] = []
        self._queue: queue.Queue[Job] = queue.Queue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def pending(self) -> list[str]:
        """The names of those that are not recorded yet."""
        return [job.new.name for job in self._jobs if not job.is_done]

    def add(self, job: Job) -> None:
        """Record it soon."""
        self._jobs.append(job)
        with self._lock:
            self._queue.put(job)
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="nbtrack-artifacts", daemon=True)
                try:
                    thread.start()
                    self._thread = thread
                except RuntimeError:
                    pass  # the interpreter ends: nothing can be beside it any more
        if self._thread is None:
            self._work_off()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all are recorded, or could not be. Whether they are."""
        deadline = None if timeout is None else time.monotonic() + timeout
        for job in self._jobs:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not job._done.wait(left):
                return False
        return True

    def take_notes(self) -> list[str]:
        """What a person was not told yet."""
        found: list[str] = []
        for job in self._jobs:
            notes, job.notes = job.notes, []
            found += notes
            if job.error is not None and not job.told:
                job.told = True
                found.append(f"artifact {job.new.name!r} was not recorded: {job.error}")
        self._jobs = [job for job in self._jobs if not job.is_done]
        return found

    def _work(self) -> None:
        while True:
            try:
                job = self._queue.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                with self._lock:
                    if self._queue.empty():
                        self._thread = None
                        return
                continue
            self._do(job)

    def _work_off(self) -> None:
        while not self._queue.empty():
            self._do(self._queue.get())

    def _do(self, job: Job) -> None:
        job.run(self._store)
        try:
            if job.version is not None:
                self._tell(job.version)
        except Exception as error:  # the version is there; only the run does not say so
            job.notes.append(f"artifact {job.new.name!r}: {type(error).__name__}: {error}")
        finally:
            job.end()
