"""Sealing and merging: killed anywhere, done twice, done at once."""

from __future__ import annotations

import inspect
import os
import re
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from nbtrack import Text, _run_media
from nbtrack._attempts import CellInfo
from nbtrack.store import encoding, faults, merge, reader, seal, segment, spool
from nbtrack.store import segment as segment_module
from nbtrack.store.faults import JOURNAL_POINTS, MEDIA_POINTS, MERGE_POINTS, SEAL_POINTS
from nbtrack.store.journal import now
from nbtrack.store.layout import TABLES, RunDir, SegmentName
from nbtrack.store.merge import merge as merge_run
from nbtrack.store.schema import Sample
from nbtrack.store.seal import seal as seal_one
from nbtrack.store.seal import seal_run
from nbtrack.store.segment import FIRST_SIZE
from nbtrack.store.tables import TableBuilder
from nbtrack.store.tail import SegmentTail
from tests.crash.processes import fork, join
from tests.journals import Cell, cells, new_run, view
from tests.media import told

CELL = CellInfo(cell_id="c", execution_count=1, source="log()", config={"lr": 0.1})
# Makes the segments full with few rows.
PAD = "x" * 600


class Original(NamedTuple):
    """A run with several whole segments, and everything that is read of it."""

    run_dir: RunDir
    cells: list[Cell]
    document: dict[str, Any]
    system: list[dict[str, Any]]
    media: list[dict[str, Any]]

    def copy(self, to: Path) -> RunDir:
        path = to / "store" / "runs" / self.run_dir.id
        shutil.copytree(self.run_dir.path, path)
        return RunDir(path)

    def check(self, run_dir: RunDir, where: object = "") -> None:
        """What is read of a copy is what was read of the original."""
        assert cells(run_dir) == self.cells, where
        document = view(run_dir).to_dict()
        document["path"] = self.document["path"]
        assert document == self.document, where
        assert view(run_dir).system().to_pylist() == self.system, where
        assert told(view(run_dir).media()) == self.media, where
        assert view(run_dir).damage == [], where


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    """An owner with an attempt, samples and changes, and a worker that was killed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segment_module, "LARGEST_SIZE", FIRST_SIZE)
        run = new_run(tmp_path_factory.mktemp("original") / "store", "run", journal="mmap")
        run.begin_attempt(CELL)

        def work() -> None:
            for i in range(150):
                run.log({"i": 10_000 + i, "pad": PAD}, step=i)
            os.kill(os.getpid(), signal.SIGKILL)

        assert join(fork(work)) == -signal.SIGKILL
        for i in range(250):
            if i % 10 == 0:
                journal = run._journal
                journal.append(Sample(journal.next_seq(), now(), {"cpu.percent": float(i)}))
                run.log({"text": Text(str(i))}, commit=False)
            run.log({"i": i, "pad": PAD, "big": 2**60 + i})
        run.config["late"] = [1, {"a": None}]
        run.summary["best"] = 3
        run.end_attempt("finished", None)
        run.finish()
    run_dir = RunDir(run.path)
    assert len(run_dir.segments()) >= 4
    found = view(run)
    return Original(
        run_dir, cells(run_dir), found.to_dict(), found.system().to_pylist(), told(found.media())
    )


def killed_at(point: str, do: Callable[[], object]) -> None:
    """Do something in a process that is killed at a fault point."""

    def child() -> None:
        os.environ["NBTRACK_FAULT"] = point
        faults._armed.cache_clear()
        do()

    assert join(fork(child)) == -signal.SIGKILL, point


def test_there_are_no_other_fault_points() -> None:
    media = (spool, _run_media, encoding)
    places = (
        ((segment,), JOURNAL_POINTS),
        ((seal,), SEAL_POINTS),
        ((merge,), MERGE_POINTS),
        (media, MEDIA_POINTS),
    )
    for modules, points in places:
        text = "".join(map(inspect.getsource, modules))
        found = re.findall(r'\bfault\(f?"([^"]+)"\)', text)
        assert {name.split("{")[0] for name in found} == {
            re.sub("_(metrics|system|cells|console|media|changes)$", "_", point) for point in points
        }


def test_the_original_is_what_it_should_be(original: Original) -> None:
    values = {cell.value for cell in original.cells if cell.key == "i"}
    assert values == {*range(250), *range(10_000, 10_150)}
    assert original.document["rows"] == 425
    assert len(original.media) == 25
    assert original.document["state"] == "finished"
    assert len(original.system) == 25
    (attempt,) = original.document["attempts"]
    assert attempt["rows"] == 425
    assert attempt["config"] == {"lr": 0.1}
    assert original.document["config"] == {"lr": 0.1, "late": [1, {"a": None}]}
    assert original.document["summary"]["best"] == 3


@pytest.mark.parametrize("point", SEAL_POINTS)
def test_sealing_killed_at_each_point_of_each_segment(
    tmp_path: Path, original: Original, point: str
) -> None:
    run_dir = original.copy(tmp_path)
    sealed = 0
    for name in run_dir.segments():
        tables = written_tables(original.run_dir, name)
        if not point.startswith("seal.after_") or point.removeprefix("seal.after_") in tables:
            killed_at(point, lambda name=name: seal_one(run_dir, name))  # type: ignore[misc]
            original.check(run_dir, (point, name))
        assert run_dir.segment(name).exists()
        assert seal_one(run_dir, name)
        sealed += 1
        assert not run_dir.segment(name).exists()
        original.check(run_dir, (point, name, "again"))
    assert sealed == len(run_dir.sealed_sets())
    assert seal_run(run_dir) == []


def written_tables(run_dir: RunDir, name: SegmentName) -> set[str]:
    """The tables that a segment's sealed set has."""
    builder = TableBuilder()
    builder.add(name.writer, SegmentTail(run_dir.segment(name), name).read())
    return {*builder.finish(), "changes"}


@pytest.mark.parametrize("point", MERGE_POINTS)
def test_merging_killed_at_each_point(tmp_path: Path, original: Original, point: str) -> None:
    run_dir = original.copy(tmp_path)
    names = run_dir.segments()
    for name in names[:2]:
        assert seal_one(run_dir, name)
    # The second time there is a merged set already.
    for rest in (names[2:], []):
        tables = {t for t in TABLES if any(run_dir.sealed.glob(f"*.{t}.parquet"))}
        if not point.startswith("merge.after_") or point.removeprefix("merge.after_") in tables:
            killed_at(point, lambda: merge_run(run_dir))
            original.check(run_dir, point)
        # What is left of sealed sets goes now, if the kill came after the manifest.
        assert merge_run(run_dir) == (point != "merge.before_unlink" or not tables)
        original.check(run_dir, (point, "again"))
        assert list(run_dir.sealed.iterdir()) == []
        for name in rest:
            assert seal_one(run_dir, name)
    assert run_dir.segments() == []
    assert not merge_run(run_dir)
    assert not leftovers(run_dir)
    sets = {path.name.split(".")[0] for path in run_dir.merged.iterdir()}
    assert len(sets) == 1


def leftovers(run_dir: RunDir) -> list[Path]:
    return [path for path in run_dir.path.rglob("*") if path.name.endswith(".tmp")]


def test_a_kill_between_unlinking_two_replaced_files(tmp_path: Path, original: Original) -> None:
    run_dir = original.copy(tmp_path)
    seal_run(run_dir)
    copies = {path: path.read_bytes() for path in run_dir.sealed.iterdir()}
    assert merge_run(run_dir)
    # Whatever of the replaced files is still there changes nothing, and goes with the next merge.
    for path, content in sorted(copies.items()):
        path.write_bytes(content)
        original.check(run_dir, path.name)
    assert not merge_run(run_dir)
    assert list(run_dir.sealed.iterdir()) == []


def test_sealing_again_after_the_set_is_there(tmp_path: Path, original: Original) -> None:
    run_dir = original.copy(tmp_path)
    contents = {name: run_dir.segment(name).read_bytes() for name in run_dir.segments()}
    seal_run(run_dir)
    for name, content in contents.items():
        # As a sealer that was killed before it unlinked, or that began before another one ended.
        run_dir.segment(name).write_bytes(content)
        original.check(run_dir, name)
        assert seal_one(run_dir, name)
        original.check(run_dir, name)
    merge_run(run_dir)
    for name, content in contents.items():
        run_dir.segment(name).write_bytes(content)
        original.check(run_dir, name)
        seal_one(run_dir, name)
        original.check(run_dir, name)
    merge_run(run_dir)
    original.check(run_dir)


def test_two_sealers_at_once(tmp_path: Path, original: Original) -> None:
    run_dir = original.copy(tmp_path)
    children = [fork(lambda: seal_run(run_dir)) for _ in range(3)]
    while children:
        original.check(run_dir)
        children = [pid for pid in children if not ended(pid)]
    assert run_dir.segments() == []
    original.check(run_dir)


def ended(pid: int) -> bool:
    found, status = os.waitpid(pid, os.WNOHANG)
    assert status == 0
    return bool(found)


def test_two_mergers_at_once(tmp_path: Path, original: Original) -> None:
    run_dir = original.copy(tmp_path)
    seal_run(run_dir)
    fd = os.open(run_dir.merged, os.O_RDONLY)
    try:
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_EX)
        assert not merge_run(run_dir)
        assert not run_dir.manifest.exists()
    finally:
        os.close(fd)
    merged: list[bool] = []
    start = threading.Barrier(3)

    def work() -> None:
        start.wait()
        merged.append(merge_run(run_dir))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        original.check(run_dir)
    for thread in threads:
        thread.join()
    assert merged.count(True) == 1
    original.check(run_dir)


def test_a_merger_that_is_killed_lets_go_of_its_lock(tmp_path: Path, original: Original) -> None:
    run_dir = original.copy(tmp_path)
    seal_run(run_dir)
    killed_at("merge.after_metrics", lambda: merge_run(run_dir))
    assert merge_run(run_dir)
    original.check(run_dir)


def test_sets_are_merged_in_order_and_named_by_what_they_hold(
    tmp_path: Path, original: Original
) -> None:
    copies = [original.copy(tmp_path / name) for name in ("a", "b")]
    for run_dir in copies:
        seal_run(run_dir)
        merge_run(run_dir)
    assert copies[0].manifest.read_bytes() == copies[1].manifest.read_bytes()
    selection = reader.select(copies[0])
    assert selection.merged is not None
    assert set(selection.merged.replaces) == set(map(str, original.run_dir.segments()))
    rows = (
        duckdb.connect()
        .execute(f"SELECT key, attempt, step FROM '{copies[0].merged}/*.metrics.parquet'")
        .fetchall()
    )
    assert rows == sorted(rows)
