"""A store that somebody copied by hand and synced from elsewhere holds the same runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars
import pytest

from nbtrack import runs
from nbtrack.store.layout import Store
from nbtrack.store.seal import seal_run
from nbtrack.store.view import RunView
from nbtrack.sync.place import Place

Copy = Callable[[Path, Path], None]

RECORD = """
import sys, time
from pathlib import Path

import numpy
import nbtrack

go_on = Path(sys.argv[1])
Path("weights.bin").write_bytes(bytes(range(256)) * 40)
with nbtrack.init(id="one", name="first", config={"rate": 0.1}) as run:
    print("what is seen")
    for step in range(3000):
        run.log({"loss": 1 / (step + 1), "note": "a" * 60})
    pixels = numpy.zeros((8, 9, 3), numpy.uint8)
    run.log({"picture": nbtrack.Image(pixels), "table": nbtrack.Table(["n"], [[1]])})
    artifact = nbtrack.Artifact("data", "dataset")
    artifact.add_file("weights.bin")
    run.log_artifact(artifact, aliases=["best"]).wait()
    run.save("weights.bin")
    print("waits", flush=True)
    while not go_on.exists():
        time.sleep(0.01)
    run.log({"loss": 0.0})
"""


def environ(home: Path, **more: str) -> dict[str, str]:
    """The variables of somebody else on another machine, as far as one can be another."""
    mine = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "NBTRACK_"))}
    return {**mine, "HOME": str(home), **more}


def nbtrack(home: Path, store: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "nbtrack", *arguments, "--store", str(store)],
        env=environ(home, NBTRACK_RECORDER="off"),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def sync(home: Path, store: Path, place: Path) -> dict[str, Any]:
    """Everything is sent; nothing may be refused."""
    told: dict[str, Any] = json.loads(
        nbtrack(home, store, "sync", "--all", "--json", "--to", f"file://{place}")
    )
    for one in (*told["runs"], *told["artifacts"]):
        assert one["problem"] == ""
    return told


def content(place: Path) -> dict[str, bytes]:
    found = Place(f"file://{place}")
    return {key: found.get(key) for key in found.sizes()}


def cp(source: Path, target: Path) -> None:
    """Without times."""
    subprocess.run(["cp", "-r", source, target], check=True)


def cp_what_a_shell_lists(source: Path, target: Path) -> None:
    """Nothing that is hidden at the top, and no folder in which nothing is."""
    target.mkdir(exist_ok=True)
    for path in source.glob("[!.]*"):
        subprocess.run(["cp", "-r", path, target], check=True)
    subprocess.run(["find", target, "-type", "d", "-empty", "-delete"], check=True)


def tar(source: Path, target: Path) -> None:
    """With times, through a file."""
    archive = target.with_suffix(".tar")
    subprocess.run(["tar", "-C", source, "-cf", archive, "."], check=True)
    target.mkdir(exist_ok=True)
    subprocess.run(["tar", "-C", target, "-xf", archive], check=True)


def onto_fat(source: Path, target: Path) -> None:
    """With times of two seconds, and everything writable, as disks do that are carried."""
    shutil.copytree(source, target, dirs_exist_ok=True)
    for path in target.rglob("*"):
        even = int(path.stat().st_mtime) // 2 * 2
        os.utime(path, (even, even))
        path.chmod(0o777)


class Recording:
    """A script that records a run and waits before its last row."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "store"
        self._go_on = folder / "go-on"
        # Without a recorder nothing is sealed at a moment that a test does not know.
        off = {"NBTRACK_CODE": "false", "NBTRACK_RECORDER": "off"}
        variables = environ(folder / "home", NBTRACK_DIR=str(self.store), **off)
        self.process = subprocess.Popen(
            [sys.executable, "-c", RECORD, str(self._go_on)],
            cwd=folder,
            env=variables,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        lines: list[str] = []
        while "waits\n" not in lines:
            lines.append(self.process.stdout.readline())
            assert lines[-1], "the script has ended"

    def end(self) -> None:
        """It goes on to its end, and what is left to do of its runs is done."""
        self._go_on.touch()
        self.process.communicate(timeout=300)
        assert self.process.returncode == 0
        self.recover()

    def recover(self) -> None:
        """What can be sealed and merged now is."""
        nbtrack(self.store.parent / "home", self.store, "recover")

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=300)

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a run that has ended, on "one machine"."""
    with Recording(tmp_path_factory.mktemp("here")) as recording:
        recording.end()
        return recording.store


@pytest.fixture(scope="module")
def expected(recorded: Path) -> dict[str, bytes]:
    """What a sync of the store itself puts at a place."""
    place = recorded.parent / "alone"
    sync(recorded.parent / "home", recorded, place)
    found = content(place)
    kinds = {"run.json": 1, "media/": 2, "merged/": 4, "files/": 1, "artifacts/objects/": 1}
    for kind, least in kinds.items():
        assert sum(kind in key for key in found) >= least, kind
    return found


@pytest.mark.parametrize("copy", [cp_what_a_shell_lists, tar, onto_fat])
def test_a_copy_is_the_same_run(
    copy: Copy, recorded: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    carried, place = tmp_path / "carried", tmp_path / "place"
    copy(recorded, carried)
    sync(tmp_path / "other-home", carried, place)
    assert content(place) == expected
    # The store that it is a copy of has nothing to add.
    told = sync(recorded.parent / "home", recorded, place)
    assert sum(one["sent"] for one in told["artifacts"]) == 0
    sent = sum(one["sent"] for one in told["runs"])
    # Saved files may change, and nobody here knows what is there.
    assert sent == sum("/files/" in key for key in expected)
    assert content(place) == expected


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Recording]:
    with Recording(tmp_path) as recording:
        yield recording


def test_a_copy_of_a_run_that_goes_on_and_another_when_it_has_ended(
    recording: Recording, tmp_path: Path
) -> None:
    carried, place, home = tmp_path / "carried", tmp_path / "place", tmp_path / "other-home"
    seal_run(Store(recording.store).run("one"))
    cp(recording.store, carried)
    assert RunView(Store(carried).run("one")).rows == 3_001
    sync(home, carried, place)
    assert any("/sealed/" in key for key in content(place))
    recording.end()
    # Over the first copy: what is gone there stays here.
    subprocess.run(["cp", "-r", f"{recording.store}/.", carried], check=True)
    sync(home, carried, place)
    sync(tmp_path / "home", recording.store, tmp_path / "alone")
    expected = content(tmp_path / "alone")
    found = content(place)
    assert expected.items() <= found.items()
    # Sets that were merged since were sent before.
    assert all("/sealed/" in key for key in found.keys() - expected.keys())
    sync(tmp_path / "home", recording.store, place)
    assert content(place) == found
    for store in (carried, recording.store):
        view = RunView(Store(store).run("one"))
        assert (view.rows, view.state, view.summary["loss"]) == (3_002, "finished", 0.0)


def test_a_copy_of_a_run_that_died(recording: Recording, tmp_path: Path) -> None:
    """Whoever finds it dead seals and merges what it left, each with a note of its own of that."""
    recording.kill()
    carried, place = tmp_path / "carried", tmp_path / "place"
    cp(recording.store, carried)
    nbtrack(tmp_path / "other-home", carried, "recover")
    sync(tmp_path / "other-home", carried, place)
    recording.recover()
    sync(tmp_path / "home", recording.store, place)
    found = content(place)
    lists = [json.loads(found[key]) for key in found if "/merged/" in key and "json" in key]
    assert len(lists) == 2
    # Nobody may count both: they are of the same segments, but for the two notes.
    ours, theirs = (set(one["replaces"]) for one in lists)
    assert len(ours & theirs) >= 1
    assert (len(ours - theirs), len(theirs - ours)) == (1, 1)
    tables = [found[f"runs/one/merged/{one['name']}.metrics.parquet"] for one in lists]
    ours_read, theirs_read = map(polars.read_parquet, tables)
    assert ours_read.equals(theirs_read)
    for store in (carried, recording.store):
        view = RunView(Store(store).run("one"))
        assert (view.rows, view.state) == (3_001, "crashed")
    (read,) = runs(store=f"file://{place}")
    assert (read.rows, len(read.history("loss"))) == (3_001, 3_000)
