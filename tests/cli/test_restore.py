"""``nbtrack restore``: the files of a run, byte for byte, from real repositories."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from nbtrack.store.code import CodeInfo, patch_path, read_code, write_code
from nbtrack.store.layout import RunDir
from tests.cli.repositories import (
    TRAIN,
    command,
    files_of,
    git,
    new_repository,
    put,
    run_script,
)
from tests.secrets_like import SECRETS

BINARY = bytes(range(256)) * 20
COMMITTED = {
    "train.py": TRAIN.encode(),
    "model.py": b"a = 1\nb = 2\nc = 3\n",
    "staged.py": b"before\n",
    "gone.py": b"will be gone\n",
    "moved.py": b"the same text in another place\n" * 5,
    "weights.bin": BINARY,
    "windows.txt": b"one\r\ntwo\r\nthree\r\n",
    "no end.txt": b"no newline at the end",
    "run.sh": b"#!/bin/sh\n",
    "latin.txt": "caf\xe9\n".encode("latin-1"),
    ".gitignore": b"*.log\n/store\n",
    "deep/er/nested.py": b"x = 1\n",
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working tree that is dirty in every way that git knows."""
    folder = new_repository(tmp_path_factory.mktemp("dirty") / "re po", COMMITTED)
    git(folder, "remote", "add", "origin", "https://me:" + "s3cr3t-word" + "@example.org/me/a.git")
    put(
        folder,
        {
            "model.py": b"a = 1\nb = 22\nc = 3\nd = 4",
            "staged.py": b"staged\n",
            "weights.bin": BINARY[::-1],
            "windows.txt": b"one\r\n2\r\nthree\r\n",
            "no end.txt": b"still no newline",
            "latin.txt": "caf\xe9 cr\xe8me\n".encode("latin-1"),
            "new.py": b"print('new')\n",
            "new.bin": b"\0\1\2" * 50,
            "with spaces/ünï cödé \u00e4.py": "ä = 1\n".encode(),
            'quo"te\\d.txt': b"odd name\n",
            "ignored.log": b"not of interest\n",
            "empty.txt": b"",
        },
    )
    git(folder, "add", "staged.py")
    put(folder, {"staged.py": b"staged, and changed again\n"})
    (folder / "gone.py").unlink()
    git(folder, "mv", "moved.py", "deep/moved.py")
    (folder / "run.sh").chmod(0o755)
    (folder / "link.py").symlink_to("deep/er/nested.py")
    (folder / "away").symlink_to("/etc/passwd")
    (folder / "up").symlink_to("../outside.txt")
    return folder


@pytest.fixture(scope="module")
def store(repository: Path) -> Path:
    return repository.parent / "store"


@pytest.fixture(scope="module")
def run_id(repository: Path, store: Path) -> str:
    return run_script(repository, store).id


def state_of(repository: Path) -> tuple[str, list[str], bytes]:
    """What git would notice if somebody had touched its files."""
    objects = sorted(str(path) for path in (repository / ".git").rglob("*") if path.is_file())
    return (
        git(repository, "status", "--porcelain"),
        objects,
        (repository / ".git" / "index").read_bytes(),
    )


def test_a_dirty_tree_is_rebuilt_byte_for_byte(
    repository: Path, store: Path, run_id: str, tmp_path: Path
) -> None:
    expected = files_of(repository)
    for name in ("ignored.log", "away", "up"):
        del expected[name]
    target = tmp_path / "to" / "here"
    done = command(store, "restore", run_id, "--to", str(target))
    assert done.returncode == 0, done.stderr
    found = files_of(target)
    assert found.pop("requirements.txt")[1].startswith(b"")
    assert found == expected
    assert "away: a link that leaves the folder" in done.stdout
    assert "up: a link that leaves the folder" in done.stdout


def test_looking_at_the_code_changes_nothing_in_the_repository(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "status")
    before = state_of(repository)
    run_script(repository, tmp_path / "store")
    assert state_of(repository) == before


def test_what_is_known_of_the_code(repository: Path, store: Path, run_id: str) -> None:
    (info,) = read_code(RunDir(store / "runs" / run_id))
    assert info.commit == git(repository, "rev-parse", "HEAD").strip()
    assert info.branch == "main"
    assert info.remote == "https://example.org/me/a.git"
    assert info.root == str(repository)
    assert info.dirty
    assert info.entry == str(repository / "train.py")
    assert info.left_out == {}
    assert info.masked == []
    assert info.python == ".".join(map(str, sys.version_info[:3]))
    assert info.packages["msgspec"] == msgspec.__version__


def test_requirements_are_those_of_the_kernel(store: Path, run_id: str) -> None:
    text = RunDir(store / "runs" / run_id).requirements.read_text()
    assert f"msgspec=={msgspec.__version__}\n" in text
    assert "# nbtrack==" in text or "nbtrack @" in text or "nbtrack==" in text


def test_what_was_not_committed_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    git(folder, "init", "--quiet")
    put(folder, {"train.py": TRAIN.encode(), "a.py": b"a = 1\n"})
    run = run_script(folder, tmp_path / "store")
    done = command(tmp_path / "store", "restore", run.id, "--to", str(tmp_path / "to"))
    assert done.returncode == 0, done.stderr
    assert {"train.py", "a.py"} <= files_of(tmp_path / "to").keys()
    assert run.code[0].commit is None


def test_a_script_outside_of_git_with_the_modules_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    put(
        folder,
        {
            "train.py": TRAIN.encode() + b"import helper, pack.deep\n",
            "helper.py": b"from pack import other\n",
            "pack/__init__.py": b"",
            "pack/deep.py": b"from . import sibling\n",
            "pack/sibling.py": b"x = 1\n",
            "pack/other.py": b"x = 2\n",
            "not_imported.py": b"x = 3\n",
            "data.csv": b"1,2\n",
        },
    )
    run = run_script(folder, tmp_path / "store")
    done = command(tmp_path / "store", "restore", run.id, "--to", str(tmp_path / "to"), "--json")
    assert done.returncode == 0, done.stderr
    expected = files_of(folder)
    del expected["not_imported.py"], expected["data.csv"]
    found = {k: v for k, v in files_of(tmp_path / "to").items() if k != "requirements.txt"}
    assert {k: v for k, v in found.items() if "__pycache__" not in k} == {
        k: v for k, v in expected.items() if "__pycache__" not in k
    }
    assert json.loads(done.stdout)["files"] == 6


def test_the_remote_is_cloned_where_the_folder_is_gone(tmp_path: Path) -> None:
    origin = new_repository(tmp_path / "origin", {"train.py": TRAIN.encode(), "a.py": b"a = 1\n"})
    git(tmp_path, "clone", "--quiet", str(origin), "clone")
    put(tmp_path / "clone", {"a.py": b"a = 2\n"})
    run = run_script(tmp_path / "clone", tmp_path / "store")
    (tmp_path / "clone").rename(tmp_path / "elsewhere")
    done = command(tmp_path / "store", "restore", run.id, "--to", str(tmp_path / "to"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "to" / "a.py").read_bytes() == b"a = 2\n"
    named = command(
        *(tmp_path / "store", "restore", run.id, "--to", str(tmp_path / "to2")),
        *("--repo", str(tmp_path / "elsewhere")),
    )
    assert named.returncode == 0, named.stderr
    assert files_of(tmp_path / "to2") == files_of(tmp_path / "to")


def test_a_commit_that_cannot_be_had(tmp_path: Path) -> None:
    folder = new_repository(tmp_path / "a", {"train.py": TRAIN.encode()})
    run = run_script(folder, tmp_path / "store")
    other = new_repository(tmp_path / "b", {"x.py": b""})
    folder.rename(tmp_path / "gone")
    for options in ((), ("--repo", str(other))):
        done = command(
            tmp_path / "store", "restore", run.id, "--to", str(tmp_path / "to"), *options
        )
        assert done.returncode == 1
        assert "is not in" in done.stderr
        assert "--repo" in done.stderr


def test_a_folder_that_holds_something_is_refused(store: Path, run_id: str, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    done = command(store, "restore", run_id, "--to", str(tmp_path))
    assert done.returncode == 1
    assert "is not empty" in done.stderr
    assert os.listdir(tmp_path) == ["mine.txt"]


def test_secrets_are_masked_and_the_patch_still_applies(tmp_path: Path) -> None:
    text, secret = SECRETS["github"]
    committed = f"key = '{text}'\n".encode()
    folder = new_repository(
        tmp_path / "repo",
        {
            "train.py": TRAIN.encode(),
            "context.py": committed + b"x = 1\n",
            "removed.py": committed,
            "replaced.py": b"y = 1\n" + committed,
            "plain.py": b"z = 1\n",
        },
    )
    put(
        folder,
        {
            "context.py": committed + b"x = 2\n",
            "replaced.py": b"y = 1\nkey = None\n",
            "plain.py": b"z = 2\n" + committed,
            "new.py": b"a = 1\n" + committed + b"b = 2",
            ".env": b"TOKEN=" + secret.encode() + b"\n",
        },
    )
    (folder / "removed.py").unlink()
    run = run_script(folder, tmp_path / "store")
    for path in (tmp_path / "store").rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path
    (info,) = run.code
    assert sorted(info.masked) == ["context.py", "new.py", "plain.py"]
    assert info.left_out == {".env": "files of this name hold secrets"}
    done = command(tmp_path / "store", "restore", run.id, "--to", str(tmp_path / "to"))
    assert done.returncode == 0, done.stderr
    masked = b"key = '[secret: GitHub Token]'\n"
    found = {name: content for name, (_, content) in files_of(tmp_path / "to").items()}
    assert found["context.py"] == masked + b"x = 2\n"
    assert found["replaced.py"] == b"y = 1\nkey = None\n"
    assert found["plain.py"] == b"z = 2\n" + masked
    assert found["new.py"] == b"a = 1\n" + masked + b"b = 2"
    assert "removed.py" not in found
    for name in ("context.py", "new.py", "plain.py"):
        assert f"{name}: secrets in it were masked" in done.stdout
    assert ".env" in done.stdout


def test_what_is_too_large_is_named(tmp_path: Path) -> None:
    folder = new_repository(tmp_path / "repo", {"train.py": TRAIN.encode()})
    put(folder, {"data.bin": os.urandom(3000), "small.py": b"x = 1\n"})
    run = run_script(folder, tmp_path / "store", NBTRACK_CODE_LIMIT="2000")
    (info,) = run.code
    assert list(info.left_out) == ["data.bin"]
    assert "3,000 bytes" in info.left_out["data.bin"]
    assert b"small.py" in patch_path(RunDir(run.path), info).read_bytes()


def test_a_large_new_file_is_data(tmp_path: Path) -> None:
    folder = new_repository(
        tmp_path / "repo", {"train.py": TRAIN.encode(), "known.bin": b"a" * (2 << 20)}
    )
    put(folder, {"data.csv": b"1,2\n" * (1 << 19), "known.bin": b"b" * (2 << 20)})
    run = run_script(folder, tmp_path / "store")
    assert list(run.code[0].left_out) == ["data.csv"]
    done = command(tmp_path / "store", "restore", run.id, "--to", str(tmp_path / "to"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "to" / "known.bin").read_bytes() == b"b" * (2 << 20)


def test_nothing_is_recorded_where_nobody_wants_it(tmp_path: Path) -> None:
    folder = new_repository(tmp_path / "repo", {"train.py": TRAIN.encode()})
    run = run_script(folder, tmp_path / "store", NBTRACK_CODE="false")
    assert run.code == []
    done = command(tmp_path / "store", "restore", run.id, "--to", str(tmp_path / "to"))
    assert done.returncode == 1
    assert "its code was not recorded" in done.stderr


@pytest.mark.parametrize(
    "patch",
    [
        (
            "diff --git a/../out.txt b/../out.txt\nnew file mode 100644\n--- /dev/null\n"
            "+++ b/../out.txt\n@@ -0,0 +1 @@\n+out\n"
        ),
        (
            "diff --git a/.git/config b/.git/config\nnew file mode 100644\n--- /dev/null\n"
            "+++ b/.git/config\n@@ -0,0 +1 @@\n+out\n"
        ),
        (
            "diff --git a/dir b/dir\nnew file mode 120000\n--- /dev/null\n"
            "+++ b/dir\n@@ -0,0 +1 @@\n"
            "+..\n\\ No newline at end of file\n"
            "diff --git a/dir/out.txt b/dir/out.txt\nnew file mode 100644\n--- /dev/null\n"
            "+++ b/dir/out.txt\n@@ -0,0 +1 @@\n+out\n"
        ),
    ],
    ids=["dots", "git's own folder", "through a link"],
)
def test_a_patch_cannot_leave_the_folder(tmp_path: Path, patch: str) -> None:
    """Whatever lies in a store that came from elsewhere."""
    folder = new_repository(tmp_path / "repo", {"train.py": TRAIN.encode()})
    run = run_script(folder, tmp_path / "store")
    RunDir(run.path).diff.write_text(patch)
    command(tmp_path / "store", "restore", run.id, "--to", str(tmp_path / "a" / "to"))
    assert not (tmp_path / "a" / "out.txt").exists()
    assert not (tmp_path / "a" / "to" / ".git").exists()
    assert not (tmp_path / "a" / "to" / "dir").is_symlink()


def test_an_address_that_would_run_a_program_is_refused(tmp_path: Path) -> None:
    folder = new_repository(tmp_path / "repo", {"train.py": TRAIN.encode()})
    run = run_script(folder, tmp_path / "store")
    info = msgspec.structs.replace(
        run.code[0], root="/nowhere", remote=f"ext::sh -c 'touch {tmp_path}/ran'"
    )
    write_code(RunDir(run.path), info)
    done = command(tmp_path / "store", "restore", run.id, "--to", str(tmp_path / "to"))
    assert done.returncode == 1
    assert not (tmp_path / "ran").exists()


def test_a_resumed_run_has_two_parts(tmp_path: Path) -> None:
    script = TRAIN.replace("init(", "init(id='again', resume='allow', ")
    folder = new_repository(tmp_path / "repo", {"train.py": script.encode(), "a.py": b"a = 1\n"})
    put(folder, {"a.py": b"a = 2\n"})
    run_script(folder, tmp_path / "store")
    put(folder, {"a.py": b"a = 3\n"})
    subprocess.run(
        [sys.executable, "train.py"],
        cwd=folder,
        env={**os.environ, "NBTRACK_DIR": str(tmp_path / "store"), "NBTRACK_CODE": "true"},
        check=True,
        timeout=120,
    )
    run_dir = RunDir(tmp_path / "store" / "runs" / "again")
    parts: list[CodeInfo] = []
    for _ in range(600):
        parts = read_code(run_dir)
        if len(parts) == 2 and all(part.done for part in parts):
            break
        subprocess.run(["sleep", "0.1"], check=True)
    assert [part.first for part in parts] == [True, False]
    for part, content in ((0, b"a = 2\n"), (1, b"a = 3\n")):
        target = tmp_path / f"to{part}"
        done = command(
            *(tmp_path / "store", "restore", "again", "--to", str(target), "--part", str(part))
        )
        assert done.returncode == 0, done.stderr
        assert (target / "a.py").read_bytes() == content
