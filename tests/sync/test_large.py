"""Large objects go in parts: each by itself again, in bounded memory, and seen on the way."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from nbtrack import SyncError
from nbtrack.sync import patience, place
from nbtrack.sync.place import Place
from tests.s3 import S3
from tests.sync.proxy import FaultProxy
from tests.sync.servers import answering, saying

PART = place._PART
PUT = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from nbtrack.sync.place import Place

def most_memory():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

place = Place(sys.argv[1], int(sys.argv[2]))
place.put("small", b"x")
before = most_memory()
with ThreadPoolExecutor(16) as threads:
    list(threads.map(lambda path: place.put(Path(path).name, Path(path)), sys.argv[3:]))
print(most_memory() - before)
"""
# Takes everything, and keeps nothing.
BEGUN = b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
ENDED = b"<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>"


def swallow(handler: BaseHTTPRequestHandler) -> None:
    left = int(handler.headers.get("Content-Length") or 0)
    while left:
        left -= len(handler.rfile.read(min(left, 1 << 20)))
    if handler.command == "HEAD":
        saying(404)(handler)
    else:
        saying(200, BEGUN if "?uploads" in handler.path else ENDED, ETag="x")(handler)


@pytest.fixture
def proxy(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    with FaultProxy(s3.url).running() as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        yield proxy


def large(path: Path, parts: float) -> Path:
    path.write_bytes(os.urandom(1 << 20) * int(parts * PART / (1 << 20)))
    return path


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_parts_are_sent_again_by_themselves(
    tmp_path: Path, bucket: str, s3: S3, proxy: FaultProxy
) -> None:
    """Over a network that breaks a third of all connections, half of them after the body."""
    proxy.faults, proxy.share = ("drop", "lost", "500"), 1 / 3
    path = large(tmp_path / "file", 6.5)
    moved: Counter[str] = Counter()
    here = Place(bucket, moved=lambda key, count: moved.update({key: count}))
    assert here.put("file", path)
    assert sum(proxy.seen[fault] for fault in proxy.faults) > 0
    assert moved["file"] == path.stat().st_size
    # Not one of the parts that had arrived went again for the sake of another.
    parts = Counter(re.findall(r"partNumber=(\d+)", " ".join(proxy.sent)))
    again = sum(parts.values()) - len(parts)
    assert len(parts) == 7
    assert again <= sum(proxy.seen[fault] for fault in proxy.faults)
    proxy.share = 0.0
    assert digest(here.get("file")) == digest(path.read_bytes())
    assert s3.uploads(bucket.removeprefix("s3://")) == []
    # It is there, so nothing of it goes again.
    proxy.sent.clear()
    assert not here.put("file", path)
    assert not any(request.startswith(("PUT", "POST")) for request in proxy.sent)


def test_what_cannot_be_sent_leaves_nothing(
    tmp_path: Path, bucket: str, s3: S3, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "SECONDS", 0.0)
    monkeypatch.setattr(place, "_PART_RETRIES", 1)
    proxy.never = "partNumber=3"
    moved: Counter[str] = Counter()
    here = Place(bucket, moved=lambda key, count: moved.update({key: count}))
    path = large(tmp_path / "file", 4.5)
    with pytest.raises(SyncError, match="the store failed"):
        here.put("file", path)
    assert here.size("file") is None
    assert s3.uploads(bucket.removeprefix("s3://")) == []
    assert moved["file"] == 0
    proxy.never = ""
    assert here.put("file", path)
    assert moved["file"] == path.stat().st_size


def test_parts_grow_where_there_would_be_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size, part in ((PART + 1, PART), (PART * 10_000, PART), (PART * 10_000 + 1, 2 * PART)):
        with (tmp_path / "file").open("wb") as file:
            file.truncate(size)
        found = place._part_of(tmp_path / "file")
        assert found == part
        assert -(-size // found) <= 10_000


def test_no_more_than_so_many_at_a_time(
    tmp_path: Path, bucket: str, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts count as requests do."""
    from concurrent.futures import ThreadPoolExecutor

    proxy.faults, proxy.share = ("delay",), 1.0
    here = Place(bucket, 3)
    paths = [large(tmp_path / f"file{number}", 3) for number in range(3)]
    with ThreadPoolExecutor(9) as threads:
        list(threads.map(lambda path: here.put(path.name, path), paths))
        list(threads.map(lambda number: here.put(f"small{number}", b"x"), range(30)))
    assert 1 < proxy.most_sent_at_once <= 3


def start(bucket: str, concurrency: int, *paths: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PUT, bucket, str(concurrency), *map(str, paths)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_killed_in_the_middle_and_done_again(
    tmp_path: Path, bucket: str, s3: S3, proxy: FaultProxy
) -> None:
    """What was begun stays there for a rule of the bucket to remove, and harms nothing."""
    path = large(tmp_path / "file", 8)
    proxy.faults, proxy.share = ("delay",), 1.0
    with start(bucket, 1, path) as sender:
        while not any("partNumber=2" in request for request in proxy.sent):
            assert sender.poll() is None
            time.sleep(0.002)
        sender.send_signal(signal.SIGKILL)
    here = Place(bucket)
    assert here.size("file") is None
    assert s3.uploads(bucket.removeprefix("s3://")) == ["file"]
    assert here.put("file", path)
    assert digest(here.get("file")) == digest(path.read_bytes())
    assert s3.uploads(bucket.removeprefix("s3://")) == ["file"]


@pytest.mark.full
def test_memory_does_not_grow_with_files(
    tmp_path: Path, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a file of a gibibyte four parts are held, and of several files those that go at a time."""
    sizes = {"one": [1 << 30], "many": [1 << 28] * 6}
    paths = {name: [tmp_path / f"{name}{at}" for at in range(len(sizes[name]))] for name in sizes}
    for name in sizes:
        for path, size in zip(paths[name], sizes[name], strict=True):
            with path.open("wb") as file:
                file.truncate(size)
    with answering(swallow, reads=True) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        grown = {}
        for name in sizes:
            with start("s3://bucket", 16, *paths[name]) as sender:
                assert sender.stdout is not None
                grown[name] = int(sender.stdout.read()) >> 10
    assert grown["one"] < 150, grown
    assert grown["many"] < 400, grown
