"""The command lines of the recorder, of merges, an encoding, a recovery and a shipment.

::

    python -m nbtrack.recorder --owner PID --started TICKS     the control socket is its stdin
    python -m nbtrack.recorder merge [--if-many] RUN_DIR ...
    python -m nbtrack.recorder encode RUN_DIR
    python -m nbtrack.recorder code [--limit BYTES] [--no-mask] RUN_DIR ...
    python -m nbtrack.recorder recover STORE
    python -m nbtrack.recorder ship --to URL [--interval SECONDS] STORE [RUN ...]
        without a run: those that recorders before left there; says in JSON what became of each
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .._process import this_process

if TYPE_CHECKING:
    from ..store.layout import RunDir


def main() -> int:
    """Run as the command line says. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m nbtrack.recorder")
    parser.add_argument("--owner", type=int, help="process id of the process whose runs these are")
    parser.add_argument("--started", type=int, help="its start, in clock ticks since boot")
    commands = parser.add_subparsers(dest="command")
    merge = commands.add_parser("merge", help="merge the sealed sets of each run into one")
    merge.add_argument("run_dirs", type=Path, nargs="+")
    merge.add_argument("--if-many", action="store_true", help="only if it is worth it by now")
    encode = commands.add_parser("encode", help="encode the media that wait in a run's spool")
    encode.add_argument("run_dir", type=Path)
    code = commands.add_parser("code", help="look at the code of runs that have begun")
    code.add_argument("run_dirs", type=Path, nargs="+")
    code.add_argument("--limit", type=int, default=0, help="bytes of changed files at most")
    code.add_argument("--no-mask", action="store_true", help="keep secrets as they are")
    recover = commands.add_parser("recover", help="see to runs that nobody records any more")
    recover.add_argument("store", type=Path)
    ship = commands.add_parser("ship", help="copy runs to a place, once")
    ship.add_argument("store", type=Path)
    ship.add_argument("runs", nargs="*")
    ship.add_argument("--to", required=True, metavar="URL")
    ship.add_argument("--interval", type=float, default=60.0, help="seconds until the next look")
    arguments = parser.parse_args()
    if arguments.command == "merge":
        return _merge(arguments.run_dirs, if_many=arguments.if_many)
    if arguments.command == "encode":
        return _encode(arguments.run_dir)
    if arguments.command == "code":
        return _code(arguments.run_dirs, arguments.limit, masks=not arguments.no_mask)
    if arguments.command == "recover":
        return _recover(arguments.store)
    if arguments.command == "ship":
        return _ship(arguments.store, arguments.to, arguments.runs, arguments.interval)
    if arguments.owner is None or arguments.started is None:
        parser.error("--owner and --started are needed")
    try:
        control = socket.socket(fileno=0)
    except OSError:
        parser.error("stdin has to be a socket")
    return _record(arguments.owner, arguments.started, control)


def _record(pid: int, started: int, control: socket.socket) -> int:
    _give_memory_back()
    import msgspec

    from .loop import Recorder

    # The owner is a process of this machine and this namespace: its child this one is.
    owner = msgspec.structs.replace(this_process(), pid=pid, started=started)
    Recorder(owner, control).run()
    return 0


def _give_memory_back() -> None:
    """Have glibc return large blocks to the system when they are freed.

    Left alone it raises that threshold as blocks are freed, and keeps what sealing one segment
    took, several MiB, for the life of the recorder.
    """
    import contextlib
    import ctypes

    m_trim_threshold, m_mmap_threshold, m_arena_max = -1, -3, -8
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(m_mmap_threshold, 64 << 10)
        mallopt(m_trim_threshold, 128 << 10)
        mallopt(m_arena_max, 1)


def _merge(paths: list[Path], *, if_many: bool) -> int:
    _be_modest()
    from ..store import reader
    from ..store.derived import write_derived
    from ..store.merge import is_worth_merging, merge

    def do(run_dir: RunDir) -> None:
        if not if_many:
            merge(run_dir)
            reader.write_status(run_dir)
            write_derived(run_dir)
        elif is_worth_merging(reader.select(run_dir)):
            merge(run_dir)

    return _each(paths, do, "could not merge")


def _encode(path: Path) -> int:
    _be_modest()
    from ..store.layout import RunDir
    from .encoding import encode_run

    return int(not encode_run(RunDir(path), sys.stdin.fileno()))


def _code(paths: list[Path], limit: int, *, masks: bool) -> int:
    _be_modest()
    from ..record.code.capture import capture

    return _each(
        paths,
        lambda run_dir: capture(run_dir, limit=limit, masks=masks),
        "could not look at the code",
        in_words=False,  # they may quote a secret that has not been masked
    )


def _each(
    paths: list[Path], do: Callable[[RunDir], object], problem: str, *, in_words: bool = True
) -> int:
    """Do it for one run after the other, and leave word where it fails: nobody else hears of it."""
    from ..store.layout import RunDir
    from .notes import note

    failed = 0
    for run_dir in map(RunDir, paths):
        try:
            do(run_dir)
        except Exception as error:
            if run_dir.path.exists():
                words = f": {error}" if in_words else ""
                note(run_dir.recorder_log, f"{problem}: {type(error).__name__}{words}")
                failed = 1
    return failed


def _recover(path: Path) -> int:
    _be_modest()
    from ..store.layout import Store
    from .recover import recover

    return int(any(recovery.problem for recovery in recover(Store(path), quick=True)))


def _ship(path: Path, url: str, runs: list[str], interval: float) -> int:
    _be_modest()
    import msgspec

    from ..store.layout import Store
    from ..sync.ship import pending, ship

    shipped = ship(Store(path), url, runs or pending(Store(path), url), interval=interval)
    sys.stdout.buffer.write(msgspec.json.encode(shipped))
    return 0


def _be_modest() -> None:
    """Give way to everybody else, in CPU and in disk."""
    import contextlib

    with contextlib.suppress(OSError):
        os.nice(19)
    with contextlib.suppress(Exception):
        import psutil

        psutil.Process().ionice(psutil.IOPRIO_CLASS_IDLE)


if __name__ == "__main__":
    sys.exit(main())
