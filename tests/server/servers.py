"""Real servers in processes of their own, asked byte by byte."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

PATIENCE = 120.0
TOKEN = "a-token-of-this-test"
BASE = "/user/ada/"


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Server:
    """A server on loopback.

    Args:
        command: What starts it.
        log: Where it writes.
        announced: Finds its port in that.
    """

    def __init__(
        self, command: list[str], log: Path, announced: str, base: str, token: str | None
    ) -> None:
        self.base = base
        self.log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                command,
                stdout=file,
                stderr=file,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"},
                start_new_session=True,
            )
        try:
            found = wait_for(lambda: re.search(announced, self._said()), "the address")
            self._port = int(found["port"])
            self.token = token or found["token"]
            wait_for(lambda: self._answers(), "the server answers")
        except BaseException:
            self.stop()
            raise

    @property
    def port(self) -> int:
        """Where it listens; a server that has ended fails the test with what it said."""
        assert self.process.poll() is None, f"it ended: {self.process.poll()}\n{self._said()}"
        return self._port

    def stop(self) -> None:
        """End it, as Ctrl-C does for one."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | str | None = None,
        *,
        token: bool = True,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One request; ``path`` is sent as it stands, below the base of the server."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        # What a person types is sent as it is, also what is no address.
        connection._validate_path = lambda url: None  # type: ignore[attr-defined]
        given = {"Authorization": f"token {self.token}"} if token else {}
        with contextlib.closing(connection):
            content = body.encode() if isinstance(body, str) else body
            # What is too much for it, it answers and hangs up on before it has read all of that.
            with contextlib.suppress(BrokenPipeError):
                connection.request(method, self.base + path, content, {**given, **(headers or {})})
            reply = connection.getresponse()
            return Answer(reply.status, reply.headers, reply.read())

    @contextlib.contextmanager
    def stream(self, path: str) -> Iterator[http.client.HTTPResponse]:
        """An answer that goes on."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            headers = {"Authorization": f"token {self.token}"}
            connection.request("GET", self.base + path, None, headers)
            yield connection.getresponse()

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.ask("GET", "nbtrack/api/").status == 200
        return False

    def _said(self) -> str:
        return self.log.read_text(errors="replace")


def jupyter_server(folder: Path, *options: str) -> Server:
    """A whole Jupyter server, behind a base URL as a hub gives it."""
    command = [
        *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", f"--ServerApp.base_url={BASE}"),
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.jpserver_extensions={'nbtrack': True}",
        f"--IdentityProvider.token={TOKEN}",
        *options,
    ]
    said = rf"http://127\.0\.0\.1:(?P<port>\d+){BASE}"
    return Server(command, folder / "server.log", said, BASE, TOKEN)


def nbtrack_ui(folder: Path, *options: str, port: int | None = None) -> Server:
    """``nbtrack ui``.

    Args:
        port: None: the first free one, as for a person; other tests may look for it too.
    """
    command = [sys.executable, "-m", "nbtrack", "ui", "--no-browser", *options]
    command += [] if port is None else ["--port", str(port)]
    said = r"http://127\.0\.0\.1:(?P<port>\d+)/nbtrack\?token=(?P<token>\w+)"
    return Server(command, folder / "ui.log", said, "/", None)


def free_port() -> int:
    """A port that nobody listens on."""
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Wait until something is so. Returns what the condition did."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain until {what}"
        time.sleep(0.02)
    return found
