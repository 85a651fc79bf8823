"""``alert()``: recorded, printed once, and not too often."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

import nbtrack
from nbtrack.store.layout import RunDir
from nbtrack.store.merge import merge
from nbtrack.store.seal import seal_run
from tests.journals import new_run, view, wait_until


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    found = capsys.readouterr()
    assert not found.out
    return found.err.splitlines()


def test_an_alert_is_recorded_wherever_it_lies(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store")
    run.alert("diverged", "the loss is 1e9", level="ERROR")
    run.alert("half way", level=nbtrack.AlertLevel.WARN)
    run.alert("done")
    wanted = [
        ("diverged", "the loss is 1e9", "ERROR", 0),
        ("half way", "", "WARN", 0),
        ("done", "", "INFO", 0),
    ]

    def found() -> list[tuple[str, str, str, int]]:
        return [(a.title, a.text, a.level, a.attempt) for a in view(run).alerts]

    assert found() == wanted
    run.finish()
    assert seal_run(RunDir(run.path))
    assert found() == wanted
    assert merge(RunDir(run.path))
    assert found() == wanted
    assert not view(run).is_empty
    assert [alert["title"] for alert in view(run).to_dict()["alerts"]] == [a[0] for a in wanted]


def test_the_line_is_printed_once_and_not_if_quiet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = new_run(tmp_path / "store", quiet=False)
    run.alert("diverged", "the loss is 1e9", level="warn")
    assert printed(capsys) == ["nbtrack: WARN: diverged: the loss is 1e9"]
    run.finish()
    quiet = new_run(tmp_path / "store", quiet=True)
    quiet.alert("diverged")
    assert printed(capsys) == []
    assert len(view(quiet).alerts) == 1
    quiet.finish()


def test_a_thread_records_and_prints_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = new_run(tmp_path / "store", quiet=False)
    thread = threading.Thread(target=run.alert, args=("from a thread",))
    thread.start()
    thread.join()
    assert printed(capsys) == []
    assert [alert.title for alert in view(run).alerts] == ["from a thread"]
    run.finish()


def test_the_same_title_waits(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store")
    begun = time.monotonic()
    run.alert("again", "1")
    run.alert("again", "2")  # a minute by default
    run.alert("other", "3")
    run.alert("again", "4", wait_duration=timedelta(hours=1))
    wait_until(lambda: time.monotonic() > begun + 0.1)
    run.alert("again", "5", wait_duration=0.05)
    run.alert("again", "6", wait_duration=0)
    assert [alert.text for alert in view(run).alerts] == ["1", "3", "5", "6"]
    run.finish()


def test_what_cannot_be_an_alert_is_refused(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store")
    with pytest.raises(nbtrack.InvalidSettingError, match="level='LOUD'"):
        run.alert("a", level="LOUD")
    with pytest.raises(nbtrack.InvalidSettingError, match="wait_duration='soon'"):
        run.alert("a", wait_duration="soon")  # type: ignore[arg-type]
    run.finish()
    with pytest.raises(nbtrack.RunFinishedError):
        run.alert("a")
    assert view(run).alerts == []
