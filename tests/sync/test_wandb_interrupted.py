"""An export to W&B that is killed, or has no room, leaves nothing that looks whole."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbtrack import SyncError, UsageError
from nbtrack._options import RunOptions
from nbtrack._run import Run
from nbtrack._start import start_run
from nbtrack.store.layout import RunDir
from nbtrack.sync.wandb.export import export
from tests.disks import small_disk_at
from tests.docs.test_examples import shell_commands
from tests.journals import settings
from tests.sync.test_wandb_export import Written


def plain_run(store: Path, rows: int) -> RunDir:
    run: Run = start_run(
        RunOptions(id="one", name="first-steps"), settings(store), cwd=store.parent
    )
    for step in range(rows):
        run.log({"loss": step * 0.123456789, "note": "a" * 50})
    run.finish()
    return RunDir(run.path)


def test_what_is_killed_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    run_dir = plain_run(tmp_path / "store", 200)
    (line,) = shell_commands("docs/to-wandb.md")
    command = [sys.executable, "-m", *shlex.split(line)]
    out = tmp_path / command[-1]
    command += ["--store", str(tmp_path / "store")]

    def stopped_by(number: signal.Signals) -> tuple[int, bytes]:
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=tmp_path, stdout=pipe, stderr=pipe) as process:
            while process.poll() is None and not list(out.glob(".unfinished/wandb/*/*.wandb")):
                pass
            process.send_signal(number)
            _, said = process.communicate(timeout=300)
            return process.returncode, said.strip()

    assert stopped_by(signal.SIGINT) == (1, b"Aborted!")
    assert not out.exists()
    assert stopped_by(signal.SIGKILL) == (-signal.SIGKILL, b"")
    assert not (out / "wandb").exists()
    # The process that writes ends soon; until then it has the folder to itself.
    with locked(out / ".unfinished"), pytest.raises(UsageError, match="another export is writing"):
        export(run_dir, out)
    (out / ".unfinished" / "session.ipynb").write_text("what was left")
    command += ["--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=300, check=True)
    told = json.loads(done.stdout)
    assert (told["run"], told["rows"]) == ("one", 200)
    assert [len(Written(Path(path)).rows) for path in told["paths"]] == [200]
    assert {path.name for path in out.iterdir()} == {"wandb"}


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """The lock on a folder, when nobody else holds it any more."""
    lock = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk_at(tmp_path / "disk", "200k") as disk:
        yield disk


@pytest.mark.full
def test_a_full_disk_is_told(tmp_path: Path, small_disk: Path) -> None:
    run_dir = plain_run(tmp_path / "store", 2_000)
    with pytest.raises(SyncError, match=r"of 2,000 rows are in run-one\.wandb; a full disk"):
        export(run_dir, small_disk / "out")
    assert os.listdir(small_disk) == []
