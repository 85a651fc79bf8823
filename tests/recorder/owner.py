"""A process that records runs through the journal, as a kernel does; told what to do by a test.

Reads one command a line and answers each with one line::

    open RUN         makes the run, its journal and sees to a recorder -> pid of the recorder
    log RUN N        appends N rows {loss, acc, rate}                  -> number of rows so far
    attempt RUN      begins a tracked cell
    close RUN        writes the closing record and ends the journal
    ensure RUN       sees to a recorder                                -> its pid
    discard RUN      ends the journal and removes the run
    fork RUN N       a child appends N rows as a writer of its own, and stays -> its pid
    writers RUN N    N more writers append a row each and end, one after the other
    fork_ensure RUN  a child sees to a recorder of its own, and ends   -> that recorder's pid
    ensure_many RUN N      sees to a recorder N times                  -> how long it took
    recorder         -> the recorder's pid, whether it lives, and why there is none
    python PATH      recorders are started with this from now on
    default_sigpipe  writing to a closed pipe ends the process
    imported NAME…   -> which of these modules have been imported
    exit CODE        ends with this exit status
"""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings
from pathlib import Path

import msgspec

from nbtrack._process import this_process
from nbtrack._settings import Settings
from nbtrack.recorder import spawn
from nbtrack.store.journal import Journal, now
from nbtrack.store.layout import RunDir, Store, atomic_write, new_writer_id
from nbtrack.store.removal import remove_run
from nbtrack.store.schema import (
    AttemptStart,
    Change,
    Closing,
    Role,
    Row,
    RunInfo,
    WriterInfo,
)


class Owner:
    def __init__(self, store: Store) -> None:
        self.settings = Settings.load()
        self.store = store
        self.journals: dict[str, Journal] = {}
        self.rows: dict[str, int] = {}

    def open(self, run: str) -> object:
        run_dir = self.store.create_run(run)
        info = RunInfo(id=run, name=run, project="test", created=now(), host="here")
        atomic_write(run_dir.info, msgspec.json.encode(info))
        self.journals[run] = new_journal(run_dir, "owner", self.settings)
        self.rows[run] = 0
        return self.ensure(run)

    def log(self, run: str, count: str) -> object:
        journal = self.journals[run]
        for step in range(self.rows[run], self.rows[run] + int(count)):
            data = {"loss": 1 / (step + 1), "acc": step * 0.5, "rate": 0.1}
            journal.append(Row(journal.next_seq(), now(), 1, step, data))
        self.rows[run] += int(count)
        return self.rows[run]

    def attempt(self, run: str) -> object:
        journal = self.journals[run]
        seq = journal.next_seq()
        journal.append(AttemptStart(seq, now(), 1, 1, "a", 1, None, [], "fit()", {}))
        return None

    def close(self, run: str) -> object:
        journal = self.journals[run]
        closing = Closing(state="finished", reason="finish() was called")
        journal.append(Change(journal.next_seq(), now(), 0, "closed", "", closing))
        journal.close()
        spawn.release(self.store.run(run).path)
        return None

    def ensure(self, run: str) -> object:
        handle = spawn.ensure(self.store.run(run).path, self.settings)
        return handle.pid if handle else None

    def discard(self, run: str) -> object:
        self.journals[run].close()
        spawn.release(self.store.run(run).path)
        remove_run(self.store.run(run))
        return None

    def fork(self, run: str, count: str) -> object:
        ready, tell = os.pipe()
        pid = fork()
        if pid:
            os.read(ready, 1)
            return pid
        journal = new_journal(self.store.run(run), "worker", self.settings)
        for step in range(int(count)):
            journal.append(Row(journal.next_seq(), now(), 1, step, {"worker": 1.0}))
        os.write(tell, b".")
        while True:
            time.sleep(1)

    def writers(self, run: str, count: str) -> object:
        for step in range(int(count)):
            journal = new_journal(self.store.run(run), "worker", self.settings)
            journal.append(Row(journal.next_seq(), now(), 1, step, {"worker": 1.0}))
            journal.close()
        return None

    def recorder(self) -> object:
        handle = spawn._spawner.handle
        pid = handle.pid if handle else None
        return f"{pid} {handle is not None and handle.alive()} {spawn.failure()}"

    def fork_ensure(self, run: str) -> object:
        pipe, tell = os.pipe()
        pid = fork()
        if not pid:
            os.write(tell, str(self.ensure(run)).encode())
            os._exit(0)
        answer = os.read(pipe, 100).decode()
        os.waitpid(pid, 0)
        return answer

    def ensure_many(self, run: str, count: str) -> object:
        started = time.monotonic()
        for _ in range(int(count)):
            self.ensure(run)
        return time.monotonic() - started

    def python(self, path: str) -> object:
        sys.executable = path
        return None

    def default_sigpipe(self) -> object:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        return None

    def imported(self, *names: str) -> object:
        return [name for name in names if name in sys.modules]

    def exit(self, code: str) -> object:
        os._exit(int(code))


def new_journal(run_dir: RunDir, role: Role, settings: Settings) -> Journal:
    info = WriterInfo(
        run=run_dir.id,
        writer=new_writer_id(role),
        role=role,
        process=this_process(),
        opened=now(),
    )
    journal = Journal(run_dir, info, settings, recorder_alive=spawn.seals)
    journal.open()
    return journal


def fork() -> int:
    with warnings.catch_warnings():
        # Python 3.12 warns of threads, of which there may be one: it makes the next segment.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def main() -> None:
    owner = Owner(Store(Path(sys.argv[1])))
    for line in sys.stdin:
        command, *arguments = line.split()
        sys.stdout.write(f"{getattr(owner, command)(*arguments)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
