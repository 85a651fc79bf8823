"""What fails is called by its cause, where it was, and what to do; and no secret is in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nbtrack import SyncError
from nbtrack.store.layout import Store
from nbtrack.sync.lake import access
from nbtrack.sync.lake.access import Location
from nbtrack.sync.lake.tables import opened
from nbtrack.sync.place import Place
from tests.s3 import S3
from tests.sync.lake.lakes import committed, lake_of, push, record
from tests.sync.proxy import Fault, FaultProxy

SECRET = "a-secret-of-somebody"


@pytest.fixture
def impatient(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_RETRIES", 1)
    monkeypatch.setattr(access, "_PATIENCE", 2.0)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


def check(url: str, cause: str, remedy: str, *, passing: bool) -> None:
    with pytest.raises(SyncError) as raised:
        opened(lake_of(url))
    error = raised.value
    assert cause in error.message
    assert "\x1b" not in str(error)
    assert "\n" not in str(error)
    assert (error.path or "").startswith(f"{url}/lake/")
    assert remedy in error.hint
    assert error.passing == passing
    assert SECRET not in str(error)


@pytest.mark.usefixtures("impatient")
class TestEachFailureHasACauseAndARemedy:
    def test_no_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://no-such-host.invalid:9")
        check("s3://bucket", "the host has no address", "AWS_ENDPOINT", passing=True)

    def test_no_such_bucket(self) -> None:
        check("s3://none", "no such bucket", "check the URL", passing=False)

    @pytest.mark.parametrize(
        ("fault", "cause", "remedy", "passing"),
        [
            ("401", "does not know who asks", "AWS_ACCESS_KEY_ID", False),
            ("403", "may not do that", "list, read and write", False),
            ("429", "slow down", "later", True),
            ("500", "the store failed", "later", True),
            ("503", "the store failed", "later", True),
            ("skew", "clock differs", "Set the clock", False),
            ("drop", "connection", "later", True),
        ],
    )
    def test_what_a_server_answers(
        self, bucket: str, proxy: FaultProxy, fault: Fault, cause: str, remedy: str, passing: bool
    ) -> None:
        proxy.faults, proxy.share = [fault], 1.0
        check(bucket, cause, remedy, passing=passing)


def test_a_commit_that_is_not_taken(
    store: Store, bucket: str, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading may be permitted and writing not; when it is, all goes on."""
    monkeypatch.setattr(access, "_RETRIES", 1)
    record(store, "one")
    push(store, bucket)
    committed(bucket)
    record(store, "two")
    push(store, bucket)
    proxy.before = lambda method, path: method == "PUT" and "/lake/" in path
    with pytest.raises(SyncError, match=rf"connection .*{bucket}/lake/commits.*later"):
        committed(bucket)
    proxy.before = lambda method, path: False
    assert committed(bucket).committed == 1


def test_a_store_that_cannot_put_conditionally(
    store: Store, bucket: str, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two committers could not be told apart there."""
    monkeypatch.setattr(access, "_RETRIES", 1)
    record(store, "one")
    push(store, bucket)
    proxy.conditional = False
    with pytest.raises(SyncError, match=r"does not know .*only where none is"):
        committed(bucket)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(SyncError, match=r"/taken/commits"):
        opened(Location(str(tmp_path / "taken")))


def test_without_the_library(store: Store, tmp_path: Path) -> None:
    record(store, "one")
    code = "import sys; sys.modules['deltalake'] = None\nfrom nbtrack._cli import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", code, "lake", "commit", "--store", str(store.path)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "deltalake is not installed" in done.stderr
    assert "pip install 'nbtrack[lake]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_disk_that_is_full_changes_nothing(
    store: Store, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the temporary files: what was not claimed is not there."""
    record(store, "one")
    push(store, place)
    opened(lake_of(place))

    def full(self: Place, key: str, path: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Place, "fetch", full)
        report = committed(place)
    assert "No space left on device" in report.problems["one"]
    assert report.batches == 0
    assert committed(place).committed == 1
