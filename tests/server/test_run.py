"""What a page is told of one run: itself, its attempts, its cells, and how it is changed."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

import nbtrack
from nbtrack import UsageError
from nbtrack._attempts import CellInfo
from nbtrack.server import run
from nbtrack.server.api.run import ExceptionCard, RunDetail, RunEdit
from nbtrack.server.plain import plain, to_json
from nbtrack.server.stores import Stores, UnknownRunError, UnknownStoreError
from nbtrack.store import registry
from nbtrack.store.code import CodeInfo, write_code
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.schema import Change
from nbtrack.store.seal import seal_run
from tests.server.sessions import FAILURE, Session, record_digits


@pytest.fixture(params=[False, True], ids=["journal", "merged"])
def session(request: pytest.FixtureRequest, tmp_path: Path) -> Session:
    return record_digits(tmp_path / ".nbtrack", merged=request.param)


def detail(run_dir: RunDir) -> RunDetail:
    return run.detail(Store(run_dir.path.parent.parent), run_dir)


def test_a_run_with_its_attempts_and_the_cells_that_they_are(session: Session) -> None:
    found = detail(session.run_dir)
    assert (found.store, found.id, found.name) == (session.key, "one", "brave-otter-1")
    assert (found.state, found.rows, found.os) == ("finished", 11, "Linux 6.8 (x86_64)")
    assert found.keys == ["loss", "best"]
    assert found.summary == {"loss": 0.1, "best": "NaN"}
    assert found.seconds is not None
    assert found.ended is not None
    assert found.seconds == pytest.approx((found.ended - found.started) / 1e6)
    first, second = found.attempts
    assert (first.n, first.cell, first.label, first.state) == (1, 2, "[2]", "failed")
    assert (second.n, second.cell, second.label, second.state) == (2, 3, "[3]", "finished")
    assert (first.config, first.summary, first.rows) == ({"lr": 0.1}, {"loss": 0.5}, 1)
    assert first.exception == ExceptionCard(**msgspec.structs.asdict(FAILURE))
    assert second.exception is None
    assert first.started is not None
    assert second.started is not None
    assert first.started < second.started


def test_alerts_and_summaries_of_several_values(tmp_path: Path) -> None:
    session = Session(tmp_path / ".nbtrack")
    session.attempt(1, session.cell(1), execution_count=1)
    for value in (2.0, math.inf, 1.0):
        session.log(1, 0, {"loss": value, "noise": value})
    wanted = {"summary": ["min", "max"]}
    session.add(Change(*session.at(), 1, "metric", "loss", wanted))
    session.add(Change(*session.at(), 1, "metric", "noise", {"summary": ["none"]}))
    session.add(Change(*session.at(), 1, "alert", "diverged", {"text": "!", "level": "WARN"}))
    session.close(merged=True)
    found = detail(session.run_dir)
    assert found.summary == {"loss": {"min": 1.0, "max": "Infinity"}}
    assert found.attempts[0].summary == found.summary
    assert found.keys == ["loss", "noise"]
    (alert,) = found.alerts
    assert (alert.title, alert.text, alert.level, alert.attempt) == ("diverged", "!", "WARN", 1)


def test_the_cells_with_their_sources(session: Session) -> None:
    found = run.cells(session.run_dir).cells
    assert [cell.n for cell in found] == [1, 2, 3]
    assert [cell.source for cell in found] == ["import digits", "train(lr=0.1)", "train(lr=0.2)"]
    assert [cell.state for cell in found] == ["finished", "failed", "finished"]
    assert [cell.attempt for cell in found] == [None, 1, 2]
    assert [cell.label for cell in found] == ["[1]", "[2]", "[3]"]
    assert found[0].started == session.start
    assert found[1].wall_seconds == 1.5


def test_a_change_of_a_run(session: Session) -> None:
    before = run.fingerprint(session.run_dir)
    asked = RunEdit(name="  better ", tags=["b", "a", "b", " "], notes="why", discarded=True)
    run.change(session.run_dir, asked)
    found = detail(session.run_dir)
    assert (found.name, found.tags, found.notes) == ("better", ["b", "a"], "why")
    assert found.discarded
    run.change(session.run_dir, RunEdit(notes=None))
    found = detail(session.run_dir)
    assert (found.name, found.notes) == ("better", None)
    after = run.fingerprint(session.run_dir)
    assert before is None or before != after


@pytest.mark.parametrize(
    "asked",
    [
        RunEdit(name=""),
        RunEdit(name=" "),
        RunEdit(name="a" * 201),
        RunEdit(tags=["a" * 201]),
        RunEdit(tags=[str(n) for n in range(101)]),
        RunEdit(notes="a" * 100_001),
    ],
)
def test_changes_that_are_refused(tmp_path: Path, asked: RunEdit) -> None:
    session = Session(tmp_path / ".nbtrack")
    with pytest.raises(UsageError):
        run.change(session.run_dir, asked)
    assert session.run_dir.edit_files() == []


def test_what_goes_on_has_no_name_for_its_state(tmp_path: Path) -> None:
    session = Session(tmp_path / ".nbtrack")
    session.log(0, 0, {"loss": 1.0})
    assert run.fingerprint(session.run_dir) is None
    session.close()
    assert run.fingerprint(session.run_dir) is None, "a process that was forked may go on"
    seal_run(session.run_dir)
    assert run.fingerprint(session.run_dir) is not None


def test_the_operating_system_is_recorded(store_dir: Path) -> None:
    with nbtrack.init(id="one"):
        pass
    system = detail(Store(store_dir).run("one")).os
    assert system is not None
    assert os.uname().release in system or "macOS" in system
    # Runs of before have none.
    info = Store(store_dir).run("one").info
    document = json.loads(info.read_text())
    del document["os"]
    info.write_text(json.dumps(document))
    assert detail(Store(store_dir).run("one")).os is None


def test_the_parts_of_a_resumed_run(store_dir: Path) -> None:
    cell = CellInfo(cell_id="cell", execution_count=1)
    values = [0.1, float("nan"), "x" * 1000]
    for value in values:
        with nbtrack.init(id="one", resume="allow", config={"value": value}) as recorded:
            assert detail(Store(store_dir).run("one")).parts == [] or value != values[0]
            recorded.log({"loss": 1.0})
            recorded.begin_attempt(cell)
            recorded.log({"loss": 1.0})
    found = detail(Store(store_dir).run("one"))
    view = nbtrack.open_run("one")
    assert [(part.n, part.state, part.host) for part in found.parts] == [
        (n, "finished", view.host) for n in (1, 2, 3)
    ]
    assert [part.attempts for part in found.parts] == [[1, 2], [3, 4], [5, 6]]
    assert [part.rows for part in found.parts] == [2, 2, 2]
    for part, seen in zip(found.parts, view.parts, strict=True):
        assert (part.started, part.ended) == (
            run.micros(seen.started_at),
            run.micros(seen.ended_at),
        )
        assert part.started is not None
        assert part.ended is not None
        assert part.started < part.ended
    assert [[d.what for d in part.differences] for part in found.parts] == [
        [],
        ["config.value"],
        ["config.value"],
    ]
    changes = [part.differences[0] for part in found.parts[1:]]
    assert [(change.before, change.now) for change in changes] == [(0.1, "NaN"), (0.1, "x" * 1000)]
    # Whose a row of no attempt is, nobody can say.
    with nbtrack.init(id="one", resume="allow") as recorded:
        recorded.begin_attempt(cell)
        recorded.end_attempt("finished", None)
        recorded.log({"loss": 1.0})
    found = detail(Store(store_dir).run("one"))
    assert [part.rows for part in found.parts] == [None] * 4


def test_code_that_is_looked_at_after_the_end_is_news(tmp_path: Path) -> None:
    session = Session(tmp_path / ".nbtrack")
    session.close(merged=True)
    before = run.fingerprint(session.run_dir)
    write_code(session.run_dir, CodeInfo(writer="o1", time=1, done=True))
    after = run.fingerprint(session.run_dir)
    assert None not in (before, after)
    assert before != after


def test_the_post_mortem_of_a_killed_script(store_dir: Path) -> None:
    code = (
        "import nbtrack, os, signal\n"
        "nbtrack.init(id='one'); nbtrack.log({'loss': 1.0}); print('last words', flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    environ = {**os.environ, "NBTRACK_RECORDER": "off"}
    done = subprocess.run([sys.executable, "-c", code], env=environ, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL
    found = detail(Store(store_dir).run("one"))
    assert found.state == "crashed"
    assert found.post_mortem is not None
    assert found.post_mortem.certainty == "unknown"
    assert found.attempts[0].state == "crashed"


def test_values_that_json_or_a_browser_would_lose() -> None:
    infinite = {"a": [float("inf"), -float("inf")], "b": {"c": float("nan")}}
    assert plain(infinite) == {"a": ["Infinity", "-Infinity"], "b": {"c": "NaN"}}
    assert plain({"a": 2**53, "b": 2**53 + 1, "c": -(10**30), "d": True, "e": None}) == {
        "a": 2**53,
        "b": str(2**53 + 1),
        "c": "-1" + "0" * 30,
        "d": True,
        "e": None,
    }
    assert json.loads(to_json({"a\udc80": "b\udcff"})) == {"a\\udc80": "b\\udcff"}


def test_which_stores_and_runs_are_served(tmp_path: Path) -> None:
    one = Session(tmp_path / "one" / ".nbtrack")
    two = Session(tmp_path / "two" / ".nbtrack", "two")
    unregistered = Store(tmp_path / "three")
    unregistered.create_run("one")
    key = registry.key_of(unregistered)
    stores = Stores()
    assert stores.run(one.key, "one").path == one.run_dir.path
    assert {one.key, two.key} <= {registry.key_of(store) for store in stores.all()}
    for known, run_id, error in (
        (key, "one", UnknownStoreError),
        ("", "one", UnknownStoreError),
        ("../" + one.key, "one", UnknownStoreError),
        (one.key, "two", UnknownRunError),
        (one.key, "..", UnknownRunError),
        (one.key, "", UnknownRunError),
        (one.key, "a/../one", UnknownRunError),
    ):
        with pytest.raises(error):
            stores.run(known, run_id)
    # A link to a run of another store is not a run of this one.
    (one.run_dir.path.parent / "linked").symlink_to(two.run_dir.path)
    with pytest.raises(UnknownRunError):
        stores.run(one.key, "linked")
    only = Stores(only=[unregistered])
    assert only.run(key, "one").id == "one"
    assert [store.path for store in only.all()] == [unregistered.path]
    with pytest.raises(UnknownStoreError):
        only.run(one.key, "one")
    preferred = Stores(prefer=Store(tmp_path / "two" / ".nbtrack"))
    assert registry.key_of(preferred.all()[0]) == two.key
    first = Stores(first=unregistered)
    assert first.all()[0].path == unregistered.path
    assert first.run(key, "one").id == "one"
    (tmp_path / "two" / ".nbtrack").rename(tmp_path / "two" / "gone")
    with pytest.raises(UnknownStoreError):
        stores.run(two.key, "two")
