"""`python -m benchmarks.scale points|metrics|runs|kernels [--points N] [--metrics N] …`.

What happens to nbtrack when there is very much of something; no other tracker takes part.

`points`
    One metric of 10⁸ points in one run, one a row.
`metrics`
    1,000 metrics in each of 100,000 rows: 10⁸ points as well.
`runs`
    A store of 100,000 runs, made by `benchmarks.runs`: what the first look at it takes, that of
    another process, one more in the same process, a query, and `nbtrack ls`.
`kernels`
    50 real kernels at once, each with a loop of 1 ms steps: `log()` in each, the memory of all
    recorders, and how long after their shutdown the last helper is gone.

For `points` and `metrics` it prints `log()` by tenths of the run, so that a knee shows, the highest
memory of the process, of the recorder and of what comes after it, bytes at rest, and the times of
reads: one metric as numpy, a chart of 1,000 buckets of it, and of a tenth of it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from benchmarks import processes, report
from benchmarks.processes import MIB
from benchmarks.runs import generate

HELPER_SECONDS = 1_800.0

WRITE = """
import json, sys, time
import nbtrack
from benchmarks import processes
rows, metrics = int(sys.argv[1]), int(sys.argv[2])
keys = [f"metric_{n}" for n in range(metrics)]
run = nbtrack.init(id="big")
log, now = nbtrack.log, time.perf_counter_ns
log(dict.fromkeys(keys, 0.5))
before, tenths, begin = processes.own_memory()[0], [], now()
for tenth in range(10):
    first, last = 1 + tenth * (rows - 1) // 10, 1 + (tenth + 1) * (rows - 1) // 10
    longest, start = 0, now()
    for step in range(first, last):
        row = dict.fromkeys(keys, step * 0.5)
        called = now()
        log(row)
        took = now() - called
        if took > longest:
            longest = took
    tenths.append(((now() - start) / (last - first) / 1e3, longest / 1e6))
written = (now() - begin) / 1e9
memory = processes.own_memory()[0] - before
recorders = processes.recorders(sys.argv[3])
start = now()
run.finish()
print(json.dumps({
    "tenths": tenths, "written": written, "memory": memory, "finish": (now() - start) / 1e6,
    "recorders": recorders,
}))
"""

READ = """
import json, sys, time
import nbtrack
from nbtrack.store import reader, series
rows = int(sys.argv[1])
found = nbtrack.open_run("big")
def timed(do):
    took = []
    for _ in range(3):
        start = time.perf_counter()
        do()
        took.append((time.perf_counter() - start) * 1e3)
    return took
def values():
    assert len(found.history("metric_0")["value"]) == rows
def chart(start, end):
    def drawn(taken):
        attempt = series.latest_with(taken.fold, "metric_0")
        across = series.Across(start=start, end=end)
        (curve,) = series.metrics(taken, [(attempt, "metric_0")], across, 1_000)
        assert 0 < len(curve.points) // 16 <= 2_000
    reader.read(found._run_dir, drawn)
print(json.dumps({
    "summary": timed(lambda: nbtrack.open_run("big").summary),
    "numpy": timed(values),
    "chart": timed(lambda: chart(None, None)),
    "zoom": timed(lambda: chart(0.5 * rows, 0.6 * rows)),
}))
"""

LIST = """
import json, sys, time
begin = time.perf_counter()
import nbtrack
times = {"import": (time.perf_counter() - begin) * 1e3}
def timed(name, **arguments):
    start = time.perf_counter()
    found = len(nbtrack.runs(**arguments))
    times[name] = (time.perf_counter() - start) * 1e3
    return found
assert timed("first") == int(sys.argv[1])
timed("again")
timed("query", where="config.lr > 0.01 and summary.loss < 0.5", sort="-summary.loss")
from benchmarks import processes
times["memory"] = processes.own_memory()[0] / 2**20
print(json.dumps(times))
"""

LOOP = """
%load_ext nbtrack
import json, time, nbtrack
durations, start = [], time.perf_counter_ns()
nbtrack.log({{"loss": 0.5, "accuracy": 0.5, "step": 0}})
first, end = time.perf_counter_ns() - start, time.perf_counter() + {seconds}
while time.perf_counter() < end:
    time.sleep(0.001)
    start = time.perf_counter_ns()
    nbtrack.log({{"loss": start * 0.5, "accuracy": 0.5, "step": len(durations)}})
    durations.append(time.perf_counter_ns() - start)
durations.sort()
print(json.dumps([len(durations), durations[len(durations) // 2] / 1e3,
                  durations[len(durations) * 99 // 100] / 1e3, durations[-1] / 1e3, first / 1e6]))
"""


def main() -> int:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("what", choices=["points", "metrics", "runs", "kernels"])
    parser.add_argument("--points", type=int, default=100_000_000, help="points of the run")
    parser.add_argument("--metrics", type=int, default=1_000, help="metrics of each row")
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--kernels", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20.0, help="that each kernel's loop takes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there")
    options = parser.parse_args()
    # Not in a temporary directory, which may be memory.
    (Path.cwd() / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="scale-", dir=Path.cwd() / "build") as folder:
        token = uuid.uuid4().hex
        environment = {
            **os.environ,
            "NBTRACK_DIR": f"{folder}/.nbtrack",
            "NBTRACK_QUIET": "1",
            "XDG_CACHE_HOME": f"{folder}/cache",
            "XDG_DATA_HOME": f"{folder}/data",
            processes.TOKEN: token,
        }
        if options.what == "points":
            found = run_of(options.points, 1, environment, token)
        elif options.what == "metrics":
            found = run_of(options.points // options.metrics, options.metrics, environment, token)
        elif options.what == "runs":
            found = list_of(options.runs, environment)
        else:
            found = asyncio.run(kernels(options.kernels, options.seconds, environment, token))
    place = report.machine()
    print(f"{place['system']}, {place['cores']} cores, load {place['load']:.1f}")
    for name, value in found.items():
        print(f"{name:<28}{value}")
    if options.json:
        options.json.write_text(
            json.dumps({"what": options.what, "machine": place, "found": found}, indent=1)
        )
    return 0


def python(source: str, environment: dict[str, str], *arguments: object) -> Any:
    """What a script says as JSON."""
    command = [sys.executable, "-c", source, *map(str, arguments)]
    result = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    return json.loads(result.stdout)


def run_of(rows: int, metrics: int, environment: dict[str, str], token: str) -> dict[str, str]:
    """A run of so many rows, from the first one to reading it."""
    directory = Path(environment["NBTRACK_DIR"])
    written = python(WRITE, environment, rows, metrics, token)
    start = time.monotonic()
    gone = processes.wait_until_gone(token, HELPER_SECONDS, [*map(int, written["recorders"])])
    settled = time.monotonic() - start
    size = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
    read = python(READ, environment, rows)
    tenths = written["tenths"]
    return {
        "rows x metrics": f"{rows:,} x {metrics:,}",
        "a row, by tenths": " ".join(f"{mean:.2f}" for mean, _ in tenths) + " µs",
        "longest call, by tenths": " ".join(f"{most:.1f}" for _, most in tenths) + " ms",
        "written in": f"{written['written']:.0f} s",
        "growth of the process": f"{written['memory'] / MIB:.1f} MiB",
        "recorder": f"{max(gone.earlier, *written['recorders'].values()) / MIB:.0f} MiB",
        "merging": f"{gone.later / MIB:.0f} MiB",
        "finish": f"{written['finish']:.0f} ms",
        "settled": f"{settled:.1f} s{', killed' if gone.killed else ''}",
        "at rest": f"{size / (rows * metrics):.2f} B a point",
        **{name: f"{first:.0f} ms, then {min(more):.0f}" for name, (first, *more) in read.items()},
    }


def list_of(runs: int, environment: dict[str, str]) -> dict[str, str]:
    """A store of so many runs, looked at."""
    directory = Path(environment["NBTRACK_DIR"])
    generate(directory, runs, metrics=5, rows=10)
    found = {}
    for process in ("cold", "warm"):
        times = python(LIST, environment, runs)
        memory = times.pop("memory")
        text = ", ".join(f"{name} {took:.0f}" for name, took in times.items())
        found[process] = f"{text} ms; {memory:.0f} MiB"
    start = time.perf_counter()
    command = [sys.executable, "-m", "nbtrack", "ls", "--limit", "20"]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    found["nbtrack ls --limit 20"] = f"{(time.perf_counter() - start) * 1e3:.0f} ms"
    return found


async def kernels(
    count: int, seconds: float, environment: dict[str, str], token: str
) -> dict[str, str]:
    """So many kernels at once, each in a loop."""
    from jupyter_client.manager import start_new_async_kernel

    start = time.monotonic()
    pairs = await asyncio.gather(
        *(
            start_new_async_kernel(startup_timeout=600, env=environment, stderr=subprocess.DEVNULL)
            for _ in range(count)
        )
    )
    started = time.monotonic() - start
    source = LOOP.format(seconds=seconds)
    texts: list[list[str]] = [[] for _ in pairs]

    def keep(said: list[str], message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream":
            said.append(message["content"]["text"])

    await asyncio.gather(
        *(
            client.execute_interactive(
                source, timeout=600, output_hook=lambda message, said=said: keep(said, message)
            )
            for (_, client), said in zip(pairs, texts, strict=True)
        )
    )
    lines = ["".join(said).strip().splitlines()[-1] for said in texts]
    loops = [json.loads(line) for line in lines]
    recorders = processes.recorders(token).values()
    await asyncio.gather(*(manager.shutdown_kernel() for manager, _ in pairs))
    for _, client in pairs:
        client.stop_channels()
    start = time.monotonic()
    gone = processes.wait_until_gone(token, 300.0)
    settled = time.monotonic() - start
    states = python(
        "import json, nbtrack; print(json.dumps([r.state for r in nbtrack.runs()]))", environment
    )
    counts, middles, highs, longest, first = zip(*loops, strict=True)
    return {
        "kernels": f"{count}, started in {started:.0f} s",
        "rows": f"{min(counts):,} to {max(counts):,} each",
        # It makes the run's folder and starts its recorder, all at the same moment.
        "first log()": f"{statistics.median(first):.0f} ms, worst {max(first):.0f}",
        "log() p50": f"{statistics.median(middles):.1f} µs, worst kernel {max(middles):.1f}",
        "log() p99": f"{statistics.median(highs):.1f} µs, worst kernel {max(highs):.1f}",
        "log() max": f"{statistics.median(longest) / 1e3:.1f} ms, worst {max(longest) / 1e3:.1f}",
        "recorders": f"{len(recorders)}, {statistics.median(recorders) / MIB:.0f} MiB each,"
        f" most {max(recorders) / MIB:.0f}",
        "settled": f"{settled:.1f} s{', killed' if gone.killed else ''}",
        "states": ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states))),
    }


if __name__ == "__main__":
    sys.exit(main())
