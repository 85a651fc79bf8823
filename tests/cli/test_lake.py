"""``nbtrack lake`` as a person calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrack.store.layout import Store
from tests.sync.lake.lakes import push, record


def lake(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nbtrack", "lake", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def url(tmp_path: Path) -> str:
    store = Store(tmp_path / "store")
    for name in ("one", "two"):
        record(store, name)
    url = f"file://{tmp_path / 'there'}"
    push(store, url)
    return url


def test_commit_and_optimize(url: str, tmp_path: Path) -> None:
    done = lake("commit", "--store", url, "--batch", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"Committed 2 runs to {url}/lake.\n"
    again = lake("commit", "--store", url)
    assert again.stdout == f"Committed 0 runs to {url}/lake.\n"
    told = json.loads(lake("commit", "--store", url, "--json").stdout)
    assert (told["committed"], told["batches"], told["problems"]) == (0, 0, {})
    done = lake("optimize", "--store", url)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[1].startswith("metrics: 1 file, ")
    assert lines[1].endswith(" kB; 2 became 1, 0 removed.")
    told = json.loads(lake("optimize", "--store", url, "--json").stdout)
    assert [one["table"] for one in told] == ["commits", "metrics", "system", "attempts", "runs"]


def test_tables_elsewhere_and_a_local_store(tmp_path: Path, url: str) -> None:
    done = lake("commit", "--store", str(tmp_path / "store"), "--to", str(tmp_path / "tables"))
    assert done.stdout == f"Committed 2 runs to {(tmp_path / 'tables').as_uri()}.\n"
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == [
        *("attempts", "commits", "metrics", "runs", "system"),
    ]
    assert not (tmp_path / "store" / "lake").exists()


def test_a_run_that_cannot_be_read_is_named(tmp_path: Path, url: str) -> None:
    (changes,) = (tmp_path / "there" / "runs" / "one" / "merged").glob("*.changes.parquet")
    changes.write_bytes(b"PAR1")
    done = lake("commit", "--store", url)
    assert done.returncode == 1
    assert done.stdout == f"Committed 1 run to {url}/lake.\n"
    assert done.stderr.startswith("nbtrack: one: ")


def test_what_cannot_be_used(tmp_path: Path, url: str) -> None:
    for arguments, text in (
        (("commit", "--store", str(tmp_path)), "is no store of runs"),
        (("commit", "--store", "ftp://x"), "is no place"),
        (("commit", "--store", url, "--to", "ftp://x"), "is no place for tables"),
        (("optimize", "--store", url), "there is no table"),
        (("optimize", "--store", url, "--keep-days", "0"), "--keep-days"),
        (("commit",), "--store"),
    ):
        done = lake(*arguments)
        assert done.returncode > 0, arguments
        assert text in done.stderr
        assert "Traceback" not in done.stderr
