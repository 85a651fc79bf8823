"""Runs one after another: resumed, taken over, left open, nested by ``with``."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack import (
    RunExistsError,
    RunNotFoundError,
)
from nbtrack._attempts import CellInfo
from nbtrack.store.layout import RunDir
from nbtrack.store.schema import Failure
from tests.stores import ids, losses

pytestmark = pytest.mark.usefixtures("own_process")

FAILURE = Failure(type="ValueError", message="m", traceback="t")


@pytest.fixture
def earlier() -> str:
    """A run that has ended, with rows in two attempts and between them."""
    run = nbtrack.init("digits", "first", "one", tags=["a"], config={"lr": 0.1, "n": 3})
    cell = CellInfo(cell_id="cell", execution_count=1)
    run.log({"loss": 1})
    run.begin_attempt(cell)
    run.log({"loss": 2})
    run.end_attempt("failed", FAILURE)
    run.begin_attempt(cell)
    run.log({"loss": 3}, step=5)
    run.end_attempt("finished", None)
    run.log({"loss": 4})
    run.finish()
    return run.id


EARLIER = [(0, 0, 1.0), (0, 1, 4.0), (1, 0, 2.0), (2, 5, 3.0)]


def contents(store: Path) -> dict[Path, bytes]:
    """Every file that readers look at: a segment prepared for nobody may just be going away."""
    files = [path for path in store.rglob("*") if path.is_file() and path.suffix != ".tmp"]
    return {path: path.read_bytes() for path in files}


@pytest.mark.parametrize("resume", [None, "never", False])
def test_without_resume_a_run_is_never_touched(resume: Any, earlier: str, store_dir: Path) -> None:
    files = contents(store_dir)
    with pytest.raises(RunExistsError, match=r"there is a run 'one' already") as caught:
        nbtrack.init(id=earlier, resume=resume)
    assert "resume='allow'" in caught.value.hint
    assert contents(store_dir) == files


@pytest.mark.parametrize("resume", ["allow", "must", True])
def test_a_resumed_run_goes_on(resume: Any, earlier: str) -> None:
    run = nbtrack.init(id=earlier, resume=resume, config={"lr": 0.2, "new": True})
    assert run.config == {"lr": 0.2, "n": 3, "new": True}
    assert (run.step, run.attempt, run.name, run.project) == (2, 0, "first", "digits")
    assert nbtrack.open_run("one").state == "running"
    run.log({"loss": 5})
    assert run.begin_attempt(CellInfo(cell_id="cell", execution_count=1)) == 3
    assert run.step == 6
    run.log({"loss": 6})
    run.finish()
    found = nbtrack.open_run("one")
    assert losses("one") == sorted([*EARLIER, (0, 2, 5.0), (3, 6, 6.0)])
    assert [(a.n, a.cell_try, a.state) for a in found.attempts] == [
        (1, 1, "failed"),
        (2, 2, "finished"),
        (3, 3, "finished"),
    ]
    assert [a.config for a in found.attempts][1:] == [{"lr": 0.1, "n": 3}, dict(run.config)]
    assert found.config == {"lr": 0.2, "n": 3, "new": True}
    assert found.state == "finished"


def test_a_run_can_be_resumed_again_and_again(earlier: str) -> None:
    for value in (5, 6, 7):
        run = nbtrack.init(id=earlier, resume="must")
        run.log({"loss": value})
        run.finish()
    assert losses("one") == sorted([*EARLIER, (0, 2, 5.0), (0, 3, 6.0), (0, 4, 7.0)])


def test_name_tags_and_notes_of_a_resumed_run_are_edits(earlier: str) -> None:
    written = RunDir(nbtrack.open_run(earlier).path).info.read_bytes()
    run = nbtrack.init(
        "other", "second", earlier, tags=["b", "a"], notes="more", group="x", resume="must"
    )
    assert (run.name, run.tags, run.notes) == ("second", ("a", "b"), "more")
    # What is not editable stays what it was.
    assert (run.project, run.group) == ("digits", None)
    run.finish()
    found = nbtrack.open_run("second")
    assert (found.id, found.tags, found.notes) == ("one", ["a", "b"], "more")
    assert RunDir(found.path).info.read_bytes() == written
    with pytest.raises(RunNotFoundError):
        nbtrack.open_run("first")


def test_allow_starts_a_run_where_there_is_none() -> None:
    run = nbtrack.init(id="fresh", resume="allow", config={"a": 1})
    run.log({"loss": 1})
    run.finish()
    assert losses("fresh") == [(0, 0, 1.0)]


@pytest.mark.parametrize("id", ["absent", None])
def test_must_needs_a_run(id: str | None) -> None:
    with pytest.raises(RunNotFoundError, match=r"there is no run .* to resume"):
        nbtrack.init(id=id, resume="must")
    assert ids() == []


def test_init_for_the_run_that_is_current_resumes_it() -> None:
    first = nbtrack.init(id="same", config={"a": 1})
    first.log({"loss": 1})
    second = nbtrack.init(id="same", resume="allow", config={"b": 2})
    assert first.finished
    assert nbtrack.run is second
    second.log({"loss": 2})
    second.finish()
    assert losses("same") == [(0, 0, 1.0), (0, 1, 2.0)]
    assert nbtrack.open_run("same").config == {"a": 1, "b": 2}


def test_a_failed_run_that_is_resumed_is_judged_anew(earlier: str) -> None:
    run = nbtrack.init(id=earlier, resume="must")
    run.finish(exit_code=1)
    assert nbtrack.open_run(earlier).state == "failed"
    run = nbtrack.init(id=earlier, resume="must")
    run.log({"loss": 9})
    run.finish()
    assert nbtrack.open_run(earlier).state == "finished"


OTHER_PROCESS = """
import os, sys, nbtrack
run = nbtrack.init(id="theirs")
nbtrack.log({"loss": 1})
print("ready", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def other_process() -> Iterator[subprocess.Popen[str]]:
    """A process that records the run ``theirs`` until its standard input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", OTHER_PROCESS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process


def test_a_run_that_another_process_records_cannot_be_resumed() -> None:
    with other_process() as process:
        with pytest.raises(
            RunExistsError, match=rf"'theirs' is being recorded by process {process.pid}"
        ):
            nbtrack.init(id="theirs", resume="allow")
        process.communicate()
        assert process.returncode == 0
    assert losses("theirs") == [(1, 0, 1.0)]
    run = nbtrack.init(id="theirs", resume="allow")
    run.log({"loss": 2})
    run.finish()
    assert losses("theirs") == [(0, 0, 2.0), (1, 0, 1.0)]


def test_a_run_whose_process_was_killed_can_be_resumed() -> None:
    with other_process() as process:
        process.kill()
        process.wait()
    assert nbtrack.open_run("theirs").state == "crashed"
    run = nbtrack.init(id="theirs", resume="must")
    run.log({"loss": 2})
    run.finish()
    found = nbtrack.open_run("theirs")
    assert losses("theirs") == [(0, 0, 2.0), (1, 0, 1.0)]
    assert [a.state for a in found.attempts] == ["crashed"]
    assert found.state == "failed"
    assert found.reason.endswith("was cut off")


# -- the run before --------------------------------------------------------------------------


@pytest.mark.parametrize("reinit", [None, True, "finish_previous", "default"])
def test_the_next_run_ends_the_one_before_when_it_is_used(reinit: Any) -> None:
    first = nbtrack.init()
    first.log({"loss": 1})
    second = nbtrack.init(reinit=reinit)
    assert nbtrack.run is second
    second.log({"loss": 2})
    assert first.finished
    assert not second.finished
    assert nbtrack.open_run(first.id).reason == "the next run began"
    assert losses(first.id) == [(0, 0, 1.0)]


def test_a_run_without_rows_is_taken_over() -> None:
    first = nbtrack.init()
    second = nbtrack.init(config={"a": 1})
    second.log({"loss": 1})
    assert first.finished
    assert ids() == [second.id]
    assert not first.path.exists()


def test_create_new_leaves_the_run_before_open() -> None:
    first = nbtrack.init()
    first.log({"loss": 1})
    second = nbtrack.init(reinit="create_new")
    second.log({"loss": 2})
    first.log({"loss": 3})
    assert nbtrack.run is second
    second.finish()
    first.finish()
    assert losses(first.id) == [(0, 0, 1.0), (0, 1, 3.0)]
    assert losses(second.id) == [(0, 0, 2.0)]


@pytest.mark.parametrize("reinit", [False, "return_previous"])
def test_return_previous_starts_nothing(reinit: Any) -> None:
    first = nbtrack.init()
    assert nbtrack.init(reinit=reinit, config={"a": 1}) is first
    assert first.config == {}
    first.finish()
    assert nbtrack.init(reinit=reinit) is not first


def test_with_nests_runs() -> None:
    outer = nbtrack.init(id="outer")
    outer.log({"loss": 1})
    with nbtrack.init(id="middle") as middle:
        assert nbtrack.run is middle
        nbtrack.log({"loss": 2})
        with nbtrack.init(id="inner") as inner:
            nbtrack.log({"loss": 3})
            assert nbtrack.run is inner
        assert inner.finished
        assert nbtrack.run is middle
        nbtrack.log({"loss": 4})
    assert middle.finished
    assert nbtrack.run is outer
    nbtrack.log({"loss": 5})
    nbtrack.finish()
    found = {id: [value for _, _, value in losses(id)] for id in ids()}
    assert found == {"inner": [3.0], "middle": [2.0, 4.0], "outer": [1.0, 5.0]}
    assert {run.state for run in nbtrack.runs()} == {"finished"}


def test_with_without_a_run_before() -> None:
    with nbtrack.init() as run:
        run.log({"loss": 1})
    assert nbtrack.run is None
    assert nbtrack.open_run(run.id).reason == "the body of its with statement ended"


def test_an_exception_out_of_with_fails_its_run_alone() -> None:
    outer = nbtrack.init(id="outer")
    outer.log({"loss": 1})

    def raising() -> None:
        with nbtrack.init(id="inner") as inner:
            inner.log({"loss": 2})
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        raising()
    assert nbtrack.run is outer
    inner = nbtrack.open_run("inner")
    assert inner.state == "failed"
    assert inner.exception is not None
    assert (inner.exception["type"], inner.exception["message"]) == ("ValueError", "inside")
    outer.finish()
    assert nbtrack.open_run("outer").state == "finished"


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (SystemExit(0), "finished"),
        (SystemExit(None), "finished"),
        (SystemExit(3), "failed"),
        (SystemExit("text"), "failed"),
        (KeyboardInterrupt(), "finished"),
        (GeneratorExit(), "failed"),
    ],
    ids=repr,
)
def test_how_with_ends(error: BaseException, state: str) -> None:
    def leave() -> None:
        with nbtrack.init(id="inner") as run:
            run.log({"loss": 2})
            raise error

    with pytest.raises(type(error)):
        leave()
    assert nbtrack.open_run("inner").state == state


def test_finish_in_with_is_enough() -> None:
    with nbtrack.init() as run:
        run.log({"loss": 1})
        run.finish(exit_code=2)
    found = nbtrack.open_run(run.id)
    assert (found.state, found.reason) == ("failed", "finish(exit_code=2) was called")
