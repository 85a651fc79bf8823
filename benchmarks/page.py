"""`python -m benchmarks.page [--runs N] [--store DIR] [--trackers a,b] [--json FILE]`.

How long pages wait for a server with many runs: plain HTTP requests to real servers on loopback.
nbtrack serves a store of `benchmarks.runs`, within a Jupyter server with a token.

`first page`
    100 rows with four values each, the newest first. *Cold*: the server has just been started, and
    nobody has asked it for the table. *No index*: nor is there a file of an earlier server.
`filter`, `sort`, `group`, `search`
    The same 100 rows of those that an expression is true of; by a value of the summary; by a value
    of the config. Each try asks for something else.
`curves`
    One metric of 40 runs, at 40 values each.
`compare`
    Config and last values of 50 runs.
`export`
    All runs as CSV.
`chart`, `zoom`
    1,000 buckets of one metric of a million points, merged; of a tenth of it.
`memory`
    What the server and its processes hold at the end.

The other trackers hold as many runs as could be written in `--seconds`, each with the same config
and one row of the same metrics: less than nbtrack's have. mlflow serves them from SQLite with
`mlflow ui`; what its page asks is asked, also in 50 requests where it asks for each run. trackio
has no pages of its table: its dashboard takes all runs with their configs, and sorts and filters
them itself; it has no request that answers what is left out. A figure is the median of the tries.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks import environments, peers, report, trackers
from benchmarks.servers import TOKEN, Server, ServerError, plain_environment

Measured = dict[str, list[float]]

# Milliseconds; the rest has no target.
TARGETS = {"first page, cold": 1000.0, "first page, warm": 100.0, "chart": 120.0}
COLUMNS = ["config.lr", "config.model", "summary.loss", "summary.val/acc"]
_MILLION = """
import nbtrack
run = nbtrack.init(id="million", name="million")
for step in range({points}):
    run.log({{"loss": step % 1000 / (step + 1)}})
run.finish()
"""


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page")
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=1_000_000, help="of the chart")
    parser.add_argument("--store", type=Path, help="made by benchmarks.runs; default: a new one")
    parser.add_argument("--trackers", default="nbtrack,mlflow,trackio", help="with commas between")
    parser.add_argument("--seconds", type=float, default=120.0, help="to write the others' runs in")
    parser.add_argument("--tries", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value there")
    options = parser.parse_args()
    measured: dict[str, Measured] = {}
    runs: dict[str, int] = {}
    failures: list[str] = []
    for name in options.trackers.split(","):
        python = environments.prepare(trackers.load(name))
        with tempfile.TemporaryDirectory(
            prefix="page-", dir=environments.ENVIRONMENTS, ignore_cleanup_errors=True
        ) as work:
            try:
                if name == "nbtrack":
                    runs[name], measured[name] = of_nbtrack(python, Path(work), options)
                else:
                    runs[name], measured[name] = peers.measure(
                        name, python, Path(work), options.runs, options.seconds, options.tries
                    )
            except (ServerError, subprocess.SubprocessError) as error:
                failures.append(f"{name}: {error}")
    print(table(measured, runs))
    if options.json:
        found = {"machine": report.machine(), "runs": runs, "measured": measured}
        options.json.write_text(json.dumps(found, indent=1))
    for failure in failures:
        print(f"\nFAILED {failure}", file=sys.stderr)
    return 1 if failures else 0


def table(measured: dict[str, Measured], runs: dict[str, int]) -> str:
    """The medians, and how much longer than nbtrack's they are."""
    names = list(measured)
    rows = list(dict.fromkeys(row for values in measured.values() for row in values))
    place = report.machine()
    lines = [
        f"{place['system']}, {place['cores']} cores, load {place['load']:.1f}",
        f"{'':<24}" + "".join(f"{name:>20}" for name in names) + f"{'target':>10}",
        f"{'runs':<24}" + "".join(f"{runs[name]:>20,}" for name in names),
    ]
    for row in rows:
        line = f"{row:<24}"
        base = statistics.median(measured.get("nbtrack", {}).get(row, [0.0]))
        for name in names:
            values = measured[name].get(row)
            if not values:
                line += f"{'-':>20}"
                continue
            middle = statistics.median(values)
            ratio = f" ({middle / base:.1f}x)" if base and name != "nbtrack" else ""
            unit = "MiB" if row == "memory" else "ms"
            line += f"{f'{middle:.1f} {unit}{ratio}':>20}"
        target = TARGETS.get(row)
        lines.append(line + (f"{f'{target:.0f} ms':>10}" if target else ""))
    return "\n".join(lines)


def timed(values: list[float], work: Callable[[], Any]) -> Any:
    """What ``work`` gives; its milliseconds go to ``values``."""
    begin = time.perf_counter()
    found = work()
    values.append(1e3 * (time.perf_counter() - begin))
    return found


def of_nbtrack(python: Path, work: Path, options: argparse.Namespace) -> tuple[int, Measured]:
    """How many runs there are, and how long nbtrack's server takes."""
    store = work / "runs" / ".nbtrack"
    if options.store is not None:
        store = options.store.resolve()
    else:
        command = [str(python), "-m", "benchmarks.runs", str(store), "--runs", str(options.runs)]
        subprocess.run(command, check=True, env=plain_environment(work), cwd=work)
    folder = work / "large" / ".nbtrack"
    million = [str(python), "-c", _MILLION.format(points=options.points)]
    environ = {**plain_environment(work), "NBTRACK_DIR": str(folder), "NBTRACK_QUIET": "1"}
    subprocess.run(million, check=True, env=environ, cwd=work)
    deadline = time.monotonic() + 300
    while not (folder / "runs" / "million" / "status.json").exists():
        if time.monotonic() > deadline:
            raise ServerError("the run of a million points was not merged")
        time.sleep(0.2)
    measured: Measured = {}
    _cold(python, work, store, options.tries, measured)
    server = _start(python, work, store)
    try:
        matched = _warm(server, options.tries, measured)
        measured["memory"] = [server.memory()]
    finally:
        server.stop()
    server = _start(python, work, folder)
    try:
        _chart(server, options.points, options.tries, measured)
    finally:
        server.stop()
    return matched, measured


def _start(python: Path, work: Path, store: Path) -> Server:
    command = [
        *(str(python), "-m", "jupyter_server", "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", "--ServerApp.port={port}", f"--ServerApp.root_dir={work}"),
        *(f"--IdentityProvider.token={TOKEN}", f"--NbtrackServer.store={store}"),
    ]
    return Server(command, work, {}, "/nbtrack/api/")


def _page(**query: Any) -> str:
    return f"/nbtrack/api/runs?{urlencode({'columns': COLUMNS, **query}, doseq=True)}"


def _cold(python: Path, work: Path, store: Path, tries: int, measured: Measured) -> None:
    cache = work / "home" / ".cache"
    for kind, times in (("no index", max(1, tries // 2)), ("cold", tries)):
        values = measured.setdefault(f"first page, {kind}", [])
        for _ in range(times):
            if kind == "no index":
                shutil.rmtree(cache, ignore_errors=True)
            server = _start(python, work, store)
            try:
                timed(values, partial(server.ask, "GET", _page()))
            finally:
                server.stop()


def _warm(server: Server, tries: int, measured: Measured) -> int:
    api = "/nbtrack/api"
    page = json.loads(server.ask("GET", _page()))
    key, matched = page["store"], page["matched"]
    keys = [c["name"] for c in page["columns"] if c["name"].startswith("summary.")]
    ids = [row["id"] for row in json.loads(server.ask("GET", _page(limit=1000)))["rows"]]
    groups = ["config.model", "config.dataset", "config.batch_size", "config.optimizer.name"]
    words = ["otter", "heron", "lynx", "wren", "ibex", "newt"]

    def several(row: str, work: Callable[[int], Any]) -> None:
        for n in range(tries):
            timed(measured.setdefault(row, []), partial(work, n))

    several("first page, warm", lambda n: server.ask("GET", _page(offset=n)))
    expression = "config.lr > {} and state = 'finished' and summary.loss < 0.5"
    several("filter", lambda n: server.ask("GET", _page(where=expression.format(10.0 ** -(2 + n)))))
    several("sort", lambda n: server.ask("GET", _page(sort=f"-{keys[n % len(keys)]},name")))
    several("group", lambda n: server.ask("GET", _page(group=groups[n % len(groups)], sort="name")))
    several("search", lambda n: server.ask("GET", _page(search=words[n % len(words)])))

    def curves(n: int) -> None:
        runs = ids[40 * n : 40 * (n + 1)]
        body = {"store": key, "runs": runs, "keys": ["loss"]}
        found = json.loads(server.ask("POST", f"{api}/sparks", body))["sparks"]
        if len(found) < len(runs) - 1:
            raise ServerError(f"{len(found)} curves of {len(runs)} runs")

    several("curves of 40", curves)
    several(
        "compare 50",
        lambda n: server.ask(
            "POST", f"{api}/compare", {"store": key, "runs": ids[50 * n : 50 * (n + 1)]}
        ),
    )
    several("export", lambda n: server.ask("GET", f"{api}/runs/export?format=csv"))
    return int(matched)


def _chart(server: Server, points: int, tries: int, measured: Measured) -> None:
    key = json.loads(server.ask("GET", "/nbtrack/api/"))["stores"][0]["key"]
    one = {"store": key, "series": [{"run": "million", "key": "loss"}], "buckets": 1000}
    server.ask("POST", "/nbtrack/api/series", one)
    for n in range(tries):
        ask = timed(
            measured.setdefault("chart", []),
            partial(server.ask, "POST", "/nbtrack/api/series", one),
        )
        if len(ask) < 1000 * 32:
            raise ServerError(f"a chart of {len(ask)} bytes")
        start = points * n // (2 * tries)
        part = {**one, "start": start, "end": start + points // 10}
        timed(
            measured.setdefault("zoom", []),
            partial(server.ask, "POST", "/nbtrack/api/series", part),
        )


if __name__ == "__main__":
    sys.exit(main())
