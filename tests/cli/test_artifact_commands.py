"""``nbtrack artifact``, ``gc``, and what the doctor says of artifacts, as a person calls them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nbtrack as nb
from nbtrack.store.artifact_paths import ArtifactsRoot
from nbtrack.store.layout import Store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A run ``maker`` that made ``data:v0`` (best), ``data:v1`` and ``model:v0``."""
    monkeypatch.setenv("NBTRACK_RECORDER", "off")
    monkeypatch.setenv("NBTRACK_DISK_WARNING", "0")
    monkeypatch.chdir(tmp_path)
    with nb.init(name="maker", dir=tmp_path / "store") as run:
        for number, aliases in ((0, ["best"]), (1, [])):
            artifact = nb.Artifact("data", "dataset", metadata={"n": number})
            with artifact.new_file("shared.txt") as file:
                file.write("shared")
            with artifact.new_file("own.txt") as file:
                file.write(f"version {number}")
            run.log_artifact(artifact, aliases=aliases)
        artifact = nb.Artifact("model", "model")
        with artifact.new_file("model.bin", "wb") as file:
            file.write(bytes(1000))
        run.log_artifact(artifact)
        run.log({"a": 1})
    return Store(tmp_path / "store")


def nbtrack(store: Store, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nbtrack", *arguments, "--store", str(store.path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def read_json(store: Store, *arguments: str, status: int = 0) -> Any:
    done = nbtrack(store, *arguments, "--json")
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def test_ls(store: Store) -> None:
    found = read_json(store, "artifact", "ls")
    assert [(one["name"], one["aliases"]) for one in found] == [
        ("data:v1", ["latest"]),
        ("data:v0", ["best"]),
        ("model:v0", ["latest"]),
    ]
    assert found[0]["metadata"] == {"n": 1}
    assert (found[0]["files"], found[0]["size"]) == (2, 15)
    assert found[0]["run"] == nb.open_run("maker", dir=store.path).id
    (model,) = read_json(store, "artifact", "ls", "--type", "model")
    assert model["name"] == "model:v0"
    one = read_json(store, "artifact", "ls", "data:best")
    assert [entry["path"] for entry in one["entries"]] == ["own.txt", "shared.txt"]
    assert one["entries"][1]["size"] == 6
    text = nbtrack(store, "artifact", "ls").stdout
    assert "data:v0" in text
    assert "1 kB" in text
    assert "shared.txt" in nbtrack(store, "artifact", "ls", "data:v0").stdout


def test_get(store: Store, tmp_path: Path) -> None:
    done = nbtrack(store, "artifact", "get", "data:best", "--to", str(tmp_path / "out"))
    assert done.stdout == f"data:v0: 2 files in {tmp_path / 'out'}\n"
    assert (tmp_path / "out" / "own.txt").read_text() == "version 0"
    found = read_json(store, "artifact", "get", "data")
    assert Path(found["path"], "own.txt").read_text() == "version 1"
    missing = nbtrack(store, "artifact", "get", "nothing")
    assert missing.returncode == 1
    assert "there is no artifact 'nothing'" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_rm_and_gc_free_what_nothing_refers_to(store: Store) -> None:
    refused = nbtrack(store, "artifact", "rm", "data:v0")
    assert refused.returncode == 1
    assert "is called best" in refused.stderr
    assert nbtrack(store, "artifact", "rm", "data").returncode == 2
    assert read_json(store, "artifact", "rm", "data:v0", "--aliased")["deleted"]
    before = sorted(store.artifacts.rglob("*"))
    planned = read_json(store, "gc", "--dry-run", "--grace", "0")
    assert sorted(store.artifacts.rglob("*")) == before
    assert (planned["versions"], planned["bytes"]) == (["data:v0"], len("version 0"))
    assert read_json(store, "gc")["objects"] == [], "younger than a day"
    assert read_json(store, "gc", "--grace", "0")["objects"] == planned["objects"]
    assert len(list(ArtifactsRoot(store).object_files())) == 3
    assert "Freed 0 B: 0 objects" in nbtrack(store, "gc", "--grace", "0").stdout
    assert [one["name"] for one in read_json(store, "artifact", "ls", "data")] == ["data:v1"]


def test_gc_empties_the_trash_if_it_is_asked_to(store: Store) -> None:
    assert nbtrack(store, "discard", "maker").returncode == 0
    assert read_json(store, "gc")["runs"] == []
    assert read_json(store, "gc", "--trash", "1")["runs"] == []
    (planned,) = read_json(store, "gc", "--trash", "0", "--dry-run")["runs"]
    assert planned["name"] == "maker"
    assert len(list(store.run_dirs())) == 1
    assert len(read_json(store, "gc", "--trash", "0")["runs"]) == 1
    assert list(store.run_dirs()) == []
    # What it made is still there, and its maker is not.
    assert nb.open_artifact("data", dir=store.path).logged_by() is None


def test_gc_frees_nothing_where_a_manifest_cannot_be_read(store: Store) -> None:
    ArtifactsRoot(store).artifact("data").manifest(0).write_text("{")
    done = nbtrack(store, "gc", "--grace", "0")
    assert done.returncode == 1
    assert "not a readable" in done.stderr
    assert len(list(ArtifactsRoot(store).object_files())) == 4


def doctor(store: Store, *arguments: str, status: int = 0) -> dict[str, dict[str, str]]:
    found = read_json(store, "doctor", *arguments, status=status)
    return {one["area"]: one for one in found}


def test_the_doctor_shows_use_and_soundness(store: Store) -> None:
    found = doctor(store)
    assert found["use"]["level"] == "ok"
    assert "artifacts 2." in found["use"]["what"]
    assert (
        found["artifacts"]["what"] == "everything that 3 versions of 2 artifacts refer to is there"
    )
    assert "holds what was stored" in doctor(store, "--verify")["artifacts"]["what"]


def test_the_doctor_counts_one_and_many(store: Store) -> None:
    for name, left in (("data:v0", "2 versions of 2 artifacts refer"), ("data:v1", None)):
        nb.open_artifact(name, dir=store.path).delete(delete_aliases=True)
        what = doctor(store)["artifacts"]["what"]
        assert what == f"everything that {left or '1 version of 1 artifact refers'} to is there"


def test_show_lists_the_artifacts_of_a_run(store: Store) -> None:
    with nb.init(name="user", dir=store.path) as run:
        run.use_artifact("data:best")
        run.use_artifact("model")
    found = read_json(store, "show", "maker")["artifacts"]
    assert [(one["name"], one["role"], one["type"]) for one in found] == [
        ("data:v0", "made", "dataset"),
        ("data:v1", "made", "dataset"),
        ("model:v0", "made", "model"),
    ]
    assert [(one["files"], one["size"], one["aliases"]) for one in found] == [
        (2, 15, ["best"]),
        (2, 15, ["latest"]),
        (1, 1000, ["latest"]),
    ]
    used = read_json(store, "show", "user")["artifacts"]
    assert [(one["name"], one["role"]) for one in used] == [
        ("data:v0", "used"),
        ("model:v0", "used"),
    ]
    nb.open_artifact("model", dir=store.path).delete()
    lines = [line.split() for line in nbtrack(store, "show", "user").stdout.splitlines()]
    assert ["artifact", "type", "files", "size", "aliases"] in lines
    assert "data:v0 used dataset 2 15 B best".split() in lines
    assert "model:v0 used model 1 kB gone or damaged".split() in lines
    assert read_json(store, "show", "user")["artifacts"][1]["files"] is None
    ArtifactsRoot(store).artifact("data").manifest(0).write_text("{")
    shown = nbtrack(store, "show", "maker")
    assert (shown.returncode, shown.stdout.count("gone or damaged")) == (0, 3)


def test_show_lists_the_latest_of_many_artifacts(store: Store) -> None:
    with nb.init(name="many", dir=store.path) as run:
        for number in range(23):
            artifact = nb.Artifact("weights", "model")
            with artifact.new_file("w") as file:
                file.write(str(number))
            run.log_artifact(artifact).wait()
    shown = nbtrack(store, "show", "many").stdout
    assert "weights:v2 " not in shown
    assert shown.count("weights:v") == 20
    assert "3 before these; --json has all" in shown
    assert len(read_json(store, "show", "many")["artifacts"]) == 23
    with nb.init(name="none", dir=store.path) as run:
        run.log({"a": 1})
    assert "aliases" not in nbtrack(store, "show", "none").stdout


def test_the_doctor_names_what_is_missing(store: Store) -> None:
    entry = nb.open_artifact("model", dir=store.path).get_entry("model.bin")
    path = ArtifactsRoot(store).object(str(entry.digest))
    os.chmod(path, 0o644)
    path.write_bytes(bytes(999) + b"x")
    assert doctor(store)["artifacts"]["level"] == "ok"
    found = doctor(store, "--verify", status=1)["artifacts"]
    assert "model:v0: the content of 'model.bin' is not what was stored" in found["what"]
    path.write_bytes(b"torn")
    found = doctor(store, status=1)["artifacts"]
    assert (found["level"], "has 4 bytes, not 1000" in found["what"]) == ("problem", True)
    path.unlink()
    assert "'model.bin' is missing" in doctor(store, status=1)["artifacts"]["what"]
    # To record the same content again mends it.
    artifact = nb.Artifact("model", "model")
    with nb.init(dir=store.path) as run:
        with artifact.new_file("model.bin", "wb") as file:
            file.write(bytes(1000))
        assert run.log_artifact(artifact).wait().version == "v0"
    assert doctor(store, "--verify")["artifacts"]["level"] == "ok"


def test_the_doctor_warns_from_the_part_that_is_set(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBTRACK_DISK_WARNING", "0.000001")
    found = [one for one in read_json(store, "doctor") if one["area"] == "disk"]
    assert found[0]["level"] in ("warning", "problem")
