"""A real JupyterHub on loopback, with a server for each of its users."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from email.message import Message
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import psutil
from websocket import create_connection

import nbtrack
from nbtrack import RunView
from tests.browser.lab import PATIENCE, wait_for
from tests.server.servers import free_port

TOKEN = "0123456789abcdef0123456789abcdef"
_SERVICE = {"name": "test", "api_token": TOKEN}
_SCOPES = ["admin:users", "admin:servers", "access:servers", "tokens", "shares"]
_ROLE = {"name": "test", "services": ["test"], "scopes": _SCOPES}
# What a Hub needs to be asked by a test: ports of its own, a login without passwords, and a token.
_CONFIG = """\
_SERVICE, _ROLE = {service}, {role}
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = c.JupyterHub.hub_connect_url = "http://127.0.0.1:{hub_port}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.JupyterHub.cookie_secret_file = "{root}/cookie-secret"
c.ConfigurableHTTPProxy.pid_file = "{root}/proxy.pid"
c.JupyterHub.db_url = "sqlite:///{root}/hub.sqlite"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.Spawner.args = ["--LabApp.expose_app_in_browser=True"]
c.JupyterHub.last_activity_interval = 1
c.Spawner.environment = {{"JUPYTERHUB_ACTIVITY_INTERVAL": "1"}}
c.JupyterHub.services = [*(c.JupyterHub.get("services") or []), _SERVICE]
c.JupyterHub.load_roles = [*(c.JupyterHub.get("load_roles") or []), _ROLE]
"""


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Hub:
    """One JupyterHub.

    Args:
        root: Where it keeps its files.
        command: What comes before ``jupyterhub``: nothing, or what gives it a machine of its own.
        path: Where its programs are found.
    """

    def __init__(self, root: Path, command: Sequence[str], path: str) -> None:
        self.root = root
        self._command = command
        self._path = path
        self._process: subprocess.Popen[bytes] | None = None
        self._kernels: list[Kernel] = []
        self.port = 0

    @property
    def address(self) -> str:
        """Without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What it and its users' servers print."""
        return self.root / "hub.log"

    def start(self, config: str) -> None:
        """Start it with a configuration, and wait until it answers."""
        self.port = free_port()
        own = _CONFIG.format(
            root=self.root,
            port=self.port,
            hub_port=free_port(),
            proxy_port=free_port(),
            service=_SERVICE,
            role=_ROLE,
        )
        file = self.root / "jupyterhub_config.py"
        file.write_text("c = get_config()  # noqa\n" + config + "\n" + own)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, "jupyterhub", "--debug", "-f", str(file)],
                cwd=self.root,
                env={"PATH": self._path, "LANG": "C.UTF-8", "HOME": str(self.root)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(self._answers, "the Hub answers")

    def stop(self) -> None:
        """As an administrator stops it, with its users' servers. Repeatable."""
        for kernel in self._kernels:
            kernel.close()
        self._kernels.clear()
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = TOKEN,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask the Hub or a user's server; whatever it answers is an answer."""
        sent = {"Authorization": f"token {token}"} if token else {}
        data = None if body is None else json.dumps(body).encode()
        request = Request(
            self.address + path, data=data, method=method, headers={**sent, **(headers or {})}
        )
        try:
            with urlopen(request, timeout=PATIENCE) as found:
                return Answer(found.status, found.headers, found.read())
        except HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def start_server(self, user: str) -> None:
        """Start a user's server, and wait until it is there."""
        self.ask("POST", f"/hub/api/users/{user}")
        assert self.ask("POST", f"/hub/api/users/{user}/server").status in (201, 202)
        wait_for(lambda: self.server(user).get("ready"), f"{user}'s server is ready")

    def stop_server(self, user: str) -> None:
        """Stop a user's server, as the Hub does it, and wait until it is gone."""
        assert self.ask("DELETE", f"/hub/api/users/{user}/server").status in (202, 204)
        wait_for(lambda: not self.server(user), f"{user}'s server is gone")

    def server(self, user: str) -> Mapping[str, Any]:
        """What the Hub says of a user's server; empty if there is none."""
        servers = self.ask("GET", f"/hub/api/users/{user}?include_stopped_servers").json()
        found = servers.get("servers", {}).get("", {})
        return found if found and not found.get("stopped") else {}

    def home(self, user: str) -> Path:
        """A user's home."""
        return self.root / "home" / user

    def runs(self, user: str) -> list[RunView]:
        """The runs in the store of a user's home, newest first."""
        return list(nbtrack.runs(dir=self.home(user) / ".nbtrack"))

    def processes(self, user: str, word: str) -> list[psutil.Process]:
        """A user's processes with a word in their command, oldest first."""
        uid = self.home(user).stat().st_uid
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.uids().real == uid and word in " ".join(process.cmdline()):
                    found.append(process)
        return sorted(found, key=lambda process: process.create_time())

    def shell(self, command: str, user: str = "") -> str:
        """What a command prints on the Hub's machine, in a home of a user, or as root."""
        assert self._process is not None
        enter = ["nsenter", "--mount", f"--target={self._process.pid}"]
        who = [f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
        home = self.home(user) if user else self.root
        done = subprocess.run(
            [*enter, *(["setpriv", *who] if user else []), "sh", "-c", f"cd {home}; {command}"],
            env={"PATH": self._path, "LANG": "C.UTF-8", "HOME": str(home), "COLUMNS": "250"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.stdout + done.stderr

    def token_of(self, user: str) -> str:
        """A token with which a user asks."""
        return str(self.ask("POST", f"/hub/api/users/{user}/tokens", {}).json()["token"])

    def kernel(self, user: str, folder: str = "") -> Kernel:
        """Start a kernel in a user's server, as a notebook in a folder of their home has it."""
        name = f"{uuid.uuid4().hex}.ipynb"
        session = self.ask(
            "POST",
            f"/user/{user}/api/sessions",
            {
                "name": name,
                "path": f"{folder}/{name}".lstrip("/"),
                "type": "notebook",
                "kernel": {"name": "python3"},
            },
        )
        assert session.status == 201, session.body
        self._kernels.append(Kernel(self, user, session.json()["kernel"]["id"]))
        return self._kernels[-1]

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()[-10_000:]
        try:
            return self.ask("GET", "/hub/api/users").status == 200
        except OSError:
            return False


class Kernel:
    """A kernel of a user's server, which answers through the Hub's proxy."""

    def __init__(self, hub: Hub, user: str, id: str) -> None:
        self._path = f"/user/{user}/api/kernels/{id}"
        self._hub = hub
        query = urlencode({"token": TOKEN})
        self._socket = create_connection(
            f"ws://127.0.0.1:{hub.port}{self._path}/channels?{query}",
            timeout=PATIENCE,
            header={"Authorization": f"token {TOKEN}"},
        )

    def start(self, code: str) -> str:
        """Have it run code. Returns the id to wait with."""
        id = uuid.uuid4().hex
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        header = {
            "msg_id": id,
            "session": id,
            "username": "",
            "msg_type": "execute_request",
            "version": "5.3",
        }
        self._socket.send(
            json.dumps(
                {
                    "header": header,
                    "parent_header": {},
                    "metadata": {},
                    "channel": "shell",
                    "content": content | {"allow_stdin": False, "stop_on_error": True},
                }
            )
        )
        return id

    def wait(self, id: str) -> str:
        """Wait until code has run. Returns what it printed, its value and its error."""
        text = []
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            message = json.loads(self._socket.recv())
            if message["parent_header"].get("msg_id") != id:
                continue
            content, kind = message["content"], message["header"]["msg_type"]
            if kind == "stream":
                text.append(content["text"])
            elif kind == "execute_result":
                text.append(content["data"]["text/plain"])
            elif kind == "error":
                text.append(f"{content['ename']}: {content['evalue']}")
            elif kind == "status" and content["execution_state"] == "idle":
                return "".join(text)
        raise AssertionError("the kernel does not answer")

    def run(self, code: str) -> str:
        """Run code. Returns what it printed, its value and its error."""
        return self.wait(self.start(code))

    def is_there(self) -> bool:
        """Whether its server still has it."""
        return self._hub.ask("GET", self._path).status == 200

    def close(self) -> None:
        """Look away: nobody has it open any more."""
        self._socket.close()
