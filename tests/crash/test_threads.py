"""Many threads that log to one run."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbtrack._errors import RunFinishedError
from nbtrack.store import segment as segment_module
from nbtrack.store.layout import RunDir
from nbtrack.store.segment import FIRST_SIZE
from tests.journals import KINDS, Kind, logged, new_run, read_rows

THREADS = 8


@pytest.fixture
def many_switches() -> Iterator[None]:
    """Threads take turns after every few instructions."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments do not grow, so that there are many changes."""
    monkeypatch.setattr(segment_module, "LARGEST_SIZE", FIRST_SIZE)


@pytest.mark.usefixtures("many_switches", "small_segments")
@pytest.mark.parametrize("journal", KINDS)
def test_every_row_of_every_thread_once(tmp_path: Path, journal: Kind) -> None:
    run = new_run(tmp_path / "store", journal=journal)
    each = 4000
    start = threading.Barrier(THREADS)

    def work(number: int) -> None:
        start.wait()
        for i in range(each):
            run.log({"i": number * each + i, "pad": "x" * (i % 97)})

    threads = [threading.Thread(target=work, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    run.finish()
    run_dir = RunDir(run.path)
    assert sorted(logged(run_dir)) == list(range(THREADS * each))
    assert len(run_dir.segments()) > 15
    rows, _ = read_rows(run_dir)
    assert len({row.seq for row in rows}) == len(rows)
    by_seq = [row.data["i"] for row in sorted(rows, key=lambda row: row.seq)]
    for number in range(THREADS):
        own = [i for i in by_seq if i // each == number]
        assert own == sorted(own)


@pytest.mark.usefixtures("many_switches", "small_segments")
@pytest.mark.parametrize("journal", KINDS)
def test_finish_while_threads_log(tmp_path: Path, journal: Kind) -> None:
    for repetition in range(15):
        run = new_run(tmp_path / str(repetition), journal=journal)
        acknowledged: list[list[int]] = [[] for _ in range(THREADS)]
        enough = threading.Event()

        def work(
            number: int,
            run: object = run,
            own: list[list[int]] = acknowledged,
            enough: threading.Event = enough,
        ) -> None:
            i = number
            try:
                while True:
                    run.log({"i": i, "pad": "x" * 200})  # type: ignore[attr-defined]
                    own[number].append(i)
                    i += THREADS
                    if i > 3000:
                        enough.set()
            except RunFinishedError:
                pass

        threads = [threading.Thread(target=work, args=(n,)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        assert enough.wait(60)
        run.finish()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        found = Counter(logged(RunDir(run.path)))
        assert set(found.values()) == {1}
        assert set().union(*acknowledged) <= set(found)


@pytest.mark.usefixtures("many_switches")
@pytest.mark.parametrize("journal", KINDS)
def test_the_first_row_of_many_threads(tmp_path: Path, journal: Kind) -> None:
    for repetition in range(20):
        run = new_run(tmp_path / str(repetition), journal=journal)
        start = threading.Barrier(THREADS)

        def work(number: int, run: object = run, start: threading.Barrier = start) -> None:
            start.wait()
            run.log({"i": number})  # type: ignore[attr-defined]

        threads = [threading.Thread(target=work, args=(n,)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        run.finish()
        assert sorted(logged(RunDir(run.path))) == list(range(THREADS))
