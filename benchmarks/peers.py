"""Other trackers' servers with many runs, for `benchmarks.page`.

Run in a tracker's own environment, `python -m benchmarks.peers NAME DIR RUNS SECONDS` writes runs
until there are so many or the time is over, and prints how many there are.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

METRICS = 20
PROJECT = "benchmark"
NAMES = ["loss", "val/acc", *(f"metric-{n}" for n in range(2, METRICS))]

Measured = dict[str, list[float]]


def config_of(dice: random.Random) -> dict[str, Any]:
    """A config such as those of `benchmarks.runs`, which cannot be imported here."""
    return {
        "lr": 10 ** dice.uniform(-5, -1),
        "batch_size": dice.choice((16, 32, 64, 128, 256)),
        "epochs": dice.choice((10, 50, 90)),
        "model": dice.choice(("resnet18", "resnet50", "vit-small", "vit-base", "mlp", "gpt-tiny")),
        "optimizer": dice.choice(("adam", "adamw", "sgd")),
        "dropout": dice.choice((0.0, 0.1, 0.2, 0.5)),
        "seed": dice.randrange(1000),
        "amp": dice.random() < 0.5,
        "dataset": dice.choice(("imagenet", "cifar10", "c4")),
    }


def write(name: str, directory: Path, runs: int, seconds: float) -> int:
    """Write runs with what the tracker itself writes with, in its environment."""
    write_one = _mlflow_writer(directory) if name == "mlflow" else _trackio_writer()
    deadline = time.monotonic() + seconds
    for number in range(runs):
        dice = random.Random(number)
        write_one(number, config_of(dice), {key: dice.random() for key in NAMES})
        if time.monotonic() > deadline:
            return number + 1
    return runs


def _mlflow_writer(directory: Path) -> Callable[[int, dict[str, Any], dict[str, float]], None]:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    client = MlflowClient(f"sqlite:///{directory / 'mlflow.db'}")
    experiment = client.create_experiment(PROJECT)

    def write_one(number: int, config: dict[str, Any], values: dict[str, float]) -> None:
        run = client.create_run(experiment, run_name=f"run-{number}")
        client.log_batch(
            run.info.run_id,
            [Metric(key, value, 1_767_225_600_000, 0) for key, value in values.items()],
            [Param(key, str(value)) for key, value in config.items()],
        )
        client.set_terminated(run.info.run_id)

    return write_one


def _trackio_writer() -> Callable[[int, dict[str, Any], dict[str, float]], None]:
    from trackio.sqlite_storage import SQLiteStorage

    def write_one(number: int, config: dict[str, Any], values: dict[str, float]) -> None:
        SQLiteStorage.bulk_log(PROJECT, f"run-{number}", [values], config=config)

    return write_one


def measure(
    name: str, python: Path, work: Path, runs: int, seconds: float, tries: int
) -> tuple[int, Measured]:
    """How many runs a tracker has, and how long its server takes."""
    from benchmarks import trackers
    from benchmarks.servers import Server, plain_environment

    environ = {**plain_environment(work), **trackers.load(name).environment(work)}
    command = [str(python), "-m", "benchmarks.peers", name, str(work), str(runs), str(seconds)]
    said = subprocess.run(command, check=True, env=environ, cwd=work, stdout=subprocess.PIPE)
    written = int(said.stdout.split()[-1])
    start = {"mlflow": _mlflow_server, "trackio": _trackio_server}[name]
    ask = {"mlflow": _ask_mlflow, "trackio": _ask_trackio}[name]
    measured: Measured = {}
    command, ready = start(python, work)
    for _ in range(tries):
        server = Server(command, work, environ, ready)
        try:
            requests = ask(server)
            _time(measured, "first page, cold", requests["first page, warm"], 0)
        finally:
            server.stop()
    server = Server(command, work, environ, ready)
    try:
        requests = ask(server)
        requests["first page, warm"](0)
        for row, request in requests.items():
            for n in range(tries):
                _time(measured, row, request, n)
        measured["memory"] = [server.memory()]
    finally:
        server.stop()
    return written, measured


def _time(measured: Measured, row: str, request: Callable[[int], Any], n: int) -> None:
    begin = time.perf_counter()
    request(n)
    measured.setdefault(row, []).append(1e3 * (time.perf_counter() - begin))


def _mlflow_server(python: Path, work: Path) -> tuple[list[str], str]:
    command = [
        *(str(python), "-m", "mlflow", "ui", "--host", "127.0.0.1", "--port", "{port}"),
        *("--backend-store-uri", f"sqlite:///{work / 'mlflow.db'}", "--workers", "1"),
    ]
    return command, "/health"


def _ask_mlflow(server: Any) -> dict[str, Callable[[int], Any]]:
    api = "/ajax-api/2.0/mlflow"
    body = {"filter": f"name = '{PROJECT}'", "max_results": 10}
    found = json.loads(server.ask("POST", f"{api}/experiments/search", body))
    experiment = found["experiments"][0]["experiment_id"]

    def search(n: int, **query: Any) -> list[str]:
        asked = {"experiment_ids": [experiment], "max_results": 100, **query}
        found = json.loads(server.ask("POST", f"{api}/runs/search", asked))
        return [run["info"]["run_id"] for run in found.get("runs", ())]

    ids: list[str] = []

    def some(count: int, n: int) -> list[str]:
        if not ids:
            ids.extend(search(0, max_results=1000))
        return ids[count * n : count * (n + 1)]

    def curves(n: int) -> None:
        runs = "&".join(f"run_ids={run}" for run in some(40, n))
        path = f"{api}/metrics/get-history-bulk-interval?{runs}&metric_key=loss&max_results=40"
        server.ask("GET", path)

    def compare(n: int) -> None:
        for run in some(50, n):
            server.ask("GET", f"{api}/runs/get?run_id={run}")

    return {
        "first page, warm": search,
        # Params are texts there: a number in them cannot be compared.
        "filter": lambda n: search(n, filter=f"metrics.loss < {0.5 + n / 100}"),
        "sort": lambda n: search(n, order_by=[f"metrics.`{NAMES[n % METRICS]}` DESC"]),
        "curves of 40": curves,
        "compare 50": compare,
    }


def _trackio_server(python: Path, work: Path) -> tuple[list[str], str]:
    code = (
        "import trackio; trackio.show(open_browser=False, block_thread=True,"
        " host='127.0.0.1', server_port={port})"
    )
    return [str(python), "-c", code], "/version"


def _ask_trackio(server: Any) -> dict[str, Callable[[int], Any]]:
    project = {"project": PROJECT}

    def names() -> list[dict[str, Any]]:
        answer = json.loads(server.ask("POST", "/api/get_runs_for_project", project))
        found: list[dict[str, Any]] = answer["data"]
        return found

    def page(n: int) -> None:
        names()
        server.ask("POST", "/api/get_run_configs", project)

    runs: list[dict[str, Any]] = []

    def curves(count: int, n: int) -> None:
        if not runs:
            runs.extend(names())
        some = [
            {"run": run["name"], "run_id": run.get("id")}
            for run in runs[count * n : count * (n + 1)]
        ]
        body = {**project, "runs": some, "max_points": 40}
        server.ask("POST", "/api/get_logs_batch", body)

    return {"first page, warm": page, "curves of 40": partial(curves, 40)}


if __name__ == "__main__":
    written_runs = write(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
    print(written_runs)
