"""``nbtrack export wandb`` as a person calls it, as far as nothing is written."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nbtrack._cli import main
from nbtrack._options import RunOptions
from nbtrack._start import start_run
from tests.journals import settings


@pytest.fixture
def store(tmp_path: Path) -> Path:
    store = tmp_path / "store"
    for id, name in (("one", "first"), ("two", "wandb")):
        run = start_run(RunOptions(id=id, name=name), settings(store), cwd=tmp_path)
        run.log({"loss": 1})
        run.finish()
    return store


def nbtrack(store: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--store", str(store)])


def test_what_cannot_be_done_is_said_in_one_line(store: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    full = tmp_path / "full"
    full.mkdir()
    (full / "thing").write_text("")
    for run, folder, said in (
        ("nobody", "new", "no run has the id or the name 'nobody'"),
        ("one", "full", "the folder is not empty: it holds 'thing'"),
        ("one", "file/below", "cannot write: Not a directory"),
    ):
        done = nbtrack(store, "export", "wandb", run, str(tmp_path / folder))
        assert done.exit_code == 1
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "new").exists()
    assert [path.name for path in full.iterdir()] == ["thing"]


def test_wandb_is_not_installed(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    done = nbtrack(store, "export", "wandb", "one", str(tmp_path / "new"))
    assert done.exit_code == 1
    assert "wandb is not installed. `pip install 'nbtrack[wandb]'` installs it." in done.stderr
    assert not (tmp_path / "new").exists()


def test_a_run_called_wandb_has_its_other_export(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NBTRACK_DIR", str(store))
    for arguments in (["--", "wandb"], ["--format", "csv", "wandb"], ["two"]):
        done = CliRunner().invoke(main, ["export", *arguments])
        assert done.exit_code == 0, done.output
        (tmp_path / "two.csv").unlink()
    # The two words are the command.
    done = nbtrack(store, "export", "wandb")
    assert done.exit_code == 2
    assert "nbtrack export wandb [OPTIONS] RUN DIR" in done.stderr.replace("main", "nbtrack")
