"""JupyterHub, its proxy and nbtrack in environments of their own, on a machine of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.docs import markdown
from tests.hub import accounts
from tests.hub.hub import Hub
from tests.install.environments import build

PAGE = "docs/jupyterhub.md"
USERS = ("alice", "bob")


class Installed(NamedTuple):
    """What an administrator has installed.

    Attributes:
        root: A folder that every user may enter.
        path: Where the programs are.
    """

    root: Path
    path: str


def snippets(name: str) -> str:
    """What the page puts into a file of this name, all of it."""
    found = [block.text for block in markdown.blocks(PAGE, "python")]
    ours = [text for text in found if text.startswith(f"# {name}\n")]
    assert ours, f"{PAGE} has nothing for {name}"
    return "\n".join(ours)


def commands(*words: str) -> str:
    """The lines of the page's shell blocks that begin with one of these words."""
    lines = [line for block in markdown.blocks(PAGE, "sh") for line in block.text.splitlines()]
    return "\n".join(line for line in lines if line.startswith(words))


@pytest.fixture(scope="session")
def installed(outside_environ: Mapping[str, str]) -> Iterator[Installed]:
    """The Hub, its proxy, JupyterLab and nbtrack. Takes a minute or two."""
    if not shutil.which("npm"):
        pytest.skip("there is no npm to install JupyterHub's proxy with")
    if not accounts.can_be_made():
        pytest.skip("accounts of its own for a Hub take root, and mounts")
    # Not below pytest's folder, which is closed to other users, nor below /tmp, of which the
    # machine has its own.
    root = Path(tempfile.mkdtemp(prefix="nbtrack-hub-", dir="/var/tmp"))
    try:
        root.chmod(0o755)
        (root / "wheel").mkdir()
        build(root / "wheel", outside_environ, "--wheel")
        (wheel,) = (root / "wheel").iterdir()
        subprocess.run([sys.executable, "-m", "venv", root / "venv"], check=True, timeout=120)
        packages = ("jupyterhub", "jupyterlab", "jupyterhub-idle-culler", f"{wheel}[sync]")
        pip = (str(root / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet")
        npm = ("npm", "install", "--silent", "--prefix", str(root / "node"))
        for command in ((*pip, *packages), (*npm, "configurable-http-proxy")):
            subprocess.run(command, env=outside_environ, cwd=root, check=True, timeout=1800)
        places = (root / "venv" / "bin", root / "node" / "node_modules" / ".bin")
        found = Path(shutil.which("node", path=outside_environ.get("PATH")) or "/usr/bin/node")
        system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        yield Installed(root, f"{places[0]}:{places[1]}:{found.parent}:{system}")
    finally:
        shutil.rmtree(root, ignore_errors=True)


Starts = Callable[..., Hub]


@pytest.fixture(scope="module")
def starts(installed: Installed) -> Iterator[Starts]:
    """Starts a Hub on a new machine, as root or a user, and stops the one before."""
    running: list[Hub] = []

    def stop() -> None:
        while running:
            running.pop().stop()
        shutil.rmtree(installed.root / "machine", ignore_errors=True)

    def start(
        config: str = "",
        setup: str = "true",
        *,
        files: Mapping[str, str] | None = None,
        user: str = "",
    ) -> Hub:
        stop()
        root = installed.root / "machine"
        root.mkdir(mode=0o755)
        for name, text in (files or {}).items():
            written = root / Path(name).name
            written.write_text(text)
            setup = f"mkdir -p {Path(name).parent}\ncp {written} {name}\n{setup}"
        command = accounts.machine(root, USERS, setup)
        if user:
            command[-1] += f"\nchown {user} {root}"
            command += ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        hub = Hub(root, command, installed.path)
        running.append(hub)
        hub.start(config)
        return hub

    yield start
    stop()
