"""Which files of a run are shown, and which never are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nbtrack.server import files
from nbtrack.server.files import UnknownFileError, open_file, tree
from nbtrack.store.layout import RunDir
from tests.server.sessions import record_digits


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    run_dir = record_digits(tmp_path / ".nbtrack").run_dir
    run_dir.output_log.write_text("seen\n")
    run_dir.diff.write_text("+a\n")
    (run_dir.files / "deep").mkdir(parents=True)
    (run_dir.files / "deep" / "page.html").write_text("<script>alert(1)</script>")
    (run_dir.files / "ü b.png").write_bytes(b"png")
    (run_dir.files / "model.bin").write_bytes(b"0123456789")
    return run_dir


def paths(run_dir: RunDir) -> list[str]:
    return [entry.path for entry in tree(run_dir).files]


def test_what_a_person_wants_to_see_comes_first(run_dir: RunDir) -> None:
    found = paths(run_dir)
    assert found[:5] == [
        "output.log", "diff.patch", "files/model.bin", "files/ü b.png", "files/deep/page.html",
    ]  # fmt: skip
    assert "run.json" in found[5:]
    assert len(set(found)) == len(found)
    kinds = {entry.path: entry.kind for entry in tree(run_dir).files}
    assert kinds["files/deep/page.html"] == "html"
    assert kinds["files/ü b.png"] == "image"
    assert kinds["diff.patch"] == "diff"
    assert kinds["files/model.bin"] == "binary"
    entry = tree(run_dir).files[0]
    assert entry.size == 5
    assert entry.modified == run_dir.output_log.stat().st_mtime_ns // 1000


def test_hidden_unfinished_and_foreign_files_are_not_there(run_dir: RunDir, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "in.txt").write_text("secret")
    (run_dir.files / ".hidden").write_text("no")
    (run_dir.files / ".git").mkdir()
    (run_dir.files / ".git" / "config").write_text("no")
    (run_dir.files / "a.tmp").write_text("no")
    (run_dir.files / "out").symlink_to(secret)
    (run_dir.files / "folder").symlink_to(tmp_path / "folder")
    run_dir.media.symlink_to(tmp_path / "folder")
    (run_dir.files / "nothing").symlink_to(tmp_path / "nothing")
    (run_dir.files / "inside").symlink_to(run_dir.output_log)
    os.mkfifo(run_dir.files / "pipe")
    found = paths(run_dir)
    assert "files/inside" in found
    wrong = {"hidden", "config", "a.tmp", "out", "in.txt", "nothing", "pipe", "media"}
    assert not [path for path in found if path.rpartition("/")[2].lstrip(".") in wrong]
    for path in (
        "files/.hidden",
        "files/.git/config",
        "files/a.tmp",
        "files/out",
        "files/folder/in.txt",
        "media/in.txt",
        "files/nothing",
        "files/pipe",
        "files",
        "",
        "/",
        "/etc/passwd",
        "../one/run.json",
        "files/../run.json",
        "files/./model.bin",
        "files//model.bin",
        str(secret),
        "files/model.bin\0.txt",
        "files/model.bin/",
        "a" * 5000,
        "a/" * 3000 + "b",
        "files/" + "ü" * 300,
        "files/\udcff",
    ):
        with pytest.raises(UnknownFileError):
            open_file(run_dir, path)
    with open_file(run_dir, "files/inside").file as file:
        assert file.read() == b"seen\n"


@pytest.mark.parametrize(
    ("name", "kind", "type_"),
    [
        ("a.html", "html", "text/html; charset=utf-8"),
        ("a.svg", "image", "image/svg+xml"),
        ("a.PNG", "image", "image/png"),
        ("a.mp4", "video", "video/mp4"),
        ("a.wav", "audio", "audio/x-wav"),
        ("a.ipynb", "notebook", "application/json"),
        ("a.py", "text", "text/plain; charset=utf-8"),
        ("a.js", "text", "text/plain; charset=utf-8"),
        ("a.xml", "text", "text/plain; charset=utf-8"),
        ("a.pdf", "binary", "application/octet-stream"),
        ("a", "binary", "application/octet-stream"),
    ],
)
def test_what_a_browser_takes_a_file_for(run_dir: RunDir, name: str, kind: str, type_: str) -> None:
    (run_dir.files / name).write_bytes(b"x")
    found = open_file(run_dir, f"files/{name}")
    with found.file:
        assert (found.kind, found.size, found.name) == (kind, 1, name)
        assert found.type in (type_, type_.replace("x-wav", "vnd.wave"), "audio/wav")


def test_there_may_be_more(run_dir: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not tree(run_dir).more
    monkeypatch.setattr(files, "MAX_FILES", 3)
    found = tree(run_dir)
    assert (len(found.files), found.more) == (3, True)
