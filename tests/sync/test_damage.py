"""A run goes as far as it is whole, and says what is left out; none holds up another."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nbtrack.store.artifact_paths import ArtifactsRoot
from nbtrack.store.artifacts import read_manifest
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.seal import seal_run
from nbtrack.store.shipment import Item
from nbtrack.store.view import RunView
from nbtrack.sync.artifacts import ArtifactPusher
from nbtrack.sync.place import Place
from nbtrack.sync.push import Outcome, Pusher
from tests.sync.test_artifacts import record as record_artifact
from tests.sync.test_push import record

# Ends without a word, as a kernel does that is killed.
DIES = """
import os, sys
from pathlib import Path
from tests.journals import new_run

run = new_run(Path(sys.argv[1]), "dead")
for step in range(100):
    run.log({"loss": 1 / (step + 1)})
os._exit(1)
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"file://{tmp_path / 'there'}"


def push(store: Store, url: str, *runs: str) -> list[Outcome]:
    return Pusher(store, Place(url)).push(runs)


def there(url: str, run: str = "one") -> set[str]:
    return {key.partition(f"runs/{run}/")[2] for key in Place(url).sizes(f"runs/{run}")}


def cut(path: Path) -> None:
    """As a crash leaves a file that was not synced."""
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def unreadable(path: Path) -> None:
    """Reading it fails as on a disk with bad blocks."""
    path.unlink()
    path.symlink_to("/proc/self/mem")


def forbidden(path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    path.chmod(0)


Damaging = Callable[[Path], None]
WAYS = [cut, empty, zero, unreadable, forbidden]


def damaged_table(store: Store, url: str, path: Path, damage: Damaging) -> None:
    before = path.read_bytes()
    damage(path)
    record(store, "two")
    outcome, other = push(store, url, "one", "two")
    assert (outcome.problem, other.problem, other.damaged) == ("", "", ())
    (said,) = outcome.damaged
    assert str(path) in said
    assert {"run.json", "media/0f.png"} <= there(url)
    # Nothing of its set.
    assert not any(key.endswith((".parquet", "m.json")) for key in there(url))
    assert not any(key.startswith("merged/") for key in there(url))
    # As long as it is so, that is said; and from a backup it is put right.
    assert push(store, url, "one")[0].damaged == outcome.damaged
    path.unlink()
    path.write_bytes(before)
    (outcome,) = push(store, url, "one")
    assert (outcome.problem, outcome.damaged) == ("", ())
    assert any(key.endswith(".metrics.parquet") for key in there(url))


@pytest.mark.parametrize("damage", WAYS)
def test_a_sealed_table(store: Store, url: str, damage: Damaging) -> None:
    run_dir = record(store, "one", merged=False)
    (path,) = run_dir.sealed.glob("*.metrics.parquet")
    damaged_table(store, url, path, damage)


@pytest.mark.parametrize("damage", WAYS)
def test_a_merged_table(store: Store, url: str, damage: Damaging) -> None:
    run_dir = record(store, "one")
    (path,) = run_dir.merged.glob("*.metrics.parquet")
    damaged_table(store, url, path, damage)


def test_one_set_of_several(store: Store, url: str) -> None:
    run_dir = record(store, "one", rows=3_000, merged=False)
    assert len(run_dir.sealed_sets()) >= 2
    first, *others = run_dir.sealed_sets()
    cut(run_dir.sealed_table(first, "metrics"))
    (outcome,) = push(store, url, "one")
    assert len(outcome.damaged) == 1
    sets = {key.partition(".")[0] for key in there(url) if key.startswith("sealed/")}
    assert sets == {f"sealed/{name}" for name in others}


@pytest.mark.parametrize("damage", [cut, empty, zero])
def test_the_list_of_what_was_merged(store: Store, url: str, damage: Damaging) -> None:
    run_dir = record(store, "one")
    damage(run_dir.manifest)
    (outcome,) = push(store, url, "one")
    assert outcome.problem == ""
    assert str(run_dir.manifest) in outcome.damaged[0]
    assert "what was merged does not go" in outcome.damaged[0]
    assert there(url) == {"run.json", "media/0f.png"}


@pytest.mark.parametrize("damage", [cut, empty, zero])
def test_without_its_own_document_nothing_of_a_run_goes(
    store: Store, url: str, damage: Damaging
) -> None:
    run_dir = record(store, "one")
    record(store, "two")
    damage(run_dir.info)
    outcome, other = push(store, url, "one", "two")
    assert str(run_dir.info) in outcome.problem
    assert "Restore the file from a backup" in outcome.problem
    assert (other.problem, there(url)) == ("", set())


def test_an_edit(store: Store, url: str) -> None:
    run_dir = record(store, "one")
    bad, good = run_dir.new_edit(), run_dir.new_edit()
    bad.write_bytes(b'{"name": "a')
    good.write_bytes(b'{"name": "b"}')
    (outcome,) = push(store, url, "one")
    assert str(bad) in outcome.damaged[0]
    assert f"edits/{good.name}" in there(url)
    assert f"edits/{bad.name}" not in there(url)


@pytest.mark.parametrize("damage", [unreadable, forbidden])
def test_a_file_that_cannot_be_read(store: Store, url: str, damage: Damaging) -> None:
    run_dir = record(store, "one")
    damage(run_dir.media / "0f.png")
    (outcome,) = push(store, url, "one")
    assert str(run_dir.media / "0f.png") in outcome.problem
    assert "cannot be read" in outcome.problem
    assert "--exclude" in outcome.problem
    # The rest goes.
    assert any(key.endswith(".metrics.parquet") for key in there(url))
    assert any(key.startswith("merged/") and key.endswith(".json") for key in there(url))


def test_a_file_that_vanishes_meanwhile(store: Store, url: str) -> None:
    run_dir = record(store, "one")
    run_dir.code.mkdir(exist_ok=True)
    for number in range(40):
        (run_dir.code / f"{number:02}.py").write_bytes(b"code")

    def remove(item: Item) -> None:
        for path in run_dir.code.glob("*.py"):
            path.unlink(missing_ok=True)

    (outcome,) = Pusher(store, Place(url), sent=remove).push(["one"])
    assert outcome.problem == ""
    assert any(key.endswith(".metrics.parquet") for key in there(url))


@pytest.fixture
def dead(store: Store) -> RunDir:
    """A run whose kernel was killed, not sealed yet."""
    done = subprocess.run(
        [sys.executable, "-c", DIES, str(store.path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 1
    run_dir = RunDir(store.path / "runs" / "dead")
    (name,) = run_dir.segments()
    used = run_dir.segment(name).read_bytes().rstrip(b"\0")
    run_dir.segment(name).write_bytes(used)
    return run_dir


def test_a_torn_end_of_a_journal_is_no_damage(store: Store, url: str, dead: RunDir) -> None:
    (name,) = dead.segments()
    os.truncate(dead.segment(name), dead.segment(name).stat().st_size - 5)
    assert seal_run(dead) == [name]
    (outcome,) = push(store, url, "dead")
    assert (outcome.problem, outcome.damaged, outcome.held_back) == ("", (), 0)
    copy = RunView(RunDir(Path(url.removeprefix("file://")) / "runs" / "dead"))
    assert copy.rows == RunView(dead).rows == 99


def test_a_damaged_journal(store: Store, url: str, dead: RunDir) -> None:
    (name,) = dead.segments()
    path = dead.segment(name)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    assert seal_run(dead) == []
    (outcome,) = push(store, url, "dead")
    assert outcome.problem == ""
    (said,) = outcome.damaged
    assert str(path) in said
    assert "damaged bytes" in said


@pytest.mark.parametrize("damage", [cut, empty, unreadable])
def test_content_of_an_artifact(store: Store, url: str, damage: Damaging) -> None:
    """A digest says what its content is: nobody would ever put it right there."""
    record_artifact(store, b"first" * 9, b"second" * 9)
    record_artifact(store, b"more", name="more")
    (entry,) = read_manifest(store, "data", 0).entries
    path = ArtifactsRoot(store).object(entry.digest or "")
    before = path.read_bytes()
    damage(path)
    outcomes = {one.label: one for one in ArtifactPusher(store, Place(url)).push()}
    assert outcomes["data:v0"].there == ""
    assert str(path) in outcomes["data:v0"].problem
    assert "Restore the file" in outcomes["data:v0"].problem
    assert outcomes["data:v1"].problem == outcomes["more:v0"].problem == ""
    assert not any(entry.digest in key for key in Place(url).sizes() if entry.digest)
    path.unlink()
    path.write_bytes(before)
    assert not any(one.problem for one in ArtifactPusher(store, Place(url)).push())


def test_a_manifest_of_an_artifact(store: Store, url: str) -> None:
    record_artifact(store, b"first")
    record_artifact(store, b"more", name="more")
    cut(ArtifactsRoot(store).artifact("data").manifest(0))
    outcomes = {one.label: one for one in ArtifactPusher(store, Place(url)).push()}
    assert outcomes["more:v0"].problem == ""
    (bad,) = (one for label, one in outcomes.items() if label.startswith("data"))
    assert str(ArtifactsRoot(store).artifact("data").manifest(0)) in bad.problem
