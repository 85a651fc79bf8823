"""The process that encodes media: it waits for more while a run goes on, and no longer."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest

from nbtrack._run import Run
from nbtrack.record.media import Image
from nbtrack.recorder import encoding as queue
from nbtrack.store import encoding
from nbtrack.store.layout import RunDir
from nbtrack.store.spool import spooled
from tests.journals import new_run
from tests.kernel.kernels import wait_until

PIXELS = numpy.zeros((4, 5), dtype=numpy.uint8)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = new_run(tmp_path / "store")
    yield made
    made.finish()


def test_it_waits_while_the_run_goes_on_and_ends_with_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "_LINGER_SECONDS", 600.0)
    run_dir = RunDir(run.path)
    reading, writing = os.pipe()
    results: list[bool] = []
    thread = threading.Thread(target=lambda: results.append(queue.encode_run(run_dir, reading)))
    run.log({"a": Image(PIXELS)})
    thread.start()
    wait_until(lambda: not spooled(run_dir), "an empty spool")
    run.log({"a": Image(PIXELS + 1)})
    wait_until(lambda: not spooled(run_dir), "an empty spool")
    run.log({"a": Image(PIXELS + 2)})
    os.close(writing)
    thread.join(60)
    os.close(reading)
    assert results == [True]
    assert spooled(run_dir) == []
    assert len(list(run_dir.media.glob("*.png"))) == 3


def test_what_cannot_be_kept_stays_in_the_spool(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(paths: list[Path]) -> None:
        raise OSError(28, "No space left on device")

    run_dir = RunDir(run.path)
    for value in range(3):
        run.log({"a": Image(PIXELS + value)})
    waiting = spooled(run_dir)
    with monkeypatch.context() as patch:
        patch.setattr(encoding, "sync_files", fail)
        failed = encoding.encode_spool(run_dir)
    assert sorted(failed) == sorted(waiting)
    assert all("No space left" in why for why in failed.values())
    assert sorted(spooled(run_dir)) == sorted(waiting)
    assert [path for path in run_dir.media.iterdir() if path.is_file()] == []
    assert encoding.encode_spool(run_dir) == {}
    assert spooled(run_dir) == []
