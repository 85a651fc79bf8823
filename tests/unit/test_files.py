"""``save()``: which files, under which names, when, and never anywhere else."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import nbtrack
from nbtrack.record import disk
from tests.crash.processes import run_python

pytestmark = pytest.mark.usefixtures("place")


def make(folder: Path, *names: str, content: str = "x") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def saved(run: nbtrack.Run) -> dict[str, str]:
    folder = run.path / "files"
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_pattern_keeps_its_folders(place: Path) -> None:
    make(place, "out/a.txt", "out/deep/b.txt", "out/c.png", "d.txt")
    run = nbtrack.init()
    assert run.save("out/*.txt", policy="now") == [str(run.path / "files" / "out" / "a.txt")]
    assert set(saved(run)) == {"out/a.txt"}
    nbtrack.save("out/**/*.txt", base_path="out", policy="now")
    assert set(saved(run)) == {"out/a.txt", "a.txt", "deep/b.txt"}
    nbtrack.save(place / "d.txt")
    nbtrack.save("out")
    assert set(saved(run)) == {
        "out/a.txt", "a.txt", "deep/b.txt", "d.txt", "out/deep/b.txt", "out/c.png"
    }  # fmt: skip
    nbtrack.save(str(place / "out" / "**"), policy="now")
    assert "c.png" in saved(run)


def test_now_live_and_end(place: Path) -> None:
    make(place, "now", "live", "end", content="1")
    run = nbtrack.init()
    run.save("now", policy="now")
    run.save("live")
    run.save("end", policy="end")
    assert saved(run) == {"now": "1", "live": "1"}
    make(place, "now", "live", "end", content="22")
    run.finish()
    assert saved(run) == {"now": "1", "live": "22", "end": "22"}
    view = nbtrack.open_run(run.id)
    assert [(file.path, file.policy, file.source) for file in view.saved_files] == [
        (name, name, str(place / name)) for name in ("now", "live", "end")
    ]
    assert not view.is_empty


def test_what_is_gone_at_the_end_stays_as_it_was_copied(place: Path) -> None:
    make(place, "live")
    run = nbtrack.init()
    run.save("live")
    (place / "live").unlink()
    run.finish()
    assert saved(run) == {"live": "x"}


def test_a_file_that_was_written_into_the_run(place: Path) -> None:
    run = nbtrack.init()
    make(run.path, "files/model.bin", content="weights")
    run.save(run.path / "files" / "model.bin")
    run.finish()
    assert saved(run) == {"model.bin": "weights"}


def test_nothing_found_is_a_warning() -> None:
    run = nbtrack.init()
    with pytest.warns(nbtrack.NbtrackWarning, match=r"no file is called 'out/\*\.txt'"):
        assert run.save("out/*.txt") == []


def test_files_outside_of_the_base_are_refused(place: Path, tmp_path: Path) -> None:
    make(tmp_path, "secret", "work/in/a")
    run = nbtrack.init()
    for pattern, base in (("../secret", None), ("../sec*", None), ("in/a", "in/b"), ("..", None)):
        with pytest.raises(nbtrack.UsageError, match="lies outside"):
            run.save(pattern, base_path=base)
    for bad in ("", "a\0b", 7):
        with pytest.raises(nbtrack.UsageError, match="is no path"):
            run.save(bad)  # type: ignore[arg-type]
    with pytest.raises(nbtrack.UsageError, match="'later' is not known"):
        run.save("in/a", policy="later")  # type: ignore[arg-type]
    assert saved(run) == {}


def test_links_that_lead_out_are_not_followed(place: Path, tmp_path: Path) -> None:
    make(tmp_path, "secret", "other/b", "work/in/a")
    (place / "in" / "leak").symlink_to(tmp_path / "secret")
    (place / "in" / "folder").symlink_to(tmp_path / "other")
    (place / "in" / "same").symlink_to("a")
    run = nbtrack.init()
    for pattern in ("in/*", "in/**", "in/**/*", "in"):
        with pytest.warns(nbtrack.NbtrackWarning, match="left out of .*folder"):
            run.save(pattern, base_path="in", policy="now")
        assert set(saved(run)) == {"a", "same"}
    # What was named itself is meant: its content, not the link.
    run.save("in/leak", policy="now")
    assert set(saved(run)) == {"a", "same", "in/leak"}
    assert not any(path.is_symlink() for path in (run.path / "files").rglob("*"))


def test_links_in_the_run_are_not_followed(place: Path, tmp_path: Path) -> None:
    make(tmp_path, "outside/mine", "work/sub/mine", "work/mine", content="new")
    make(tmp_path, "outside/mine", content="old")
    run = nbtrack.init()
    (run.path / "files").mkdir()
    (run.path / "files" / "sub").symlink_to(tmp_path / "outside")
    (run.path / "files" / "mine").symlink_to(tmp_path / "outside" / "mine")
    with pytest.warns(nbtrack.NbtrackWarning, match="a folder there is a link"):
        run.save("sub/mine", policy="now")
    run.save("mine", policy="now")
    assert (tmp_path / "outside" / "mine").read_text() == "old"
    assert not (run.path / "files" / "mine").is_symlink()


def test_the_store_is_not_saved_into_itself(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBTRACK_DIR", str(place / ".nbtrack"))
    make(place, "a")
    run = nbtrack.init()
    run.save(".", policy="now")
    assert saved(run) == {"a": "x"}


FULL = """
import sys, warnings
import nbtrack

warnings.simplefilter("always")
run = nbtrack.init()
print(len(run.save("*", policy="now")))
run.log({"a": 1})
run.finish()
"""


def test_a_full_disk_is_a_warning(place: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], check=False)
    if mounted.returncode:
        pytest.skip("mounting a small file system is not allowed here")
    try:
        (place / "big").write_bytes(bytes(4 << 20))
        make(place, "small")
        store = str(disk / "store")
        done = run_python(
            f"import contextlib, sys; sys.stderr = sys.stdout\n{FULL}",
            NBTRACK_DIR=store,
            NBTRACK_DISK_WARNING="0",
        )
        assert "'big' was not saved: No space left on device" in done
        (run,) = nbtrack.runs(dir=store)
        assert (run.state, run.rows) == ("finished", 1)
        assert sorted(path.name for path in (run.path / "files").iterdir()) == ["small"]
        # Artifacts say so too, and leave nothing half done.
        artifact = nbtrack.Artifact("data", "t")
        os.environ["NBTRACK_DIR"] = store
        with pytest.raises(nbtrack.StoreNotWritableError, match="No space left"):
            artifact.add_file("big")
        assert not [path for path in (disk / "store").rglob("*.tmp") if path.stat().st_size]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_disk_that_gets_full_is_told_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "_told", set())
    monkeypatch.setenv("NBTRACK_DISK_WARNING", "0.000001")
    make(place, "a")
    run = nbtrack.init()
    with pytest.warns(nbtrack.NbtrackWarning, match=r"the disk of .* % full.*nbtrack doctor"):
        run.save("a")
    run.save("a")
