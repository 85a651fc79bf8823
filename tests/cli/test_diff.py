"""``nbtrack diff``: how two runs differ, for a person and for a program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

import nbtrack
from nbtrack import RunView
from nbtrack.store.code import write_code
from nbtrack.store.layout import RunDir
from tests.cli.repositories import TRAIN, command, git, new_repository, put, run_script

FILES = {
    "train.py": TRAIN.encode(),
    "model.py": b"layers = 2\nwidth = 64\n",
    "same.py": b"x = 1\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_repository(tmp_path_factory.mktemp("diff") / "repo", FILES)


@pytest.fixture(scope="module")
def store(folder: Path) -> Path:
    return folder.parent / "store"


@pytest.fixture(scope="module")
def runs(folder: Path, store: Path) -> dict[str, RunView]:
    """Runs of a clean tree, a dirty one, the same committed, and with another config."""
    made = {"clean": run_script(folder, store)}
    put(folder, {"model.py": b"layers = 3\nwidth = 64\n", "new.py": b"y = 1\n"})
    made["dirty"] = run_script(folder, store)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=second")
    made["committed"] = run_script(folder, store)
    put(folder, {"train.py": TRAIN.replace("0.1", "0.2").encode()})
    made["config"] = run_script(folder, store)
    return made


def difference(store: Path, first: RunView, second: RunView) -> dict[str, Any]:
    done = command(store, "diff", first.id, second.id, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_files_that_were_changed_and_not_committed(store: Path, runs: dict[str, RunView]) -> None:
    found = difference(store, runs["clean"], runs["dirty"])
    assert found["runs"] == [runs["clean"].id, runs["dirty"].id]
    assert "-layers = 2\n+layers = 3\n" in found["files"]
    assert "+y = 1\n" in found["files"]
    assert "same.py" not in found["files"]
    assert found["commit"] is None
    assert found["config"] == found["packages"] == {}
    assert not found["equal"]


def test_the_same_files_in_another_commit(store: Path, runs: dict[str, RunView]) -> None:
    found = difference(store, runs["dirty"], runs["committed"])
    assert found["files"] == ""
    assert found["commit"] == [runs["dirty"].code[0].commit, runs["committed"].code[0].commit]


def test_config(store: Path, runs: dict[str, RunView]) -> None:
    found = difference(store, runs["committed"], runs["config"])
    assert found["config"] == {"lr": [0.1, 0.2]}
    assert '+with nbtrack.init(config={"lr": 0.2}):' in found["files"]
    shown = command(store, "diff", runs["committed"].id, runs["config"].id)
    assert shown.returncode == 0, shown.stderr
    assert "0.1" in shown.stdout
    assert '+with nbtrack.init(config={"lr": 0.2}):' in shown.stdout


def test_a_run_is_equal_to_itself(store: Path, runs: dict[str, RunView]) -> None:
    assert difference(store, runs["dirty"], runs["dirty"])["equal"]
    shown = command(store, "diff", runs["dirty"].id, runs["dirty"].id)
    assert shown.stdout == "code, config and environment are equal\n"


def test_packages_and_python(store: Path, runs: dict[str, RunView], tmp_path: Path) -> None:
    """As if the second run had been made in another environment."""
    run = run_script(new_repository(tmp_path / "repo", FILES), tmp_path / "store")
    (info,) = run.code
    packages = {**info.packages, "msgspec": "0.0.1", "only-there": "1.0"}
    del packages["click"]
    other = run_script(tmp_path / "repo", tmp_path / "store")
    changed = msgspec.structs.replace(other.code[0], packages=packages, python="3.9.0")
    write_code(RunDir(other.path), changed)
    found = nbtrack.diff(run, other)
    assert found.packages == {
        "click": (info.packages["click"], None),
        "msgspec": (msgspec.__version__, "0.0.1"),
        "only-there": (None, "1.0"),
    }
    assert found.python == (info.python, "3.9.0")
    assert not found.is_empty
    shown = command(tmp_path / "store", "diff", run.id, other.id)
    assert "only-there" in shown.stdout


def test_without_the_repository_the_patches_are_compared(tmp_path: Path) -> None:
    folder = new_repository(tmp_path / "repo", FILES)
    first = run_script(folder, tmp_path / "store")
    put(folder, {"model.py": b"layers = 9\n"})
    second = run_script(folder, tmp_path / "store")
    folder.rename(tmp_path / "gone")
    found = nbtrack.diff(first.id, second.id, dir=tmp_path / "store")
    assert "only the patches" in found.files_note
    assert "+layers = 9" in found.files


def test_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells come from the records, whether there is a repository or not."""
    from nbtrack._attempts import CellInfo

    monkeypatch.setenv("NBTRACK_DIR", str(tmp_path / "store"))
    made = []
    for rate in ("0.1", "0.2"):
        run = nbtrack.init()
        cell = CellInfo(cell_id="c1", execution_count=1, source=f"lr = {rate}\nfit(lr)")
        run.begin_cell(cell)
        run.end_cell(cell, "finished", None)
        run.log({"x": 1})
        run.finish()
        made.append(run.id)
    found = nbtrack.diff(*made)
    assert "-lr = 0.1\n+lr = 0.2\n fit(lr)\n" in found.cells
