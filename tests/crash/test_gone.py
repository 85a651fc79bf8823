"""What a run is written to goes away, or may not be written any more, while rows come."""

from __future__ import annotations

import json
import os
import threading
import warnings
from pathlib import Path

import pytest

from nbtrack.store import segment as segment_module
from nbtrack.store.journal import Journal, now
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.schema import Console, Row
from tests.crash.processes import fork, join, run_python
from tests.journals import KINDS, Kind, logged, new_journal, new_run, new_run_dir, view, wait_until

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


class TestOffer:
    """A record that is kept at once or not at all."""

    def record(self, made: Journal, i: int, pad: int = 10) -> Console:
        return Console(made.next_seq(), now(), 0, "stdout", i, 0, "x" * pad)

    @pytest.mark.parametrize("journal", KINDS)
    def test_over_many_segments(self, tmp_path: Path, journal: Kind) -> None:
        run_dir = new_run_dir(tmp_path / "store")
        made = new_journal(run_dir, journal=journal)
        assert all(made.offer(self.record(made, i, 1000)) for i in range(3000))
        made.close()
        assert not made.offer(self.record(made, 0))
        assert len(run_dir.segments()) > 3
        assert len(view_console(run_dir)) == 3000

    @pytest.mark.parametrize("journal", KINDS)
    def test_on_a_full_disk(
        self, tmp_path: Path, journal: Kind, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run_dir = new_run_dir(tmp_path / "store")
        made = new_journal(run_dir, journal=journal)
        made.open()

        def full(*args: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(segment_module, "QuietFile", full)
        kept = 0
        while made.offer(self.record(made, kept, 1000)):
            kept += 1
        assert not made.offer(self.record(made, kept, 1000))
        monkeypatch.undo()
        assert made.offer(self.record(made, kept, 1000))
        made.close()
        assert made.dropped == 0
        assert len(view_console(run_dir)) == kept + 1

    def test_at_the_quota(self, tmp_path: Path) -> None:
        run_dir = new_run_dir(tmp_path / "store")
        made = new_journal(run_dir, journal_quota=1 << 20, overflow="drop")
        kept = 0
        while made.offer(self.record(made, kept, 10_000)):
            kept += 1
            made._quota.measure()
        assert 50 < kept < 150
        made.close()

    def test_beside_rows_of_other_threads(self, tmp_path: Path) -> None:
        run_dir = new_run_dir(tmp_path / "store")
        made = new_journal(run_dir)
        kept: list[bool] = []

        def rows() -> None:
            for i in range(5000):
                made.append(Row(made.next_seq(), now(), 0, i, {"i": i, "pad": "x" * 100}))

        threads = [threading.Thread(target=rows) for _ in range(3)]
        for thread in threads:
            thread.start()
        kept += [made.offer(self.record(made, i, 100)) for i in range(5000)]
        for thread in threads:
            thread.join()
        made.close()
        assert sorted(logged(run_dir)) == sorted([*range(5000)] * 3)
        assert len(view_console(run_dir)) == sum(kept)


def view_console(run_dir: RunDir) -> list[int]:
    from tests.journals import read_journal

    records, damage = read_journal(run_dir)
    assert not damage
    return [record.row for _, record in records if isinstance(record, Console)]


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
