"""``nbtrack sync --to mlflow+http://…`` as a person calls it, and as ``docs/mlflow.md`` says it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

from nbtrack.store.layout import Store
from tests.docs.test_examples import shell_commands
from tests.mlflow_server import Mlflow
from tests.sync.to_mlflow.recording import attempt, begun


def nbtrack(store: Store, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "nbtrack", *arguments],
        env={**os.environ, "NBTRACK_RECORDER": "off", "NBTRACK_DIR": str(store.path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_commands_of_the_page_run(server: Mlflow, store: Store) -> None:
    run = begun(store, "paged")
    attempt(run, 1, 5)
    run.finish()
    commands = shell_commands("docs/mlflow.md")
    assert any("--watch" in command for command in commands)
    for command in commands:
        here = command.replace("http://127.0.0.1:5000", server.url)
        assert here != command
        done = nbtrack(store, *shlex.split(here)[1:])
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert done.stdout
    server.check_equal(store, "paged")


def test_what_is_said(server: Mlflow, store: Store) -> None:
    run = begun(store, "spoken")
    run.log({"loss": 1.0, "word": "a"})
    run.finish()
    to = ("sync", "spoken", "--to", server.to.replace("//", "//ada:a-secret@"))
    tried = nbtrack(store, *to, "--dry-run")
    assert tried.stdout.startswith("Would send 1 value and 1 file, "), tried.stderr
    assert nbtrack(store, *to, "--status").stdout.startswith("spoken: 1 value to go; 1 file to go")
    done = nbtrack(store, *to)
    assert done.stdout.splitlines()[0].endswith(f"of 1 run to {server.to}.")
    assert done.stdout.splitlines()[1:] == [
        "  spoken: 1 values are text: MLflow's metrics are numbers"
    ]
    assert nbtrack(store, *to, "--status").stdout == "spoken: complete\n"
    (told,) = json.loads(nbtrack(store, *to, "--json").stdout)["runs"]
    assert (told["run"], told["values"], told["problem"]) == ("spoken", 0, "")
    refused = nbtrack(store, *to, "--watch", "--status")
    assert "--watch sends" in refused.stderr
    assert "a-secret" not in "".join(one.stdout + one.stderr for one in (tried, done, refused))


def test_watched_until_it_has_ended(server: Mlflow, store: Store, tmp_path: Path) -> None:
    """It goes on while the run does, over a failure too, and ends with it."""
    run = begun(store, "watched")
    run.log({"loss": 1.0})
    command = [sys.executable, "-m", "nbtrack", "sync", "watched", "--watch", "1"]
    with subprocess.Popen(
        [*command, "--to", server.to],
        env={**os.environ, "NBTRACK_RECORDER": "off", "NBTRACK_DIR": str(store.path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as watching:
        assert watching.stdout is not None
        assert "Sent 1 value" in watching.stdout.readline()
        (there,) = server.runs("watched")
        assert there.info.status == "RUNNING"
        run.log({"loss": 2.0})
        while "Sent 1 value" not in watching.stdout.readline():
            assert watching.poll() is None
        run.log({"loss": 3.0})
        run.finish()
        assert watching.wait(120) == 0
        watching.stdout.read()
    there = server.check_equal(store, "watched")[0]
    assert there.info.status == "FINISHED"
    assert there.data.metrics["loss"] == 3.0
