"""Starts the recorder beside a kernel and tells it which runs to look after.

Imported by the kernel, so it stays light. Nothing here raises or prints: without a recorder every
row is kept all the same, only nobody seals, samples or looks ahead. Why there is none stays in
:func:`failure`.

The recorder gets a session of its own. In the kernel's process group it would be stopped together
with the kernel, and its presence would keep a kernel from shutting down in time.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from .._decoding import from_json
from .._process import ProcessIdentity, this_process
from .._settings import Settings
from ..store.schema import MemoryAlert

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Appended, not put first: a checkout or a copied folder must not hide a module of the library.
_BOOTSTRAP = (
    "import sys; sys.path.append(sys.argv.pop(1)); "
    "from nbtrack.recorder.__main__ import main; sys.exit(main())"
)
_LOCK_PATIENCE = 2.0
_SEND_FLAGS = socket.MSG_DONTWAIT | getattr(socket, "MSG_NOSIGNAL", 0)
_SHORT_LIFE = 30.0
_MAX_SHORT_LIVES = 3
_MAX_RUNS = 64
_PIECE = 1 << 16


class Message(NamedTuple):
    """What a recorder is told of a run.

    Attributes:
        path: Its directory.
        settings: As the run's owner has them.
        variables: How to reach the place that it is copied to; see ``place_variables()``.
    """

    path: Path
    settings: Settings
    variables: dict[str, str]


class RecorderHandle:
    """A recorder, as its owner knows it: a process, or a thread where there can be none."""

    def __init__(
        self, control: socket.socket, recorder: subprocess.Popen[bytes] | threading.Thread
    ) -> None:
        self._control = control
        self._recorder = recorder
        self._since = time.monotonic()

    @property
    def pid(self) -> int | None:
        """Its process; None for a thread of this one."""
        return None if isinstance(self._recorder, threading.Thread) else self._recorder.pid

    def alive(self) -> bool:
        """Whether it still runs."""
        if isinstance(self._recorder, threading.Thread):
            return self._recorder.is_alive()
        return self._recorder.poll() is None

    def seals(self) -> bool:
        """Whether it lives and makes room by sealing; a thread does not."""
        return not isinstance(self._recorder, threading.Thread) and self.alive()

    def tell(self, message: bytes) -> bool:
        """Pass on a message; False if nobody takes it any more."""
        if not self.alive():
            return False
        try:
            # A socket, not a pipe: writing to a pipe without a reader is SIGPIPE, which ends a
            # process that asked for that; and a stopped recorder must not stop its kernel.
            return self._control.send(message, _SEND_FLAGS) == len(message)
        except BlockingIOError:
            # It is stopped, and has been told often enough.
            return True
        except OSError:
            return False

    def alerts(self) -> list[MemoryAlert]:
        """What it has sent since the last call. Never waits."""
        data = b""
        with contextlib.suppress(OSError):
            while piece := self._control.recv(_PIECE, socket.MSG_DONTWAIT):
                data += piece
        found = []
        for line in data.splitlines():
            with contextlib.suppress(msgspec.DecodeError):
                found.append(from_json(line, MemoryAlert))
        return found

    def close(self) -> None:
        """Let go of this side; the recorder goes on with the runs that it has."""
        self._control.close()

    def died_early(self) -> bool:
        """Whether it failed soon after it was started."""
        process = self._recorder
        if isinstance(process, threading.Thread) or not process.poll():
            return False
        return time.monotonic() - self._since < _SHORT_LIFE


class _Child(subprocess.Popen[bytes]):
    """A process that is meant to outlive us."""

    def __del__(self) -> None:
        """No warning that it is still running."""


class _Spawner:
    """The recorder of this process, if it has one."""

    def __init__(self) -> None:
        self.handle: RecorderHandle | None = None
        self.failure = ""
        self.runs: dict[Path, bytes] = {}
        self._lock = threading.RLock()
        self._short_lives = 0

    def ensure(self, run_dir: Path, settings: Settings) -> RecorderHandle | None:
        if settings.recorder == "off":
            self.failure = "switched off by the setting 'recorder'"
            return None
        lock = self._lock
        if not lock.acquire(timeout=_LOCK_PATIENCE):
            # Left behind by an interrupt. At worst two recorders seal the same: harmless.
            self._lock = lock = threading.RLock()
            lock.acquire()
        try:
            return self._ensure(run_dir, settings)
        except Exception as error:  # a run goes on without a recorder
            self.failure = f"{type(error).__name__}: {error}"
            return None
        finally:
            lock.release()

    def _ensure(self, run_dir: Path, settings: Settings) -> RecorderHandle:
        message = encode_message(run_dir, settings)
        self.runs.pop(run_dir, None)
        self.runs[run_dir] = message
        while len(self.runs) > _MAX_RUNS:
            del self.runs[next(iter(self.runs))]
        handle = self.handle
        if handle is not None:
            if handle.tell(message):
                return handle
            self._short_lives = self._short_lives + 1 if handle.died_early() else 0
            handle.close()
        self.handle = handle = self._start(settings)
        for other in self.runs.values():
            handle.tell(other)
        return handle

    def _start(self, settings: Settings) -> RecorderHandle:
        owner = this_process()
        if settings.recorder == "process" and self._short_lives < _MAX_SHORT_LIVES:
            try:
                handle = _start_process(owner)
                self.failure = ""
                return handle
            except OSError as error:
                self.failure = f"no process could be started: {error}"
        elif settings.recorder == "process":
            self.failure = f"{self._short_lives} recorders died soon after their start"
        return _start_thread(owner)


_spawner = _Spawner()


def _after_fork() -> None:
    """In a forked child the recorder is the parent's."""
    global _spawner
    if _spawner.handle is not None:
        _spawner.handle.close()
    _spawner = _Spawner()


os.register_at_fork(after_in_child=_after_fork)


def ensure(run_dir: Path, settings: Settings) -> RecorderHandle | None:
    """Have a recorder look after ``run_dir``, starting one if this process has none that lives.

    Repeatable and cheap: call it again whenever a recorder is wanted, since one may be killed.
    Call it when the writer's first segment exists. None: there is no recorder, see
    :func:`failure`.
    """
    return _spawner.ensure(_absolute(run_dir), settings)


def release(run_dir: Path) -> None:
    """Forget a run that has ended, so that no later recorder is told of it."""
    _spawner.runs.pop(_absolute(run_dir), None)


def poke() -> None:
    """Have the recorder look now at what came, not only when it is time to."""
    handle = _spawner.handle
    if handle is not None:
        handle.tell(b"\n")


def seals() -> bool:
    """Whether a recorder of this process lives and makes room by sealing segments."""
    handle = _spawner.handle
    return handle is not None and handle.seals()


def alerts() -> list[MemoryAlert]:
    """Where the memory limit was reached since the last call."""
    handle = _spawner.handle
    return handle.alerts() if handle is not None else []


def failure() -> str:
    """Why there is no recorder, or none in a process of its own; empty if there was no trouble."""
    return _spawner.failure


def command(*arguments: str) -> list[str]:
    """A command line that runs this package's ``__main__`` with the interpreter of this process."""
    if not sys.executable:
        raise FileNotFoundError("this Python does not know its own executable")
    # -P: no module out of the working directory. Warnings have no reader there.
    return [sys.executable, "-P", "-W", "ignore", "-c", _BOOTSTRAP, _ROOT, *arguments]


def start(
    arguments: list[str],
    *,
    stdin: int,
    stdout: int = subprocess.DEVNULL,
    env: dict[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, with nothing of this one but these.

    Args:
        env: Its environment; by default that of this process.

    Raises:
        OSError: It cannot be started.
    """
    return _Child(
        arguments,
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        env=env,
        cwd="/",
        close_fds=True,
        start_new_session=True,
    )


def encode_alert(alert: MemoryAlert) -> bytes:
    """One line that tells the owner of it."""
    return msgspec.json.encode(alert) + b"\n"


def encode_message(run_dir: Path, settings: Settings) -> bytes:
    """One line that tells a recorder of a run, and as whom to ask at the place it is copied to."""
    variables: dict[str, str] = {}
    if settings.sync:
        from ..remote.addresses import place_variables

        # As they are now: a cell may have set them after the recorder was started.
        variables = place_variables()
    # Latin-1 carries the bytes of any path, whatever its encoding is.
    path = os.fsencode(run_dir).decode("latin-1")
    encoded = {name: os.fsencode(value).decode("latin-1") for name, value in variables.items()}
    return msgspec.json.encode((path, settings, encoded)) + b"\n"


def decode_message(line: bytes) -> Message:
    """What :func:`encode_message` made.

    Raises:
        msgspec.DecodeError: It is something else.
    """
    path, settings, variables = from_json(line, tuple[str, Settings, dict[str, str]])
    decoded = {name: os.fsdecode(value.encode("latin-1")) for name, value in variables.items()}
    return Message(Path(os.fsdecode(path.encode("latin-1"))), settings, decoded)


def _absolute(run_dir: Path) -> Path:
    return Path(os.path.abspath(run_dir))


def _start_process(owner: ProcessIdentity) -> RecorderHandle:
    ours, theirs = socket.socketpair()
    with theirs:
        arguments = ["--owner", str(owner.pid), "--started", str(owner.started)]
        try:
            with _until_it_decides({signal.SIGINT, signal.SIGTERM}):
                process = start(command(*arguments), stdin=theirs.fileno())
            return RecorderHandle(ours, process)
        except BaseException:
            ours.close()
            raise


@contextlib.contextmanager
def _until_it_decides(signals: set[signal.Signals]) -> Iterator[None]:
    """A process that is started meanwhile has these wait until it says what it does about them.

    Some front ends send signals to everything below a kernel.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_thread(owner: ProcessIdentity) -> RecorderHandle:
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            from .loop import Recorder

            with theirs:
                Recorder(owner, theirs, in_process=True).run()
        except Exception as error:  # a thread's traceback would land in the person's notebook
            _spawner.failure = f"{type(error).__name__}: {error}"

    thread = threading.Thread(target=serve, name="nbtrack-recorder", daemon=True)
    thread.start()
    return RecorderHandle(ours, thread)
