"""Media: kills between the spool, the record and the encoded file, forks, and a full disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest

import nbtrack
from nbtrack import Html, Image, Table
from nbtrack._run import Run
from nbtrack.recorder.recover import recover
from nbtrack.store.encoding import encode_spool
from nbtrack.store.faults import MEDIA_POINTS
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.removal import remove_leftovers
from nbtrack.store.spool import spooled
from nbtrack.store.view import RunView
from tests.crash.processes import environment, fork, join, run_python
from tests.disks import small_disk_at
from tests.journals import new_run, view, wait_until

LOGGING = [point for point in MEDIA_POINTS if "encoded" not in point]
ENCODING = [point for point in MEDIA_POINTS if "encoded" in point]
ROWS = 6

LOG = f"""
import numpy, nbtrack

with nbtrack.init(id="run") as run:
    for i in range({ROWS}):
        pixels = numpy.full((4, 5, 3), i, "u1")
        run.log({{
            "img": nbtrack.Image(pixels),
            "table": nbtrack.Table(columns=["i"], data=[[i]]),
            "page": nbtrack.Html(str(i)),
            "i": i,
        }})
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)
"""


def log_and_die(store: Path, fault: str = "") -> RunView:
    """A run whose process was killed, at the end or earlier."""
    variables = {"NBTRACK_DIR": str(store), **({"NBTRACK_FAULT": fault} if fault else {})}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOG],
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return RunView(Store(store).run("run"))


def check(found: RunView, at_least: int) -> None:
    """Everything that the records tell of is there; so is every row that was logged."""
    rows = found.history("i")["value"].tolist() if found.rows else []
    assert rows == list(range(len(rows)))
    assert len(rows) >= at_least
    for key in ("img", "table", "page"):
        media = found.media(key)
        assert [one.step for one in media] == list(range(len(media)))
        assert len(rows) <= len(media) <= len(rows) + 1
        for one in media:
            read = one.read()
            if key == "img":
                assert (read == numpy.full((4, 5, 3), one.step)).all()
            elif key == "table":
                assert read.data == [[one.step]]
            else:
                assert read == str(one.step)


@pytest.mark.parametrize("times", [1, 8, 11])
@pytest.mark.parametrize("point", LOGGING)
def test_killed_while_logging_all_that_was_recorded_is_there(
    point: str, times: int, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    found = log_and_die(store, f"{point}:{times}")
    check(found, (times - 1) // 3)
    recover(Store(store))
    check(found.refresh(), (times - 1) // 3)
    assert spooled(RunDir(found.path)) == []
    remove_leftovers(RunDir(found.path), older_than=-60)
    kept = {path.name for path in (found.path / "media").rglob("*") if path.is_file()}
    known = {one.file for one in found.media()}
    # At most the one that was being recorded is there and nobody knows of it.
    assert known <= kept
    assert len(kept - known) <= 1


@pytest.mark.parametrize("point", ENCODING)
@pytest.mark.parametrize("times", [1, 4])
def test_killed_while_encoding_nothing_is_lost(point: str, times: int, tmp_path: Path) -> None:
    store = tmp_path / "store"
    found = log_and_die(store)
    before = len(spooled(RunDir(found.path)))
    assert before == 2 * ROWS
    command = [sys.executable, "-m", "nbtrack.recorder", "encode", str(found.path)]
    done = subprocess.run(
        command, env=environment(NBTRACK_FAULT=f"{point}:{times}"), timeout=300, check=False
    )
    assert done.returncode == -signal.SIGKILL
    left = len(spooled(RunDir(found.path)))
    assert left == before - times + ("before" in point)
    check(found, ROWS)
    done = subprocess.run(command, env=environment(), timeout=300, check=False)
    assert done.returncode == 0
    assert spooled(RunDir(found.path)) == []
    check(found.refresh(), ROWS)


def test_a_recorder_has_media_encoded_while_the_run_goes_on(tmp_path: Path) -> None:
    run_python(
        f"""
import os, time, numpy, nbtrack

run = nbtrack.init(id="run")
for i in range({ROWS}):
    run.log({{"img": nbtrack.Image(numpy.full((4, 5), i, "u1"))}})
spool = run.path / "media" / ".spool"
until = time.monotonic() + 120
while os.listdir(spool):
    assert time.monotonic() < until
    time.sleep(0.05)
run.finish()
""",
        NBTRACK_DIR=str(tmp_path / "store"),
        NBTRACK_RECORDER="process",
    )
    path = tmp_path / "store" / "runs" / "run"
    assert len(list((path / "media").glob("*.png"))) == ROWS
    wait_until((path / "status.json").exists, 120)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = new_run(tmp_path / "store")
    yield made
    if not made.finished:
        made.finish()


def test_forked_workers_log_media_at_once(run: Run) -> None:
    def work(number: int) -> None:
        for at in range(10):
            pixels = numpy.full((3, 3), number * 10 + at, numpy.uint8)
            run.log({f"w{number}": [Image(pixels), Image(numpy.zeros((3, 3), numpy.uint8))]})

    children = [fork(lambda n=n: work(n)) for n in range(4)]  # type: ignore[misc]
    assert [join(child) for child in children] == [0] * 4
    run.finish()
    assert encode_spool(RunDir(run.path)) == {}
    for number in range(4):
        found = view(run).media(f"w{number}")
        assert [int(one.read()[0, 0]) for one in found] == [
            value for at in range(10) for value in (number * 10 + at, 0)
        ]
    assert len(list((run.path / "media").glob("*.png"))) == 40


def test_two_encoders_at_once_are_harmless(run: Run) -> None:
    for at in range(30):
        run.log({"img": Image(numpy.full((9, 9), at, numpy.uint8))})
    run.finish()
    children = [fork(lambda: encode_spool(RunDir(run.path))) for _ in range(3)]
    assert [join(child) for child in children] == [0] * 3
    assert spooled(RunDir(run.path)) == []
    assert [int(one.read()[0, 0]) for one in view(run).media()] == list(range(30))
    assert not list((run.path / "media").rglob("*.tmp"))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB."""
    with small_disk_at(tmp_path / "disk", "3m") as place:
        yield place


def noise(seed: int) -> numpy.ndarray[Any, Any]:
    return numpy.random.default_rng(seed).integers(0, 256, (500, 500), dtype=numpy.uint8)


def test_on_a_full_disk_the_numbers_are_kept(disk: Path) -> None:
    run = new_run(disk / "store")

    def fill() -> None:
        for at in range(20):
            run.log({"img": Image(noise(at)), "i": at})

    with pytest.warns(nbtrack.NbtrackWarning, match="'img' was not recorded.*No space left"):
        fill()
    run.finish()
    assert len(view(run).history("i")) == 20
    kept = view(run).media("img")
    assert 0 < len(kept) < 20
    assert not list((run.path / "media").rglob("*.tmp"))
    # There is no room for what the spool holds to be encoded either: the reader helps itself.
    numpy.testing.assert_array_equal(kept[0].read(), noise(kept[0].step))


def test_a_store_that_cannot_be_written_is_read(disk: Path) -> None:
    run = new_run(disk / "store")
    pixels = numpy.arange(9, dtype=numpy.uint8).reshape(3, 3)
    table = Table(columns=["a", "b"], data=[[1, Image(pixels)]])
    run.log({"img": Image(pixels), "t": table, "h": Html("x")})
    run.finish()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    page, image, read = (one.read() for one in view(run).media())
    assert page == "x"
    numpy.testing.assert_array_equal(image, pixels)
    assert read.data[0][0] == 1
    numpy.testing.assert_array_equal(read.data[0][1].read(), pixels)
    assert spooled(RunDir(run.path))
    assert os.statvfs(disk).f_flag & os.ST_RDONLY
