"""When runs are shipped, and what becomes of failures; the process that ships is a real one."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbtrack._settings import Settings
from nbtrack.recorder import shipping, spawn
from nbtrack.recorder.shipping import ShippingQueue
from nbtrack.store.layout import RunDir, Store
from tests.recorder.processes import wait_for
from tests.sync.arrivals import keys
from tests.sync.test_push import record


class Clock:
    """The time that the queue sees."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(shipping, "time", clock)
    return clock


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


class Ships:
    """A queue with one place, which never asks for what was left behind."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.queue = ShippingQueue()
        self.in_the_making = False

    def follow(self, run_dir: RunDir, *, counts: bool = True) -> None:
        self.queue.follow(run_dir, self.url, {})
        self.queue.hear(run_dir, 1, counts=counts)

    def poll(self) -> bool:
        """Look once; whether something is being sent now."""
        self.queue.poll(waits=lambda run_dir: self.in_the_making, looks_back=False)
        return self.queue.sending

    def finish(self) -> None:
        """Until what is being sent is sent."""
        assert self.poll()
        (process,) = [lane.process for lane in self.queue._lanes.values()]
        assert process is not None
        process.wait(60)
        (lane,) = self.queue._lanes.values()
        lane.poll()

    def failures(self) -> int:
        """How often the one run has failed."""
        ((shipment,),) = [list(lane.shipments.values()) for lane in self.queue._lanes.values()]
        return shipment.failures


@pytest.fixture
def ships(tmp_path: Path) -> Iterator[Ships]:
    ships = Ships(f"file://{tmp_path / 'place'}")
    yield ships
    ships.queue.leave()


def test_a_run_is_sent_soon_then_now_and_then_and_less_often_when_it_is_quiet(
    store: Store, ships: Ships, clock: Clock
) -> None:
    run_dir = record(store, "one", ended=False)
    ships.follow(run_dir, counts=False)
    clock.now += 100
    assert not ships.poll(), "there is nothing in it yet"
    ships.queue.hear(run_dir, 2, counts=True)
    assert not ships.poll()
    clock.now += 2
    ships.finish()
    assert "runs/one/run.json" in keys(ships.url)
    assert not ships.poll()
    clock.now += 30
    ships.finish()  # without news: the next look is after twice the time
    clock.now += 59
    assert not ships.poll()
    clock.now += 1
    ships.finish()
    clock.now += 35
    assert not ships.poll()
    ships.queue.hear(run_dir, 3, counts=True)
    ships.finish()
    assert ships.queue.busy, "it goes on"


def test_what_is_made_of_a_run_at_its_end_is_waited_for(
    store: Store, ships: Ships, clock: Clock
) -> None:
    run_dir = record(store, "one")
    ships.follow(run_dir)
    ships.queue.end(run_dir)
    ships.in_the_making = True
    clock.now += 100
    assert not ships.poll()
    ships.in_the_making = False
    ships.finish()
    for _ in range(3):
        if ships.queue.busy:  # until its files have been as they are for a while
            clock.now += 2.5
            ships.finish()
    assert not ships.queue.busy


def test_failures_are_tried_again_after_longer_and_longer_pauses(
    store: Store, tmp_path: Path, clock: Clock
) -> None:
    (tmp_path / "taken").write_bytes(b"")
    ships = Ships(f"file://{tmp_path / 'taken'}")
    run_dir = record(store, "one")
    ships.follow(run_dir)
    ships.queue.end(run_dir)
    for failures in range(1, 4):
        ships.finish()
        assert ships.failures() == failures
        clock.now += 5 * 2 ** (failures - 1) / 2 - 0.1
        assert not ships.poll(), "not before half of the longest pause"
        clock.now += 5 * 2 ** (failures - 1) / 2 + 0.1
    assert ships.queue.busy
    (line,) = run_dir.recorder_log.read_text().splitlines()
    assert f"not synced to {ships.url}: " in line
    ships.queue.leave()
    assert "`nbtrack sync` goes on" in run_dir.recorder_log.read_text()
    (tmp_path / "taken").unlink()
    ships.finish()
    assert "runs/one/run.json" in keys(ships.url)


def test_the_longest_pause_is_minutes() -> None:
    for failures, longest in ((0, 5), (1, 10), (5, 160), (6, 300), (10_000, 300)):
        assert longest / 2 <= shipping._pause(failures) <= longest
    assert len({shipping._pause(3) for _ in range(5)}) > 1, "not the same for everybody"


def test_one_process_at_a_time_for_a_place(store: Store, ships: Ships, clock: Clock) -> None:
    runs = [record(store, name) for name in ("one", "two", "three")]
    ships.follow(runs[0])
    clock.now += 3
    assert ships.poll()
    (lane,) = ships.queue._lanes.values()
    assert lane.process is not None
    lane.process.send_signal(signal.SIGSTOP)
    for run_dir in runs[1:]:
        ships.follow(run_dir)
    clock.now += 3
    assert ships.poll()
    lane.process.send_signal(signal.SIGCONT)
    assert [one.run_dir.id for lane in ships.queue._lanes.values() for one in lane.chosen] == [
        "one"
    ]
    ships.finish()
    ships.finish()  # both of the others together
    assert {key.split("/")[1] for key in keys(ships.url)} == {"one", "two", "three"}


def test_a_run_that_was_removed_is_forgotten(store: Store, ships: Ships, clock: Clock) -> None:
    run_dir = record(store, "one")
    ships.follow(run_dir)
    shutil.rmtree(run_dir.path)
    clock.now += 3
    assert not ships.poll()
    assert not ships.queue.busy


def test_a_run_that_is_gone_on_with_meanwhile_stays(
    store: Store, ships: Ships, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "_MAX_LOOKS", 1)
    run_dir = record(store, "one")
    ships.follow(run_dir)
    ships.queue.end(run_dir)
    assert ships.poll()
    ships.follow(run_dir)
    ships.finish()
    assert ships.queue.busy
    clock.now += 3
    ships.queue.end(run_dir)
    ships.finish()
    assert not ships.queue.busy


def test_a_killed_process_is_a_failure_like_others(
    store: Store, ships: Ships, clock: Clock
) -> None:
    run_dir = record(store, "one")
    ships.follow(run_dir)
    clock.now += 3
    assert ships.poll()
    (lane,) = ships.queue._lanes.values()
    assert lane.process is not None
    lane.process.kill()
    lane.process.wait()
    lane.poll()
    assert ships.failures() == 1
    assert "the sync ended by signal 9" in run_dir.recorder_log.read_text()


def test_what_was_left_behind_is_looked_for_once(store: Store, ships: Ships, clock: Clock) -> None:
    from nbtrack.store.destinations import add_destination

    left, other, elsewhere = (record(store, name) for name in ("left", "other", "elsewhere"))
    add_destination(left, ships.url)
    add_destination(elsewhere, "file:///somewhere/else")
    ships.follow(other, counts=False)
    lanes = ships.queue._lanes.values()

    def is_over() -> bool:
        ships.queue.poll(waits=lambda run_dir: False, looks_back=True)
        return all(lane.process is None for lane in lanes)

    assert not is_over()
    wait_for(is_over, "it has looked")
    assert {key.split("/")[1] for key in keys(ships.url)} == {"left"}
    clock.now += 10_000
    assert is_over()
    ships.queue.leave()
    assert not other.recorder_log.exists(), "of what was never worth it nothing is said"


def test_a_recorder_is_told_how_to_reach_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
    monkeypatch.setenv("https_proxy", "http://proxy:1")
    monkeypatch.setenv("MY_OWN", "private")
    message = spawn.decode_message(spawn.encode_message(tmp_path, Settings(sync="s3://b")))
    assert message.variables["AWS_SECRET_ACCESS_KEY"] == "mine"
    assert message.variables["https_proxy"] == "http://proxy:1"
    assert "MY_OWN" not in message.variables
    message = spawn.decode_message(spawn.encode_message(tmp_path, Settings()))
    assert message.variables == {}, "without a place nobody needs them"
