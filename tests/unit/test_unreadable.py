"""Files of a newer format, and damaged documents: told, left alone, and in nobody's way."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest

import nbtrack
from nbtrack import DamagedFileError, NewerFormatError
from nbtrack.recorder.recover import recover
from nbtrack.store import parquet
from nbtrack.store.layout import RunDir, Store
from tests.journals import view

FORMAT_1 = Path(__file__).parents[1] / "fixtures" / "format-1"
IDS = ["damaged", "journal", "merged", "sealed"]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The fixture where it may be changed, as an nbtrack of its time would have left it."""
    path = tmp_path / "format-1"
    shutil.copytree(FORMAT_1, path)
    return path


def newer_segment(run_dir: RunDir) -> Path:
    path = run_dir.segment(run_dir.segments()[0])
    data = path.read_bytes()
    _, _, length, _ = struct.unpack_from("<4sHHI", data)
    body = data[12 : 12 + length]
    path.write_bytes(struct.pack("<4sHHI", b"NBTJ", 99, length, crc32(body, 99)) + data[12:])
    return path


def newer_sealed_set(run_dir: RunDir) -> Path:
    path = run_dir.sealed_table(run_dir.sealed_sets()[0], "changes")
    rewrite(path, {"nbtrack.format": "99"})
    return path


def newer_merged_set(run_dir: RunDir) -> Path:
    manifest = json.loads(run_dir.manifest.read_bytes())
    path = run_dir.merged_table(manifest["name"], "changes")
    rewrite(path, {"nbtrack.format": "99"})
    return path


def newer_info(run_dir: RunDir) -> Path:
    return newer_document(run_dir.info)


def newer_manifest(run_dir: RunDir) -> Path:
    return newer_document(run_dir.manifest)


def newer_document(path: Path) -> Path:
    # As a newer format may be: what this one looks for is no more what it was.
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "format": 99, "name": ["new"]}))
    return path


def rewrite(path: Path, changes: dict[str, str]) -> None:
    """The same table with other metadata."""
    import duckdb

    kept = parquet_metadata(path)
    rows = duckdb.sql(f"FROM '{path}'")
    assert rows is not None
    parquet.write("changes", rows.to_arrow_table(), path, {**kept, **changes})
    assert parquet_metadata(path) == {**kept, **changes}


def parquet_metadata(path: Path) -> dict[str, str]:
    from nbtrack.store import query

    return query.metadata([path])[str(path)]


NEWER: dict[str, tuple[str, Callable[[RunDir], Path]]] = {
    "segment": ("journal", newer_segment),
    "sealed set": ("sealed", newer_sealed_set),
    "merged set": ("merged", newer_merged_set),
    "run.json": ("sealed", newer_info),
    "merged.json": ("merged", newer_manifest),
}


@pytest.mark.parametrize("what", NEWER)
def test_a_newer_format_is_refused_and_left_alone(what: str, store: Path) -> None:
    id, make_newer = NEWER[what]
    run_dir = Store(store).run(id)
    path = make_newer(run_dir)
    before = {file: file.read_bytes() for file in run_dir.path.rglob("*") if file.is_file()}

    def refused(read: Callable[[], object]) -> None:
        with pytest.raises(NewerFormatError, match=r"format 99; .* up to 2") as caught:
            read()
        assert caught.value.path == str(path)
        assert "Upgrade nbtrack" in caught.value.hint

    run = view(run_dir)
    refused(lambda: run.state)
    refused(lambda: run.to_dict())
    if what == "run.json":
        refused(lambda: nbtrack.open_run(id, dir=store))
    else:
        refused(lambda: run.rows)
        refused(lambda: run.history("loss"))
        refused(lambda: run.history())
        refused(lambda: run.system())
    runs = nbtrack.runs(dir=store)
    assert list(runs.unreadable) == [id]
    assert "Upgrade nbtrack" in runs.unreadable[id]
    assert sorted(run.id for run in runs) == [other for other in IDS if other != id]
    refused(lambda: nbtrack.init(id=id, dir=store, resume="must"))
    recover(Store(store))
    after = {file: file.read_bytes() for file in run_dir.path.rglob("*") if file.is_file()}
    assert after == before


# -- damaged documents -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\0" * 200,
        b"\xff\xfe{}",
        b"[]",
        b"null",
        b"7",
        b'"text"',
        b"{}",
        b'{"format": "1"}',
        b'{"format": null}',
        b'{"format": 1, "id": 3}',
    ],
    ids=repr,
)
def test_a_damaged_run_json_is_told_and_hides_no_other_run(content: bytes, store: Path) -> None:
    run_dir = Store(store).run("sealed")
    run_dir.info.write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"not a readable RunInfo document") as caught:
        nbtrack.open_run("sealed", dir=store)
    assert caught.value.path == str(run_dir.info)
    runs = nbtrack.runs(dir=store)
    assert sorted(run.id for run in runs) == ["damaged", "journal", "merged"]
    assert list(runs.unreadable) == ["sealed"]
    assert str(run_dir.info) in runs.unreadable["sealed"]
    # The rows do not need it.
    assert view(run_dir).rows == 2
    assert nbtrack.open_run("edited again", dir=store).id == "merged"


def test_a_missing_run_json_is_told(store: Path) -> None:
    run_dir = Store(store).run("sealed")
    run_dir.info.unlink()
    runs = nbtrack.runs(dir=store)
    assert sorted(run.id for run in runs) == ["damaged", "journal", "merged"]
    assert list(runs.unreadable) == ["sealed"]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"format": 1}', b'{"name": 3}'], ids=repr)
def test_a_damaged_manifest_is_told(content: bytes, store: Path) -> None:
    run_dir = Store(store).run("merged")
    run_dir.manifest.write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"not a readable Manifest document") as caught:
        view(run_dir).history("loss")
    assert caught.value.path == str(run_dir.manifest)
    assert list(nbtrack.runs(dir=store).unreadable) == ["merged"]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(200) + b"PAR1"], ids=len)
@pytest.mark.parametrize("table", ["changes", "cells", "metrics"])
def test_a_damaged_table_is_told(table: str, content: bytes, store: Path) -> None:
    run_dir = Store(store).run("sealed")
    path = run_dir.sealed_table(run_dir.sealed_sets()[0], table)
    path.write_bytes(content)
    with pytest.raises(DamagedFileError):
        view(run_dir).history("loss")
    unreadable = nbtrack.runs(dir=store).unreadable
    assert list(unreadable) == ([] if table == "metrics" else ["sealed"])
