"""Syncs over a network that fails, killed and repeated; and what each failure is called."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbtrack.store.layout import RunDir, Store
from nbtrack.sync.place import Place
from nbtrack.sync.push import Pusher
from tests.s3 import S3
from tests.sync.processes import start
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
            asked = proxy.seen.total() + dice.randint(10, 60)
            while proxy.seen.total() < asked and writer.poll() is None:
                time.sleep(0.002)
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
    assert proxy.seen.total() > proxy.seen[""], "nothing failed"
    proxy.share = 0.0
    place = Place(bucket)
    there = place.sizes()
    wanted = local(run_dir)
    assert all(place.get(key) == content for key, content in wanted.items())
    assert wanted.keys() <= there.keys()
    # What is besides: sets that were merged since, each there once.
    assert len(there) > len(wanted)
    stored = Counter(s3.stored(bucket.removeprefix("s3://")))
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
