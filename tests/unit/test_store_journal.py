"""A writer's journal: how it grows, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from nbtrack._errors import InvalidDataError, RunFinishedError, StoreNotWritableError
from nbtrack.store import segment as segment_module
from nbtrack.store.frames import HEADER_SIZE
from nbtrack.store.journal import Journal, now
from nbtrack.store.layout import RunDir
from nbtrack.store.schema import Change, Row
from nbtrack.store.seal import seal_run
from nbtrack.store.segment import (
    END_ROOM,
    FIRST_SIZE,
    LARGEST_SIZE,
    MappedSegment,
    can_map,
    file_system,
)
from tests.journals import (
    KINDS,
    Kind,
    append_rows,
    cells,
    is_ended,
    logged,
    new_journal,
    new_run,
    new_run_dir,
    read_journal,
    settings,
    view,
    wait_until,
)


@pytest.mark.parametrize("journal", KINDS)
def test_segments_grow_and_are_ended(tmp_path: Path, journal: Kind) -> None:
    run = new_run(tmp_path / "store", journal=journal)
    run_dir = RunDir(run.path)
    pad = "x" * 1000
    count = (FIRST_SIZE + 4 * FIRST_SIZE + 16 * FIRST_SIZE + LARGEST_SIZE) // 1000
    for i in range(count):
        run.log({"i": i, "pad": pad})
    first = run_dir.segments()[:3]
    # Ended beside the loop that logs.
    wait_until(lambda: all(is_ended(run_dir, name) for name in first))
    sizes = [run_dir.segment(name).stat().st_size for name in first]
    assert FIRST_SIZE - END_ROOM - 2000 < sizes[0] <= FIRST_SIZE
    assert FIRST_SIZE < max(sizes) <= LARGEST_SIZE
    run.finish()
    assert all(is_ended(run_dir, name) for name in run_dir.segments())
    assert [name.number for name in run_dir.segments()] == [*range(1, len(run_dir.segments()) + 1)]
    assert logged(run_dir) == list(range(count))
    assert [path.suffix for path in run_dir.journal.iterdir()] == [".seg"] * 5


def test_one_that_is_left_while_others_are_ended_is_ended_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the same thread: nothing else comes by until the next change, perhaps never."""
    run_dir = new_run_dir(tmp_path / "store")
    made = new_journal(run_dir)
    ended: list[Path] = []
    pad = "x" * 1000

    class Slow(MappedSegment):
        def end(self, last_payload: bytes, frames: Sequence[bytes] = ()) -> None:
            super().end(last_payload, frames)
            ended.append(self.path)
            while len(ended) == 1 and len(run_dir.segments()) < 3:
                append_rows(made, [pad])

    monkeypatch.setattr(segment_module, "MappedSegment", Slow)
    while len(run_dir.segments()) < 2:
        append_rows(made, [pad])
    wait_until(lambda: len(ended) == 2)
    assert ended == [run_dir.segment(name) for name in run_dir.segments()[:2]]
    made.close()


def test_a_segment_that_is_written_has_its_blocks(tmp_path: Path) -> None:
    """Else a full disk would be a SIGBUS in the middle of log()."""
    run = new_run(tmp_path / "store", journal="mmap")
    run_dir = RunDir(run.path)
    (name,) = run_dir.segments()
    found = run_dir.segment(name).stat()
    assert found.st_size >= FIRST_SIZE
    assert found.st_blocks * 512 >= found.st_size
    run.finish()
    assert run_dir.segment(name).stat().st_size < 2 * HEADER_SIZE


def test_nothing_is_allocated_where_nothing_is_mapped(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store", journal="write")
    run_dir = RunDir(run.path)
    (name,) = run_dir.segments()
    assert run_dir.segment(name).stat().st_size == HEADER_SIZE
    run.log({"i": 0})
    assert logged(run_dir) == [0]
    run.finish()


def test_mapping_only_where_it_is_safe() -> None:
    assert can_map(Path("/"), "mmap")
    assert not can_map(Path("/"), "write")
    assert can_map(Path("/"), "auto") == (file_system(Path("/")) in {"ext4", "xfs", "tmpfs"})
    assert not can_map(Path("/proc"), "auto")
    assert file_system(Path("/proc")) == "proc"
    assert file_system(Path("/does/not/exist")) == ""


def test_numbers_go_on_from_what_is_on_disk(tmp_path: Path) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    first = new_journal(run_dir)
    append_rows(first, range(3))
    first.close()
    assert [name.number for name in run_dir.segments()] == [1]
    second = Journal(run_dir, first.info, settings(tmp_path / "store"))
    append_rows(second, range(3, 5))
    second.close()
    assert [name.number for name in run_dir.segments()] == [1, 2]
    seal_run(run_dir)
    third = Journal(run_dir, first.info, settings(tmp_path / "store"))
    append_rows(third, range(5, 7))
    third.close()
    assert [name.number for name in run_dir.segments()] == [3]
    assert sorted(cell.value or 0 for cell in cells(run_dir)) == list(range(7))


@pytest.mark.parametrize("journal", KINDS)
def test_after_the_end(tmp_path: Path, journal: Kind) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    made = new_journal(run_dir, journal=journal)
    append_rows(made, range(3))
    made.close()
    made.close()
    with pytest.raises(RunFinishedError, match="has ended"):
        append_rows(made, range(1))
    made.close()
    assert logged(run_dir) == [0, 1, 2]
    assert sum(is_ended(run_dir, name) for name in run_dir.segments()) == 1


def test_a_journal_that_never_wrote_leaves_nothing(tmp_path: Path) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    new_journal(run_dir).close()
    assert list(run_dir.journal.iterdir()) == []


def test_a_record_larger_than_any_frame(tmp_path: Path) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    made = new_journal(run_dir)
    with pytest.raises(InvalidDataError, match=r"16\.0 MiB"):
        made.append(Change(made.next_seq(), now(), 0, "config", "k", "x" * (16 << 20)))
    append_rows(made, range(2))
    made.close()
    assert logged(run_dir) == [0, 1]


def test_text_that_is_no_unicode_ends_no_run(tmp_path: Path) -> None:
    """Such as the name of a file in an error's message."""
    run = new_run(tmp_path / "store")
    run.config["path\udcff"] = ["a\udcffb", {"c\udcff": 1}]
    with pytest.raises(FileNotFoundError), run:
        Path("/does/not/exist\udcff").read_bytes()
    read = view(run)
    assert read.state == "failed"
    assert read.exception is not None
    assert "/does/not/exist" in read.exception["message"]
    assert "\\udcff" in read.exception["message"]
    assert read.config == {"path\\udcff": ["a\\udcffb", {"c\\udcff": 1}]}


def test_a_journal_without_its_folder(tmp_path: Path) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    run_dir.journal.rmdir()
    run_dir.journal.write_bytes(b"in the way")
    made = new_journal(run_dir)
    with pytest.raises(StoreNotWritableError) as caught:
        made.open()
    assert caught.value.path == str(run_dir.journal)
    assert caught.value.hint


def test_rows_of_other_records_in_between_keep_their_order(tmp_path: Path) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    made = new_journal(run_dir)
    for i in range(500):
        made.append(Row(made.next_seq(), now(), 0, i, {"i": i}))
        made.append(Change(made.next_seq(), now(), 0, "config", "k", i))
    made.close()
    records, _ = read_journal(run_dir)
    assert [record.seq for _, record in records] == list(range(1, 1001))


def test_segments_of_one_size_when_they_may_not_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_module, "LARGEST_SIZE", FIRST_SIZE)
    run_dir = new_run_dir(tmp_path / "store")
    made = new_journal(run_dir)
    append_rows(made, ["x" * 1000] * 500)
    made.close()
    assert len(run_dir.segments()) >= 8
    assert all(run_dir.segment(n).stat().st_size <= FIRST_SIZE for n in run_dir.segments())
