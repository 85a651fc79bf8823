"""Syncs over a network that fails, killed, two at once; and what each failure is called."""

from __future__ import annotations

import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbtrack import SyncError
from nbtrack.store.layout import Store
from nbtrack.sync.mlflow import words
from nbtrack.sync.mlflow.server import Server
from tests.mlflow_server import Mlflow
from tests.sync.processes import start
from tests.sync.proxy import FaultProxy
from tests.sync.to_mlflow.recording import attempt, begun, sent

# Writes a run in several attempts, each sealed now and then.
WRITER = """
import sys, time
from pathlib import Path
from nbtrack._attempts import CellInfo
from nbtrack.store.layout import RunDir
from nbtrack.store.seal import seal_run
from tests.journals import new_run

run = new_run(Path(sys.argv[1]), sys.argv[2], project=sys.argv[2])
for number in (1, 2, 3):
    run.begin_attempt(CellInfo(cell_id="c", execution_count=number, source="fit()"))
    for step in range(600):
        run.log({"loss": step * 0.5 + number, "acc %": 1.0})
        time.sleep(0.004)
    run.end_attempt("finished", None)
    run.log({"between": number})
    seal_run(RunDir(run.path))
run.finish()
"""
PUSHER = """
import sys
from pathlib import Path
from nbtrack import SyncError
from nbtrack.store.layout import Store
from nbtrack.sync.targets import push

while True:
    try:
        push(Store(Path(sys.argv[1])), sys.argv[2], [sys.argv[3]])
    except SyncError as error:
        assert error.passing, error
    print("pushed", flush=True)
"""


@pytest.fixture
def proxy(server: Mlflow) -> Iterator[FaultProxy]:
    """Before the server."""
    with FaultProxy(server.url, seed=3).running() as proxy:
        yield proxy


def test_synced_while_it_is_written_by_two_killed_and_over_a_bad_network(
    server: Mlflow, store: Store, proxy: FaultProxy
) -> None:
    proxy.share = 1 / 3
    to = f"mlflow+{proxy.url}"
    dice = random.Random(5)
    writer = start(WRITER, store.path, "killed")
    try:
        while not (store.path / "runs" / "killed" / "run.json").exists():
            assert writer.poll() is None
            time.sleep(0.01)
        for _ in range(2):
            pushers = [start(PUSHER, store.path, to, "killed") for _ in range(2)]
            assert pushers[0].stdout is not None
            # One of them has brought something, and both are at it again.
            pushers[0].stdout.readline()
            time.sleep(dice.uniform(0.0, 1.0))
            for pusher in pushers:
                pusher.send_signal(signal.SIGKILL)
                pusher.communicate()
        assert writer.wait(120) == 0
    finally:
        writer.kill()
        writer.communicate()
    while True:
        (outcome,) = sent(store, to, "killed")
        if not outcome.problem:
            break
    assert proxy.seen.total() > proxy.seen[""], "nothing failed"
    there = server.check_equal(store, "killed")
    assert [there[n].info.status for n in range(4)] == ["FINISHED"] * 4


def test_whose_answers_are_lost(server: Mlflow, store: Store, proxy: FaultProxy) -> None:
    """MLflow's client asks again and makes a second run: one of them stays."""
    run = begun(store, "lost")
    attempt(run, 1, 5)
    attempt(run, 2, 5)
    run.finish()
    proxy.faults, proxy.share = ["lost"], 0.6
    while sent(store, f"mlflow+{proxy.url}", "lost")[0].problem:
        pass
    assert server.runs("lost", deleted=True)
    there = server.check_equal(store, "lost")
    assert {one.data.tags.get(words.PARENT) for one in there.values()} == {
        None,
        there[0].info.run_id,
    }


def test_two_that_made_one_each(server: Mlflow, store: Store) -> None:
    """What two made who did not see each other is one again, and whole, after the next sync."""
    run = begun(store, "twins")
    attempt(run, 1, 5)
    run.finish()
    sent(store, server.to, "twins")
    first = server.by_attempt("twins")
    tags = {key: first[0].data.tags[key] for key in (words.RUN, words.IDENTITY)}
    experiment = first[0].info.experiment_id
    # The first of all, as it were, of somebody who was killed right after.
    earlier = server.client.create_run(experiment, tags={**tags, words.CLAIM: "0"})
    later = server.client.create_run(experiment, tags={**tags, words.CLAIM: "9"})
    for path in Path(os.environ["XDG_CACHE_HOME"]).rglob("sync/*"):
        path.unlink()
    sent(store, server.to, "twins")
    there = server.check_equal(store, "twins")
    assert there[0].info.run_id == earlier.info.run_id
    assert there[1].info.run_id == first[1].info.run_id
    assert there[1].data.tags[words.PARENT] == earlier.info.run_id
    assert there[0].data.params == first[0].data.params
    gone = {one.info.run_id for one in server.runs("twins", deleted=True)}
    assert gone == {later.info.run_id, first[0].info.run_id}


def test_what_somebody_deletes_there_is_made_again(
    server: Mlflow, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun(store, "deleted")
    run.log({"loss": 1.0})
    run.finish()
    log = Server.log
    deleted: list[str] = []

    def delete_first(self: Server, run_id: str, *arguments: object, **more: object) -> None:
        if not deleted:
            deleted.append(run_id)
            server.client.delete_run(run_id)
        log(self, run_id, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Server, "log", delete_first)
    (outcome,) = sent(store, server.to, "deleted")
    assert outcome.problem == ""
    assert server.check_equal(store, "deleted")[0].info.run_id != deleted[0]


def test_another_run_of_the_same_id_is_not_mixed_with_it(
    server: Mlflow, store: Store, tmp_path: Path
) -> None:
    for place in (store, Store(tmp_path / "other")):
        run = begun(place, "same")
        run.log({"loss": 1.0})
        run.finish()
    sent(store, server.to, "same")
    (outcome,) = sent(Store(tmp_path / "other"), server.to, "same")
    assert "another run of the id 'same' is in this experiment" in outcome.problem
    assert "?experiment=name" in outcome.problem
    server.check_equal(store, "same")


def test_one_that_cannot_be_sent_holds_up_no_other(server: Mlflow, store: Store) -> None:
    for name in ("bad", "good"):
        run = begun(store, name)
        run.log({"loss": 1.0})
        run.finish()
    server.client.delete_experiment(server.client.create_experiment("bad"))
    bad, none, good = sent(store, server.to, "bad", "none", "good")
    assert "the experiment 'bad' was deleted there" in bad.problem
    assert "Restore it" in bad.problem
    assert none.problem
    assert good.problem == ""
    server.check_equal(store, "good")


SECRET = "a-secret-of-somebody"


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch, server: Mlflow) -> str:
    """What must not be in any message."""
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", SECRET)
    return SECRET


def failure(store: Store, url: str) -> SyncError:
    run = begun(store, "unlucky")
    run.log({"loss": 1.0})
    with pytest.raises(SyncError) as raised:
        sent(store, f"mlflow+{url.replace('//', f'//ada:{SECRET}@')}", "unlucky")
    run.finish()
    return raised.value


class TestEachFailureHasACauseAndARemedy:
    def check(self, error: SyncError, url: str, cause: str, remedy: str, *, passing: bool) -> None:
        assert cause in error.message
        assert error.path == f"mlflow+{url}"
        assert remedy in error.hint
        assert error.passing == passing
        assert SECRET not in str(error)

    @pytest.mark.usefixtures("secret")
    def test_no_address(self, store: Store) -> None:
        url = "http://no-such-host.invalid:9"
        error = failure(store, url)
        self.check(error, url, "the host has no address", "DNS", passing=True)

    @pytest.mark.usefixtures("secret")
    def test_nobody_answers(self, store: Store) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        error = failure(store, url)
        self.check(error, url, "nobody answers", "the server runs", passing=True)

    @pytest.mark.usefixtures("secret")
    def test_no_answer_in_time(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            error = failure(store, url)
        self.check(error, url, "did not answer in time", "HTTP_REQUEST_TIMEOUT", passing=True)

    @pytest.mark.usefixtures("secret")
    def test_no_tls(self, server: Mlflow, store: Store) -> None:
        url = server.url.replace("http:", "https:")
        error = failure(store, url)
        self.check(error, url, "certificate is not trusted", "CERT_PATH", passing=False)

    @pytest.mark.usefixtures("secret")
    def test_no_mlflow(self, server: Mlflow, store: Store) -> None:
        url = f"{server.url}/elsewhere"
        error = failure(store, url)
        self.check(error, url, "no MLflow server, or too old", "Check the URL", passing=False)

    @pytest.mark.usefixtures("secret")
    @pytest.mark.parametrize(
        ("fault", "cause", "remedy", "passing"),
        [
            ("401", "does not know who asks", "MLFLOW_TRACKING_TOKEN", False),
            ("403", "may not do that", "edit the experiment", False),
            ("429", "slow down", "--concurrency", True),
            ("500", "the server failed", "later", True),
            ("503", "the server failed", "later", True),
            ("drop", "the connection broke", "later", True),
        ],
    )
    def test_what_a_server_answers(
        self, store: Store, proxy: FaultProxy, fault: str, cause: str, remedy: str, passing: bool
    ) -> None:
        proxy.faults, proxy.share = [fault], 1.0  # type: ignore[list-item]
        error = failure(store, proxy.url)
        self.check(error, proxy.url, cause, remedy, passing=passing)
