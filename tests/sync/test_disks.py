"""Full disks, here and there, and kills: done again, it is right."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbtrack.store.layout import RunDir, Store
from nbtrack.sync.artifacts import ArtifactPusher
from nbtrack.sync.place import Place
from nbtrack.sync.push import Pusher
from tests.disks import small_disk_at
from tests.s3 import S3
from tests.sync.proxy import FaultProxy
from tests.sync.test_artifacts import record as record_artifact
from tests.sync.test_artifacts import there
from tests.sync.test_push import local, record

ARTIFACT_PUSHER = """
import sys
from pathlib import Path
from nbtrack.store.layout import Store
from nbtrack.sync.artifacts import ArtifactPusher
from nbtrack.sync.place import Place

while True:
    ArtifactPusher(Store(Path(sys.argv[1])), Place(sys.argv[2])).push()
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a mebibyte."""
    with small_disk_at(tmp_path / "disk", "1m") as disk:
        yield disk


def test_a_full_disk_there(store: Store, small_disk: Path) -> None:
    """What did not fit is not there in part; with room, the rest goes."""
    run_dir = record(store, "one")
    for name, size in (("large", 12 << 20), ("small", 100_000)):
        (run_dir.media / name).write_bytes(os.urandom(size))
    (small_disk / "taken").write_bytes(bytes(900_000))
    place = Place(f"file://{small_disk / 'there'}")
    for _ in range(2):
        (outcome,) = Pusher(store, place).push(["one"])
        assert "the disk there has no room left" in outcome.problem
        assert f"{place.url}/runs/one/media/" in outcome.problem
        assert "Then sync again" in outcome.problem
    wanted = local(run_dir)
    assert all(wanted[key] == place.get(key) for key in place.sizes())
    assert not any(key.endswith(".parquet") for key in place.sizes())
    (small_disk / "taken").unlink()
    (run_dir.media / "large").unlink()
    (outcome,) = Pusher(store, place).push(["one"])
    assert outcome.problem == ""
    wanted = local(run_dir)
    assert all(wanted[key] == place.get(key) for key in wanted)
    # Nothing half-written lies around either.
    files = [path for path in (small_disk / "there").rglob("*") if path.is_file()]
    assert len(files) == len(place.sizes())


@pytest.mark.parametrize("code", ["507", "403 QuotaExceeded"])
def test_a_full_store_there(
    store: Store, bucket: str, s3: S3, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    run_dir = record(store, "one")
    with FaultProxy(s3.url).running() as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        proxy.full = code
        (outcome,) = Pusher(store, Place(bucket)).push(["one"])
        assert "the store has no room left" in outcome.problem
        assert "Then sync again" in outcome.problem
        proxy.full = ""
        (outcome,) = Pusher(store, Place(bucket)).push(["one"])
        assert outcome.problem == ""
        place = Place(bucket)
        assert all(place.get(key) == content for key, content in local(run_dir).items())


def test_a_full_disk_here(
    store: Store, small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that a sync needs is kept here: it only asks anew the next time."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(small_disk))
    with (small_disk / "taken").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    run_dir = record(store, "one")
    place = Place(f"file://{tmp_path / 'there'}")
    for expected in (5, 0):
        (outcome,) = Pusher(store, place).push(["one"])
        assert (outcome.problem, outcome.sent) == ("", expected)
    assert all(place.get(key) == content for key, content in local(run_dir).items())
    assert not [path for path in small_disk.rglob("*.msgpack*") if path.stat().st_size]


def test_artifacts_are_sent_by_several_that_are_killed(
    tmp_path: Path, store: Store, bucket: str, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a network that fails a third of the requests; each content is one version there."""
    other = Store(tmp_path / "other")
    record_artifact(store, *(b"%d" % number * 1000 for number in range(8)))
    record_artifact(other, *(b"%d" % number * 1000 for number in range(12, 3, -1)))
    dice = random.Random(5)
    with FaultProxy(s3.url).running() as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        proxy.share = 1 / 3
        for _ in range(4):
            pushers = [start(path, bucket) for path in (store.path, other.path)]
            asked = len(proxy.sent) + dice.randint(5, 40)
            while len(proxy.sent) < asked:
                assert all(pusher.poll() is None for pusher in pushers)
                time.sleep(0.002)
            for pusher in pushers:
                pusher.send_signal(signal.SIGKILL)
                pusher.wait()
        for one in (store, other, store):
            while any(found.problem for found in ArtifactPusher(one, Place(bucket)).push()):
                pass
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    place = Place(bucket)
    content = {key: place.get(key) for key in place.sizes()}
    found = there(tmp_path, lambda: content)
    assert len(found) == len({version.digest for version in found}) == 13
    assert [version.version for version in found] == list(range(13))
    for copy in (RunDir(store.path), RunDir(other.path)):
        for path in (copy.path / "artifacts" / "objects").rglob("*"):
            if path.is_file():
                key = path.relative_to(copy.path).as_posix()
                assert content[key] == path.read_bytes()


def start(path: Path, url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", ARTIFACT_PUSHER, str(path), url],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
