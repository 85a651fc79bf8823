"""Which store is used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import nbtrack
from nbtrack.store.layout import STORE_NAME, find_store
from tests.stores import ids

pytestmark = pytest.mark.usefixtures("own_process")


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
