"""The table's addresses, asked of a real Jupyter server."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest

from nbtrack.server.requests import MAX_BODY
from nbtrack.store import registry
from nbtrack.store.layout import Store
from tests.server.servers import Answer, Server, jupyter_server
from tests.server.stores import make_store, run_id


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_store(tmp_path_factory.mktemp("served") / ".nbtrack", 12)


@pytest.fixture(scope="module")
def server(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = jupyter_server(tmp_path_factory.mktemp("root"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def reader(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("root")
    started = jupyter_server(root, "--NbtrackServer.read_only=True")
    yield started
    started.stop()


def ask(
    server: Server, method: str, path: str, body: Any = None, *, login: bool = True, **headers: str
) -> Answer:
    """One request of the API; the body is sent as JSON unless it is bytes."""
    data = body if isinstance(body, bytes | None) else json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.ask(method, f"nbtrack/api{path}", data, token=login, headers=named)


@pytest.fixture
def key(store: Store) -> str:
    return registry.key_of(store)


def runs(key: str, **query: Any) -> str:
    return f"/runs?{urllib.parse.urlencode({'store': key, **query}, doseq=True)}"


def test_a_page_and_that_it_is_the_same(server: Server, key: str) -> None:
    query = runs(
        key, sort="-summary.val/acc", columns=["config.lr", "summary.val/acc,config.model"], limit=3
    )
    first = ask(server, "GET", query)
    assert first.status == 200
    page = first.json()
    assert (page["matched"], len(page["rows"])) == (12, 3)
    values = [row["summary"]["val/acc"] for row in page["rows"]]
    assert values == sorted(values, reverse=True)
    assert page["rows"][0]["config"].keys() == {"lr", "model"}
    tag = first.headers["Etag"]
    again = ask(server, "GET", query, If_None_Match=tag)
    assert (again.status, again.body) == (304, b"")
    other = ask(server, "GET", runs(key, limit=3), If_None_Match=tag)
    assert other.status == 200
    packed = ask(server, "GET", query, Accept_Encoding="gzip")
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
        answer = ask(server, "GET", query)
        assert answer.status == 400, query
        assert word in answer.json()["message"]
    assert ask(server, "GET", runs("0" * 16)).status == 404
    assert ask(server, "GET", runs("../..")).status == 404


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_export(server: Server, key: str, kind: str) -> None:
    answer = ask(server, "GET", f"/runs/export?store={key}&format={kind}&where=rows>0")
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
    answer = ask(server, "POST", "/sparks", {"store": key, "runs": wanted, "keys": ["loss"]})
    assert [spark["run"] for spark in answer.json()["sparks"]] == wanted
    answer = ask(server, "POST", "/compare", {"store": key, "runs": wanted})
    assert [run["id"] for run in answer.json()["runs"]] == wanted


def test_an_edit_shows_in_the_next_page(server: Server, key: str) -> None:
    wanted = [run_id(n) for n in range(4)]
    where = runs(key, where="list_contains(tags, 'bulk')")
    assert ask(server, "GET", where).json()["matched"] == 0
    body = {"store": key, "runs": [*wanted, "none"], "add_tags": ["bulk"]}
    answer = ask(server, "POST", "/edits", body)
    assert sorted(answer.json()["changed"]) == wanted
    assert answer.json()["failed"].keys() == {"none"}
    assert ask(server, "GET", where).json()["matched"] == 4
    hide = {"store": key, "runs": wanted, "discarded": True}
    ask(server, "POST", "/edits", hide)
    assert ask(server, "GET", runs(key)).json()["total"] == 8
    assert ask(server, "GET", runs(key, discarded="true")).json()["matched"] == 4
    undo = {"store": key, "runs": wanted, "remove_tags": ["bulk"], "discarded": False}
    ask(server, "POST", "/edits", undo)
    page = ask(server, "GET", runs(key)).json()
    assert (page["total"], page["matched"]) == (12, 12)


def test_a_change_of_one_run_shows_in_the_next_page(server: Server, key: str) -> None:
    named = runs(key, search="renamed")
    assert ask(server, "GET", named).json()["matched"] == 0
    assert ask(server, "PATCH", f"/runs/{key}/{run_id(5)}", {"name": "renamed"}).status == 200
    assert ask(server, "GET", named).json()["matched"] == 1


def test_views(server: Server, key: str) -> None:
    saved = ask(server, "PUT", f"/views/{key}/my%20view", {"sort": "name"})
    assert saved.json() == {"views": {"my view": {"sort": "name"}}}
    assert ask(server, "GET", f"/views/{key}").json() == saved.json()
    for name in ("..", "%2e%2e", "..%2f..%2fx", "a%2fb", ".x", "x" * 100):
        assert ask(server, "PUT", f"/views/{key}/{name}", 1).status in (400, 404), name
        assert ask(server, "DELETE", f"/views/{key}/{name}").status in (400, 404), name
    assert ask(server, "PUT", f"/views/{key}/x", b"{").status == 400
    assert ask(server, "PUT", f"/views/{key}/x", b"[" * 100_000).status == 400
    assert ask(server, "PUT", f"/views/{key}/x", "x" * (256 << 10)).status == 413
    assert ask(server, "PUT", f"/views/{'0' * 16}/x", 1).status == 404
    assert ask(server, "DELETE", f"/views/{key}/my%20view").json() == {"views": {}}


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
    body: Any = None if method == "GET" else {"store": key, "runs": [], "keys": []}
    answer = ask(server, method, path.format(key=key), body, login=False)
    assert answer.status == 403
    assert b"config" not in answer.body


@pytest.mark.parametrize(("method", "path", "writes"), ADDRESSES)
def test_a_server_that_only_reads(
    reader: Server, key: str, method: str, path: str, writes: bool
) -> None:
    body: Any = None if method == "GET" else {"store": key, "runs": [], "keys": []}
    answer = ask(reader, method, path.format(key=key), body)
    assert answer.status == (403 if writes else 200)
    if writes:
        assert "only reads" in answer.json()["message"]


@pytest.mark.parametrize(("method", "path"), [a[:2] for a in ADDRESSES if a[0] != "GET"])
def test_who_is_logged_in_by_cookie_has_to_prove_where_a_request_comes_from(
    server: Server, key: str, method: str, path: str
) -> None:
    came = server.ask("GET", f"nbtrack/api/?token={server.token}", token=False)
    cookies = [value.split(";")[0] for value in came.headers.get_all("Set-Cookie") or ()]
    assert cookies
    body = {"store": key, "runs": [], "keys": []}
    given = {"Cookie": "; ".join(cookies), "X_XSRFToken": "wrong"}
    assert ask(server, method, path.format(key=key), body, login=False, **given).status == 403


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
    assert ask(server, "POST", path, body).status == status
