"""Artifacts: killed anywhere, while garbage is collected too, the store stays sound."""

from __future__ import annotations

import inspect
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nbtrack.record.artifacts import open_artifact
from nbtrack.store import artifact_writing, faults, garbage, objects
from nbtrack.store.artifact_paths import ArtifactsRoot
from nbtrack.store.artifact_schema import ArtifactEntry
from nbtrack.store.artifact_writing import NewVersion, commit, edit
from nbtrack.store.artifacts import versions
from nbtrack.store.faults import ARTIFACT_POINTS, GC_POINTS
from nbtrack.store.garbage import collect
from nbtrack.store.layout import Store
from nbtrack.store.objects import Objects
from nbtrack.store.soundness import examine_artifacts
from tests.crash.processes import environment, fork, join, run_python

OLD = {"a": b"a" * 5000, "b": b"b" * 5000}
NEW = {"a": b"a" * 5000, "b": b"c" * 5000, "c": b"d" * 7000}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def record(store: Store, files: dict[str, bytes], name: str = "data") -> str:
    """A version with these files; its label."""
    store.create()
    root = ArtifactsRoot(store)
    taking = Objects(root)
    entries = []
    for path, content in files.items():
        source = store.path.parent / f"source-{os.getpid()}"
        source.write_bytes(content)
        taken = taking.take(source)
        entries.append(ArtifactEntry(path=path, digest=taken.digest, size=taken.size))
    return commit(store, NewVersion(name=name, type="t", entries=entries)).label


def content(store: Store, label: str, to: Path) -> dict[str, bytes]:
    folder = Path(open_artifact(label, dir=store.path).download(to))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def temporaries(store: Store) -> list[Path]:
    return [path for path in store.artifacts.rglob("*") if path.name.endswith(".tmp")]


def killed_at(point: str, do: Callable[[], object]) -> None:
    """Do something in a process that is killed at a fault point."""

    def child() -> None:
        os.environ["NBTRACK_FAULT"] = point
        faults._armed.cache_clear()
        do()

    assert join(fork(child)) == -signal.SIGKILL, point


def test_there_are_no_other_fault_points() -> None:
    found = set()
    for module in (objects, artifact_writing, garbage):
        found |= set(re.findall(r'\bfault\("([^"]+)"\)', inspect.getsource(module)))
    assert found == {*ARTIFACT_POINTS, *GC_POINTS}


@pytest.mark.parametrize("time", [1, 2])
@pytest.mark.parametrize("point", ARTIFACT_POINTS)
def test_recording_killed_at_each_point(
    store: Store, tmp_path: Path, point: str, time: int
) -> None:
    assert record(store, OLD) == "data:v0"
    if point.startswith("artifact.") and time > 1:
        return  # a version has one manifest
    killed_at(f"{point}:{time}", lambda: record(store, NEW))
    assert examine_artifacts(store, thorough=True).problems == []
    assert content(store, "data:v0", tmp_path / "old") == OLD
    made = point == "artifact.after_manifest"
    assert [version.version for version in versions(store, "data")] == ([0, 1] if made else [0])

    assert record(store, NEW) == "data:v1"
    assert content(store, "data:v1", tmp_path / "new") == NEW
    assert content(store, "data:v0", tmp_path / "old") == OLD
    collect(store, grace=0)
    assert temporaries(store) == []
    assert len(list(ArtifactsRoot(store).object_files())) == 4
    assert examine_artifacts(store, thorough=True).problems == []


@pytest.mark.parametrize("point", ["gc.after_manifest", "gc.after_object", "gc.after_object:2"])
def test_collecting_killed_at_each_point(store: Store, tmp_path: Path, point: str) -> None:
    record(store, OLD)
    record(store, NEW)
    place = ArtifactsRoot(store).artifact("data")
    edit(place, 1, deleted=True)
    killed_at(point, lambda: collect(store, grace=0))
    assert examine_artifacts(store, thorough=True).problems == []
    assert content(store, "data:v0", tmp_path / "old") == OLD
    collect(store, grace=0)
    assert len(list(ArtifactsRoot(store).object_files())) == 2
    # What was freed is recorded as if it had never been there, under a number of its own.
    assert record(store, NEW) == "data:v2"
    assert content(store, "data:v2", tmp_path / "new") == NEW


WORKER = """
import os, random, sys
from pathlib import Path
import nbtrack
from nbtrack.store.garbage import collect
from nbtrack.store.layout import Store

store, seed = Store(Path(sys.argv[1])), int(sys.argv[2])
choose = random.Random(seed)
run = nbtrack.init(dir=store.path)
print("ready", flush=True)
while True:
    artifact = nbtrack.Artifact(choose.choice("abc"), "t")
    for name in "xyz":
        with artifact.new_file(name, "wb") as file:
            file.write(bytes([choose.randrange(6)]) * choose.randrange(1, 400_000))
    run.log_artifact(artifact).wait()
    if choose.random() < 0.3:
        artifact.delete()
    if choose.random() < 0.3:
        collect(store, grace=0.2)
    # One write: a line that is killed half-way is not written at all.
    os.write(1, f"{artifact.name} {artifact.digest} {artifact.state}\\n".encode())
"""


def test_killed_at_any_moment(store: Store) -> None:
    """Three processes record, delete and collect at once, and are killed again and again."""
    seed = random.randrange(1 << 30)
    choose = random.Random(seed)
    known: dict[str, str] = {}
    for round_ in range(5):
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", WORKER, str(store.path), str(seed + 10 * round_ + i)],
                env=environment(NBTRACK_DISK_WARNING="0"),
                stdout=subprocess.PIPE,
                text=True,
                cwd=store.path.parent,
            )
            for i in range(3)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", seed
        time.sleep(choose.uniform(0.1, 0.8))
        for process in processes:
            process.send_signal(signal.SIGKILL)
            out, _ = process.communicate(timeout=60)
            for line in out.splitlines():
                label, digest, state = line.split()
                if state == "COMMITTED":
                    assert known.setdefault(label, digest) == digest, (seed, label)
        assert examine_artifacts(store, thorough=True).problems == [], seed
    assert known, "nothing was recorded"
    for name in {label.partition(":")[0] for label in known}:
        numbers = [version.version for version in versions(store, name)]
        assert len(numbers) == len(set(numbers))
    collect(store, grace=0)
    assert temporaries(store) == []
    assert examine_artifacts(store, thorough=True).problems == [], seed


BIG = """
import resource, sys
from pathlib import Path
import nbtrack

path, store, how = sys.argv[1:4]
nbtrack.init(dir=store)
nbtrack.log({"a": 1})
small = nbtrack.Artifact("small", "t")
with small.new_file("a") as file:
    file.write("a")
nbtrack.log_artifact(small).wait()


def peak():
    text = Path("/proc/self/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) * 1024


before = peak()
artifact = nbtrack.Artifact("big", "t")
artifact.add_file(path, policy=how)
nbtrack.log_artifact(artifact).wait()
out = artifact.download(store + "-out")
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(
    "size", [256 << 20, pytest.param(8 << 30, marks=pytest.mark.full)], ids=["256 MiB", "8 GiB"]
)
@pytest.mark.parametrize("policy", ["mutable", "immutable"])
def test_a_large_file_needs_no_memory_and_lies_there_once(
    store: Store, tmp_path: Path, size: int, policy: str
) -> None:
    source = tmp_path / "big"
    piece = random.Random(7).randbytes(1 << 20)
    with source.open("wb") as file:
        for number in range(size >> 20):
            file.write(number.to_bytes(8) + piece[8:])
    grown = int(run_python(BIG, str(source), str(store.path), policy, NBTRACK_DISK_WARNING="0"))
    assert grown < 16 << 20
    sizes = [path.stat().st_size for path in ArtifactsRoot(store).object_files()]
    assert sorted(sizes) == [1, size]
    on_disk = sum(p.stat().st_blocks * 512 for p in store.artifacts.rglob("*") if p.is_file())
    assert on_disk < size + (1 << 20)
    assert temporaries(store) == []
    (copy,) = (tmp_path / "store-out").iterdir()
    assert copy.stat().st_size == size


MANY = """
import os, sys, time
from pathlib import Path
import nbtrack

folder, store = sys.argv[1:3]
nbtrack.init(dir=store)
for _ in range(2):
    artifact = nbtrack.Artifact("many", "t")
    artifact.add_dir(folder)
    nbtrack.log_artifact(artifact).wait()
    found = sorted((p.name, p.stat().st_ino) for p in Path(store, "artifacts").rglob("*/??/*"))
    print(artifact.version, artifact.file_count, len(found), hash(tuple(found)), flush=True)
"""


def test_ten_thousand_files_twice_write_nothing_the_second_time(
    store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(10_000):
        (folder / f"{number}.bin").write_bytes(number.to_bytes(4) * 25)
    out = run_python(MANY, str(folder), str(store.path), NBTRACK_DISK_WARNING="0")
    first, second = out.splitlines()
    assert first == second
    assert first.startswith("v0 10000 10000 ")
    assert len(list(ArtifactsRoot(store).object_files())) == 10_000
