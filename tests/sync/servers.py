"""Servers on loopback that answer, or do not, as a test says."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EMPTY_LIST = b"<ListBucketResult></ListBucketResult>"


class Asked:
    """What a server was asked.

    Attributes:
        url: Its endpoint.
        requests: ``GET /bucket`` of each, and when it came (monotonic).
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[tuple[str, float]] = []

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


Answer = Callable[[BaseHTTPRequestHandler], None]


def saying(status: int, content: bytes = b"", **headers: str) -> Answer:
    """An answer that is always the same."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.send_header("Connection", "close")
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)

    return answer


def refusing(status: int, code: str, **headers: str) -> Answer:
    """What S3 says when it does not want to; it quotes what was signed, as S3 does."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        quoted = "".join(f"{name}:{value}\n" for name, value in handler.headers.items())
        content = (
            f"<Error><Code>{code}</Code><Message>{code} it is</Message>"
            f"<CanonicalRequest>{quoted}</CanonicalRequest></Error>"
        )
        saying(status, content.encode(), **headers)(handler)

    return answer


@contextlib.contextmanager
def answering(
    answer: Answer, tls: ssl.SSLContext | None = None, *, reads: bool = False
) -> Iterator[Asked]:
    """A server whose every request ``answer`` answers, and whose body it ``reads`` itself."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.raw_requestline = self.rfile.readline(65_537)
                if self.raw_requestline and self.parse_request():
                    asked.requests.append((f"{self.command} {self.path}", time.monotonic()))
                    if not reads:
                        # Who hears an answer while it sends takes it for a broken connection.
                        self.rfile.read(int(self.headers.get("Content-Length") or 0))
                    answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> tuple[socket.socket, object]:
            client, address = super().get_request()
            if tls is not None:
                client = tls.wrap_socket(client, server_side=True)
            return client, address

        def handle_error(self, request: object, client_address: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    asked = Asked(f"http{'s' * bool(tls)}://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def accepting(serve: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server that does ``serve`` with each connection, which stays open then; its endpoint."""
    with socket.create_server(("127.0.0.1", 0)) as listening, contextlib.ExitStack() as open_ones:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listening.accept()
                    open_ones.enter_context(client)
                    threading.Thread(target=do, args=(client,), daemon=True).start()

        def do(client: socket.socket) -> None:
            with contextlib.suppress(OSError):
                serve(client)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
