"""The recorder's main loop: waits for its owner's death, for news of runs, and for the clock."""

from __future__ import annotations

import _thread
import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import msgspec

from .._process import ProcessIdentity, liveness
from .._settings import Settings
from ..store.layout import RunDir
from . import postmortem
from .capturing import CaptureQueue
from .encoding import EncodingQueue
from .follower import Follower
from .memory import MemoryWatch
from .merging import MergeQueue
from .orphans import OrphanRecovery
from .samplers import Sampler
from .shipping import ShippingQueue
from .spawn import decode_message, encode_alert

TICK_SECONDS = 0.5
# How long one run is looked at, if more comes than can be read, before it is time for others.
LOOK_SECONDS = 0.5
BEAT_SECONDS = 5.0
LINGER_SECONDS = 5.0
# From being asked to stop to stopping.
STOP_SECONDS = 2.0
# How long a recorder outlives its owner at most, for workers that live on or a disk that is full.
AFTERLIFE_SECONDS = 60.0
# And to bring what the owner left to where it is to be: a network that was away for moments is back
# by then, one that is away for longer is for the next recorder. What is being sent is sent.
SHIPPING_AFTERLIFE_SECONDS = 600.0
_MESSAGES = 1 << 16


class Recorder:
    """Looks after all runs of one owner.

    Args:
        owner: The process whose runs these are.
        control: Where its messages come in, one line each.
        in_process: Runs as a thread of the owner: seals and merges nothing.
    """

    def __init__(
        self, owner: ProcessIdentity, control: socket.socket, *, in_process: bool = False
    ) -> None:
        self._owner = owner
        self._in_process = in_process
        self._control: socket.socket | None = control
        control.setblocking(False)
        self._partial = b""
        self._followers: list[Follower] = []
        self._merges = MergeQueue()
        self._encodings = EncodingQueue()
        self._captures = CaptureQueue()
        self._ships = ShippingQueue()
        self._sampler: Sampler | None = None
        self._memory = MemoryWatch(owner.pid)
        self._server = postmortem.ServerWatch(owner.pid)
        self._pidfd = None if in_process else _open_pidfd(owner)
        self._owner_alive = True
        self._asked_to_stop = 0
        self._stop_at = float("inf")
        self._tick_at = self._beat_at = self._sample_at = 0.0
        self._idle_since = time.monotonic()
        self._give_up_at = float("inf")
        self._orphans = OrphanRecovery()

    def run(self) -> None:
        """Work until the owner is dead or has no runs any more, and everything is in order."""
        with self._wakeup() as wakeup:
            while not self._over():
                if self._wait(wakeup):
                    self._read_control()
                    self._tick()
        self._orphans.end()
        self._ships.leave()
        if self._pidfd is not None:
            os.close(self._pidfd)
        for follower in self._followers:
            follower.end_own_journal()
            follower.look()
            follower.publish(at_once=True)

    def stop(self) -> None:
        """Finish soon; at once, if it is the second time. May be called by a signal handler.

        Whoever ends a kernel with all that is below it, as VS Code does, sends this a moment before
        the kernel dies. If it does die, that is seen to as always.
        """
        self._asked_to_stop += 1
        patience = STOP_SECONDS if self._asked_to_stop == 1 and not self._in_process else 0.0
        self._stop_at = time.monotonic() + patience

    def _over(self) -> bool:
        moment = time.monotonic()
        if moment >= self._stop_at and (self._owner_alive or self._asked_to_stop > 1):
            return True
        beside = (self._merges, self._encodings, self._captures, self._ships)
        if self._followers or any(queue.busy for queue in beside):
            self._idle_since = moment
            ships = self._ships.busy
            more = SHIPPING_AFTERLIFE_SECONDS - AFTERLIFE_SECONDS if ships else 0.0
            return moment > self._give_up_at + more and not self._ships.sending
        if not self._owner_alive:
            return True
        if self._control is not None:
            if time.monotonic() - self._idle_since < LINGER_SECONDS:
                return False
            self._end_control()
        return not self._followers

    def _wait(self, wakeup: int | None) -> bool:
        """Wait until something happens or it is time. Whether to look at everything now."""
        poll = select.poll()
        watched = [wakeup, self._pidfd if self._owner_alive else None]
        for fd in (*watched, self._control):
            if fd is not None:
                poll.register(fd, select.POLLIN)
        due = min(self._tick_at, self._stop_at) if self._owner_alive else self._tick_at
        left = max(0.0, due - time.monotonic())
        happened = [fd for fd, _ in poll.poll(left * 1000)]
        if self._pidfd in happened:
            self._owner_alive = False
        if wakeup is not None and wakeup in happened:
            os.read(wakeup, _MESSAGES)
        return bool(happened) or time.monotonic() >= self._tick_at

    def _tick(self) -> None:
        moment = time.monotonic()
        self._tick_at = moment + TICK_SECONDS
        if self._owner_alive and self._pidfd is None and not self._in_process:
            self._owner_alive = liveness(self._owner) != "dead"
        for follower in self._followers:
            # Of a dead owner everything: whether it ended the run stands in its last segment.
            follower.look(LOOK_SECONDS if self._owner_alive else float("inf"))
            if follower.behind:
                self._tick_at = 0.0
        if not self._owner_alive and self._give_up_at == float("inf"):
            self._give_up_at = moment + AFTERLIFE_SECONDS
            self._bury()
        elif self._owner_alive:
            self._record(moment)
        for follower in list(self._followers):
            self._advance(follower)
        if not self._in_process:
            self._merges.poll()
            self._encodings.poll()
            self._captures.poll()
            self._ships.poll(waits=self._is_in_the_making, looks_back=self._orphans.over)
            if self._followers:
                self._orphans.poll(self._followers[0].run_dir.path.parent.parent)

    def _is_in_the_making(self, run_dir: RunDir) -> bool:
        """Whether files of a run that has ended are still made of its last words."""
        return any(queue.has(run_dir) for queue in (self._merges, self._encodings))

    def _record(self, moment: float) -> None:
        """Heartbeat and samples, when it is time for them."""
        runs = [follower for follower in self._followers if follower.open]
        if not runs:
            return
        self._watch_memory(runs)
        if moment >= self._beat_at:
            self._beat_at = moment + BEAT_SECONDS
            for follower in runs:
                follower.beat()
        if moment >= self._sample_at:
            interval = min(follower.settings.sample_interval for follower in runs)
            self._sample_at = moment + interval
            if self._sampler is None:
                self._sampler = Sampler(self._owner.pid)
            values = self._sampler.sample()
            for follower in runs:
                follower.add_sample(values)
        self._tick_at = min(self._tick_at, self._sample_at)

    def _watch_memory(self, runs: list[Follower]) -> None:
        """Leave word where a memory limit is reached, and interrupt what runs if that is asked."""
        use = self._memory.look()
        reached = {
            limit: self._memory.reaches(limit)
            for limit in {follower.settings.memory_limit for follower in runs}
        }
        for follower in runs:
            if not reached[follower.settings.memory_limit]:
                continue
            alert = follower.memory_reached(use)
            if alert is None:
                continue
            if alert.action == "interrupt":
                self._interrupt()
            self._tell(encode_alert(alert))

    def _interrupt(self) -> None:
        """What the stop button does."""
        if self._in_process:
            _thread.interrupt_main()
        elif self._pidfd is not None:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGINT)
        elif liveness(self._owner) == "alive":
            with contextlib.suppress(OSError):
                os.kill(self._owner.pid, signal.SIGINT)

    def _tell(self, message: bytes) -> None:
        """Send the owner a line, which it reads when its cell has ended, if it can be sent now."""
        if self._control is not None:
            with contextlib.suppress(OSError):
                self._control.send(message)

    def _bury(self) -> None:
        """The owner is dead: say how it ended in every run that it left open."""
        how = postmortem.how_it_ended(self._owner.pid, self._owner.started, self._pidfd)
        death = self._memory.add_to(self._server.add_to(how))
        for follower in self._followers:
            follower.owner_died(death)

    def _advance(self, follower: Follower) -> None:
        """Bring a run that has ended to its end, and let go of it."""
        if follower.closed:
            follower.end_own_journal()
            follower.look()
        sealed, follower.sealed = follower.sealed, 0
        if follower.done:
            follower.publish(at_once=True)
            self._followers.remove(follower)
        if follower.vanished or self._in_process:
            return
        self._ships.hear(follower.run_dir, follower.news, counts=follower.has_content)
        if follower.media:
            follower.media = False
            self._encodings.add(follower.run_dir)
        if follower.done:
            self._encodings.end(follower.run_dir)
            self._merges.add(follower.run_dir)
            self._ships.end(follower.run_dir)
        elif sealed:
            self._merges.add_if_many(follower.run_dir)

    def _follow(self, path: Path, settings: Settings, variables: dict[str, str]) -> None:
        run_dir = RunDir(path)
        if settings.sync and path.is_dir() and not self._in_process:
            self._ships.follow(run_dir, settings.sync, variables)
        if path.is_dir() and not any(one.is_same(run_dir) for one in self._followers):
            if settings.code:
                self._captures.add(run_dir, settings)
            seals = not self._in_process
            self._followers.append(Follower(run_dir, settings, self._owner, seals=seals))
            self._tick_at = 0.0

    def _read_control(self) -> None:
        while self._control is not None:
            try:
                data = self._control.recv(_MESSAGES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._control.close()
                self._control = None
            *lines, self._partial = (self._partial + data).split(b"\n")
            for line in lines:
                with contextlib.suppress(msgspec.DecodeError):
                    self._follow(*decode_message(line))

    def _end_control(self) -> None:
        """Take no more messages. What was sent before is read; later ones fail at the sender."""
        if self._control is None:
            return
        self._read_control()
        if self._control is not None:
            with contextlib.suppress(OSError):
                self._control.shutdown(socket.SHUT_RD)
            self._read_control()

    @contextlib.contextmanager
    def _wakeup(self) -> Iterator[int | None]:
        """A descriptor that becomes readable when the process is asked to end, or a child ended."""
        if self._in_process:
            yield None
            return

        def handle(number: int, frame: FrameType | None) -> None:
            self.stop()

        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, handle)
        # An interrupt is for what the kernel runs, also where it goes to all processes below it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})
        try:
            yield reader
        finally:
            signal.set_wakeup_fd(-1)
            os.close(reader)
            os.close(writer)


def _open_pidfd(owner: ProcessIdentity) -> int | None:
    """A descriptor that becomes readable when the owner dies; None where there are none.

    Whether it is the owner's and not that of a process with its pid, its start time tells.
    """
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        pidfd = os.pidfd_open(owner.pid)
    except OSError:
        return None
    if liveness(owner) == "dead":
        os.close(pidfd)
        return None
    return pidfd
