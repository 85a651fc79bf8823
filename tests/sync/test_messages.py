"""What a person is told when a sync fails: the cause, where, and what to do. No secrets."""

from __future__ import annotations

import datetime
import ssl
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import trustme

from nbtrack import NbtrackError, SyncError, UsageError
from nbtrack.sync.place import Place
from tests.sync.messages import ENDPOINT, PASSWORD, SECRETS, check, no_secrets, told
from tests.sync.servers import (
    EMPTY_LIST,
    answering,
    free_port,
    refusing,
    saying,
)

pytestmark = pytest.mark.usefixtures("strict")


def test_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, f"http://me:{PASSWORD}@no-such-host.invalid")
    check(told(), "the host has no address", "network's DNS", passing=True)


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, f"http://me:{PASSWORD}@127.0.0.1:{free_port()}")
    check(told(), "nobody answers", "the server runs", passing=True)


@pytest.mark.parametrize("url", ["nonsense", "http://", "https://host:99999", "http://a b:c"])
def test_what_is_no_endpoint(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv(ENDPOINT, url)
    check(told(), "an option of the connection cannot be used", "begin with AWS_")


@pytest.mark.parametrize(
    ("name", "value"),
    [("AWS_TIMEOUT", "nonsense"), ("AWS_PROXY_URL", f"http://me:{PASSWORD}@bad host:x")],
)
def test_what_is_no_option(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    check(told(), "an option of the connection cannot be used", "begin with AWS_")


def test_no_tls_where_none_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    check(told(), "the endpoint has no TLS", "AWS_ALLOW_HTTP=true")


class TestTLS:
    def serving(
        self,
        host: str = "127.0.0.1",
        first: datetime.datetime | None = None,
        last: datetime.datetime | None = None,
    ) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority = trustme.CA()
        issued = self.authority.issue_cert(host, not_before=first, not_after=last)
        issued.configure_cert(context)
        return context

    def trust(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.authority.cert_pem.write_to_path(tmp_path / "authority.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))

    @pytest.mark.parametrize("remedy", ["SSL_CERT_FILE", "AWS_ALLOW_INVALID_CERTIFICATES"])
    def test_a_certificate_of_nobodys(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remedy: str
    ) -> None:
        with answering(saying(200, EMPTY_LIST), self.serving()) as server:
            monkeypatch.setenv(ENDPOINT, server.url)
            check(told(), "the server's certificate is not trusted", remedy)
            # And the remedy is one.
            if remedy == "SSL_CERT_FILE":
                self.trust(tmp_path, monkeypatch)
            else:
                monkeypatch.setenv(remedy, "true")
            Place("s3://bucket").check()

    @pytest.mark.parametrize("days", [(-9, -2), (2, 9)])
    def test_a_certificate_of_another_time(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: tuple[int, int]
    ) -> None:
        now = datetime.datetime.now(datetime.UTC)
        first, last = (now + datetime.timedelta(days=day) for day in days)
        context = self.serving(first=first, last=last)
        self.trust(tmp_path, monkeypatch)
        with answering(saying(200, EMPTY_LIST), context) as server:
            monkeypatch.setenv(ENDPOINT, server.url)
            check(told(), "the server's certificate is not valid at this time", "clock")

    def test_a_certificate_of_another_host(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        context = self.serving("elsewhere.example")
        self.trust(tmp_path, monkeypatch)
        with answering(saying(200, EMPTY_LIST), context) as server:
            monkeypatch.setenv(ENDPOINT, server.url)
            check(told(), "the server's certificate is that of another host", ENDPOINT)

    def test_plain_where_tls_is_expected(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with answering(saying(200, EMPTY_LIST)) as server:
            monkeypatch.setenv(ENDPOINT, server.url.replace("http:", "https:"))
            check(told(), "the endpoint does not speak TLS", "http:// in AWS_ENDPOINT_URL")

    def test_tls_where_plain_is_expected(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with answering(saying(200, EMPTY_LIST), self.serving()) as server:
            monkeypatch.setenv(ENDPOINT, server.url.replace("https:", "http:"))
            check(told(), "the connection broke", "write https:// in", passing=True)
        # So say nginx and servers written in Go.
        words = b"<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>"
        with answering(saying(400, words)) as server:
            monkeypatch.setenv(ENDPOINT, server.url)
            check(told(), "the endpoint has TLS", "https:// in AWS_ENDPOINT_URL")


class TestProxies:
    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_one_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
        port = free_port()
        monkeypatch.setenv(ENDPOINT, f"{scheme}://s3.example.invalid")
        monkeypatch.setenv(f"{scheme.upper()}_PROXY", f"http://me:{PASSWORD}@127.0.0.1:{port}")
        cause = f"the proxy 127.0.0.1:{port} cannot be reached"
        check(told(), cause, "NO_PROXY", passing=True)
        # And the remedy is one: now the host itself is asked for.
        monkeypatch.setenv("NO_PROXY", "s3.example.invalid")
        check(told(), "the host has no address", "DNS", passing=True)

    def test_one_without_an_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(ENDPOINT, "https://s3.example.invalid")
        monkeypatch.setenv("AWS_PROXY_URL", f"http://me:{PASSWORD}@proxy.invalid:8080")
        cause = "the proxy proxy.invalid:8080 cannot be reached"
        check(told(), cause, "HTTPS_PROXY", passing=True)

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_one_that_wants_a_password(self, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
        with answering(saying(407, b"denied")) as server:
            monkeypatch.setenv(ENDPOINT, f"{scheme}://s3.example.invalid")
            proxy = server.url.replace("//", f"//me:{PASSWORD}@")
            monkeypatch.setenv(f"{scheme.upper()}_PROXY", proxy)
            check(told(), "the proxy wants a name and a password", "HTTPS_PROXY")

    def test_one_that_cannot_connect(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with answering(saying(502, b"<html>bad gateway</html>")) as server:
            monkeypatch.setenv(ENDPOINT, "https://s3.example.invalid")
            proxy = server.url.replace("//", f"//me:{PASSWORD}@")
            monkeypatch.setenv("HTTPS_PROXY", proxy)
            check(told(), "the proxy did not connect to the host", "HTTPS_PROXY", passing=True)


UNKNOWN = ("the store does not know who asks", "AWS_ACCESS_KEY_ID", False)
NO_ROOM = ("the store has no room left", "quota", False)
REGION = ("the bucket is in another region", "AWS_REGION", False)
BUSY = ("the store asks to slow down", "--concurrency", True)
FAILED = ("the store failed", "later", True)
NO_STORE = ("no object store is at the endpoint", ENDPOINT, False)


@pytest.mark.parametrize("put", [False, True], ids=["list", "put"])
@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (401, "Unauthorized", UNKNOWN),
        (400, "ExpiredToken", UNKNOWN),
        (403, "InvalidAccessKeyId", UNKNOWN),
        (403, "SignatureDoesNotMatch", UNKNOWN),
        (403, "AccessDenied", ("these credentials may not do that", "list, read", False)),
        (404, "NoSuchBucket", ("there is no such bucket", "Make it", False)),
        (301, "PermanentRedirect", REGION),
        (400, "AuthorizationHeaderMalformed", REGION),
        (400, "RequestTimeout", ("the store did not answer in time", "later", True)),
        (400, "EntityTooLarge", ("the store does not take objects that large", "--exclude", False)),
        (413, "", ("the store does not take objects that large", "--exclude", False)),
        (507, "InsufficientStorage", NO_ROOM),
        (403, "QuotaExceeded", NO_ROOM),
        (400, "XMinioStorageFull", NO_ROOM),
        (429, "TooManyRequests", BUSY),
        (503, "SlowDown", BUSY),
        (503, "ServiceUnavailable", FAILED),
        (500, "InternalError", FAILED),
        (502, "", FAILED),
        (405, "MethodNotAllowed", NO_STORE),
    ],
)
def test_what_a_server_answers(
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    code: str,
    expected: tuple[str, str, bool],
    put: bool,
) -> None:
    with answering(refusing(status, code)) as server:
        monkeypatch.setenv(ENDPOINT, server.url)
        error = told(put=put)
        cause, remedy, passing = expected
        check(error, cause, remedy, passing=passing)
        assert str(status) in error.message or code == "PermanentRedirect"
        assert not code or status == 301 or f"{code} it is" in error.message


def test_a_number_in_an_address_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused is not asked for in another way, as it is where conditions are unknown."""
    with answering(refusing(403, "AccessDenied")) as server:
        monkeypatch.setenv(ENDPOINT, server.url)
        with pytest.raises(SyncError, match="may not do that"):
            Place("s3://bucket").put("501 NotImplemented", b"content")
        assert len(server.requests) == 1


def test_what_somebody_else_puts_just_now_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "HEAD":
            saying(404)(handler)
        else:
            refusing(409, "ConditionalRequestConflict")(handler)

    with answering(answer) as server:
        monkeypatch.setenv(ENDPOINT, server.url)
        error = told(put=True)
        check(error, "somebody else changes the same object", "later", passing=True)


def test_a_page_to_log_in_is_no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(saying(200, b"<html><title>Log in</title></html>")) as server:
        monkeypatch.setenv(ENDPOINT, server.url)
        check(told(put=True), NO_STORE[0], ENDPOINT)
    with answering(saying(404, b"<html><title>Not here</title></html>")) as server:
        monkeypatch.setenv(ENDPOINT, server.url)
        check(told(), NO_STORE[0], ENDPOINT)


@pytest.mark.parametrize("minutes", [-20, 20])
def test_a_clock_that_is_wrong(monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    """The server looks at when a request says that it was signed, as S3 does."""
    shift = datetime.timedelta(0)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        signed = datetime.datetime.strptime(handler.headers["x-amz-date"], "%Y%m%dT%H%M%S%z")
        apart = abs(datetime.datetime.now(datetime.UTC) + shift - signed)
        if apart > datetime.timedelta(minutes=15):
            refusing(403, "RequestTimeTooSkewed")(handler)
        else:
            saying(200, EMPTY_LIST)(handler)

    with answering(answer) as server:
        monkeypatch.setenv(ENDPOINT, server.url)
        Place("s3://bucket/team").check()
        shift = datetime.timedelta(minutes=minutes)
        check(told(), "this machine's clock differs from the server's", "Set the clock")


@pytest.mark.parametrize(
    "url",
    [
        f"s3://AKIA:{PASSWORD}@bucket/folder",
        f"az://container/folder?sv=1&sig={PASSWORD}",
        f"ftp://me:{PASSWORD}@host/folder",
        f"file:///folder?{PASSWORD}",
    ],
)
def test_an_url_with_a_secret_is_refused_without_it(url: str) -> None:
    with pytest.raises(UsageError) as raised:
        Place(url)
    no_secrets(str(raised.value))
    assert "file:///folder" in str(raised.value)


@pytest.mark.parametrize(
    ("url", "environ", "cause", "remedy"),
    [
        ("az://c/f", {}, UNKNOWN[0], "AZURE_STORAGE_ACCOUNT_KEY"),
        (
            "az://c/f",
            {"AZURE_STORAGE_ACCOUNT_NAME": "a", "AZURE_STORAGE_ACCOUNT_KEY": f"!{PASSWORD}"},
            "the credentials cannot be used",
            "AZURE_STORAGE_ACCOUNT_KEY",
        ),
        (
            "gs://b/f",
            {"GOOGLE_APPLICATION_CREDENTIALS": "/none.json"},
            "the credentials cannot be used",
            "GOOGLE_APPLICATION_CREDENTIALS",
        ),
        (
            "gs://b/f",
            {"GOOGLE_SERVICE_ACCOUNT_KEY": f'{{"private_key": "{PASSWORD}"}}'},
            "the credentials cannot be used",
            "GOOGLE_APPLICATION_CREDENTIALS",
        ),
    ],
)
def test_credentials_that_are_none(
    monkeypatch: pytest.MonkeyPatch, url: str, environ: dict[str, str], cause: str, remedy: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    check(told(url), cause, remedy)


def test_no_credentials_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    check(told(), UNKNOWN[0], "AWS_ACCESS_KEY_ID")


def test_folders_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/none/below")):
        check(told(f"file://{folder}"), "this folder cannot be made", "Check the path")


def test_every_message_is_an_error_of_ours() -> None:
    assert issubclass(SyncError, NbtrackError)
