"""What a run is written to goes away, or may not be written any more, while rows come."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path

import pytest

from nbtrack.store.layout import Store
from tests.crash.processes import fork, join, run_python
from tests.journals import KINDS, Kind, new_run, view, wait_until

ROWS = 30_000

GONE = f"""
import json, os, shutil, sys, warnings
import nbtrack

what = sys.argv[1]
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    run = nbtrack.init(id="run")
    for i in range({ROWS}):
        run.log({{"i": i, "pad": "x" * 500}})
        if i == 1000:
            gone = run.path.parent.parent if what == "store" else run.path
            while gone.exists():  # the recorder may be making files in it
                shutil.rmtree(gone, ignore_errors=True)
    run.finish()
print(json.dumps([run.dropped_rows, [str(warning.message) for warning in told]]))
"""


@pytest.mark.parametrize("journal", KINDS)
@pytest.mark.parametrize("what", ["run", "store"])
@pytest.mark.parametrize("recorder", ["off", "process"])
def test_removed_under_a_process_that_logs(
    tmp_path: Path, what: str, journal: Kind, recorder: str
) -> None:
    out = run_python(
        GONE,
        what,
        NBTRACK_DIR=str(tmp_path / "store"),
        NBTRACK_JOURNAL=journal,
        NBTRACK_RECORDER=recorder,
    )
    dropped, told = json.loads(out)
    # What went before is gone; some that came after are in a file without a name.
    assert 0 < dropped < ROWS
    assert len([text for text in told if "cannot write to" in text]) == 1
    assert len(told) == 2, told
    assert f"{dropped} rows could not be written" in told[1]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("journal", KINDS)
def test_permission_is_lost_and_given_back(tmp_path: Path, journal: Kind) -> None:
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o777)
    store, said = tmp_path / "store", tmp_path / "said"
    said.mkdir()
    said.chmod(0o777)

    def work() -> None:
        os.setgid(65534)
        os.setuid(65534)
        run = new_run(store, "run", journal=journal)
        said.joinpath("begun").touch()
        i = 0
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            while not said.joinpath("lost").exists() or run._journal._backlog.frames == []:
                run.log({"i": i, "pad": "x" * 500})
                i += 1
        assert ["cannot write to" in str(warning.message) for warning in told] == [True]
        said.joinpath("waiting").touch()
        while not said.joinpath("back").exists():
            run.log({"i": i})
            i += 1
        run._journal._retry_at = 0.0
        run.log({"i": i})
        run.finish()
        said.joinpath("rows").write_text(f"{i + 1} {run.dropped_rows}")

    pid = fork(work)
    wait_until(said.joinpath("begun").exists)
    journals = store / "runs" / "run" / "journal"
    journals.chmod(0o500)
    os.chown(journals, 0, 0)
    said.joinpath("lost").touch()
    wait_until(said.joinpath("waiting").exists)
    os.chown(journals, 65534, 65534)
    journals.chmod(0o700)
    said.joinpath("back").touch()
    assert join(pid) == 0
    logged_rows, dropped = map(int, said.joinpath("rows").read_text().split())
    read = view(Store(store).run("run"))
    assert (read.state, read.damage, read.dropped_rows) == ("finished", [], dropped)
    assert read.rows + dropped == logged_rows
    values = read.history("i")["value"].tolist()
    assert len(set(values)) == len(values)


WAITS = """
import os, signal, sys, threading, time, warnings
import nbtrack
warnings.simplefilter("ignore", nbtrack.NbtrackWarning)
from nbtrack.recorder.spawn import _spawner

run = nbtrack.init(id="run")
recorder = _spawner.handle.pid
os.kill(recorder, signal.SIGSTOP)
if sys.argv[1] == "dies":
    threading.Timer(1.0, os.kill, (recorder, signal.SIGKILL)).start()
else:
    threading.Timer(1.0, os.kill, (recorder, signal.SIGCONT)).start()
for i in range(40_000):
    run.log({"i": i, "pad": "x" * 100})
run.finish()
print(run.dropped_rows)
"""


@pytest.mark.parametrize("then", ["dies", "goes on"])
def test_waiting_at_the_quota_for_a_recorder(tmp_path: Path, then: str) -> None:
    """``log()`` waits while it may make room, and goes on if it never will."""
    store = tmp_path / "store"
    out = run_python(
        WAITS,
        then,
        NBTRACK_DIR=str(store),
        NBTRACK_JOURNAL_QUOTA=str(1 << 20),
        NBTRACK_RECORDER="process",
    )
    assert int(out) == 0
    read = view(Store(store).run("run"))
    wait_until(lambda: read.refresh().state == "finished")
    assert sorted(int(value) for value in read.history("i")["value"]) == list(range(40_000))
