"""The table's addresses, asked of a real Jupyter server."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from nbtrack.server.requests import MAX_BODY
from nbtrack.store import registry
from nbtrack.store.layout import Store
from tests.server.stores import make_store, run_id

TOKEN = "of-this-test"
PATIENCE = 120.0


class Answer(NamedTuple):
    """What a server says."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """A Jupyter server on loopback with the extension, and whoever asks it."""

    def __init__(self, root: Path, *options: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._url = f"http://127.0.0.1:{port}/base/nbtrack/api"
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
                *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"),
                *("--ServerApp.base_url=/base/", f"--ServerApp.root_dir={root}"),
                *(f"--IdentityProvider.token={TOKEN}", *options),
            ],
            cwd=root,
            env={**os.environ, "JUPYTER_RUNTIME_DIR": str(root / "runtime")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + PATIENCE
        while self.ask("GET", "/").status != 200:
            assert time.monotonic() < deadline
            assert self._process.poll() is None
            time.sleep(0.05)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)

    def ask(
        self, method: str, path: str, body: Any = None, *, login: bool = True, **headers: str
    ) -> Answer:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, method=method)
        if login:
            request.add_header("Authorization", f"token {TOKEN}")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
                return Answer(reply.status, dict(reply.headers), reply.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, dict(error.headers), error.read())
        except urllib.error.URLError:
            return Answer(0, {}, b"")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_store(tmp_path_factory.mktemp("served") / ".nbtrack", 12)


@contextlib.contextmanager
def serving(root: Path, *options: str) -> Iterator[Server]:
    server = Server(root, *options)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def server(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("root")) as started:
        yield started


@pytest.fixture(scope="module")
def reader(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("root"), "--NbtrackServer.read_only=True") as started:
        yield started


@pytest.fixture
def key(store: Store) -> str:
    return registry.key_of(store)


def runs(key: str, **query: Any) -> str:
    return f"/runs?{urllib.parse.urlencode({'store': key, **query}, doseq=True)}"


def test_a_page_and_that_it_is_the_same(server: Server, key: str) -> None:
    query = runs(
        key, sort="-summary.val/acc", columns=["config.lr", "summary.val/acc,config.model"], limit=3
    )
    first = server.ask("GET", query)
    assert first.status == 200
    page = first.json
    assert (page["matched"], len(page["rows"])) == (12, 3)
    values = [row["summary"]["val/acc"] for row in page["rows"]]
    assert values == sorted(values, reverse=True)
    assert page["rows"][0]["config"].keys() == {"lr", "model"}
    tag = first.headers["Etag"]
    again = server.ask("GET", query, If_None_Match=tag)
    assert (again.status, again.body) == (304, b"")
    other = server.ask("GET", runs(key, limit=3), If_None_Match=tag)
    assert other.status == 200
    packed = server.ask("GET", query, Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.body) < len(first.body)


def test_what_cannot_be_asked_says_why(server: Server, key: str) -> None:
    for query, word in (
        (runs(key, where="config.nothing = 1"), "config.lr"),
        (runs(key, where="(select 1) = 1"), "subquery"),
        (runs(key, sort="nothing"), "there is no column"),
        (runs(key, limit="x"), "limit"),
        (runs(key, limit=10**30), ""),
        (f"/runs/export?store={key}&format=exe", "csv and parquet"),
        ("/runs?where=%ff", "where"),
    ):
        answer = server.ask("GET", query)
        assert answer.status == 400, query
        assert word in answer.json["message"]
    assert server.ask("GET", runs("0" * 16)).status == 404
    assert server.ask("GET", runs("../..")).status == 404


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_export(server: Server, key: str, kind: str) -> None:
    answer = server.ask("GET", f"/runs/export?store={key}&format={kind}&where=rows>0")
    assert answer.status == 200
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert f"runs.{kind}" in answer.headers["Content-Disposition"]
    if kind == "csv":
        assert answer.headers["Content-Type"].startswith("text/csv")
        assert len(answer.body.splitlines()) == 13
    else:
        assert answer.body[:4] == answer.body[-4:] == b"PAR1"


def test_sparks_and_comparison(server: Server, key: str) -> None:
    wanted = [run_id(n) for n in range(3)]
    answer = server.ask("POST", "/sparks", {"store": key, "runs": wanted, "keys": ["loss"]})
    assert [spark["run"] for spark in answer.json["sparks"]] == wanted
    answer = server.ask("POST", "/compare", {"store": key, "runs": wanted})
    assert [run["id"] for run in answer.json["runs"]] == wanted


def test_an_edit_shows_in_the_next_page(server: Server, key: str) -> None:
    wanted = [run_id(n) for n in range(4)]
    where = runs(key, where="list_contains(tags, 'bulk')")
    assert server.ask("GET", where).json["matched"] == 0
    body = {"store": key, "runs": [*wanted, "none"], "add_tags": ["bulk"]}
    answer = server.ask("POST", "/edits", body)
    assert sorted(answer.json["changed"]) == wanted
    assert answer.json["failed"].keys() == {"none"}
    assert server.ask("GET", where).json["matched"] == 4
    body = {"store": key, "runs": wanted, "discarded": True}
    server.ask("POST", "/edits", body)
    assert server.ask("GET", runs(key)).json["total"] == 8
    assert server.ask("GET", runs(key, discarded="true")).json["matched"] == 4
    undo = {"store": key, "runs": wanted, "remove_tags": ["bulk"], "discarded": False}
    server.ask("POST", "/edits", undo)
    page = server.ask("GET", runs(key)).json
    assert (page["total"], page["matched"]) == (12, 12)


def test_views(server: Server, key: str) -> None:
    saved = server.ask("PUT", f"/views/{key}/my%20view", {"sort": "name"})
    assert saved.json == {"views": {"my view": {"sort": "name"}}}
    assert server.ask("GET", f"/views/{key}").json == saved.json
    for name in ("..", "%2e%2e", "..%2f..%2fx", "a%2fb", ".x", "x" * 100):
        assert server.ask("PUT", f"/views/{key}/{name}", 1).status in (400, 404), name
        assert server.ask("DELETE", f"/views/{key}/{name}").status in (400, 404), name
    assert server.ask("PUT", f"/views/{key}/x", b"{").status == 400
    assert server.ask("PUT", f"/views/{key}/x", b"[" * 100_000).status == 400
    assert server.ask("PUT", f"/views/{key}/x", "x" * (256 << 10)).status == 413
    assert server.ask("PUT", f"/views/{'0' * 16}/x", 1).status == 404
    assert server.ask("DELETE", f"/views/{key}/my%20view").json == {"views": {}}


ADDRESSES = [
    ("GET", "/runs", False),
    ("GET", "/runs/export", False),
    ("POST", "/sparks", False),
    ("POST", "/compare", False),
    ("POST", "/edits", True),
    ("GET", "/views/{key}", False),
    ("PUT", "/views/{key}/x", True),
    ("DELETE", "/views/{key}/x", True),
]


@pytest.mark.parametrize(("method", "path", "writes"), ADDRESSES)
def test_who_is_not_logged_in_gets_nothing(
    server: Server, key: str, method: str, path: str, writes: bool
) -> None:
    body = None if method == "GET" else {"store": key, "runs": [], "keys": []}
    answer = server.ask(method, path.format(key=key), body, login=False)
    assert answer.status == 403
    assert b"config" not in answer.body


@pytest.mark.parametrize(("method", "path", "writes"), ADDRESSES)
def test_a_server_that_only_reads(
    reader: Server, key: str, method: str, path: str, writes: bool
) -> None:
    body = None if method == "GET" else {"store": key, "runs": [], "keys": []}
    answer = reader.ask(method, path.format(key=key), body)
    assert answer.status == (403 if writes else 200)
    if writes:
        assert "only reads" in answer.json["message"]


@pytest.mark.parametrize("path", ["/sparks", "/compare", "/edits"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'{"store": 1}', 400),
        (b'{"store": "0000000000000000", "runs": ["x"], "keys": ["x"]}', 404),
        (b'{"store": "../../etc", "runs": ["../x"], "keys": ["x"]}', 404),
        (b"x" * (MAX_BODY + 1), 413),
    ],
)
def test_bodies_that_are_none(server: Server, path: str, body: bytes, status: int) -> None:
    assert server.ask("POST", path, body).status == status
