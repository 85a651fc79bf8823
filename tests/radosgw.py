"""A Ceph object gateway (radosgw) of its own on loopback, of Debian's packages.

A cluster of one monitor, one OSD that keeps everything in memory, a manager and the gateway, which
trust each other without keys. It is there in less than a minute.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError

from tests.s3 import S3

PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "ceph-mgr", "monmaptool", "radosgw", "radosgw-admin")
_PATIENCE = 120.0
_MEMORY = 8 << 30


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[S3]:
    """A server on loopback; everything that it writes lies in ``folder``.

    Raises:
        RuntimeError: A program of Ceph is missing, or one that was started fails.
    """
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise RuntimeError(f"{', '.join(missing)}: not here; `make test-ceph` installs them")
    cluster = _Cluster(folder)
    with contextlib.ExitStack() as running:
        # What ends first is what needs the others.
        running.enter_context(cluster.monitor())
        running.enter_context(cluster.osd())
        running.enter_context(cluster.daemon("ceph-mgr", "-i", "a"))
        gateway = running.enter_context(cluster.gateway())
        server = S3(f"http://127.0.0.1:{cluster.port}", folder / "client.rgw.log")
        cluster.tell(
            *("radosgw-admin", "user", "create", "--uid", "tests", "--display-name", "tests"),
            *("--access-key", server.environ["AWS_ACCESS_KEY_ID"]),
            *("--secret-key", server.environ["AWS_SECRET_ACCESS_KEY"]),
        )
        _wait(server, gateway, folder)
        yield server


class _Cluster:
    """A cluster in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = _free_port()
        self._id = str(uuid.uuid4())
        self._monitor = f"v2:127.0.0.1:{_free_port()}/0"
        config = folder / "ceph.conf"
        options = {
            "fsid": self._id,
            "mon_host": self._monitor,
            "ms_bind_msgr1": "false",
            "public_addr": "127.0.0.1",
            "cluster_addr": "127.0.0.1",
            **dict.fromkeys(
                (f"auth_{who}_required" for who in ("cluster", "service", "client")), "none"
            ),
            # The gateway asks for encryption by default, for which there would have to be keys.
            "ms_mon_client_mode": "crc secure",
            "osd_objectstore": "memstore",
            "memstore_device_bytes": str(_MEMORY),
            "osd_crush_chooseleaf_type": "0",
            "osd_pool_default_size": "1",
            "osd_pool_default_min_size": "1",
            "osd_pool_default_pg_num": "4",
            "osd_pool_default_pg_autoscale_mode": "off",
            "mon_allow_pool_size_one": "true",
            **{f"{daemon}_data": str(folder / daemon) for daemon in ("mon", "osd", "mgr", "rgw")},
            "run_dir": str(folder),
            # Paths of sockets may not be as long as that of a test's folder.
            "admin_socket": "",
            "log_file": str(folder / "$name.log"),
            "mon_cluster_log_file": str(folder / "cluster.log"),
            "crash_dir": str(folder),
        }
        lines = "".join(f"{name} = {value}\n" for name, value in options.items())
        config.write_text(f"[global]\n{lines}", encoding="utf-8")
        self._environ = {**os.environ, "CEPH_CONF": str(config)}
        for daemon in ("mon", "osd", "mgr", "rgw"):
            (folder / daemon).mkdir()

    @contextlib.contextmanager
    def monitor(self) -> Iterator[None]:
        """Make and run the monitor."""
        map_ = str(self._folder / "monmap")
        self.tell("monmaptool", "--create", "--fsid", self._id, "--addv", "a", self._listed, map_)
        self.tell("ceph-mon", "-i", "a", "--mkfs", "--monmap", map_)
        with self.daemon("ceph-mon", "-i", "a", "--public-addrv", self._listed):
            yield

    @contextlib.contextmanager
    def osd(self) -> Iterator[None]:
        """Make and run the OSD."""
        name = str(uuid.uuid4())
        self.tell("ceph", "--connect-timeout", str(int(_PATIENCE)), "osd", "new", name)
        self.tell("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", name)
        with self.daemon("ceph-osd", "-i", "0"):
            yield

    @contextlib.contextmanager
    def gateway(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run the gateway."""
        frontend = f"beast endpoint=127.0.0.1:{self.port}"
        with self.daemon("radosgw", "-n", "client.rgw", "--rgw-frontends", frontend) as process:
            yield process

    @contextlib.contextmanager
    def daemon(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a program until it is left."""
        out = (self._folder / f"{command[0]}.out").open("wb")
        # Of a session of its own: an interrupt at the terminal would end all at once, and the
        # gateway waits for the others.
        with (
            out,
            subprocess.Popen(
                [*command, "-f"],
                stdout=out,
                stderr=out,
                env=self._environ,
                start_new_session=True,
            ) as it,
        ):
            try:
                yield it
            finally:
                it.terminate()
                try:
                    it.wait(20)
                except subprocess.TimeoutExpired:
                    it.kill()

    def tell(self, *command: str) -> None:
        """Run a program to its end.

        Raises:
            RuntimeError: It fails.
        """
        done = subprocess.run(
            command, env=self._environ, capture_output=True, text=True, timeout=_PATIENCE
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")

    @property
    def _listed(self) -> str:
        return f"[{self._monitor}]"


def _wait(server: S3, gateway: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            server.put("ready")
        except URLError as error:
            if gateway.poll() is not None or time.monotonic() > deadline:
                said = (folder / "radosgw.out").read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"radosgw does not serve ({error}): {said}") from error
            time.sleep(0.1)
        else:
            return


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
