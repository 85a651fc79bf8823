"""What may pass is asked again: not too soon, not for ever, and not for each of a thousand runs."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from nbtrack import SyncError
from nbtrack.remote.busy import seconds
from nbtrack.store.layout import Store
from nbtrack.sync import patience
from nbtrack.sync.place import Place
from nbtrack.sync.push import Pusher
from tests.s3 import S3
from tests.sync.proxy import FaultProxy
from tests.sync.servers import EMPTY_LIST, answering, refusing, saying
from tests.sync.test_push import record

ENDPOINT = "AWS_ENDPOINT_URL"
pytestmark = pytest.mark.usefixtures("s3")


@pytest.fixture
def proxy(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    with FaultProxy(s3.url).running() as proxy:
        monkeypatch.setenv(ENDPOINT, proxy.url)
        yield proxy


@pytest.mark.parametrize(("status", "code"), [(429, "TooManyRequests"), (503, "SlowDown")])
def test_a_place_is_left_alone_for_as_long_as_it_says(
    monkeypatch: pytest.MonkeyPatch, status: int, code: str
) -> None:
    """By everybody: none of four threads asks again before a second is over."""
    told = threading.Event()
    times: list[float] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        now = time.monotonic()
        if handler.command != "HEAD":
            times.append(now)
        elif not told.is_set():
            # What obstore signed says for how long.
            assert "X-Amz-Signature" in handler.path
            times.append(now)
        if not told.is_set() and handler.command == "HEAD":
            told.set()
            refusing(status, code, Retry_After="1")(handler)
        elif not told.is_set():
            refusing(status, code, Retry_After="1")(handler)
        else:
            saying(200, EMPTY_LIST, Last_Modified=formatdate(usegmt=True))(handler)

    with answering(answer) as server:
        monkeypatch.setenv(ENDPOINT, server.url)
        place = Place("s3://bucket")
        place.check()
        asked = [at for _, at in server.requests]
        assert asked[2] - asked[1] >= 1.0
        assert [request.partition(" ")[0] for request, _ in server.requests] == [
            "GET",
            "HEAD",
            "GET",
        ]
        # And now that it is known, nobody else asks in between.
        told.clear()
        del server.requests[:]
        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(lambda _: place.sizes(), range(4))) == [{}] * 4
        known = next(at for request, at in server.requests if request.startswith("HEAD"))
        later = [at for request, at in server.requests if at > known]
        # Those that were on their way may still come, and ask for themselves how long.
        assert sum(at - known < 1.0 for at in later) <= 6
        assert len(server.requests) <= 4 + 4 + 4


def test_one_that_wants_to_be_left_alone_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(refusing(429, "TooManyRequests", Retry_After="3600")) as server:
        monkeypatch.setenv(ENDPOINT, server.url)
        with pytest.raises(SyncError, match="slow down") as raised:
            Place("s3://bucket").check()
        assert "left alone for 60 minutes" in raised.value.hint
        assert len(server.requests) == 2


def test_how_long_that_is() -> None:
    assert seconds("7") == 7
    assert seconds("soon") is None
    assert seconds(formatdate(time.time() - 60, usegmt=True)) == 0
    assert 3500 < (seconds(formatdate(time.time() + 3600, usegmt=True)) or 0) <= 3600


def test_what_passes_is_waited_for_and_what_does_not_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = 3

    def answer(handler: BaseHTTPRequestHandler) -> None:
        nonlocal left
        left -= 1
        (refusing(500, "InternalError") if left >= 0 else saying(200, EMPTY_LIST))(handler)

    with answering(answer) as server:
        monkeypatch.setenv(ENDPOINT, server.url)
        assert Place("s3://bucket").sizes() == {}
        assert len(server.requests) == 4
    with answering(refusing(403, "AccessDenied")) as server:
        monkeypatch.setenv(ENDPOINT, server.url)
        with pytest.raises(SyncError):
            Place("s3://bucket").sizes()
        assert len(server.requests) == 1


def test_a_place_that_is_gone_is_not_waited_for_with_every_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "SECONDS", 0.5)
    store = Store(tmp_path / "store")
    runs = [f"run{number}" for number in range(30)]
    for run in runs:
        store.create_run(run).info.write_bytes(b"{}")
    first = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if not first.is_set():
            first.set()
            saying(200, EMPTY_LIST)(handler)
        else:
            handler.connection.shutdown(socket.SHUT_RDWR)

    with answering(answer) as server:
        monkeypatch.setenv(ENDPOINT, server.url)
        outcomes = Pusher(store, Place("s3://bucket")).push(runs, threads=2)
        assert all(outcome.problem for outcome in outcomes)
        assert sum("does not answer any more" in outcome.problem for outcome in outcomes) >= 26
        assert len(server.requests) < 60


def test_one_object_that_is_refused_for_ever_stops_no_other(
    tmp_path: Path, bucket: str, s3: S3, monkeypatch: pytest.MonkeyPatch, proxy: FaultProxy
) -> None:
    monkeypatch.setattr(patience, "SECONDS", 0.3)
    store = Store(tmp_path / "store")
    runs = ["one", "two", "three", "four", "five"]
    for run in runs:
        record(store, run)
    proxy.never = "/two/media/"
    outcomes = Pusher(store, Place(bucket)).push(runs, threads=1)
    assert [outcome.run for outcome in outcomes if outcome.problem] == ["two"]
    assert "the store failed" in outcomes[1].problem
    # What names it has not gone either.
    assert not any("runs/two/merged" in key for key in Place(bucket).sizes())
    proxy.never = ""
    outcomes = Pusher(store, Place(bucket)).push(runs)
    assert not any(outcome.problem for outcome in outcomes)


def test_a_list_that_breaks_off_is_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"folder/{number:02}" for number in range(9)]
    broken = 0

    def answer(handler: BaseHTTPRequestHandler) -> None:
        nonlocal broken
        query = parse_qs(urlsplit(handler.path).query)
        after = (query.get("continuation-token") or query.get("start-after") or [""])[0]
        page = [name for name in names if name > after][:2]
        if len(server.requests) % 3 == 0:
            broken += 1
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        found = "".join(
            f"<Contents><Key>{name}</Key><Size>1</Size>"
            "<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>x</ETag></Contents>"
            for name in page
        )
        more = f"<NextContinuationToken>{page[-1]}</NextContinuationToken>" if page else ""
        saying(200, f"<ListBucketResult>{found}{more}</ListBucketResult>".encode())(handler)

    monkeypatch.setattr("nbtrack.sync.place._PAGE", 2)
    monkeypatch.setattr(patience, "_FIRST_PAUSE", 0.01)
    with answering(answer) as server:
        monkeypatch.setenv(ENDPOINT, server.url)
        assert list(Place("s3://bucket").sizes("folder")) == names
    assert broken >= 2
