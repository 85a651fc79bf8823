"""`python -m benchmarks.lake DIR [--runs N] [--metrics N] [--rows N] [--batch N]`.

What one committer bears: runs as `benchmarks.runs` simulates them, synced to a folder and committed
to the tables of a lake there. `DIR` is kept, and what is in it already is not made again.

Prints the time, the CPU time and the highest memory of each command in a process of its own: the
first commit, one in which nothing changed, one after one run in a hundred was renamed, and the
compaction. Then the times of queries of DuckDB and polars before and after that, objects and bytes;
and for rows of metrics partitioned by month, by project and not at all, how many files ten commits
make and what the queries take.

A folder answers at once. What an object store adds is a time for each request: the last table says
how many there are, counted at a real S3 server with a hundred of the runs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars
from deltalake import DeltaTable, write_deltalake

from benchmarks.runs import generate, run_id
from nbtrack.store.layout import Store
from nbtrack.sync.lake.access import Location
from nbtrack.sync.lake.schema import COMMITS, TABLES
from nbtrack.sync.lake.tables import writer_properties
from nbtrack.sync.place import Place
from nbtrack.sync.push import Pusher
from tests.s3 import serving

TRIES = 5
# What the system says of a child's memory begins with that of its parent.
RUN = """
import atexit, json, sys, time
def tell():
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    print(json.dumps([time.process_time(), int(status["VmHWM"].split()[0])]), file=sys.stderr)
atexit.register(tell)
from nbtrack._cli import main
main()
"""
KEY = "loss"


def main() -> int:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lake")
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--metrics", type=int, default=20, help="metrics of each run")
    parser.add_argument("--rows", type=int, default=50, help="rows of each run")
    parser.add_argument("--batch", type=int, default=1_000, help="runs of a commit")
    options = parser.parse_args()
    root: Path = options.directory.absolute()
    url = f"file://{root / 'place'}"
    store = Store(root / "store")
    if not store.runs.exists():
        generate(store.path, options.runs, options.metrics, options.rows)
    if not (root / "place").exists():
        begin = time.perf_counter()
        outcomes = Pusher(store, Place(url)).push([run_dir.id for run_dir in store.run_dirs()])
        assert not any(outcome.problem for outcome in outcomes)
        print(f"synced in {time.perf_counter() - begin:.0f} s")
    shutil.rmtree(root / "place" / "lake", ignore_errors=True)
    place = Place(url).sizes("runs")
    print(f"the place: {len(place):,} objects, {_mb(sum(place.values()))}")
    commit = ["commit", "--store", url, "--batch", str(options.batch)]
    _timed("first commit", *commit)
    _timed("nothing changed", *commit)
    _rename(root / "place", options.runs)
    _timed("one in a hundred renamed", *commit)
    location = Location(f"{url}/lake")
    print("\nas committed")
    _sizes(location)
    _queries(location.root("metrics"), run_id(options.runs // 2))
    _timed("optimize", "optimize", "--store", url)
    print("\noptimized")
    _sizes(location)
    _queries(location.root("metrics"), run_id(options.runs // 2))
    _timed("nothing changed", *commit)
    _partitions(location, root / "partitions")
    _requests(store, root)
    _many(1_000_000)
    return 0


def _timed(what: str, *arguments: str) -> None:
    """Run `nbtrack lake …`; its time, its CPU time and its highest memory."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, "lake", *arguments, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    out, err = process.communicate()
    assert process.returncode == 0, err
    took = time.perf_counter() - begin
    said, (cpu, memory) = json.loads(out), json.loads(err.splitlines()[-1])
    print(f"{what}: {took:.1f} s, {cpu:.1f} s of CPU, {memory / 1024:.0f} MiB at most")
    if isinstance(said, dict):
        print(f"  {said['committed']:,} runs, {said['described']:,} described")


def _rename(place: Path, runs: int) -> None:
    """What a sync brings after one run in a hundred was renamed."""
    for number in range(0, runs, 100):
        edits = place / "runs" / run_id(number) / "edits"
        edits.mkdir(exist_ok=True)
        (edits / f"{time.time_ns():026d}.json").write_text('{"name": "renamed"}')


def _sizes(location: Location) -> None:
    for table in (COMMITS, *TABLES):
        delta = DeltaTable(location.root(table))
        actions = delta.get_add_actions(flatten=True)
        sizes = [int(size) for size in actions.column("size_bytes").to_pylist()]
        rows = sum(int(count) for count in actions.column("num_records").to_pylist())
        objects = [path for path in Path(location.root(table)).rglob("*") if path.is_file()]
        everything = _mb(sum(path.stat().st_size for path in objects))
        print(
            f"  {table}: {rows:,} rows in {len(sizes):,} files, {_mb(sum(sizes))};"
            f" {len(objects):,} objects, {everything}"
        )


def _queries(root: str, one: str) -> None:
    """The medians of some tries of each question; one of them is about the run ``one``."""

    def in_duckdb(sql: str) -> Callable[[], Any]:
        def ask() -> Any:
            with duckdb.connect() as connection:
                connection.register("metrics", DeltaTable(root).to_pyarrow_dataset())
                return connection.execute(sql).fetchall()

        return ask

    def last_loss() -> Any:
        scan = polars.scan_delta(root).filter(polars.col("key") == KEY)
        return scan.group_by("run_id").agg(polars.col("value").sort_by("step").last()).collect()

    questions = {
        "DuckDB, the last loss of each run": in_duckdb(
            f"SELECT run_id, arg_max(value, step) FROM metrics WHERE key = '{KEY}' GROUP BY run_id"
        ),
        "DuckDB, the mean loss of a project": in_duckdb(
            f"SELECT avg(value) FROM metrics WHERE key = '{KEY}' AND project = 'speech'"
        ),
        "DuckDB, the loss of one run": in_duckdb(
            f"SELECT step, value FROM metrics WHERE key = '{KEY}' AND run_id = '{one}'"
        ),
        "polars, the last loss of each run": last_loss,
    }
    for question, ask in questions.items():
        took, cpu = [], []
        for _ in range(TRIES):
            begin, before = time.perf_counter(), time.process_time()
            assert len(ask()) > 0
            took.append(time.perf_counter() - begin)
            cpu.append(time.process_time() - before)
        median = statistics.median
        print(f"  {question}: {1e3 * median(took):.0f} ms, {1e3 * median(cpu):.0f} ms of CPU")


def _partitions(location: Location, folder: Path) -> None:
    """The rows of every fifth run, in ten commits, in tables that are partitioned otherwise."""
    shutil.rmtree(folder, ignore_errors=True)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table in ("metrics", "runs"):
            delta = DeltaTable(location.root(table))
            connection.register(table, delta.to_pyarrow_dataset())
        connection.execute(
            "CREATE TABLE chosen AS SELECT run_id, (row_number() OVER (ORDER BY run_id)) AS place"
            " FROM runs QUALIFY place % 5 = 1"
        )
        connection.execute("CREATE TABLE rows AS FROM metrics SEMI JOIN chosen USING (run_id)")
        for by in ("month", "project", None):
            root = folder / (by or "none")
            root.mkdir(parents=True)
            for part in range(10):
                found = connection.sql(
                    "SELECT * FROM rows SEMI JOIN (SELECT run_id FROM chosen"
                    f" QUALIFY ntile(10) OVER (ORDER BY run_id) = {part + 1}) USING (run_id)"
                    " ORDER BY project, key, run_id, attempt, step, writer, seq"
                )
                write_deltalake(
                    root,
                    found,
                    mode="append",
                    partition_by=[by] if by else None,
                    writer_properties=writer_properties("metrics"),
                )
            delta = DeltaTable(root)
            sizes = delta.get_add_actions(flatten=True).column("size_bytes").to_pylist()
            print(f"\nevery fifth run, partitioned by {by or 'nothing'}: {len(sizes):,} files")
            print(f"  {_mb(sum(map(int, sizes)))}")
            first = connection.execute("SELECT min(run_id) FROM chosen").fetchall()[0][0]
            _queries(str(root), first)


def _requests(store: Store, root: Path) -> None:
    """How often a store is asked for a hundred runs."""
    runs = [run_dir.id for run_dir in store.run_dirs()][-100:]
    with tempfile.TemporaryDirectory(dir=root) as folder, serving(Path(folder)) as server:
        os.environ.update(server.environ)
        server.put("bucket")
        place = Place("s3://bucket/team")
        Pusher(store, place).push(runs)
        for what in ("first commit", "nothing changed"):
            server.asked()
            _timed(f"\n{what} of {len(runs)} runs at an S3 server", "commit", "--store", place.url)
            kinds = Counter(map(_kind, server.asked()))
            print(f"  {', '.join(f'{kind} {count:,}' for kind, count in sorted(kinds.items()))}")


def _many(runs: int) -> None:
    """What it takes to tell which of very many runs have changed, without what the store takes."""
    script = (
        "import resource, sys, time\n"
        "from nbtrack.sync.lake.source import digest_listing\n"
        "names = ('run.json', 'merged/m0123456789abcdef.json',"
        " *(f'merged/m0123456789abcdef.{t}.parquet' for t in ('metrics', 'cells', 'changes')))\n"
        "def keys():\n"
        "    for run in range(int(sys.argv[1])):\n"
        "        for name in names:\n"
        "            yield f'runs/20260101-000000-{run:07d}/{name}', 1000\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "begin = time.perf_counter()\n"
        "assert len(digest_listing(keys())) == int(sys.argv[1])\n"
        "took = time.perf_counter() - begin\n"
        "grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "print(f'{took:.0f} s, {grown / 1024:.0f} MiB more')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(runs)], stdout=subprocess.PIPE, text=True, check=True
    )
    print(f"\nthe names of {runs:,} runs of 5 files: {done.stdout.strip()}")


def _kind(asked: str) -> str:
    """Of what a request was, and what it asked."""
    method, path = asked.split(" ", 1)
    what = "the tables" if "/lake/" in path else "the runs"
    return f"{what} {'LIST' if 'list-type' in path else method}"


def _mb(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
