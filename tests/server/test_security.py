"""Who may ask a real server for what, and what no request can make it do."""

from __future__ import annotations

import gzip
import json
import re
import string
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbtrack.server import (
    artifact_handlers,
    handlers,
    live_handlers,
    media_handlers,
    run_handlers,
)
from nbtrack.store.spool import put_file
from tests.server.servers import Server
from tests.server.sessions import Session, record_digits

MIB = 1 << 20
MODULES = (artifact_handlers, handlers, live_handlers, media_handlers, run_handlers)
# Also where the runs' table is, whether it is answered or not.
OTHERS = ("runs", "runs/export", "sparks", "edits", "compare", "views/{store}", "views/{store}/a")


def addresses(session: Session) -> list[str]:
    """Every address of the API, with a run that there is."""
    patterns = [str(pattern) for module in MODULES for pattern, *_ in module.addresses(None)]
    found = [pattern.removeprefix("/nbtrack/api").strip("/?") for pattern in patterns]
    found += OTHERS
    for old, new in (
        (r"(?P<store>[0-9a-f]{16})", session.key),
        ("{store}", session.key),
        (r"(?P<run_id>[A-Za-z0-9_-]{1,64})", "one"),
        (r"(?P<run>[A-Za-z0-9_-]{1,64})", "one"),
        ("(?P<path>.+)", "run.json"),
        (r"(?P<name>[0-9a-f]{40}\.[a-z0-9]{1,8})", put_file(session.run_dir, "html", [b"<p>"])),
        ("(?P<name>[A-Za-z0-9_-][A-Za-z0-9._-]{0,127})", "pets"),
        ("(?P<version>[0-9]{1,9})", "0"),
        ("(?P<kernel>[A-Za-z0-9_-]{1,100})", "a-kernel"),
    ):
        found = [address.replace(old, new) for address in found]
    assert not [address for address in found if "(" in address]
    return [f"nbtrack/api/{address}" for address in found]


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"])
def test_nobody_gets_anything_without_the_token(
    server: Server, served: Session, pets: str, method: str
) -> None:
    for address in addresses(served):
        body = b"{}" if method in ("POST", "PATCH", "PUT") else None
        answer = server.ask(method, address, body, token=False)
        assert answer.status in (403, 404, 405), address
        assert b"brave-otter" not in answer.body
        wrong = {"Authorization": "token wrong"}
        assert server.ask(method, address, body, token=False, headers=wrong).status >= 403
    answer = server.ask("GET", f"nbtrack/api/runs/{served.key}/one", token=False)
    assert (answer.status, list(answer.json())) == (403, ["message"])


@pytest.mark.parametrize("page", ["nbtrack", "nbtrack/", "nbtrack/runs/a/b", "nbtrack/compare?r=1"])
def test_pages_send_to_the_login(server: Server, page: str) -> None:
    answer = server.ask("GET", page, token=False)
    assert answer.status == 302
    assert answer.headers["Location"].startswith("/user/ada/login?next=")
    answer = server.ask("GET", page)
    assert answer.status == 200
    assert b'<div id="nbtrack" data-base-url="/user/ada/"' in answer.body
    policy = answer.headers["Content-Security-Policy"]
    (scripts,) = re.findall(r"script-src ([^;]*)", policy)
    assert scripts.split() == ["'self'"]
    assert "default-src 'none'" in policy
    assert b"<script>" not in answer.body
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_what_the_pages_load_is_there(server: Server) -> None:
    text = server.ask("GET", "nbtrack").body.decode()
    found = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert len(found) == 3
    assert all(address.startswith("/user/ada/static/nbtrack/") for address in found)
    assert all("?v=" in address for address in found)
    (icon,) = [address for address in found if ".svg" in address]
    answer = server.ask("GET", icon.removeprefix("/user/ada/"), token=False)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "image/svg+xml"


def test_every_address_has_something_to_answer(server: Server, served: Session, pets: str) -> None:
    for address in addresses(served):
        if address.endswith("/stream") or "/tables/" in address or "entries" in address:
            continue
        if not address.endswith(("series", "sparks", "edits", "compare", "views/{store}/a", "/a")):
            assert server.ask("GET", address).status == 200, address


def test_headers_of_answers(server: Server, served: Session, pets: str) -> None:
    for address in addresses(served):
        if address.endswith("/stream"):
            continue
        answer = server.ask("GET", address)
        is_fixed = "/media/files/" in address
        assert answer.headers["X-Content-Type-Options"] == "nosniff", address
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], address
        kept = answer.headers["Cache-Control"]
        # Only what never changes may be kept without asking again.
        known = (*("no-store", "no-cache"), *["private, max-age=31536000, immutable"] * is_fixed)
        assert kept in known or answer.status in (404, 405), address


def test_an_answer_that_a_page_has_is_not_sent_again(server: Server, served: Session) -> None:
    for kind in ("", "/cells", "/logs"):
        address = f"nbtrack/api/runs/{served.key}/one{kind}"
        answer = server.ask("GET", address)
        tag = answer.headers["ETag"]
        assert server.ask("GET", address, headers={"If-None-Match": tag}).status == 304
        again = server.ask("GET", address, headers={"If-None-Match": 'W/"other"'})
        assert (again.status, again.body) == (200, answer.body)


def test_answers_are_packed_for_those_who_can_unpack_them(server: Server, served: Session) -> None:
    address = f"nbtrack/api/runs/{served.key}/one"
    plain = server.ask("GET", address)
    packed = server.ask("GET", address, headers={"Accept-Encoding": "br, gzip"})
    assert (plain.headers["Content-Encoding"], packed.headers["Content-Encoding"]) == (None, "gzip")
    assert len(packed.body) < len(plain.body)
    assert gzip.decompress(packed.body) == plain.body


@pytest.mark.parametrize(
    "path",
    [
        "../one/run.json",
        "%2e%2e/one/run.json",
        "%2e%2e%2f%2e%2e%2fgitignore",
        "..%2f..%2f.gitignore",
        "files/../../../.gitignore",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "//etc/passwd",
        "files/%00",
        "files/page.html%00.txt",
        "files/out",
        "files/%ff%fe",
        "..%5c..%5crun.json",
        ".hidden",
        "a" * 5000,
        "%2e%2e/" * 300 + "etc/passwd",
    ],
)
def test_files_outside_of_a_run_are_refused(
    server: Server, served: Session, path: str, tmp_path: Path
) -> None:
    link = served.run_dir.files / "out"
    if not link.is_symlink():
        link.symlink_to("/etc/passwd")
    answer = server.ask("GET", f"nbtrack/api/runs/{served.key}/one/files/{path}")
    assert answer.status in (400, 404)
    assert b"root:" not in answer.body
    assert answer.body != b"*\n"


@pytest.mark.parametrize("name", ["page.html", "image.svg"])
def test_a_file_of_a_run_can_do_nothing(server: Server, served: Session, name: str) -> None:
    answer = server.ask("GET", f"nbtrack/api/runs/{served.key}/one/files/files/{name}")
    assert answer.status == 200
    policy = [part.strip() for part in answer.headers["Content-Security-Policy"].split(";")]
    # No scripts, and an origin that is nobody's: no cookies, no requests in the person's name.
    assert {"sandbox", "default-src 'none'"} <= set(policy)
    assert not [part for part in policy if "script" in part or "allow-" in part]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == "inline"


def test_parts_of_a_file(server: Server, served: Session) -> None:
    address = f"nbtrack/api/runs/{served.key}/one/files/files/long.txt"
    whole = bytes(range(256)) * 4096
    answer = server.ask("GET", address)
    assert (answer.status, answer.body) == (200, whole)
    for asked, start, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=256-", 256, MIB),
        ("bytes=-10", MIB - 10, MIB),
        ("bytes=1000-99999999", 1000, MIB),
    ):
        answer = server.ask("GET", address, headers={"Range": asked})
        assert (answer.status, answer.body) == (206, whole[start:end]), asked
        assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{MIB}"
    for asked in (f"bytes={MIB}-", "bytes=5-3", "bytes=-0"):
        assert server.ask("GET", address, headers={"Range": asked}).status == 416
    for asked in ("bytes=a-b", "bytes=0-1,5-6", "lines=1-2"):
        assert server.ask("GET", address, headers={"Range": asked}).status == 200
    of_another = {"Range": "bytes=0-0", "If-Range": '"other"'}
    assert server.ask("GET", address, headers=of_another).status == 200
    tag = answer.headers["ETag"]
    assert server.ask("GET", address, headers={"If-None-Match": tag}).status == 304
    kept = server.ask("GET", f"{address}?download=1").headers["Content-Disposition"]
    assert kept == "attachment; filename*=UTF-8''long.txt"


def test_a_change_over_http(server: Server, tmp_path: Path) -> None:
    session = record_digits(tmp_path / ".nbtrack")
    address = f"nbtrack/api/runs/{session.key}/one"
    answer = server.ask("PATCH", address, json.dumps({"name": "better", "tags": ["a"]}))
    assert (answer.status, answer.json()["name"], answer.json()["tags"]) == (200, "better", ["a"])
    assert server.ask("GET", address).json()["name"] == "better"
    for body in ("", "{", "[]", '{"name": 3}', '{"name": ""}', '{"tags": "a"}', "\ud800"):
        sent = body.encode("utf-8", "surrogatepass")
        answer = server.ask("PATCH", address, sent)
        assert (answer.status, list(answer.json())) == (400, ["message"]), body
    huge = json.dumps({"notes": "a" * MIB})
    assert server.ask("PATCH", address, huge).status == 413
    assert server.ask("PATCH", f"nbtrack/api/runs/{session.key}/nobody", "{}").status == 404
    assert server.ask("PATCH", f"nbtrack/api/runs/{'0' * 16}/one", "{}").status == 404


def test_who_is_logged_in_by_cookie_has_to_prove_where_a_change_comes_from(
    server: Server, tmp_path: Path
) -> None:
    session = record_digits(tmp_path / ".nbtrack")
    address = f"nbtrack/api/runs/{session.key}/one"
    # As a browser that came with the token in the address.
    answer = server.ask("GET", f"nbtrack?token={server.token}", token=False)
    cookies = [value.split(";")[0] for value in answer.headers.get_all("Set-Cookie") or ()]
    cookie = {"Cookie": "; ".join(cookies)}
    (proof,) = [one.partition("=")[2] for one in cookies if one.startswith("_xsrf=")]
    seen = server.ask("GET", address, token=False, headers=cookie)
    assert seen.status == 200
    change = '{"name": "theirs"}'
    for headers in (
        cookie,
        {**cookie, "X-XSRFToken": "wrong"},
        {**cookie, "X-XSRFToken": proof, "Origin": "http://evil.example"},
    ):
        answer = server.ask("PATCH", address, change, token=False, headers=headers)
        assert answer.status in (403, 404), headers
    for post in ("series",):
        answer = server.ask("POST", f"nbtrack/api/{post}", "{}", token=False, headers=cookie)
        assert answer.status == 403
    assert server.ask("GET", address).json()["name"] == "brave-otter-1"
    proven = {**cookie, "X-XSRFToken": proof}
    assert server.ask("PATCH", address, change, token=False, headers=proven).status == 200
    assert server.ask("GET", address).json()["name"] == "theirs"


def test_a_server_that_only_reads(read_only: Server, served: Session) -> None:
    address = f"nbtrack/api/runs/{served.key}/one"
    assert read_only.ask("GET", "nbtrack/api/").json()["read_only"] is True
    edits = served.run_dir.edit_files()
    answer = read_only.ask("PATCH", address, '{"name": "no"}')
    assert (answer.status, answer.json()) == (403, {"message": "this server only reads"})
    assert served.run_dir.edit_files() == edits
    assert read_only.ask("GET", address).status == 200
    asked = {"store": served.key, "series": [{"run": "one", "key": "loss"}]}
    assert read_only.ask("POST", "nbtrack/api/series", json.dumps(asked)).status == 200


def test_the_server_alone_serves_that_store_and_nothing_else(
    read_only: Server, tmp_path: Path
) -> None:
    other = record_digits(tmp_path / ".nbtrack")
    assert read_only.ask("GET", f"nbtrack/api/runs/{other.key}/one").status == 404
    assert len(read_only.ask("GET", "nbtrack/api/").json()["stores"]) == 1
    for path in ("api/contents", "api/kernels", "api/terminals", "files/ui.log"):
        assert read_only.ask("GET", path).status in (403, 404), path
    assert read_only.ask("POST", "api/kernels", "{}").status in (403, 404)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "store series run key attempt kind x start end buckets runs keys name tags notes"
                " discarded add_tags where".split()
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
SERIES = st.fixed_dictionaries(
    {
        "series": st.lists(
            st.fixed_dictionaries(
                {"run": st.sampled_from(["one", "..", ""]), "key": st.sampled_from(["loss", "'"])},
                optional={
                    "attempt": st.none() | st.integers(-3, 3) | st.integers(),
                    "kind": st.sampled_from(["metric", "system"]),
                },
            ),
            max_size=3,
        )
    },
    optional={
        "x": st.sampled_from(["step", "time", "relative", "loss", "best", "'; DROP"]),
        "start": st.none() | st.floats(allow_nan=False),
        "end": st.none() | st.floats(allow_nan=False),
        "buckets": st.integers(-1, 6000),
    },
)
QUERY = st.dictionaries(
    st.sampled_from(
        "cell search before limit since kernel viewer download where store a key attempt steps sort"
        " descending offset".split()
    ),
    st.text(max_size=8) | st.integers().map(str) | st.sampled_from(["null", "1e9", "-1", "1_0"]),
    max_size=4,
)
PART = st.text(string.ascii_letters + "./%0_-~ü\\'\"<>", max_size=12)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_request_is_too_much_for_it(
    server: Server, served: Session, pets: str, data: st.DataObject
) -> None:
    known = [address for address in addresses(served) if not address.endswith("/stream")]
    address = data.draw(st.sampled_from(known))
    if data.draw(st.integers(0, 3)) == 0:
        address += "/" + quote(data.draw(PART), safe="/%")
    if data.draw(st.booleans()):
        pairs = data.draw(QUERY).items()
        address += "?" + "&".join(f"{name}={quote(value)}" for name, value in pairs)
    method = data.draw(st.sampled_from("GET GET POST PATCH PUT DELETE HEAD TRACE".split()))
    body = None
    if method in ("POST", "PATCH", "PUT", "DELETE"):
        kind = data.draw(st.integers(0, 3))
        if kind == 0:
            body = data.draw(st.binary(max_size=100))
        elif kind == 1:
            body = json.dumps(data.draw(JSON)).encode()
        elif kind == 2:
            body = json.dumps({"store": served.key, **data.draw(SERIES)}).encode()
        else:
            body = b"[" * data.draw(st.sampled_from([1, 5000, 2 * MIB]))
    answer = server.ask(method, address, body)
    assert answer.status != 500, (method, address, body and body[:200], answer.body)
    assert answer.status < 504


def test_after_all_that_it_still_answers(server: Server, served: Session) -> None:
    assert server.ask("GET", f"nbtrack/api/runs/{served.key}/one").status == 200
    assert server.log.read_text().partition("Traceback")[2][:3000] == ""
