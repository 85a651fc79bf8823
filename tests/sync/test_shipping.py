"""A recorder ships while a run goes on, whatever happens to the network and to the processes.

Real scripts with real recorders, a real S3 server, and a proxy before it that fails.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import nbtrack
from nbtrack.store.layout import Store
from nbtrack.sync.told import Told, told
from tests.recorder.processes import is_running, wait_for
from tests.s3 import S3
from tests.sync.arrivals import keys, newest, view
from tests.sync.proxy import FaultProxy
from tests.sync.test_push import local

# Reads commands, one a line, and answers each with a line of JSON.
SCRIPT = """
import json, os, sys
connected = []
def audit(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        connected.append(str(arguments[1]))
sys.addaudithook(audit)
import nbtrack
from nbtrack.recorder import spawn

def init(**options):
    nbtrack.init(**options)
    return spawn._spawner.handle.pid

def log(count):
    for step in range(count):
        nbtrack.log({"loss": 1 / (step + 1)})

def fork(count):
    pid = os.fork()
    if not pid:
        log(count)
        os._exit(0)
    os.waitpid(pid, 0)

def seen():
    return {"connected": connected, "heavy": [n for n in ("obstore", "duckdb") if n in sys.modules]}

def artifact(path):
    nbtrack.log_artifact(path, name="data", type="dataset")

commands = {"init": init, "log": log, "fork": fork, "seen": seen, "finish": nbtrack.finish,
            "environ": os.environ.update, "artifact": artifact}
for line in sys.stdin:
    name, positional, named = json.loads(line)
    print(json.dumps(commands[name](*positional, **named)), flush=True)
"""
ROOT = Path(nbtrack.__file__).parent.parent


class Script:
    """A script that tracks, under the control of a test."""

    def __init__(self, store: Store, **variables: str) -> None:
        path = os.pathsep.join(filter(None, (variables.pop("PYTHONPATH", ""), str(ROOT))))
        self.store = store
        self.recorders: set[int] = set()
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "NBTRACK_DIR": str(store.path), "PYTHONPATH": path, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, name: str, *positional: Any, **named: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([name, positional, named]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"the script died of {name}"
        return json.loads(answer)

    def init(self, **options: Any) -> int:
        """Begin a run; returns the recorder's pid."""
        pid = int(self("init", **options))
        self.recorders.add(pid)
        return pid

    def end(self) -> None:
        """Have it end by itself."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(60) == 0

    def close(self) -> None:
        """Kill it and its recorders."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()
        for pid in self.recorders:
            try:
                process = psutil.Process(pid)
                for one in (process, *process.children()):
                    if "nbtrack.recorder" in " ".join(one.cmdline()):
                        one.kill()
            except psutil.NoSuchProcess:
                pass

    def told(self, run: str = "one") -> Told:
        """What a person is told of a run that goes to one place."""
        (found,) = told(self.store.run(run))
        return found


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def start(store: Store) -> Iterator[type[Script] | Any]:
    """Starts scripts; afterwards they and their recorders are gone."""
    scripts: list[Script] = []

    def begin(**variables: str) -> Script:
        scripts.append(Script(store, **variables))
        return scripts[-1]

    yield begin
    for script in scripts:
        script.close()


@pytest.fixture
def proxy(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    with FaultProxy(s3.url).running() as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        yield proxy


def is_complete(store: Store, url: str, run: str = "one") -> bool:
    """Whether the place has what a run that has ended consists of."""
    run_dir = store.run(run)
    return run_dir.manifest.exists() and local(run_dir).keys() <= keys(url)


def test_it_arrives_while_it_goes_on_and_all_of_it_when_it_has_ended(
    start: Any, store: Store, url: str, tmp_path: Path
) -> None:
    script = start()
    recorder = script.init(id="one", sync=url)
    script("log", 50)
    # One row a minute would fill the journal's segment in a day: it arrives all the same.
    wait_for(lambda: newest(url), "the first rows arrive")
    there = view(url, "one", tmp_path / "early")
    assert there.state == "running"
    assert there.history("loss").to_pandas()["value"].iloc[0] == 1.0
    wait_for(lambda: "runs/one/alive.json" in keys(url), "it is said that it is alive")
    script("log", 50)
    script("finish")
    # Whoever tracks asks nobody, and has not even loaded what asks.
    assert script("seen") == {"connected": [], "heavy": []}
    wait_for(lambda: is_complete(store, url), "all of it arrives")
    here, there = nbtrack.open_run("one", dir=store.path), view(url, "one", tmp_path / "late")
    assert (there.state, there.rows) == ("finished", 100)
    assert there.history().to_pandas().equals(here.history().to_pandas())
    assert there.system().to_pandas().equals(here.system().to_pandas())
    assert [cell.to_dict() for cell in there.cells] == [cell.to_dict() for cell in here.cells]
    script.end()
    wait_for(lambda: not is_running(recorder), "the recorder ends when all is there")
    assert str(script.told()).startswith(f"synced to {url}, ")
    assert not store.run("one").recorder_log.exists()


def test_a_killed_script_has_its_post_mortem_there(
    start: Any, store: Store, url: str, tmp_path: Path
) -> None:
    script = start()
    recorder = script.init(id="one", sync=url)
    script("log", 30)
    script.process.send_signal(signal.SIGKILL)
    wait_for(lambda: is_complete(store, url), "what is left arrives")
    wait_for(lambda: not is_running(recorder), "the recorder ends")
    there = view(url, "one", tmp_path / "there")
    assert (there.state, there.rows) == ("crashed", 30)
    assert "SIGKILL" in there.reason


def test_a_network_that_is_away_for_a_while(
    start: Any, store: Store, bucket: str, proxy: FaultProxy
) -> None:
    proxy.faults, proxy.share = ["drop"], 1.0
    script = start()
    recorder = script.init(id="one", sync=bucket)
    script("log", 30)
    wait_for(lambda: script.told().problem, "a person is told")
    assert "the connection broke" in str(script.told())
    script("finish")
    script.end()
    wait_for(store.run("one").manifest.exists, "it is merged")
    assert is_running(recorder), "it goes on trying when its owner is gone"
    assert proxy.seen[""] == 0
    proxy.share = 0.0
    wait_for(lambda: is_complete(store, bucket), "it arrives when the network is back")
    wait_for(lambda: not is_running(recorder), "the recorder ends")
    assert script.told().problem == ""
    notes = store.run("one").recorder_log.read_text().splitlines()
    assert len([line for line in notes if "not synced" in line]) == 1, "said once"


def test_who_may_not_write_there_is_told_and_not_disturbed(
    start: Any, store: Store, bucket: str, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-somebody")
    proxy.faults, proxy.share = ["403"], 1.0
    script = start()
    script.init(id="one", sync=bucket)
    script("log", 30)
    wait_for(lambda: script.told().problem, "a person is told")
    script("finish")
    script.end()
    wait_for(store.run("one").status.exists, "the run ends as any other")
    assert nbtrack.open_run("one", dir=store.path).state == "finished"
    done = subprocess.run(
        [sys.executable, "-m", "nbtrack", "show", "one", "--store", str(store.path)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "2000"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert f"not synced to {bucket} since" in done.stdout
    assert "these credentials may not do that" in done.stdout
    assert f"nbtrack sync one --to {bucket}" in done.stdout
    assert "a-secret" not in done.stdout + store.run("one").recorder_log.read_text()


def test_without_the_library_the_process_that_sends_says_so(
    start: Any, store: Store, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "obstore.py").write_text("raise ImportError('not for this Python')\n")
    script = start(PYTHONPATH=str(broken))
    script.init(id="one", sync=f"file://{tmp_path / 'place'}")
    script("log", 3)
    wait_for(lambda: script.told().problem, "a person is told")
    assert "obstore is not installed" in script.told().problem
    assert "pip install 'nbtrack[sync]'" in script.told().problem


def test_credentials_that_are_set_after_the_recorder_was_started(
    start: Any, store: Store, bucket: str, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in s3.environ:
        monkeypatch.delenv(name)
    script = start()
    first = script.init(id="before")
    script("environ", s3.environ)
    assert script.init(id="one", sync=bucket, reinit="create_new") == first
    script("log", 3)
    for name, value in s3.environ.items():
        monkeypatch.setenv(name, value)
    wait_for(lambda: "runs/one/run.json" in keys(bucket), "it arrives")
    assert not any(key.startswith("runs/before/") for key in keys(bucket))


def test_runs_of_one_process_go_each_where_it_is_to_be(
    start: Any, store: Store, bucket: str, tmp_path: Path
) -> None:
    folder = f"file://{tmp_path / 'place'}"
    (tmp_path / "content").write_text("of an artifact")
    script = start(NBTRACK_SYNC=folder)
    script.init(id="one")
    script("log", 10)
    script("fork", 20)
    script("artifact", str(tmp_path / "content"))
    script.init(id="two", sync=f"{bucket}/team", reinit="create_new")
    script("log", 5)
    script.init(id="none", sync="", reinit="create_new")
    script("log", 5)
    script.end()
    wait_for(lambda: is_complete(store, folder), "the first arrives")
    wait_for(lambda: is_complete(store, f"{bucket}/team", "two"), "the second arrives")
    wait_for(store.run("none").manifest.exists, "the third is merged")
    assert {key.split("/")[1] for key in keys(folder) if key.startswith("runs/")} == {"one"}
    assert {key.split("/")[1] for key in keys(f"{bucket}/team")} == {"two"}
    assert view(folder, "one", tmp_path / "there").rows == 30
    wait_for(lambda: any("artifacts/objects/" in key for key in keys(folder)), "its artifact")
    # Gone on with, to another place: all of it is there as well.
    again = start()
    again.init(id="one", resume="must", sync=f"{bucket}/other")
    again("log", 7)
    again.end()
    wait_for(lambda: is_complete(store, f"{bucket}/other"), "what is gone on with arrives")
    assert view(f"{bucket}/other", "one", tmp_path / "other").rows == 37


def test_what_a_killed_recorder_left_the_next_one_ships(
    start: Any, store: Store, bucket: str
) -> None:
    script = start()
    recorder = script.init(id="one", sync=bucket)
    os.kill(recorder, signal.SIGKILL)
    script("log", 10)
    script("finish")
    script.end()
    following = start()
    following.init(id="two", sync=bucket)
    following("log", 1)
    wait_for(lambda: is_complete(store, bucket), "what was left behind arrives")
    wait_for(lambda: str(script.told()).startswith(f"synced to {bucket}, "), "it is said")
