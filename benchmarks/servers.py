"""Servers that the page's benchmark asks: each in a process and an environment of its own."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

_PATIENCE = 300.0
TOKEN = "of-this-benchmark"


class ServerError(Exception):
    """A server did not start, or did not answer as it should."""


class Server:
    """A server on loopback, asked over one connection as a browser asks.

    Args:
        command: Starts it; ``{port}`` stands for the port.
        ready: What is asked until it is answered.
    """

    def __init__(
        self, command: list[str], folder: Path, environ: Mapping[str, str], ready: str
    ) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = int(free.getsockname()[1])
        self._log = folder / "server.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [part.replace("{port}", str(self._port)) for part in command],
                cwd=folder,
                env={**plain_environment(folder), **environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._connection: http.client.HTTPConnection | None = None
        deadline = time.monotonic() + _PATIENCE
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException, ServerError):
                self.ask("GET", ready)
                break
            self._connection = None
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ServerError(f"it does not start: {self._log.read_text()[-2000:]}")
            time.sleep(0.1)

    def ask(self, method: str, path: str, body: Any = None) -> bytes:
        """The answer to a request.

        Raises:
            ServerError: Its status is another than 200.
        """
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=600)
        headers = {
            "Accept-Encoding": "gzip",
            "Authorization": f"token {TOKEN}",
            "Content-Type": "application/json",
        }
        data = None if body is None else json.dumps(body).encode()
        self._connection.request(method, path, data, headers)
        reply = self._connection.getresponse()
        content = reply.read()
        if reply.status != 200:
            raise ServerError(f"{method} {path}: {reply.status} {content[:500]!r}")
        return gzip.decompress(content) if reply.headers["Content-Encoding"] == "gzip" else content

    def memory(self) -> float:
        """Resident memory of the server and of the processes that it started, in MiB."""
        total = 0
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self._process.pid)
            for one in (process, *process.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    total += one.memory_info().rss
        return total / (1 << 20)

    def stop(self) -> None:
        """End it with all that it started."""
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self._process.pid)
            started = [*process.children(recursive=True), process]
            for one in started:
                with contextlib.suppress(psutil.Error):
                    one.terminate()
            for one in psutil.wait_procs(started, timeout=10)[1]:
                with contextlib.suppress(psutil.Error):
                    one.kill()
        self._process.wait()


def plain_environment(folder: Path) -> dict[str, str]:
    """Variables made from nothing: a home of its own, and proxies that refuse."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    refuse = "http://127.0.0.1:9"
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "HTTP_PROXY": refuse,
        "HTTPS_PROXY": refuse,
        "NO_PROXY": "127.0.0.1,localhost",
    }
