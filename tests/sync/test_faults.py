"""Syncs over a network that fails, killed and repeated; and what each failure is called."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbtrack import SyncError
from nbtrack.store.layout import RunDir, Store
from nbtrack.sync.place import Place
from nbtrack.sync.push import Pusher
from tests.s3 import S3
from tests.sync.proxy import FaultProxy
from tests.sync.test_push import local, looked, record

# Writes a run in several segments, each sealed as soon as it is whole, and now and then merged.
WRITER = """
import sys, time
from pathlib import Path
from nbtrack.store.layout import RunDir
from nbtrack.store.merge import merge
from nbtrack.store.seal import seal_run
from tests.journals import new_run

run = new_run(Path(sys.argv[1]), "one")
run_dir = RunDir(run.path)
for step in range(6_000):
    run.log({"loss": step * 0.5, "note": "a" * 300})
    if step % 200 == 0:
        seal_run(run_dir)
    if step % 2_000 == 1_999:
        merge(run_dir)
    time.sleep(0.0005)
run.finish()
seal_run(run_dir)
merge(run_dir)
"""
PUSHER = """
import sys
from pathlib import Path
from nbtrack.store.layout import Store
from nbtrack.sync.place import Place
from nbtrack.sync.push import Pusher

while True:
    Pusher(Store(Path(sys.argv[1])), Place(sys.argv[2])).push(["one"])
    print("pushed", flush=True)
"""


@pytest.fixture
def proxy(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """Before the server; this process asks through it."""
    with FaultProxy(s3.url).running() as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        yield proxy


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_synced_while_it_is_written_by_two_killed_and_over_a_bad_network(
    tmp_path: Path, bucket: str, s3: S3, proxy: FaultProxy
) -> None:
    store = Store(tmp_path / "store")
    proxy.share = 1 / 3
    dice = random.Random(4)
    writer = start(WRITER, store.path)
    try:
        while not (store.path / "runs" / "one" / "run.json").exists():
            assert writer.poll() is None
            time.sleep(0.01)
        for _ in range(3):
            pushers = [start(PUSHER, store.path, bucket) for _ in range(2)]
            time.sleep(dice.uniform(1.0, 2.5))
            for pusher in pushers:
                pusher.send_signal(signal.SIGKILL)
                pusher.communicate()
        assert writer.wait(120) == 0
    finally:
        writer.kill()
        writer.communicate()
    run_dir = RunDir(store.path / "runs" / "one")
    before = looked(store)
    while True:
        (outcome,) = Pusher(store, Place(bucket)).push(["one"])
        if not outcome.problem:
            break
    assert looked(store) == before
    assert min(proxy.seen[fault] for fault in ("drop", "500", "lost")) > 0
    proxy.share = 0.0
    place = Place(bucket)
    there = place.sizes()
    wanted = local(run_dir)
    assert all(place.get(key) == content for key, content in wanted.items())
    assert wanted.keys() <= there.keys()
    # What is besides: sets that were merged since, each there once.
    assert len(there) > len(wanted)
    stored = Counter(s3.stored())
    twice = {key for key, times in stored.items() if times > 1}
    assert {key for key in twice if "/newest/" not in key} == set()


def test_a_store_that_cannot_put_conditionally(
    tmp_path: Path, bucket: str, proxy: FaultProxy
) -> None:
    proxy.conditional = False
    store = Store(tmp_path / "store")
    run_dir = record(store, "one")
    (outcome,) = Pusher(store, Place(bucket)).push(["one"])
    assert outcome.problem == ""
    place = Place(bucket)
    assert all(place.get(key) == content for key, content in local(run_dir).items())


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    """What must not be in any message."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-somebody")
    return "a-secret-of-somebody"


def failure(url: str) -> SyncError:
    with pytest.raises(SyncError) as raised:
        Place(url).check()
    return raised.value


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    from nbtrack.sync import place

    monkeypatch.setattr(place, "_RETRIES", 1)
    monkeypatch.setattr(place, "_PATIENCE", 2.0)


@pytest.mark.usefixtures("impatient", "s3")
class TestEachFailureHasACauseAndARemedy:
    def check(self, url: str, cause: str, remedy: str, *, passing: bool, secret: str) -> None:
        error = failure(url)
        assert cause in error.message
        assert error.path is not None
        assert error.path.startswith(url)
        assert remedy in error.hint
        assert error.passing == passing
        assert secret not in str(error)

    def test_no_address(self, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://no-such-host.invalid:9")
        self.check("s3://b", "the host has no address", "AWS_ENDPOINT", passing=True, secret=secret)

    def test_nobody_answers(self, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        self.check("s3://b", "nobody answers", "the server runs", passing=True, secret=secret)

    def test_no_tls(self, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_ALLOW_HTTP")
        self.check("s3://b", "no TLS", "AWS_ALLOW_HTTP=true", passing=False, secret=secret)

    def test_no_such_bucket(self, secret: str) -> None:
        self.check("s3://none", "no such bucket", "check the URL", passing=False, secret=secret)

    @pytest.mark.parametrize(
        ("fault", "cause", "remedy", "passing"),
        [
            ("401", "does not know who asks", "AWS_ACCESS_KEY_ID", False),
            ("403", "may not do that", "list, read and write", False),
            ("429", "slow down", "--concurrency", True),
            ("500", "the store failed", "later", True),
            ("503", "the store failed", "later", True),
            ("skew", "clock differs", "Set the clock", False),
            ("drop", "connection", "later", True),
        ],
    )
    def test_what_a_server_answers(
        self,
        bucket: str,
        proxy: FaultProxy,
        secret: str,
        fault: str,
        cause: str,
        remedy: str,
        passing: bool,
    ) -> None:
        proxy.faults, proxy.share = [fault], 1.0  # type: ignore[list-item]
        self.check(bucket, cause, remedy, passing=passing, secret=secret)
