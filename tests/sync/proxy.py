"""A proxy before a server, on loopback, that fails as networks and servers do."""

from __future__ import annotations

import contextlib
import http.client
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Fault = Literal["drop", "cut", "delay", "lost", "401", "403", "429", "500", "503", "skew"]
Look = Callable[[str, str], bool]
FAULTS: tuple[Fault, ...] = ("drop", "cut", "delay", "lost", "429", "500", "503")


_CODES = {
    "401": "InvalidToken",
    "403": "AccessDenied",
    "429": "TooManyRequests",
    "500": "InternalError",
    "501": "NotImplemented",
    "503": "ServiceUnavailable",
}


def refuse(handler: BaseHTTPRequestHandler, status: int, code: str) -> None:
    """Answer as S3 does."""
    content = f"<Error><Code>{code}</Code><Message>{code} it is</Message></Error>".encode()
    handler.send_response(status)
    if status == 429:
        handler.send_header("Retry-After", "0")
    handler.send_header("Content-Length", str(len(content)))
    handler.send_header("Connection", "close")
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(content)


class FaultProxy:
    """A running proxy.

    Attributes:
        url: Its endpoint.
        faults: What happens to requests: ``drop`` closes the connection unasked, ``cut`` in the
            middle of the answer, ``lost`` after the server has done it; ``delay`` takes a while.
        share: To which part of the requests.
        never: What has this in its path is always refused.
        full: How what is put is refused, ``507`` or ``403 QuotaExceeded``; empty if it is not.
        conditional: Whether objects can be put only where none is.
        sent: What it passed on or refused: ``PUT /bucket/key``.
        most_sent_at_once: How many requests with a body there were at a time.
        before, after: Called with the method and the path of each request, before the server gets
            it and when it has answered; if one returns True, the connection is closed then.
        seen: How often each happened; ``""``: nothing did.
    """

    def __init__(self, upstream: str, *, seed: int = 1) -> None:
        self.faults: Sequence[Fault] = FAULTS
        self.share = 0.0
        self.never = ""
        self.full = ""
        self.conditional = True
        self.before: Look = lambda method, path: False
        self.after: Look = lambda method, path: False
        self.seen: Counter[str] = Counter()
        self.sent: list[str] = []
        self.most_sent_at_once = 0
        self._sending = 0
        self._dice = random.Random(seed)
        self._lock = threading.Lock()
        target = urlsplit(upstream)
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.raw_requestline = self.rfile.readline(65_537)
                    if self.raw_requestline and self.parse_request():
                        proxy._answer(self, f"{target.hostname}:{target.port}")

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextlib.contextmanager
    def running(self) -> Iterator[FaultProxy]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def _choose(self) -> str:
        with self._lock:
            fault = self._dice.choice(self.faults) if self._dice.random() < self.share else ""
            self.seen[fault] += 1
            return fault

    @contextlib.contextmanager
    def _counted(self, body: bytes) -> Iterator[None]:
        with self._lock:
            self._sending += bool(body)
            self.most_sent_at_once = max(self.most_sent_at_once, self._sending)
        try:
            yield
        finally:
            with self._lock:
                self._sending -= bool(body)

    def _answer(self, handler: BaseHTTPRequestHandler, upstream: str) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        with self._lock:
            self.sent.append(f"{handler.command} {handler.path}")
        fault = self._choose()
        if self.before(handler.command, handler.path):
            fault = "drop"
        if fault == "drop":
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        if self.full and handler.command in ("PUT", "POST"):
            status, _, code = self.full.partition(" ")
            refuse(handler, int(status), code or "InsufficientStorage")
            return
        if self.never and self.never in handler.path:
            fault = "500"
        if not self.conditional and handler.headers.get("If-None-Match"):
            fault = "501"
        if fault == "skew":
            refuse(handler, 403, "RequestTimeTooSkewed")
            return
        if fault.isdigit():
            refuse(handler, int(fault), _CODES[fault])
            return
        with (
            self._counted(body),
            contextlib.closing(http.client.HTTPConnection(upstream, timeout=30)) as connection,
        ):
            if fault == "delay":
                time.sleep(0.05)
            headers = {
                name: value for name, value in handler.headers.items() if name != "Connection"
            }
            connection.request(handler.command, handler.path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
        if self.after(handler.command, handler.path):
            fault = "lost"
        if fault == "lost":
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        handler.send_response(answer.status)
        hop = ("connection", "transfer-encoding", "content-length", "date", "server")
        for name, value in answer.getheaders():
            if name.lower() not in hop:
                handler.send_header(name, value)
        length = answer.getheader("Content-Length") if handler.command == "HEAD" else None
        handler.send_header("Content-Length", length or str(len(content)))
        handler.send_header("Connection", "close")
        handler.end_headers()
        if fault == "cut":
            handler.wfile.write(content[: len(content) // 2])
            handler.wfile.flush()
            handler.connection.shutdown(socket.SHUT_RDWR)
        elif handler.command != "HEAD":
            handler.wfile.write(content)
