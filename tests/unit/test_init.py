"""``nbtrack.init()``: its arguments, what comes after the end, and runs that record nothing."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy
import pytest

import nbtrack
from nbtrack import (
    InvalidRunIdError,
    InvalidSettingError,
    RunFinishedError,
    StoreNotWritableError,
)
from nbtrack._options import make_options
from tests.stores import current, ids, losses

pytestmark = pytest.mark.usefixtures("own_process")


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


def test_what_is_not_given_has_a_default(
    store_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    run = nbtrack.init()
    run.finish()
    assert run.project == "here"
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
    assert nbtrack.init(tags="alone").tags == ("alone",)
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
        ({"mode": "sometimes"}, "mode"),
        ({"project": 3}, "project"),
        ({"name": ["x"]}, "name"),
        ({"notes": 1.5}, "notes"),
        ({"group": {}}, "group"),
        ({"job_type": 1}, "job_type"),
        ({"tags": 3}, "tags must be strings, not 3"),
        ({"config": 3}, "config must be a mapping, a dataclass instance, parsed arguments"),
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
        lambda: run.__enter__(),
        lambda: run.config.update(a=1),
        lambda: run.summary.update(a=1),
    ):
        with pytest.raises(RunFinishedError, match="ended"):
            attempt()
    # Ending what has ended, or nothing, does nothing.
    run.finish(exit_code=1)
    nbtrack.finish(exit_code=1)
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
    assert current() is run
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
    assert current() is None
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
            timeout=180,
            check=False,
        )
        assert done.stdout, done.stderr
        path, text = json.loads(done.stdout)
        assert path.startswith(str(store))
        assert "Permission denied" in text


def test_options_are_checked_before_anything_is_made() -> None:
    assert make_options(resume=True).resume == "auto"
    assert make_options(reinit=False).reinit == "return_previous"
    assert make_options(dir=Path("/x")).dir == "/x"
