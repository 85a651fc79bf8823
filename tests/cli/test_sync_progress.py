"""What ``nbtrack sync`` shows on a terminal while it works, and that nothing of it stays."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from nbtrack.store.layout import Store
from tests.sync.servers import answering
from tests.sync.test_artifacts import record as record_artifact
from tests.sync.test_push import record

BYTES = re.compile(r"(\d+ files?)\D+([\d.]+)/\? (\w+)")


def on_a_terminal(*command: str, environ: dict[str, str]) -> tuple[int, str, str]:
    """Exit status, what came to the terminal, and standard output."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 100))
    shown = b""
    with subprocess.Popen(
        [sys.executable, "-m", "nbtrack", *command],
        env={**os.environ, **environ, "TERM": "xterm", "NBTRACK_RECORDER": "off"},
        stdout=subprocess.PIPE,
        stderr=slave,
        text=True,
    ) as process:
        os.close(slave)
        while True:
            ready, _, _ = select.select([master], [], [], 60)
            assert ready, shown
            try:
                piece = os.read(master, 65_536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        assert process.stdout is not None
        out = process.stdout.read()
        status = process.wait()
    os.close(master)
    return status, shown.decode(), out


def slow(handler: BaseHTTPRequestHandler) -> None:
    """Takes parts one after the other, with a look at the clock in between."""
    from tests.sync.test_large import swallow

    if "partNumber" in handler.path:
        time.sleep(0.3)
    swallow(handler)


def test_bytes_of_a_large_file_are_seen_on_the_way(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    run_dir = record(store, "one")
    (run_dir.media / "large").write_bytes(bytes(48 << 20))
    record_artifact(store, b"1" * 1000, name="data")
    with answering(slow, reads=True) as proxy:
        environ = {
            "AWS_ENDPOINT_URL": proxy.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "made-up",
            "AWS_REGION": "us-east-1",
        }
        command = ("sync", "one", "--no-artifacts", "--concurrency", "1", "--to", "s3://bucket")
        status, shown, out = on_a_terminal(*command, "--store", str(store.path), environ=environ)
    assert status == 0, shown
    assert out.startswith("Sent 6 files")
    seen = {float(size) for _, size, unit in BYTES.findall(plain(shown)) if unit == "MB"}
    # Between nothing and all of it.
    assert len([size for size in seen if 5 < size < 45]) >= 3, plain(shown)
    assert "media/large" in shown
    # The line is gone at last, and the cursor is there again.
    assert shown.rstrip().endswith("\x1b[2K")
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def plain(shown: str) -> str:
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", shown)


def test_errors_stand_there_and_no_bar(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    run_dir = record(store, "one")
    (run_dir.media / "0f.png").unlink()
    (run_dir.media / "0f.png").symlink_to("/proc/self/mem")
    command = ("sync", "--all", "--to", f"file://{tmp_path / 'there'}", "--store", str(store.path))
    status, shown, out = on_a_terminal(*command, environ={})
    assert status == 1
    assert out.startswith("Sent 4 files")
    last = plain(shown).strip().splitlines()[-1]
    assert last.startswith("nbtrack: one: sync: cannot be read")


def test_nothing_is_shown_where_there_is_no_terminal(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    record(store, "one")
    done = subprocess.run(
        [sys.executable, "-m", "nbtrack", "sync", "--all", "--to", f"file://{tmp_path / 'there'}"],
        env={**os.environ, "NBTRACK_DIR": str(store.path), "NBTRACK_RECORDER": "off"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
