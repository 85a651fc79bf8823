"""The report as a whole: every area, in words, whatever becomes of one of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

from nbtrack import doctor
from nbtrack.store.layout import Store
from tests.doctor.reports import Report, run
from tests.journals import new_run_dir

AREAS = [
    *("settings", "store", "disk", "file system", "use", "artifacts"),
    *("runs", "recorder", "kernels", "gpu"),
]


def test_every_area_is_told(tmp_path: Path) -> None:
    report = Report(tmp_path)
    assert report.areas == AREAS
    assert report.status == 0
    assert {found.level for found in report.findings} <= {"ok", "note"}


def test_what_a_person_reads(tmp_path: Path) -> None:
    done = run("--store", str(tmp_path), NBTRACK_PROJET="x")
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[:4] == [
        "settings",
        "  ! NBTRACK_PROJET is no setting",
        "    It has no effect.",
        "    Is NBTRACK_PROJECT meant?",
    ]
    assert lines[-1].endswith("1 warning.")
    assert done.returncode == 0  # warnings do not fail


def test_it_fits_a_terminal(tmp_path: Path) -> None:
    environ = {"FORCE_COLOR": "1", "NO_COLOR": "1", "COLUMNS": "80", "TERM": "xterm"}
    done = run("--store", str(tmp_path / "name" / ("long" * 30)), NBTRACK_MODE="x", **environ)
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 90  # with the marks' colours
    assert done.returncode == 1


def test_a_check_that_fails_keeps_back_no_other(
    tmp_path: Path,
) -> None:
    # Of a server that runs, but not as any server writes it.
    (tmp_path / "jpserver-1.json").write_text(json.dumps({"pid": os.getpid()}))
    report = Report(tmp_path, JUPYTER_RUNTIME_DIR=str(tmp_path))
    assert [area for area in report.areas if area != "servers"] == AREAS
    (found,) = report["servers"]
    assert found.level == "warning"
    assert found.what == "this could not be examined: KeyError: 'url'"


def test_a_check_that_hangs_keeps_back_no_other(
    tmp_path: Path,
) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    run_dir.info.unlink()
    os.mkfifo(run_dir.info)  # whoever opens it waits for somebody who writes
    found = list(doctor.examine(Store(tmp_path / "store"), patience=2.0))
    run_dir.info.write_bytes(b"")
    (late,) = [one for one in found if one.area == "runs"]
    assert (late.level, late.what) == ("warning", "this could not be examined within 2 s")
    assert {one.area for one in found} >= {"settings", "store", "disk", "recorder", "gpu"}
