"""Pages that follow a run are told at once what becomes of it, however many they are."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from nbtrack.live.card import Update
from nbtrack.live.frame import LiveFrame, PackedFrame
from nbtrack.live.past import frame_of
from nbtrack.recorder.outlook import Outlook
from nbtrack.server.live import LiveRuns
from nbtrack.server.stores import Stores
from nbtrack.server.watch import Watches
from nbtrack.store import registry
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.reader import snapshot
from nbtrack.store.schema import Change
from nbtrack.store.tail import SegmentTail
from tests.live.cards import make_card
from tests.server.servers import PATIENCE, Server, wait_for
from tests.server.sessions import Session, record_digits

TRAINING = """
import time, nbtrack
run = nbtrack.init(id="one")
step = 0
while True:
    nbtrack.log({"loss": 1.0 / (step + 1)})
    step += 1
    time.sleep(0.01)
"""


def messages(answer: http.client.HTTPResponse) -> Iterator[Update | None]:
    """The heads of the messages of a stream; None for a heartbeat."""
    while True:
        length = int.from_bytes(answer.read(4), "little")
        if not length:
            yield None
            continue
        message = answer.read(length)
        head = json.loads(message[4 : 4 + int.from_bytes(message[:4], "little")])
        update = msgspec.convert(head, Update)
        points = length - 4 - int.from_bytes(message[:4], "little")
        assert points == 32 * sum(part.buckets for part in update.parts)
        yield update


class Training:
    """A script that logs until it is killed."""

    def __init__(self, store: Path) -> None:
        self.store = Store(store)
        self.process = subprocess.Popen(
            [sys.executable, "-c", TRAINING],
            env={**os.environ, "NBTRACK_DIR": str(store)},
            start_new_session=True,
        )
        run_dir = self.store.run("one")
        wait_for(run_dir.live.exists, "the run is shown")
        self.path = f"nbtrack/api/live/{registry.key_of(self.store)}/one/stream"

    def kill(self) -> float:
        """Kill it. Returns when."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)
        return time.monotonic()


@pytest.fixture
def training(tmp_path: Path) -> Iterator[Training]:
    running = Training(tmp_path / ".nbtrack")
    yield running
    if running.process.poll() is None:
        running.kill()


def test_a_run_moves_and_its_death_is_seen(server: Server, training: Training) -> None:
    with server.stream(training.path) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/octet-stream"
        said = messages(answer)
        first = next(said)
        assert first is not None
        assert (first.base, first.kernel, first.card.state) == (None, None, "running")
        before, rows, moments = first.number, first.card.rows, list[float]()
        update: Update | None = None
        for _ in range(4):
            update = next(said)
            assert update is not None
            assert update.base == before, "after the whole state come differences"
            assert update.card.rows > rows
            before, rows = update.number, update.card.rows
            moments.append(time.monotonic())
        assert moments[-1] - moments[0] < 3 * 3, "it moves about once a second"
        killed = training.kill()
        while update is None or update.card.state == "running":
            update = next(said)
        assert update.card.state == "crashed"
        assert time.monotonic() - killed < 10, "3 s on a machine that has nothing else to do"


def test_the_death_of_kernel_and_recorder_together_is_seen(
    server: Server, training: Training
) -> None:
    with server.stream(training.path) as answer:
        said = messages(answer)
        update = next(said)
        recorders = [
            writer.process.pid
            for writer in snapshot(training.store.run("one")).fold.writers
            if writer.role == "recorder"
        ]
        for pid in recorders:
            os.kill(pid, signal.SIGKILL)
        killed = training.kill()
        while update is None or update.card.state == "running":
            update = next(said)
        assert update.card.state == "crashed"
        assert time.monotonic() - killed < 15


def test_a_page_that_hears_nothing_hears_a_heartbeat(server: Server, served: Session) -> None:
    with server.stream(f"nbtrack/api/live/{served.key}/one/stream") as answer:
        said = messages(answer)
        assert next(said) is not None
        start = time.monotonic()
        assert next(said) is None
        assert 8 < time.monotonic() - start < 30


def test_several_pages_and_one_that_leaves(server: Server, training: Training) -> None:
    with server.stream(training.path) as one:
        first = messages(one)
        assert next(first) is not None
        with server.stream(training.path) as two:
            whole = next(messages(two))
            assert whole is not None
            assert whole.base is None
        update = next(first)
        assert update is not None
        assert update.base is not None


def test_what_cannot_be_followed(server: Server, served: Session) -> None:
    for path in (f"{served.key}/nobody", f"{'0' * 16}/one"):
        assert server.ask("GET", f"nbtrack/api/live/{path}/stream").status == 404
    answer = server.ask("GET", f"nbtrack/api/live/{served.key}/one/stream", token=False)
    assert answer.status == 403


def publish(run_dir: RunDir, number: int) -> None:
    frame = LiveFrame()
    frame.add(1, number, [("loss", 1.0)])
    temporary = run_dir.live.with_name("new")
    temporary.write_bytes(frame.to_bytes(number, make_card(state="finished")))
    temporary.replace(run_dir.live)


class CountedRuns(LiveRuns):
    """Counts how often a run is read."""

    def __init__(self, stores: Stores) -> None:
        super().__init__(stores)
        self.read = 0

    def frame(self, run_dir: RunDir) -> PackedFrame:
        self.read += 1
        return super().frame(run_dir)


def test_many_pages_cost_one_look(tmp_path: Path) -> None:
    run_dir = Session(tmp_path / ".nbtrack").run_dir
    publish(run_dir, 1)

    async def follow() -> None:
        watches = Watches(live, threads)
        pages = [watches.join(run_dir) for _ in range(50)]
        found = [await page.newer_than(0, 10, until=lambda: False) for page in pages]
        assert {one.frame.number for one in found if one.frame} == {1}
        assert live.read == 1
        same = await pages[0].newer_than(found[0].state, 0.6, until=lambda: False)
        assert same.state == found[0].state, "nothing is new"
        assert live.read == 1, "a look is no read"
        publish(run_dir, 2)
        later = await asyncio.gather(
            *(page.newer_than(found[0].state, 10, until=lambda: False) for page in pages)
        )
        assert {one.frame.number for one in later if one.frame} == {2}
        assert live.read == 2
        for page in pages:
            watches.leave(page)
        assert watches.viewers == 0
        await asyncio.sleep(0)
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
        # A run that is removed: nobody waits for more.
        page = watches.join(run_dir)
        found = [await page.newer_than(0, 10, until=lambda: False)]
        for path in (run_dir.live, run_dir.info):
            path.unlink()
        gone = await page.newer_than(found[0].state, 10, until=lambda: False)
        assert gone.over
        watches.leave(page)

    live = CountedRuns(Stores())
    with ThreadPoolExecutor(4) as threads:
        asyncio.run(follow())


class TestWithoutARecorder:
    def test_the_frame_is_made_of_the_tables(self, tmp_path: Path) -> None:
        session = record_digits(tmp_path / ".nbtrack")
        frame = frame_of(session.run_dir)
        series = {(one.attempt, one.key): one for one in frame.series}
        assert series.keys() == {
            (1, "loss"), (2, "loss"), (2, "best"), (-1, "memory.process.bytes"),
            (-1, "memory.limit.bytes"),
        }  # fmt: skip
        loss = series[2, "loss"]
        assert (loss.count, loss.buckets, loss.last_x, loss.last_y) == (10, 10, 9.0, 0.1)
        assert series[2, "best"].nans == 10
        assert {(one.attempt, one.count) for one in frame.clocks} == {(1, 1), (2, 10)}
        card = frame.card
        assert card is not None
        assert (card.state, card.rows, card.memory_limit) == ("finished", 11, 10**9)
        assert [attempt.config for attempt in card.attempts] == [{"lr": "0.1"}, {"lr": "0.2"}]
        assert [attempt.state for attempt in card.attempts] == ["failed", "finished"]
        assert card.console == ["'done'"]
        assert card.error is None

    def test_of_very_many_metrics_each_has_fewer_points(self, tmp_path: Path) -> None:
        session = Session(tmp_path / ".nbtrack")
        session.attempt(1, session.cell(1), execution_count=1)
        recorded = LiveFrame()
        for step in range(300):
            row = {f"metric{n}": float(step % 7) for n in range(401)}
            session.log(1, step, dict(row))
            recorded.add(1, step, row.items())
        session.close(merged=True)
        (most,) = {one.buckets for one in recorded.series.values()}
        assert most < 300
        frame = frame_of(session.run_dir)
        assert len(frame.series) == 401
        assert all(most <= one.buckets <= frame.max_buckets < 300 for one in frame.series)

    def test_it_is_the_same_as_the_recorders(self, tmp_path: Path) -> None:
        """One card, from what a recorder read as it came and from the tables."""
        session = Session(tmp_path / ".nbtrack")
        session.attempt(1, session.cell(1), execution_count=1)
        for step in range(3):
            session.log(1, step, {"loss": 1.0, "val/acc": 0.5, "epoch": step})
        session.add(Change(*session.at(), 0, "metric", "val/*", {"step_metric": "epoch"}))
        session.add(Change(*session.at(), 0, "metric", "loss", {"summary": ["none"]}))
        session.add(Change(*session.at(), 1, "alert", "diverged", {"text": "!", "level": "WARN"}))
        session.close()
        outlook = Outlook(session.run_dir)
        for name in session.run_dir.segments():
            tail = SegmentTail(session.run_dir.segment(name), name)
            records = list(tail.read())
            outlook.add(tail.info, name.writer, records)
        outlook.publish(at_once=True)
        live = LiveRuns(Stores())
        published = live.frame(session.run_dir)
        made = frame_of(session.run_dir)
        assert published.card is not None
        assert made.card is not None
        assert made.card.axes == {"val/acc": "epoch"}
        assert [alert.title for alert in made.card.alerts] == ["diverged"]
        assert {one.key for one in made.series} >= {"loss", "val/acc", "epoch"}
        assert msgspec.structs.replace(published.card, time=0) == msgspec.structs.replace(
            made.card, time=0
        )
        assert {(one.attempt, one.key): (one.count, one.points) for one in published.series} == {
            (one.attempt, one.key): (one.count, one.points) for one in made.series
        }

    def test_a_page_gets_it_once(self, tmp_path: Path) -> None:
        session = record_digits(tmp_path / ".nbtrack")
        live = LiveRuns(Stores())
        message = live.message(session.key, "one", -1, kernel=None, viewer=False)
        assert message is not None
        number = json.loads(message[4 : 4 + int.from_bytes(message[:4], "little")])["number"]
        assert 0 < number < 2**53
        again = live.message(session.key, "one", number, kernel=None, viewer=False)
        assert again is None
        # Another server tells the same state by the same number.
        other = LiveRuns(Stores()).message(session.key, "one", number, kernel=None, viewer=False)
        assert other is None

    def test_it_is_streamed(self, server: Server, served: Session) -> None:
        with server.stream(f"nbtrack/api/live/{served.key}/one/stream") as answer:
            update = next(messages(answer))
        assert update is not None
        assert update.card.name == "brave-otter-1"
        assert {part.kind for part in update.parts} == {"metric", "clock", "system"}
