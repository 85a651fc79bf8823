"""`python -m benchmarks.sync [PLACE…] [--runs N] [--turns N] [--processes N] [--json FILE]`.

What `nbtrack sync` costs beside the object store itself. A store of runs that have ended is sent to
each place: `file` (a folder), `moto` (an S3 server in Python, which is what such a sync waits for)
and `radosgw` (a Ceph cluster, where its programs are installed).

`raw`
    The very same bytes under the same keys, by `obstore.put` from as many threads as a sync has.
`absent`
    The same, each only if nothing is there: `mode="create"`, as a sync does.
`sync`
    `nbtrack.sync` into an empty folder. All three in turns; `near` is the median of the ratios of
    throughputs: 1 is as fast as `raw`.
`elsewhere`
    The same again where nobody remembers the first: everything is compared, nothing is sent. `of
    raw` is its time beside that of the puts.
`again`
    The same again where somebody does: in this process, and as `nbtrack sync --all` in a new one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Literal

import obstore
import platformdirs
from obstore.store import LocalStore, ObjectStore, from_url

from benchmarks import report
from benchmarks.runs import generate
from nbtrack.store.layout import Store
from nbtrack.store.shipment import shipment
from nbtrack.sync.place import Place
from nbtrack.sync.push import Pusher
from tests import radosgw, s3

THREADS = 16
METRICS, STEPS = 3, 1_000
# A change within that time may have left no trace, so that a sync looks again.
SETTLED_SECONDS = 3.0

Contents = dict[str, Path | bytes]


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sync")
    parser.add_argument("places", nargs="*", metavar="PLACE", help="file, moto, radosgw")
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--processes", type=int, default=7, help="repetitions of the command")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value there")
    options = parser.parse_args()
    if unknown := set(options.places) - set(PLACES):
        parser.error(f"no such place: {', '.join(unknown)}")
    places = options.places or [name for name in PLACES if name != "radosgw" or _has_ceph()]
    # Not in a temporary directory, which may be memory.
    (Path.cwd() / "build").mkdir(exist_ok=True)
    found: dict[str, Any] = {}
    with (
        tempfile.TemporaryDirectory(prefix="sync-", dir=Path.cwd() / "build") as folder,
        environment(XDG_CACHE_HOME=f"{folder}/cache", XDG_DATA_HOME=f"{folder}/data"),
    ):
        store = generate(Path(folder, "store"), options.runs, METRICS, STEPS, around=True)
        contents = what_goes(store)
        size = sum(map(_size, contents.values()))
        machine = report.machine()
        print(f"{machine['system']}, {machine['cores']} cores, load {machine['load']:.1f}")
        print(f"{options.runs:,} runs, {len(contents):,} objects, {size / 1e6:.0f} MB")
        time.sleep(SETTLED_SECONDS)
        for name in places:
            with PLACES[name](Path(folder)) as root:
                found[name] = measured(store, contents, root, options.turns, options.processes)
            print(f"{name:<10}{told(found[name], len(contents), options.runs)}", flush=True)
    if options.json:
        kept = {"machine": machine, "runs": options.runs, "bytes": size, "found": found}
        options.json.write_text(json.dumps(kept, indent=1))
    return 0


def what_goes(store: Store) -> Contents:
    """Every object of the runs by its key."""
    return {
        f"runs/{run_dir.id}/{item.key}": item.content
        for run_dir in store.run_dirs()
        for item in shipment(run_dir).items
    }


def measured(
    store: Store, contents: Contents, root: str, turns: int, processes: int
) -> dict[str, list[float]]:
    """Every time, in seconds."""
    times: dict[str, list[float]] = {
        name: [] for name in ("raw", "absent", "sync", "elsewhere", "again")
    }
    for turn in range(turns):
        urls = {name: f"{root}/{name}-{turn}" for name in ("raw", "absent", "sync")}
        # In turns, so that whatever else the machine does meets all.
        for kind in sorted(urls, reverse=turn % 2 == 1):
            if kind == "sync":
                times[kind].append(timed(sync, store, urls[kind], len(contents)))
            else:
                mode = "create" if kind == "absent" else "overwrite"
                times[kind].append(timed(put, opened(urls[kind]), contents, mode))
        synced = urls["sync"]
        times["again"].append(timed(sync, store, synced, 0))
        if turn == turns - 1:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            times["command"] = commands(store, synced, processes)
            times["computing"] = [_computed(before) / processes]
        forget()
        times["elsewhere"].append(timed(sync, store, synced, 0))
        for url in urls.values():
            remove(opened(url))
    return times


def put(place: ObjectStore, contents: Contents, mode: Literal["create", "overwrite"]) -> None:
    """Put the objects there, many at a time."""
    waiting: SimpleQueue[tuple[str, Path | bytes]] = SimpleQueue()
    for entry in contents.items():
        waiting.put(entry)

    def work() -> None:
        with contextlib.suppress(Empty):
            while True:
                key, content = waiting.get_nowait()
                obstore.put(place, key, content, mode=mode)

    threads = [Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def sync(store: Store, url: str, sent: int) -> None:
    """Send every run of the store, of which so many files have to go."""
    names = [run_dir.id for run_dir in store.run_dirs()]
    outcomes = Pusher(store, Place(url, THREADS)).push(names, threads=THREADS)
    assert not any(outcome.problem for outcome in outcomes)
    assert sum(outcome.sent for outcome in outcomes) == sent


def commands(store: Store, url: str, repetitions: int) -> list[float]:
    """The times of the whole command, of which nothing has to go."""
    command = [sys.executable, "-m", "nbtrack", "sync", "--all", "--to", url]
    command += ["--store", str(store.path)]

    def run() -> None:
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        assert "Sent 0 files" in said, said

    return [timed(run) for _ in range(repetitions)]


def timed(do: Callable[..., object], *arguments: object) -> float:
    """The seconds that it takes."""
    start = time.perf_counter()
    do(*arguments)
    return time.perf_counter() - start


def told(times: dict[str, list[float]], objects: int, runs: int) -> str:
    """What was found, in a line."""
    middle = {name: statistics.median(values) for name, values in times.items()}
    absent, near, of_raw = (
        [first / second for first, second in zip(times[one], times[other], strict=True)]
        for one, other in (("raw", "absent"), ("raw", "sync"), ("elsewhere", "raw"))
    )
    per = 1_000 / runs
    return (
        f"raw {objects / middle['raw']:,.0f} objects/s, sync {objects / middle['sync']:,.0f};"
        f" near {_spread(near)}, absent {_spread(absent)};"
        f" elsewhere {middle['elsewhere'] * per:.2f} s a thousand runs, of raw {_spread(of_raw)};"
        f" again {middle['again'] * per * 1e3:.0f} ms,"
        f" the command {middle['command'] * 1e3:.0f} ms, of which it computes"
        f" {middle['computing'] * 1e3:.0f}"
    )


def opened(url: str) -> ObjectStore:
    """A folder of an object store."""
    if url.startswith("file://"):
        return LocalStore(url.removeprefix("file://"), mkdir=True)
    return from_url(url)


def remove(place: ObjectStore) -> None:
    """Remove everything there."""
    for page in obstore.list(place, chunk_size=1_000):
        obstore.delete(place, [meta["path"] for meta in page])


def forget() -> None:
    """Remove what is known of earlier syncs."""
    shutil.rmtree(platformdirs.user_cache_path("nbtrack") / "sync")


@contextlib.contextmanager
def environment(**variables: str) -> Iterator[None]:
    """With these variables and without others for AWS, here and in processes started from here."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _folder(beside: Path) -> Iterator[str]:
    yield f"file://{beside}/place"


@contextlib.contextmanager
def _bucket(server: AbstractContextManager[s3.S3]) -> Iterator[str]:
    with server as running, environment(**running.environ):
        running.put("bucket")
        yield "s3://bucket"


def _logged(beside: Path, name: str) -> Path:
    (beside / name).mkdir()
    return beside / name


PLACES: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "file": _folder,
    "moto": lambda beside: _bucket(s3.serving(_logged(beside, "moto"))),
    "radosgw": lambda beside: _bucket(radosgw.serving(_logged(beside, "radosgw"))),
}


def _has_ceph() -> bool:
    return all(shutil.which(program) for program in radosgw.PROGRAMS)


def _computed(before: resource.struct_rusage) -> float:
    """The seconds for which children that have ended have had a core since then."""
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return now.ru_utime + now.ru_stime - before.ru_utime - before.ru_stime


def _size(content: Path | bytes) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    sys.exit(main())
