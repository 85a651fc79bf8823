"""One run under the eyes of a recorder, with journals that this process writes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from nbtrack._process import ProcessIdentity, this_process
from nbtrack._settings import Settings
from nbtrack.live.frame import LiveFrame
from nbtrack.recorder.follower import Follower
from nbtrack.store.death import Death
from nbtrack.store.frames import HEADER_SIZE
from nbtrack.store.journal import Journal, now
from nbtrack.store.layout import RunDir, SegmentName, Store
from nbtrack.store.schema import Change, Closing, Role, Row, WriterInfo
from nbtrack.store.seal import seal_run
from nbtrack.store.view import RunView

NewJournal = Callable[..., Journal]


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    run_dir = Store(tmp_path / "store").create_run("one")
    run_dir.info.write_bytes(
        b'{"id": "one", "name": "one", "project": "p", "created": 0, "host": "h"}'
    )
    return run_dir


@pytest.fixture
def new_journal(run_dir: RunDir) -> NewJournal:
    def new(writer: str = "oaa", process: ProcessIdentity | None = None) -> Journal:
        role: Role = "owner" if writer.startswith("o") else "worker"
        info = WriterInfo(
            run="one", writer=writer, role=role, process=process or this_process(), opened=now()
        )
        journal = Journal(run_dir, info, Settings())
        journal.open()
        return journal

    return new


@pytest.fixture
def dead_process() -> ProcessIdentity:
    """The identity of a process of this machine that is dead."""
    code = "import sys, msgspec, nbtrack._process as p\n"
    code += "sys.stdout.buffer.write(msgspec.json.encode(p.this_process()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return msgspec.json.decode(done.stdout, type=ProcessIdentity)


def follow(run_dir: RunDir, *, seals: bool = True) -> Follower:
    return Follower(run_dir, Settings(), this_process(), seals=seals)


def add_rows(journal: Journal, count: int, start: int = 0) -> None:
    for step in range(start, start + count):
        journal.append(Row(journal.next_seq(), now(), 1, step, {"loss": step * 0.5}))


def close(journal: Journal) -> None:
    closing = Closing(state="finished", reason="it ended")
    journal.append(Change(journal.next_seq(), now(), 0, "closed", "", closing))
    journal.close()


def shown(follower: Follower) -> int:
    follower.publish(at_once=True)
    frame = LiveFrame.from_bytes(follower.run_dir.live.read_bytes())
    return frame.series[1, "loss"].count


def stages(follower: Follower) -> list[str]:
    """What the follower says of its run after another look."""
    follower.look()
    return [name for name in ("open", "closed", "done") if getattr(follower, name)]


def test_open_closed_done(run_dir: RunDir, new_journal: NewJournal) -> None:
    follower = follow(run_dir)
    assert stages(follower) == [], "nobody has written yet"
    journal = new_journal()
    assert stages(follower) == ["open"]
    follower.beat()
    add_rows(journal, 10)
    close(journal)
    assert stages(follower) == ["closed"], "its own journal is open"
    follower.end_own_journal()
    assert stages(follower) == ["closed", "done"]
    assert run_dir.segments() == []
    assert RunView(run_dir).rows == 10


def test_a_look_that_ends_early_goes_on_with_the_next(
    run_dir: RunDir, new_journal: NewJournal
) -> None:
    journal, worker = new_journal(), new_journal("wbb")
    rows = 0
    while len(run_dir.segments()) < 6:
        add_rows(journal, 500, rows)
        rows += 500
    add_rows(worker, 10)
    worker.close()
    close(journal)
    follower = follow(run_dir)
    looks, seen, sealed = 0, 0, 0
    while not follower.done:
        follower.look(0.0)
        looks += 1
        # What was read to its end is sealed with the same look.
        assert follower.sealed == sealed + 1
        assert shown(follower) > seen
        seen, sealed = shown(follower), follower.sealed
        assert follower.behind == bool(run_dir.segments())
    assert (looks, seen) == (6, rows + 10)
    assert not run_dir.segments()


def test_a_run_written_to_again_is_open_again(run_dir: RunDir, new_journal: NewJournal) -> None:
    follower = follow(run_dir)
    close(new_journal("oaa"))
    assert "closed" in stages(follower)
    again = new_journal("obb")
    assert stages(follower) == ["open"]
    close(again)
    assert "closed" in stages(follower)


def test_rows_that_were_dropped_are_told_after_the_end(
    run_dir: RunDir, new_journal: NewJournal
) -> None:
    follower = follow(run_dir)
    journal = new_journal()
    closing = Closing(state="finished", reason="it ended")
    journal.append(Change(journal.next_seq(), now(), 0, "closed", "", closing))
    journal.append(Change(journal.next_seq(), now(), 0, "dropped", "", 3))
    follower.look()
    assert follower.closed
    journal.close()


def test_a_run_whose_end_somebody_else_sealed_is_closed(
    run_dir: RunDir, new_journal: NewJournal
) -> None:
    follower = follow(run_dir)
    journal = new_journal()
    add_rows(journal, 5)
    assert stages(follower) == ["open"]
    close(journal)
    assert seal_run(run_dir) == [SegmentName("oaa", 1)]
    assert stages(follower) == ["open"], "one look may miss a file"
    assert stages(follower) == ["closed", "done"]


def test_the_run_of_another_owner_is_not_closed_by_its_end(
    run_dir: RunDir, new_journal: NewJournal, dead_process: ProcessIdentity
) -> None:
    """A run that is resumed: the first owner's journal was never sealed."""
    first = new_journal("oaa", dead_process)
    add_rows(first, 5)
    second = new_journal("obb")
    follower = follow(run_dir)
    follower.look()
    assert follower.open
    assert [name.writer for name in run_dir.segments()] == ["obb"], "the dead one's is sealed"
    follower.owner_died(Death(signal=9))
    assert follower.closed
    follower.end_own_journal()
    follower.look()
    second.close()
    died = RunView(run_dir)._fold.died
    assert died == {"obb": Death(signal=9)}


def test_a_damaged_segment_is_left_and_told_once(run_dir: RunDir, new_journal: NewJournal) -> None:
    journal = new_journal()
    add_rows(journal, 100)
    close(journal)
    path = run_dir.segment(SegmentName("oaa", 1))
    data = bytearray(path.read_bytes())
    data[HEADER_SIZE + 200] ^= 0xFF
    path.write_bytes(data)
    follower = follow(run_dir)
    for _ in range(5):
        follower.look()
    assert path.read_bytes() == data
    assert run_dir.sealed_sets() == []
    assert len(run_dir.recorder_log.read_text().splitlines()) == 1
    assert follower.done, "nothing more can be done about it"
    assert shown(follower) == 99


def test_a_segment_of_a_newer_format_is_left_alone(
    run_dir: RunDir, new_journal: NewJournal
) -> None:
    import struct
    from zlib import crc32

    journal = new_journal("wnew")
    journal.close()
    path = run_dir.segment(SegmentName("wnew", 1))
    data = bytearray(path.read_bytes())
    length = struct.unpack_from("<H", data, 6)[0]
    struct.pack_into("<H", data, 4, 99)
    struct.pack_into("<I", data, 8, crc32(bytes(data[12 : 12 + length]), 99))
    path.write_bytes(data)
    follower = follow(run_dir)
    owners = new_journal()
    add_rows(owners, 5)
    close(owners)
    for _ in range(3):
        follower.look()
    assert [name.writer for name in run_dir.segments()] == ["wnew"]
    assert [name.writer for name in run_dir.sealed_sets()] == ["oaa"]
    assert "format 99" in run_dir.recorder_log.read_text()


def test_a_second_recorder_goes_on_with_the_frame(run_dir: RunDir, new_journal: NewJournal) -> None:
    journal = new_journal()
    add_rows(journal, 100)
    first = follow(run_dir)
    first.look()
    assert shown(first) == 100
    add_rows(journal, 50, start=100)
    second = follow(run_dir)
    second.look()
    assert shown(second) == 150
    journal.close()


def test_a_damaged_frame_is_made_again(run_dir: RunDir, new_journal: NewJournal) -> None:
    run_dir.live.write_bytes(b"nonsense")
    journal = new_journal()
    add_rows(journal, 10)
    follower = follow(run_dir)
    follower.look()
    assert shown(follower) == 10
    journal.close()


def test_the_frame_is_not_published_all_the_time(run_dir: RunDir, new_journal: NewJournal) -> None:
    journal = new_journal()
    follower = follow(run_dir)
    seen = set()
    for step in range(50):
        add_rows(journal, 1, start=step)
        follower.look()
        seen.add(run_dir.live.stat().st_mtime_ns)
    assert len(seen) <= 2
    unchanged = run_dir.live.stat().st_mtime_ns
    follower.publish(at_once=True)
    changed = run_dir.live.stat().st_mtime_ns
    follower.publish(at_once=True)
    assert changed != unchanged
    assert run_dir.live.stat().st_mtime_ns == changed, "nothing new, nothing written"
    journal.close()


def test_another_run_in_the_place_of_a_discarded_one_is_another(
    run_dir: RunDir, tmp_path: Path
) -> None:
    follower = follow(run_dir)
    assert follower.is_same(RunDir(run_dir.path))
    run_dir.path.rename(tmp_path / "gone")
    Store(tmp_path / "store").create_run("one")
    assert not follower.is_same(RunDir(run_dir.path))
    follower.look()
    assert follower.vanished
    assert follower.done
    assert sorted(path.name for path in run_dir.path.rglob("*")) == [
        "edits",
        "journal",
        "merged",
        "sealed",
    ]


def test_strings_and_nested_values(run_dir: RunDir, new_journal: NewJournal) -> None:
    journal = new_journal()
    data = {"text": "a", "outer": {"inner": 2}, "flag": True, "none": None, "big": 2**60}
    journal.append(Row(journal.next_seq(), now(), 1, 0, data))
    follower = follow(run_dir)
    follower.look()
    follower.publish(at_once=True)
    frame = LiveFrame.from_bytes(run_dir.live.read_bytes())
    assert {key: series.last for (_, key), series in frame.series.items()} == {
        "outer/inner": (0.0, 2.0),
        "flag": (0.0, 1.0),
        "big": (0.0, 2.0**60),
    }
    journal.close()


def test_a_thread_seals_nothing(run_dir: RunDir, new_journal: NewJournal) -> None:
    journal = new_journal()
    close(journal)
    follower = follow(run_dir, seals=False)
    follower.look()
    assert follower.done
    assert len(run_dir.segments()) == 1
