"""A disk without room: rows wait, what is dropped is counted, and the end is told all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nbtrack
from nbtrack import RunView
from tests.crash.processes import run_python
from tests.disks import small_disk_at
from tests.journals import KINDS, Kind

ROWS = 300_000

LOG = f"""
import sys, warnings
from pathlib import Path

import nbtrack

warnings.simplefilter("always")
room = Path(sys.argv[1])
with nbtrack.init(id="run") as run:
    for i in range({ROWS}):
        run.log({{"i": i}})
    if room.exists() and sys.argv[2] == "room":
        room.unlink()
    run.log({{"i": {ROWS}}})
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB, of which one is taken."""
    with small_disk_at(tmp_path / "disk", "3m") as disk:
        (disk / "taken").write_bytes(bytes(1 << 20))
        yield disk


def log_until_full(disk: Path, journal: str, then: str) -> tuple[RunView, str]:
    """Log more than the disk holds. Returns the run and what the person was told."""
    environ = {
        **os.environ,
        "NBTRACK_DIR": str(disk / "store"),
        "NBTRACK_JOURNAL": journal,
        "NBTRACK_RECORDER": "off",
    }
    done = subprocess.run(
        [sys.executable, "-c", LOG, str(disk / "taken"), then],
        env=environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return nbtrack.open_run("run", dir=disk / "store"), done.stderr


@pytest.mark.parametrize(
    ("journal", "then"), [("mmap", "room"), ("write", "room"), ("mmap", "no room")]
)
def test_every_row_is_kept_or_counted(small_disk: Path, journal: str, then: str) -> None:
    run, told = log_until_full(small_disk, journal, then)
    values = run.history("i")["value"].tolist()
    assert len(set(values)) == len(values) == run.rows
    assert values[:50_000] == list(range(50_000))
    assert run.dropped_rows > 0
    assert run.rows + run.dropped_rows == ROWS + 1
    assert (run.state, run.damage) == ("finished", [])
    assert [attempt.state for attempt in run.attempts] == ["finished"]
    assert told.count("cannot write to") == 1
    assert told.count("could not be written") == 1


def test_rows_that_waited_are_written_when_there_is_room(small_disk: Path) -> None:
    without, _ = log_until_full(small_disk, "mmap", "no room")
    kept = without.rows
    subprocess.run(["rm", "-r", small_disk / "store"], check=True)
    (small_disk / "taken").write_bytes(bytes(1 << 20))
    run, _ = log_until_full(small_disk, "mmap", "room")
    assert run.rows > kept + 10_000


def test_a_disk_that_is_full_from_the_start_is_an_error(small_disk: Path) -> None:
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    (small_disk / "rest").write_bytes(bytes(free))
    with pytest.raises(nbtrack.StoreNotWritableError, match="No space left") as raised:
        nbtrack.init(dir=small_disk / "store")
    assert raised.value.hint
    assert nbtrack.run is None


LARGE = """
import os, sys, warnings
import nbtrack

warnings.simplefilter("ignore")
with nbtrack.init(id="run") as run:
    for i in range(12):
        run.log({"i": i, "pad": "x" * 600_000})
    print(len(os.listdir(run.path / "journal")))
    run.log({"i": 12})
"""


@pytest.mark.parametrize("journal", KINDS)
def test_large_rows_fill_no_disk_with_empty_segments(small_disk: Path, journal: Kind) -> None:
    variables = {"NBTRACK_DIR": str(small_disk / "store"), "NBTRACK_JOURNAL": journal}
    files = int(run_python(LARGE, **variables))
    run = nbtrack.open_run("run", dir=small_disk / "store")
    assert files <= 8
    assert run.rows >= 3
    assert run.rows + run.dropped_rows == 13
    assert (run.state, run.damage) == ("finished", [])
