"""Artifacts over HTTP: those of a store, their content, who made and who used them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack.store import registry
from nbtrack.store.artifact_paths import ArtifactsRoot
from nbtrack.store.artifacts import read_manifest
from nbtrack.store.layout import Store
from tests.server.servers import Server

BAD = "<script>alert(1)</script>"


class Kept:
    """A store in which one run made data, two used it, and one of those made a model."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "store")
        data = folder / "data"
        (data / "deep").mkdir(parents=True)
        for at in range(30):
            (data / "deep" / f"{at:02}.txt").write_text(f"content {at}")
        (data / "page.html").write_text(BAD)
        with nbtrack.init(dir=self.store.path, name="maker") as maker:
            artifact = nbtrack.Artifact(
                "data", "dataset", description=BAD, metadata={"n": float("inf"), "text": BAD}
            )
            artifact.add_dir(str(data))
            artifact.add_reference("s3://bucket/key", name="elsewhere.bin", checksum=False)
            maker.log_artifact(artifact, aliases=["clean"])
            (data / "deep" / "00.txt").write_text("another")
            maker.log_artifact(str(data), name="data", type="dataset").wait()
        with nbtrack.init(dir=self.store.path, name="trainer") as trainer:
            trainer.use_artifact("data:clean")
            (folder / "model.txt").write_text("weights")
            trainer.log_artifact(str(folder / "model.txt"), name="model", type="model").wait()
        with nbtrack.init(dir=self.store.path, name="watcher") as watcher:
            watcher.use_artifact("data:clean")
            watcher.use_artifact("model:latest")
        self.maker, self.trainer, self.watcher = maker.id, trainer.id, watcher.id
        registry.register(self.store)
        self.key = registry.key_of(self.store)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """The store."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBTRACK_RECORDER", "off")
        yield Kept(tmp_path_factory.mktemp("kept"))


def ask(server: Server, path: str) -> Any:
    """What is at an address, as JSON."""
    answer = server.ask("GET", f"nbtrack/api/{path}")
    assert answer.status == 200, answer.body
    return answer.json()


def test_the_artifacts_of_a_store(server: Server, kept: Kept) -> None:
    page = ask(server, f"artifacts?store={kept.key}")
    assert [(one["name"], one["versions"]) for one in page["artifacts"]] == [
        ("model", 1),
        ("data", 2),
    ]
    assert (page["total"], page["matched"], page["unreadable"]) == (2, 2, {})
    for words, names in (
        ("DATASET", ["data"]),
        ("clean", ["data"]),
        ("alert(1)", ["data"]),
        ("model", ["model"]),
        ("data model", []),
    ):
        found = ask(server, f"artifacts?store={kept.key}&search={words.replace(' ', '+')}")
        assert [one["name"] for one in found["artifacts"]] == names, words
        assert found["matched"] == len(names)
    assert ask(server, f"artifacts?store={kept.key}&offset=1&limit=1")["artifacts"][0]["name"] == (
        "data"
    )
    for bad in ("limit=0", "limit=1001", "offset=-1"):
        assert server.ask("GET", f"nbtrack/api/artifacts?{bad}").status == 400
    assert server.ask("GET", "nbtrack/api/artifacts?store=none").status == 404


def test_the_versions_of_one(server: Server, kept: Kept) -> None:
    found = ask(server, f"artifacts/{kept.key}/data")
    assert [one["version"] for one in found["versions"]] == [1, 0]
    newest, first = found["versions"]
    assert (newest["aliases"], first["aliases"]) == (["latest"], ["clean"])
    assert first["run"] == {"id": kept.maker, "name": "maker", "state": "finished"}
    assert {one["name"] for one in first["used_by"]} == {"trainer", "watcher"}
    assert first["description"] == BAD
    assert first["metadata"]["text"] == BAD
    assert first["files"] == 32
    assert server.ask("GET", f"nbtrack/api/artifacts/{kept.key}/nothing").status == 404
    assert server.ask("GET", f"nbtrack/api/artifacts/{kept.key}/objects").status == 400


def test_what_is_in_a_version(server: Server, kept: Kept) -> None:
    address = f"artifacts/{kept.key}/data/v0"
    page = ask(server, f"{address}/entries?limit=3")
    assert [one["path"] for one in page["entries"]] == ["deep/00.txt", "deep/01.txt", "deep/02.txt"]
    assert (page["total"], page["matched"]) == (32, 32)
    (other,) = ask(server, f"{address}/entries?search=elsewhere")["entries"]
    assert (other["uri"], other["kind"]) == ("s3://bucket/key", "binary")
    for bad in ("limit=0", "limit=2001", "offset=-1"):
        assert server.ask("GET", f"nbtrack/api/{address}/entries?{bad}").status == 400
    answer = server.ask("GET", f"nbtrack/api/{address}/files/deep/00.txt")
    assert (answer.status, answer.body) == (200, b"content 0")
    answer = server.ask("GET", f"nbtrack/api/artifacts/{kept.key}/data/v1/files/deep/00.txt")
    assert answer.body == b"another"
    page_file = server.ask("GET", f"nbtrack/api/{address}/files/page.html")
    assert page_file.headers["Content-Type"].startswith("text/html")
    policy = page_file.headers["Content-Security-Policy"].split("; ")
    assert "sandbox" in policy
    part = server.ask(
        "GET", f"nbtrack/api/{address}/files/deep/01.txt", headers={"Range": "bytes=0-6"}
    )
    assert (part.status, part.body) == (206, b"content")
    for path in (
        "elsewhere.bin",
        "deep",
        "deep/99.txt",
        "../v0.json",
        "%2e%2e/v0.json",
        "..%2fv0.json",
        "/etc/passwd",
        "deep/00.txt%00",
        "a" * 5000,
    ):
        answer = server.ask("GET", f"nbtrack/api/{address}/files/{path}")
        assert answer.status == 404, path
    for version in ("v2", "v999999999"):
        for kind in ("entries", "files/deep/00.txt", "lineage"):
            path = f"nbtrack/api/artifacts/{kept.key}/data/{version}/{kind}"
            assert server.ask("GET", path).status == 404, path


def test_an_object_that_became_a_link_is_not_followed(server: Server, kept: Kept) -> None:
    entry = next(
        one for one in read_manifest(kept.store, "data", 0).entries if one.path == "deep/05.txt"
    )
    path = ArtifactsRoot(kept.store).object(entry.digest or "")
    os.rename(path, path.with_name("aside"))
    path.symlink_to("/etc/passwd")
    try:
        address = f"nbtrack/api/artifacts/{kept.key}/data/v0/files/deep/05.txt"
        answer = server.ask("GET", address)
        assert (answer.status, b"root:" in answer.body) == (404, False)
    finally:
        path.unlink()
        os.rename(path.with_name("aside"), path)


def test_what_a_run_made_and_used(server: Server, kept: Kept) -> None:
    found = ask(server, f"runs/{kept.key}/{kept.trainer}/artifacts")["artifacts"]
    assert [(one["name"], one["version"], one["role"], one["there"]) for one in found] == [
        ("data", 0, "used", True),
        ("model", 0, "made", True),
    ]
    assert ask(server, f"runs/{kept.key}/{kept.trainer}")["artifacts"] == 2


def names(lineage: dict[str, Any]) -> dict[str, int]:
    """Name -> how many steps after what was asked for."""
    return {one["name"]: one["rank"] for one in lineage["nodes"]}


def test_lineage_goes_both_ways(server: Server, kept: Kept) -> None:
    found = ask(server, f"runs/{kept.key}/{kept.trainer}/lineage")
    assert names(found) == {"trainer": 0, "data:v0": -1, "maker": -2, "model:v0": 1, "watcher": 2}
    ends = {(one["start"], one["end"]) for one in found["edges"]}
    assert ends == {
        (f"run {kept.maker}", "data:v0"),
        ("data:v0", f"run {kept.trainer}"),
        (f"run {kept.trainer}", "model:v0"),
        ("model:v0", f"run {kept.watcher}"),
    }
    assert found["more"] is False
    found = ask(server, f"artifacts/{kept.key}/data/v0/lineage")
    assert names(found) == {"data:v0": 0, "maker": -1, "trainer": 1, "watcher": 1, "model:v0": 2}
    runs = {one["name"]: one["run"]["state"] for one in found["nodes"] if one["kind"] == "run"}
    assert set(runs.values()) == {"finished"}
    # What the maker made besides is no part of where this went.
    found = ask(server, f"artifacts/{kept.key}/data/v1/lineage")
    assert names(found) == {"data:v1": 0, "maker": -1}
