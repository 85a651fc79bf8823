"""A kernel's run is shipped by its recorder; the kernel asks nobody, and shows how far it is."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from nbtrack.store.layout import Store
from tests.kernel.kernels import Kernel
from tests.recorder.processes import wait_for
from tests.s3 import S3
from tests.sync.arrivals import newest, view
from tests.sync.test_shipping import is_complete

pytestmark = pytest.mark.kernel

CELL = """%%track
import time
for step in range(100_000):
    nbtrack.log({"loss": 1 / (step + 1)})
    time.sleep(0.02)
"""


@pytest.fixture
def kernel(tmp_path: Path, s3_server: S3) -> Iterator[Callable[..., Kernel]]:
    """Starts a kernel that may ask the server."""
    kernels: list[Kernel] = []

    def start(**variables: str) -> Kernel:
        folder = tmp_path / "kernel"
        folder.mkdir()
        kernels.append(Kernel(folder, NBTRACK_VIEW="off", **s3_server.environ, **variables))
        return kernels[-1]

    yield start
    for one in kernels:
        one.__exit__(None, None, None)


def the_run(kernel: Kernel) -> str:
    (run_dir,) = Store(kernel.store).run_dirs()
    return run_dir.id


def test_a_cell_that_runs_and_a_kernel_that_is_killed(
    kernel: Callable[..., Kernel], url: str, s3_server: S3, tmp_path: Path
) -> None:
    started = kernel()
    started.run("%load_ext nbtrack\nimport nbtrack")
    assert started.run(f"%config NbTrack.sync = {url!r}").outputs == []
    cell = started.start(CELL)
    store = Store(started.store)
    wait_for(lambda: newest(url), "rows arrive while the cell runs")
    run = the_run(started)
    early = view(url, run, tmp_path / "early")
    assert early.state == "running"
    asked = {one.raddr.port for one in psutil.Process(started.pid).net_connections() if one.raddr}
    assert int(s3_server.url.rpartition(":")[2]) not in asked
    maps = Path(f"/proc/{started.pid}/maps").read_text()
    assert not any(library in maps for library in ("obstore", "duckdb"))
    os.kill(started.pid, signal.SIGKILL)
    wait_for(lambda: is_complete(store, url, run), "its post-mortem arrives")
    late = view(url, run, tmp_path / "late")
    assert late.state == "crashed"
    assert "SIGKILL" in late.reason
    assert late.rows >= early.rows > 0
    assert cell.text == ""


def test_how_far_it_is_is_said_where_it_is_asked_for(
    kernel: Callable[..., Kernel], bucket: str, tmp_path: Path
) -> None:
    started = kernel(NBTRACK_SYNC=f"{bucket}/team")
    started.run("%load_ext nbtrack\nimport nbtrack")
    started.run("nbtrack.log({'loss': 1})")
    status = "%track status"
    assert f"sync       not synced to {bucket}/team yet" in started.run(status).text
    wait_for(lambda: f"synced to {bucket}/team, " in started.run(status).text, "it is there")
    # Another one, which does not go on so well, and one that is no place at all.
    begun = started.run("nbtrack.init(sync='s3://no-such-bucket-anywhere'); nbtrack.log({'a': 1})")
    assert begun.error is None
    wait_for(lambda: "there is no such bucket" in started.run(status).text, "what is wrong")
    assert "the recorder goes on trying" in started.run(status).text
    wrong = started.run("nbtrack.init(sync='nowhere'); nbtrack.log({'a': 1})")
    assert wrong.error is None
    assert "'nowhere' is no place to sync with" in wrong.text
    assert "sync " not in started.run(status).text
