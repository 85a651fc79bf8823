"""Sealing and merging beside those who write, and of what they left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nbtrack._attempts import CellInfo
from nbtrack.store import segment as segment_module
from nbtrack.store.frames import frame
from nbtrack.store.journal import now
from nbtrack.store.layout import RunDir
from nbtrack.store.merge import merge as merge_run
from nbtrack.store.schema import Row, SegmentEnd, encode_record
from nbtrack.store.seal import seal_run, write_set
from nbtrack.store.segment import FIRST_SIZE
from nbtrack.store.tables import TableBuilder
from nbtrack.store.tail import SegmentTail
from tests.crash.processes import SharedCounter, fork, join
from tests.journals import KINDS, Kind, cells, is_ended, logged, new_run, view, wait_until

CELL = CellInfo(cell_id="c", execution_count=1, source="log()", config={"lr": 0.1})


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_module, "LARGEST_SIZE", FIRST_SIZE)


class Writer:
    """A process that logs 0, 1, 2, … as an owner of its own, as far as it may, until its end."""

    def __init__(self, folder: Path, journal: Kind, pad: int) -> None:
        self.counter = SharedCounter(folder / "counter")
        self.allowed = SharedCounter(folder / "allowed")
        self.allowed.set(1000)
        self._stop = SharedCounter(folder / "stop")
        self.run_dir = RunDir(folder / "store" / "runs" / "run")

        def write() -> None:
            run = new_run(folder / "store", "run", journal=journal)
            run.begin_attempt(CELL)
            i = 0
            while not self._stop.get():
                if i == self.allowed.get():
                    os.sched_yield()
                    continue
                run.log({"i": i, "pad": "x" * pad})
                i += 1
                self.counter.set(i)
            run.end_attempt("finished", None)
            run.finish()

        self.pid = fork(write)
        wait_until(lambda: self.counter.get() > 100)

    def end(self) -> None:
        self._stop.set(1)
        assert join(self.pid) == 0


@pytest.fixture
def writer(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Writer]]:
    made: list[Writer] = []

    def make(journal: Kind, pad: int) -> Writer:
        made.append(Writer(tmp_path, journal, pad))
        return made[-1]

    yield make
    for one in made:
        if not one._stop.get():
            os.kill(one.pid, signal.SIGCONT)
            one.end()


@pytest.mark.usefixtures("small_segments")
@pytest.mark.parametrize("journal", KINDS)
def test_readers_while_others_seal_and_merge(
    tmp_path: Path, journal: Kind, writer: Callable[[Kind, int], Writer]
) -> None:
    """At every moment exactly the rows that were acknowledged before, and perhaps later ones."""
    logging = writer(journal, 3000)
    run_dir = logging.run_dir
    stop = SharedCounter(tmp_path / "stop sealing")
    merges = SharedCounter(tmp_path / "merges")

    def keep_sealing() -> None:
        while not stop.get():
            seal_run(run_dir)
            merges.set(merges.get() + merge_run(run_dir))

    sealer = fork(keep_sealing)
    reads = 0
    while reads < 30 or merges.get() < 5:
        logging.allowed.set(logging.allowed.get() + 200)
        acknowledged = logging.counter.get()
        read = view(run_dir)
        values = read.history("i")["value"]
        assert sorted(values) == list(range(len(values)))
        assert len(values) >= acknowledged
        assert read.rows >= acknowledged
        assert read.attempts[0].summary["i"] == read.rows - 1
        assert read.state == "running"
        reads += 1
    logging.end()
    stop.set(1)
    assert join(sealer) == 0
    assert len(view(run_dir).history("i")) == logging.counter.get()
    assert view(run_dir).state == "finished"


@pytest.mark.usefixtures("small_segments")
@pytest.mark.parametrize("journal", KINDS)
def test_a_stopped_process_goes_on_after_its_segment_was_sealed(
    journal: Kind, writer: Callable[[Kind, int], Writer]
) -> None:
    logging = writer(journal, 100)
    run_dir = logging.run_dir
    for _ in range(3):
        enough = logging.counter.get() + 2000
        logging.allowed.set(enough + 10**6)
        wait_until(lambda enough=enough: logging.counter.get() > enough)  # type: ignore[misc]
        os.kill(logging.pid, signal.SIGSTOP)
        wait_until(lambda: is_stopped(logging.pid))
        acknowledged = logging.counter.get()
        open_segments = [name for name in run_dir.segments() if not is_ended(run_dir, name)]
        assert open_segments
        seal_run(run_dir)
        # A stopped process is alive: its segment stays, whoever seals.
        assert set(open_segments) <= set(run_dir.segments())
        for name in open_segments:
            tail = SegmentTail(run_dir.segment(name), name)
            builder = TableBuilder()
            builder.add(name.writer, tail.read())
            assert tail.info is not None
            write_set(run_dir, name, tail.info, builder)
        merge_run(run_dir)
        values = view(run_dir).history("i")["value"]
        assert sorted(values) == list(range(len(values)))
        assert len(values) - acknowledged in (0, 1)
        assert view(run_dir).state == "running"
        os.kill(logging.pid, signal.SIGCONT)
    logging.end()
    for step in (lambda: None, lambda: seal_run(run_dir), lambda: merge_run(run_dir)):
        step()
        values = view(run_dir).history("i")["value"]
        assert sorted(values) == list(range(logging.counter.get()))
    assert run_dir.segments() == []


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"


def test_a_segment_is_not_sealed_while_its_writer_lives(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store")
    run.log({"i": 0})
    run_dir = RunDir(run.path)
    assert seal_run(run_dir) == []
    assert run_dir.sealed_sets() == []
    run.log({"i": 1})
    run.finish()
    (name,) = seal_run(run_dir)
    assert run_dir.segments() == []
    assert run_dir.sealed_sets() == [name]
    assert [cell.value for cell in cells(run_dir)] == [0.0, 1.0]


def test_a_sealed_segment_has_its_torn_tail_left_out(tmp_path: Path) -> None:
    """What a dead process was just writing when it died."""
    store = tmp_path / "store"

    def die() -> None:
        run = new_run(store, "run", journal="write")
        for i in range(10):
            run.log({"i": i})
        segment = run._journal._segment
        assert segment is not None
        row = Row(99, now(), 0, 99, {"i": 99})
        segment._file.write(frame(encode_record(row), run._journal.salt)[:-3])
        os._exit(0)

    assert join(fork(die)) == 0
    run_dir = RunDir(store / "runs" / "run")
    assert logged(run_dir) == list(range(10))
    assert len(seal_run(run_dir)) == 1
    assert sorted(cell.value or 0 for cell in cells(run_dir)) == list(range(10))


def test_records_behind_the_end_of_a_segment_are_kept(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store", journal="write")
    run.log({"i": 0})
    run.finish()
    run_dir = RunDir(run.path)
    (name,) = run_dir.segments()
    salt = run._journal.salt
    with run_dir.segment(name).open("ab") as file:
        file.write(frame(encode_record(Row(50, now(), 0, 1, {"i": 1})), salt))
        file.write(frame(encode_record(SegmentEnd(51, now())), salt))
    assert logged(run_dir) == [0, 1]
    assert seal_run(run_dir) == [name]
    assert [cell.value for cell in cells(run_dir)] == [0.0, 1.0]
