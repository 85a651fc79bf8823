"""The recorder brings runs to an MLflow server, as it does to other places."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from nbtrack.store.layout import Store
from nbtrack.sync.ship import ship
from nbtrack.sync.told import told
from tests.mlflow_server import Mlflow
from tests.recorder.processes import wait_for
from tests.sync.to_mlflow.recording import begun

SCRIPT = """
import sys, nbtrack

run = nbtrack.init(id="alone", dir=sys.argv[1], sync=sys.argv[2])
run.log({"loss": 1.0})
sys.stdin.readline()
run.log({"loss": 0.5})
run.finish()
assert "mlflow" not in sys.modules
"""


def test_while_it_goes_on_and_when_it_has_ended(server: Mlflow, store: Store) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(store.path), server.to],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        stdin=subprocess.PIPE,
        text=True,
    ) as script:
        assert script.stdin is not None
        wait_for(lambda: bool(server.runs("alone")), "the run arrives")
        assert server.runs("alone")[0].info.status == "RUNNING"
        script.stdin.write("\n")
        script.stdin.close()
        assert script.wait(120) == 0

    def has_ended() -> bool:
        return bool(server.runs("alone")[0].info.status == "FINISHED")

    wait_for(has_ended, "the run ends there")
    wait_for(
        lambda: str(told(store.run("alone"))[0]).startswith(f"synced to {server.to}, "), "it says"
    )
    server.check_equal(store, "alone")


def test_a_server_that_does_not_answer_is_told(store: Store) -> None:
    run = begun(store, "lost")
    run.log({"loss": 1.0})
    url = "mlflow+http://127.0.0.1:9"
    ((name, complete, problem),) = ship(store, url, ["lost"])
    assert (name, complete) == ("lost", False)
    assert "127.0.0.1:9" in problem
