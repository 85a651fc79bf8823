"""What viewers are shown of a run, made of the records that come."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from nbtrack._process import this_process
from nbtrack.live.card import Card
from nbtrack.live.frame import LiveFrame
from nbtrack.live.picture import read_picture
from nbtrack.live.wire import read_frame
from nbtrack.recorder.outlook import Outlook
from nbtrack.store.journal import now
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.position import PositionFile, Progress
from nbtrack.store.schema import (
    AttemptEnd,
    AttemptStart,
    Change,
    Closing,
    Console,
    Failure,
    Outcome,
    Record,
    Row,
    Sample,
    WriterInfo,
)

FAILURE = Failure(
    type="ValueError", message="no", traceback="\x1b[31mno\x1b[0m", cell="[2]", line=3
)


class Run:
    """A run of this process, whose records are told to an outlook."""

    def __init__(self, run_dir: RunDir) -> None:
        self.run_dir = run_dir
        self.outlook = Outlook(run_dir)
        self._seq = 0
        self._info = WriterInfo(
            run="one", writer="oaa", role="owner", process=this_process(), opened=now()
        )

    def next_seq(self) -> int:
        self._seq += 1
        return self._seq

    def tell(self, *records: Record) -> None:
        self.outlook.add(self._info, "oaa", list(records))

    def start(self, n: int = 1, cell: str = "c", **config: Any) -> None:
        self.tell(AttemptStart(self.next_seq(), now(), n, n, cell, n, None, [], "source", config))

    def end(
        self, n: int = 1, outcome: Outcome = "finished", failure: Failure | None = None
    ) -> None:
        self.tell(AttemptEnd(self.next_seq(), now(), n, outcome, failure, 1.0, 1.0))

    def rows(self, count: int, n: int = 1) -> int:
        """Tell of rows; when the last one was."""
        rows = [Row(self.next_seq(), now(), n, step, {"loss": step}) for step in range(count)]
        self.tell(*rows)
        return rows[-1].time

    def change(self, kind: Any, key: str, value: Any, n: int = 0) -> None:
        self.tell(Change(self.next_seq(), now(), n, kind, key, value))

    def card(self) -> Card:
        self.outlook.publish(at_once=True)
        frame = read_frame(self.run_dir)
        assert frame is not None
        assert frame.card is not None
        return frame.card


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run_dir = Store(tmp_path / "store").create_run("one")
    run_dir.info.write_bytes(
        b'{"id": "one", "name": "calm-fox-1", "project": "p", "created": 5, "host": "h"}'
    )
    return Run(run_dir)


def test_a_run_from_its_beginning_to_its_end(run: Run) -> None:
    run.start()
    run.rows(10)
    card = run.card()
    assert (card.name, card.state, card.rows) == ("calm-fox-1", "running", 10)
    assert [(one.n, one.state, one.label) for one in card.attempts] == [(1, "running", "[1]")]
    run.end()
    assert run.card().attempts[0].state == "finished"
    run.change("closed", "", Closing(state="finished", reason="it ended"))
    card = run.card()
    assert (card.state, card.reason) == ("finished", "it ended")
    assert card.ended is not None


def test_nothing_new_is_nothing_published(run: Run) -> None:
    run.start()
    run.card()
    before = run.run_dir.live.stat().st_mtime_ns
    run.outlook.publish(at_once=True)
    assert run.run_dir.live.stat().st_mtime_ns == before
    run.rows(1)
    run.outlook.publish(at_once=True)
    assert run.run_dir.live.stat().st_mtime_ns > before


def test_what_is_special_about_each_attempt(run: Run) -> None:
    run.start(1, lr=0.1, model="resnet")
    run.change("config", "layers", 3, n=1)
    (alone,) = run.card().attempts
    assert alone.config == {"lr": "0.1", "model": "resnet", "layers": "3"}
    run.end(1)
    run.start(2, lr=0.2, model="resnet")
    assert [one.config for one in run.card().attempts] == [
        {"lr": "0.1", "layers": "3"},
        {"lr": "0.2"},
    ]


def test_an_error_is_that_of_the_latest_try(run: Run) -> None:
    run.start(1)
    run.end(1, "failed", FAILURE)
    error = run.card().error
    assert error is not None
    assert (error.type, error.line, error.attempt, error.cell_id) == ("ValueError", 3, 1, "c")
    assert error.traceback == "no", "without escapes"
    run.start(2)
    run.end(2)
    assert run.card().error is None


def test_the_last_lines_are_those_of_the_cell_that_spoke_last(run: Run) -> None:
    def say(cell: int, row: int, text: str, start: int = 0, stream: Any = "stdout") -> None:
        run.tell(Console(run.next_seq(), now(), cell, stream, row, start, text))

    run.start()
    say(1, 0, "before\n")
    say(2, 0, "one\ntwo\n")
    say(2, 1, "tw\x1b[32mice\x1b[0m\n")
    say(2, 0, "oops", stream="stderr")
    say(2, 1, "[picture]", stream="display")
    assert run.card().console == ["one", "twice", "", "oops"]
    say(3, 0, "".join(f"{n}\n" for n in range(500)))
    assert run.card().console[-2:] == ["498", "499"]
    assert len(run.card().console) <= 40


def test_where_the_kernel_is(run: Run) -> None:
    run.start()
    position = PositionFile(run.run_dir, "oaa")
    progress = Progress(label="epoch", done=3, total=10, seconds=1.0, rate=3.0)
    position.set("[1]", 7, progress)
    card = run.card()
    assert (card.position, card.progress) == (7, progress)
    run.end()
    # The file is still what it was a moment before the end.
    card = run.card()
    assert (card.state, card.position, card.progress) == ("running", None, None)
    position.remove()
    card = run.card()
    assert (card.position, card.progress) == (None, None)


def test_a_position_of_another_owner_is_none(run: Run) -> None:
    run.start()
    PositionFile(run.run_dir, "obb").set("[1]", 7)
    assert run.card().position is None


def test_the_memory_that_may_be_used(run: Run) -> None:
    run.start()
    run.tell(Sample(run.next_seq(), now(), {"memory.total.bytes": 100.0}))
    assert run.card().memory_limit == 100
    run.tell(
        Sample(run.next_seq(), now(), {"memory.total.bytes": 100.0, "memory.limit.bytes": 9.0})
    )
    assert run.card().memory_limit == 9


def test_the_pictures(run: Run) -> None:
    run.start(1)
    run.rows(5)
    run.card()
    first = read_picture(run.run_dir, 1)
    assert first is not None
    assert not first.final
    run.end(1)
    run.card()
    final = read_picture(run.run_dir, 1)
    assert final is not None
    assert final.final
    assert "finished" in final.text
    run.start(2, cell="another")
    run.card()
    assert read_picture(run.run_dir, 1) == final, "another cell's stays"
    run.start(3)
    run.card()
    assert read_picture(run.run_dir, 1) is None, "that of the try before does not"
    assert read_picture(run.run_dir, 3) is not None


def test_many_attempts_at_once_all_get_their_picture(run: Run) -> None:
    for n in range(1, 31):
        run.start(n, cell=f"cell{n}")
        run.end(n)
    run.card()
    pictures = [read_picture(run.run_dir, n) for n in range(1, 31)]
    assert all(picture is not None and picture.final for picture in pictures)


def test_the_next_recorder_goes_on(run: Run) -> None:
    run.start(1)
    run.rows(4)
    run.end(1)
    run.card()
    numbers = [read_frame(run.run_dir).number]  # type: ignore[union-attr]
    again = Run(run.run_dir)
    again._seq = run._seq
    again.start(2)
    again.rows(3, n=2)
    card = again.card()
    assert [one.n for one in card.attempts] == [1, 2]
    assert card.rows == 7
    frame = LiveFrame.from_bytes(run.run_dir.live.read_bytes())
    assert {n for n, _ in frame.series} == {1, 2}
    numbers.append(read_frame(run.run_dir).number)  # type: ignore[union-attr]
    assert numbers == sorted(set(numbers)), "numbers rise"


def test_a_dead_owner_has_crashed(run: Run) -> None:
    run.start()
    dead = os.fork()
    if not dead:
        os._exit(0)
    os.waitpid(dead, 0)
    process = this_process()
    gone = type(process)(
        **{**{f: getattr(process, f) for f in process.__struct_fields__}, "pid": dead}
    )
    run._info = WriterInfo(run="one", writer="oaa", role="owner", process=gone, opened=now())
    again = Run(run.run_dir)
    again._info = run._info
    again.start()
    last = again.rows(3)
    card = again.card()
    assert card.state == "crashed"
    assert card.attempts[-1].state == "crashed"
    assert card.ended == last > card.attempts[-1].started


def test_alerts_and_definitions_are_on_the_card(run: Run) -> None:
    run.start()
    run.rows(2)
    run.tell(Row(run.next_seq(), now(), 1, 2, {"val/acc": 1.0, "epoch": 1, "noise": 1}))
    assert (run.card().axes, run.card().alerts, run.card().hidden) == ({}, [], [])
    run.change("metric", "*", {"step_metric": "epoch"})
    run.change("metric", "loss", {"hidden": True})
    run.change("alert", "diverged", {"text": "x" * 5000, "level": "WARN"}, n=1)
    card = run.card()
    assert card.axes == {"loss": "epoch", "val/acc": "epoch", "noise": "epoch"}
    assert card.hidden == ["loss"]
    (alert,) = card.alerts
    assert (alert.title, alert.level, alert.attempt, len(alert.text)) == (
        "diverged",
        "WARN",
        1,
        500,
    )


def test_a_recorder_that_takes_over_keeps_alerts_and_axes(run: Run) -> None:
    run.start()
    run.rows(2)
    run.change("metric", "loss", {"step_metric": "epoch"})
    for number in range(12):
        run.change("alert", f"alert {number}", {"text": "", "level": "INFO"})
    before = run.card()
    assert [alert.title for alert in before.alerts] == [f"alert {n}" for n in range(2, 12)]
    # Of what was sealed meanwhile it hears nothing.
    run.outlook = Outlook(run.run_dir)
    run.start(2)
    run.change("alert", "new", {"text": "", "level": "INFO"})
    after = run.card()
    assert [alert.title for alert in after.alerts] == [*(f"alert {n}" for n in range(3, 12)), "new"]
    assert after.axes == {"loss": "epoch"}
