"""``log()`` inside ``log()``: from signal handlers, from finalizers, and at every instruction."""

from __future__ import annotations

import gc
import random
import signal
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from nbtrack._errors import NbtrackWarning
from nbtrack.store import segment as segment_module
from nbtrack.store.layout import RunDir
from nbtrack.store.segment import FIRST_SIZE
from tests.crash.interrupts import Events, Interrupt, count_events, places, reenter
from tests.crash.scenarios import SCENARIOS, Scenario, check
from tests.journals import KINDS, MAPPED_FIRST, Kind, logged, new_run, wait_until


class Alarm:
    """What SIGALRM does, as long as :attr:`on` is set."""

    def __init__(self) -> None:
        self.on = True
        self.do: Callable[[], object] = bool

    def handle(self, number: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_code.co_name == "__del__":
            # Python itself swallows what is raised there: a little later, then.
            signal.setitimer(signal.ITIMER_REAL, 50e-6)
        elif self.on:
            self.do()


@pytest.fixture
def alarm() -> Iterator[Alarm]:
    """Handles SIGALRM; afterwards no alarm is left."""
    alarm = Alarm()
    before = signal.signal(signal.SIGALRM, alarm.handle)
    yield alarm
    alarm.on = False
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments do not grow, so that there are many changes."""
    monkeypatch.setattr(segment_module, "LARGEST_SIZE", FIRST_SIZE)


def reenter_everywhere(
    make: Callable[[type[Scenario], Kind], Scenario],
    kind: type[Scenario],
    journal: Kind,
    events: Events,
    stride: int,
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NbtrackWarning)
        count = count_events(make(kind, journal).action, events)
        for at in places(count, stride):
            scenario = make(kind, journal)

            def other(scenario: Scenario = scenario) -> None:
                scenario.acknowledge("inner")
                if not scenario.waits:
                    # Two changes of segments inside one log() call.
                    scenario.acknowledge("inner 2", pad="x" * FIRST_SIZE)
                    scenario.acknowledge("inner 3", pad="x" * FIRST_SIZE)

            where = reenter(scenario.action, events, at, other)
            scenario.rows.append(scenario.value)
            scenario.value = "none"
            check(scenario, where or "not reached")


@pytest.mark.parametrize("journal", MAPPED_FIRST)
@pytest.mark.parametrize("kind", SCENARIOS)
def test_log_inside_log_at_many_instructions(
    make: Callable[[type[Scenario], Kind], Scenario], kind: type[Scenario], journal: Kind
) -> None:
    reenter_everywhere(make, kind, journal, "opcode", 31)


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("journal", KINDS)
@pytest.mark.parametrize("kind", SCENARIOS)
def test_log_inside_log_at_every_instruction(
    make: Callable[[type[Scenario], Kind], Scenario], kind: type[Scenario], journal: Kind
) -> None:
    reenter_everywhere(make, kind, journal, "opcode", 1)


@pytest.mark.usefixtures("small_segments")
@pytest.mark.parametrize("journal", KINDS)
def test_a_signal_handler_that_raises_at_random_times(
    tmp_path: Path, journal: Kind, alarm: Alarm
) -> None:
    run = new_run(tmp_path / "store", journal=journal)
    source = random.Random(20)
    acknowledged: list[int] = []
    interrupts = 0
    value = 0

    def interrupt() -> None:
        raise Interrupt

    alarm.do = interrupt
    while alarm.on:
        try:
            # One alarm at a time: none can come between here and the next one.
            signal.setitimer(signal.ITIMER_REAL, source.uniform(10e-6, 1e-3))
            while value < 40_000:
                value += 1
                run.log({"i": value, "pad": "x" * 50})
                acknowledged.append(value)
            alarm.on = False
        except Interrupt:
            interrupts += 1
    run.finish()
    found = logged(RunDir(run.path))
    assert len(found) == len(set(found))
    assert set(acknowledged) <= set(found) <= set(range(1, 40_001))
    assert interrupts > 50
    assert len(RunDir(run.path).segments()) > 20


@pytest.mark.usefixtures("small_segments")
@pytest.mark.parametrize("journal", KINDS)
def test_a_signal_handler_that_logs(tmp_path: Path, journal: Kind, alarm: Alarm) -> None:
    run = new_run(tmp_path / "store", journal=journal)
    expected: list[Any] = []

    def log_too() -> None:
        name = f"handler {len(expected)}"
        run.log({"i": name, "pad": "x" * 500})
        expected.append(name)
        signal.setitimer(signal.ITIMER_REAL, 0.7e-3)

    alarm.do = log_too
    signal.setitimer(signal.ITIMER_REAL, 0.7e-3)
    i = 0
    while i < 30_000 or len(expected) - i < 50:
        run.log({"i": i, "pad": "x" * 50})
        expected.append(i)
        i += 1
    alarm.on = False
    run.finish()
    assert sorted(map(str, logged(RunDir(run.path)))) == sorted(map(str, expected))


class LogsAtItsEnd:
    """An object in a cycle: the collector ends it whenever it likes."""

    def __init__(self, log: Callable[[], object]) -> None:
        self.itself = self
        self.log = log

    def __del__(self) -> None:
        self.log()


@pytest.mark.usefixtures("small_segments")
@pytest.mark.parametrize("journal", KINDS)
def test_finalizers_that_log(tmp_path: Path, journal: Kind) -> None:
    run = new_run(tmp_path / "store", journal=journal)
    expected: list[Any] = []
    source = random.Random(21)

    def log_too() -> None:
        name = f"finalizer {len(expected)}"
        run.log({"i": name, "pad": "x" * source.randrange(3000)})
        expected.append(name)

    thresholds = gc.get_threshold()
    try:
        for i in range(4000):
            gc.set_threshold(source.randrange(1, 60))
            LogsAtItsEnd(log_too)
            run.log({"i": i, "nested": {"a": [i, {"b": 2**70}]}, "pad": "x" * 50})
            expected.append(i)
    finally:
        gc.set_threshold(*thresholds)
    # A collection may be going on in the thread that prepares segments.
    wait_until(lambda: gc.collect() >= 0 and len(expected) == 8000)
    run.finish()
    assert sorted(map(str, logged(RunDir(run.path)))) == sorted(map(str, expected))
