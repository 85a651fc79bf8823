"""``nbtrack.init()`` and what becomes of the run before; which store is used."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest

import nbtrack
from nbtrack import (
    InvalidRunIdError,
    InvalidSettingError,
    NoRunError,
    RunExistsError,
    RunFinishedError,
    RunNotFoundError,
    StoreNotWritableError,
    _current,
)
from nbtrack._attempts import CellInfo
from nbtrack._settings import Settings
from nbtrack._start import make_options, start_next
from nbtrack.store.layout import STORE_NAME, RunDir, find_store
from nbtrack.store.schema import Failure

FAILURE = Failure(type="ValueError", message="m", traceback="t")


class Process:
    """As a kernel: it starts runs, and none of its cells is running."""

    def init(self, options: Any) -> nbtrack.Run:
        return start_next(options, Settings.from_environ(), cell=None)

    def cell_now(self) -> None:
        return None


@pytest.fixture(autouse=True)
def process(store_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process of its own as far as runs go, without a recorder."""
    monkeypatch.setenv("NBTRACK_RECORDER", "off")
    host, run = _current.get_host(), _current.get_run()
    _current.set_host(Process())
    _current.set_run(None)
    yield
    while (left := _current.get_run()) is not None:
        left.finish()
    _current.set_run(run)
    _current.set_host(host)


def ids() -> list[str]:
    return sorted(run.id for run in nbtrack.runs(include_empty=True))


def losses(id: str) -> list[tuple[int, int, float]]:
    table = nbtrack.open_run(id).history("loss").to_pylist()
    return [(row["attempt"], row["step"], row["value"]) for row in table]


# -- arguments -------------------------------------------------------------------------------


def test_every_argument_is_on_record() -> None:
    run = nbtrack.init(
        "digits",
        "first try",
        "my-id_1",
        tags=["a", "b"],
        notes="text",
        group="g",
        job_type="train",
        config={"lr": 0.1},
    )
    run.finish()
    found = nbtrack.open_run("my-id_1")
    assert (found.project, found.name, found.id) == ("digits", "first try", "my-id_1")
    assert (found.tags, found.notes, found.group) == (["a", "b"], "text", "g")
    assert (found.job_type, found.config) == ("train", {"lr": 0.1})
    assert nbtrack.open_run("first try").id == "my-id_1"


def test_what_is_not_given_has_a_default(store_dir: Path) -> None:
    run = nbtrack.init()
    run.finish()
    assert run.project == store_dir.parent.name
    assert run.name
    assert run.path.parent.parent == store_dir
    assert (run.tags, run.notes, run.group, run.job_type) == ((), None, None, None)


def test_arguments_win_over_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NBTRACK_PROJECT", "of the setting")
    assert nbtrack.init().project == "of the setting"
    assert nbtrack.init("of the argument").project == "of the argument"
    other = tmp_path / "other"
    assert nbtrack.init(dir=other).path.parent.parent == other


def test_one_tag_may_be_a_string() -> None:
    assert nbtrack.init(tags="alone").tags == ("alone",)  # type: ignore[arg-type]
    assert nbtrack.init(tags=("a", 1)).tags == ("a", "1")  # type: ignore[arg-type]


@dataclasses.dataclass
class Options:
    lr: float = 0.1
    sizes: tuple[int, ...] = (3, 4)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, {}),
        ({"lr": numpy.float32(0.5), "n": numpy.int64(3)}, {"lr": 0.5, "n": 3}),
        (Options(), {"lr": 0.1, "sizes": [3, 4]}),
        (Namespace(lr=0.1, verbose=True), {"lr": 0.1, "verbose": True}),
        (
            {"model": Options(), 1: {2: None}},
            {"model": {"lr": 0.1, "sizes": [3, 4]}, "1": {"2": None}},
        ),
        ({"path": Path("/data"), "kind": int}, {"path": "/data", "kind": "<class 'int'>"}),
        ({"large": 2**70, "bad\ud800": "\udc80"}, {"large": str(2**70), "bad\\ud800": "\\udc80"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_config_of_every_kind(config: Any, expected: dict[str, Any]) -> None:
    run = nbtrack.init(config=config)
    assert run.config == expected
    run.finish()
    assert nbtrack.open_run(run.id).config == expected


@pytest.mark.parametrize(
    "id", ["", "a b", "../up", "a/b", "x" * 65, "é", "a.b", ".", "a\n", 7, b"x", ["a"]], ids=repr
)
def test_what_is_no_id(id: Any, store_dir: Path) -> None:
    with pytest.raises(InvalidRunIdError, match=r"id=.* is not a run id") as caught:
        nbtrack.init(id=id)
    assert repr(id) in str(caught.value)
    assert not store_dir.exists()


@pytest.mark.parametrize("id", ["x", "X" * 64, "0", "-", "_-_", "20260131-174502-k3v9q"])
def test_what_is_an_id(id: str) -> None:
    assert nbtrack.init(id=id).id == id


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"resume": "always"}, "resume"),
        ({"resume": 3}, "resume"),
        ({"reinit": "sometimes"}, "reinit"),
        ({"mode": "online"}, "mode"),
        ({"project": 3}, "project"),
        ({"name": ["x"]}, "name"),
        ({"notes": 1.5}, "notes"),
        ({"group": {}}, "group"),
        ({"job_type": 1}, "job_type"),
        ({"tags": 3}, "tags must be strings, not 3"),
        ({"config": 3}, "config must be a mapping, a dataclass instance or parsed arguments"),
        ({"config": ["lr"]}, "config must be a mapping"),
    ],
    ids=str,
)
def test_a_bad_argument_is_named_and_starts_nothing(
    arguments: dict[str, Any], words: str, store_dir: Path
) -> None:
    kept = nbtrack.init()
    kept.log({"loss": 1})
    with pytest.raises(InvalidSettingError, match=words):
        nbtrack.init(**arguments)
    kept.log({"loss": 2})
    assert nbtrack.run is kept
    assert [path.name for path in (store_dir / "runs").iterdir()] == [kept.id]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MODE", "online"),
        ("FAIL_ON", "always"),
        ("QUIET", "perhaps"),
        ("SAMPLE_INTERVAL", "0"),
        ("SAMPLE_INTERVAL", "-1"),
        ("SAMPLE_INTERVAL", "often"),
        ("JOURNAL", "paper"),
        ("JOURNAL_QUOTA", "1000"),
        ("JOURNAL_QUOTA", "1 GiB"),
        ("OVERFLOW", "panic"),
        ("RECORDER", "maybe"),
    ],
)
def test_a_bad_setting_is_named_and_starts_nothing(
    variable: str, value: str, store_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"NBTRACK_{variable}", value)
    with pytest.raises(InvalidSettingError) as caught:
        nbtrack.init()
    assert f"NBTRACK_{variable}={value!r} cannot be used" in str(caught.value)
    assert not store_dir.exists()


# -- resume ----------------------------------------------------------------------------------


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


@pytest.mark.parametrize("resume", [None, "never", False])
def test_without_resume_a_run_is_never_touched(resume: Any, earlier: str, store_dir: Path) -> None:
    files = {path: path.read_bytes() for path in store_dir.rglob("*") if path.is_file()}
    with pytest.raises(RunExistsError, match=r"there is a run 'one' already") as caught:
        nbtrack.init(id=earlier, resume=resume)
    assert "resume='allow'" in caught.value.hint
    assert {path: path.read_bytes() for path in store_dir.rglob("*") if path.is_file()} == files


@pytest.mark.parametrize("resume", ["allow", "must", True])
def test_a_resumed_run_goes_on(resume: Any, earlier: str) -> None:
    run = nbtrack.init(id=earlier, resume=resume, config={"lr": 0.2, "new": True})
    assert run.config == {"lr": 0.2, "n": 3, "new": True}
    assert (run.step, run.attempt, run.name, run.project) == (2, 0, "first", "digits")
    assert nbtrack.open_run("one").state == "running"
    run.log({"loss": 5})
    assert run.begin_attempt(CellInfo(cell_id="cell", execution_count=1)) == 3
    assert run.step == 0
    run.log({"loss": 6})
    run.finish()
    found = nbtrack.open_run("one")
    assert losses("one") == sorted([*EARLIER, (0, 2, 5.0), (3, 0, 6.0)])
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
    with pytest.raises(type(error)), nbtrack.init(id="inner") as run:
        run.log({"loss": 2})
        raise error
    assert nbtrack.open_run("inner").state == state


def test_finish_in_with_is_enough() -> None:
    with nbtrack.init() as run:
        run.log({"loss": 1})
        run.finish(exit_code=2)
    found = nbtrack.open_run(run.id)
    assert (found.state, found.reason) == ("failed", "finish(exit_code=2) was called")


# -- after the end ---------------------------------------------------------------------------


def test_what_comes_after_the_end_is_refused() -> None:
    run = nbtrack.init(id="done")
    run.log({"loss": 1})
    run.finish()
    assert nbtrack.run is None
    for attempt in (
        lambda: run.log({"loss": 2}),
        lambda: run.log({}),
        lambda: run.log({"loss": numpy.float32(2)}),
        lambda: run.finish(),
        lambda: run.finish(exit_code=1),
        lambda: run.__enter__(),
        lambda: run.config.update(a=1),
        lambda: run.summary.update(a=1),
    ):
        with pytest.raises(RunFinishedError, match="ended"):
            attempt()
    with pytest.raises(NoRunError, match="finish: there is no current run"):
        nbtrack.finish()
    found = nbtrack.open_run("done")
    assert (found.rows, found.state, found.config) == (1, "finished", {})
    assert found.summary == {"loss": 1.0}


def test_log_after_the_end_starts_another_run() -> None:
    nbtrack.log({"loss": 1})
    first = nbtrack.run
    assert first is not None
    nbtrack.finish()
    nbtrack.log({"loss": 2})
    second = nbtrack.run
    assert second is not None
    assert second.id != first.id
    assert losses(first.id) == [(0, 0, 1.0)]
    assert losses(second.id) == [(0, 0, 2.0)]


def test_name_and_notes_may_be_edited_after_the_end() -> None:
    run = nbtrack.init(id="done")
    run.log({"loss": 1})
    run.finish()
    run.name = "better"
    run.notes = "seen later"
    run.tags = ["good"]
    found = nbtrack.open_run("better")
    assert (found.id, found.notes, found.tags) == ("done", "seen later", ["good"])


# -- disabled --------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["argument", "setting"])
def test_disabled_works_and_writes_nothing(
    by: str, store_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by == "setting":
        monkeypatch.setenv("NBTRACK_MODE", "disabled")
    mode: Any = "disabled" if by == "argument" else None
    run = nbtrack.init("p", "n", config={"lr": 0.1}, tags=["t"], mode=mode)
    assert nbtrack.run is run
    nbtrack.log({"loss": 1, "bad": object()}, step=3, commit=False)
    run.config.lr = 0.2
    run.summary["best"] = 1
    run.name = "other"
    run.tags = ["u"]
    run.notes = "text"
    assert (run.config.lr, run.summary["best"]) == (0.2, 1)
    assert (run.name, run.tags, run.notes, run.project) == ("other", ("u",), "text", "p")
    assert (run.step, run.attempt, run.has_rows, run.is_empty) == (0, 0, False, True)
    assert repr(run)
    with run:
        run.log({"loss": 1})
    assert run.finished
    assert nbtrack.run is None
    assert not store_dir.exists()


def test_a_disabled_run_between_two_others() -> None:
    first = nbtrack.init(id="first")
    first.log({"loss": 1})
    with nbtrack.init(mode="disabled"):
        nbtrack.log({"loss": 2})
    assert nbtrack.run is first
    first.log({"loss": 3})
    disabled = nbtrack.init(mode="disabled")
    nbtrack.log({"loss": 4})
    disabled.finish()
    with pytest.raises(RunFinishedError):
        disabled.finish()
    assert [value for _, _, value in losses("first")] == [1.0, 3.0]
    assert ids() == ["first"]


# -- where -----------------------------------------------------------------------------------


def test_a_store_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreNotWritableError, match="cannot write") as caught:
        nbtrack.init(dir=tmp_path / "file" / "store")
    assert caught.value.path == str(tmp_path / "file" / "store")
    assert "NBTRACK_DIR" in caught.value.hint
    assert nbtrack.run is None


AS_NOBODY = """
import json, os, sys
import nbtrack
# Whoever that is may not read these modules: all that is needed is imported before.
run = nbtrack.init(id="warm", dir=sys.argv[1])
run.log({"loss": 1})
run.finish()
nbtrack.init(id="warm", dir=sys.argv[1], resume="must").finish()
os.setegid(65534)
os.seteuid(65534)
try:
    nbtrack.init(id="one", resume="allow", dir=sys.argv[2])
except nbtrack.StoreNotWritableError as error:
    print(json.dumps([error.path, str(error)]))
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("mode", [0o755, 0o700])
@pytest.mark.parametrize("there_already", [True, False])
def test_a_store_of_somebody_else_is_told(tmp_path: Path, there_already: bool, mode: int) -> None:
    with tempfile.TemporaryDirectory() as folder:  # tmp_path is not for others to look into
        os.chmod(folder, 0o755)
        store = Path(folder) / "store"
        if there_already:
            run = nbtrack.init(id="one", dir=store)
            run.log({"loss": 1})
            run.finish()
        else:
            store.mkdir()
        store.chmod(mode)
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(tmp_path / "warm"), str(store)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stdout, done.stderr
        path, text = json.loads(done.stdout)
        assert path.startswith(str(store))
        assert "Permission denied" in text


def test_the_directory_that_is_named_is_the_store(tmp_path: Path) -> None:
    (tmp_path / STORE_NAME).mkdir()
    assert find_store(str(tmp_path / "named"), tmp_path).path == tmp_path / "named"


def test_a_home_directory_is_expanded(isolated_home: Path, tmp_path: Path) -> None:
    assert find_store("~/runs", tmp_path).path == isolated_home / "runs"


def test_a_relative_directory_is_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_store("here", tmp_path / "other").path == tmp_path / "here"


def test_the_nearest_store_above_is_used(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (tmp_path / STORE_NAME).mkdir()
    assert find_store(None, deep).path == tmp_path / STORE_NAME
    (tmp_path / "a" / STORE_NAME).mkdir()
    assert find_store(None, deep).path == tmp_path / "a" / STORE_NAME
    (deep / STORE_NAME).mkdir()
    assert find_store(None, deep).path == deep / STORE_NAME
    assert find_store("", deep).path == deep / STORE_NAME


def test_a_store_above_the_git_root_goes_before_it(tmp_path: Path) -> None:
    deep = tmp_path / "repo" / "sub"
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    deep.mkdir()
    assert find_store(None, deep).path == tmp_path / "repo" / STORE_NAME
    (tmp_path / STORE_NAME).mkdir()
    assert find_store(None, deep).path == tmp_path / STORE_NAME


def test_a_git_root_may_be_a_worktree(tmp_path: Path) -> None:
    deep = tmp_path / "repo" / "sub"
    deep.mkdir(parents=True)
    (tmp_path / "repo" / ".git").write_text("gitdir: elsewhere")
    assert find_store(None, deep).path == tmp_path / "repo" / STORE_NAME


def test_without_anything_the_working_directory_is_used(tmp_path: Path) -> None:
    assert find_store(None, tmp_path).path == tmp_path / STORE_NAME


def test_a_file_of_that_name_is_no_store(tmp_path: Path) -> None:
    deep = tmp_path / "sub"
    deep.mkdir()
    (deep / STORE_NAME).write_text("")
    (tmp_path / STORE_NAME).mkdir()
    assert find_store(None, deep).path == tmp_path / STORE_NAME


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_store_of_somebody_else_above_is_passed_over(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / STORE_NAME).mkdir()
    (tmp_path / "a" / STORE_NAME).mkdir()
    os.chown(tmp_path / "a" / STORE_NAME, 65534, 65534)
    assert find_store(None, deep).path == tmp_path / STORE_NAME


def test_runs_are_found_where_they_are_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NBTRACK_DIR")
    (tmp_path / ".git").mkdir()
    deep = tmp_path / "notebooks"
    deep.mkdir()
    monkeypatch.chdir(deep)
    run = nbtrack.init()
    run.log({"loss": 1})
    run.finish()
    assert run.path.parent.parent == tmp_path / STORE_NAME
    assert run.project == tmp_path.name
    assert ids() == [run.id]
    assert (tmp_path / STORE_NAME / ".gitignore").read_text() == "*\n"


def test_options_are_checked_before_anything_is_made() -> None:
    assert make_options(resume=True).resume == "allow"
    assert make_options(reinit=False).reinit == "return_previous"
    assert make_options(dir=Path("/x")).dir == "/x"
