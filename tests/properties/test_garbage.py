"""Garbage collection frees exactly what nothing refers to."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from nbtrack.store.artifact_paths import ArtifactsRoot
from nbtrack.store.artifact_schema import ArtifactEntry
from nbtrack.store.artifact_writing import NewVersion, commit, edit
from nbtrack.store.artifacts import read_manifest, versions
from nbtrack.store.garbage import collect
from nbtrack.store.layout import Store
from nbtrack.store.objects import Objects
from nbtrack.store.soundness import examine_artifacts

CONTENT = st.integers(0, 7)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.sampled_from("ab"), st.sets(CONTENT, max_size=4)),
        st.tuples(st.just("delete"), st.sampled_from("ab"), st.integers(0, 5)),
        st.tuples(st.just("take"), st.booleans(), CONTENT),
        st.tuples(st.just("collect"), st.booleans(), st.just(0)),
    ),
    max_size=20,
)
GRACE = 3600.0


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_it_frees_exactly_what_nothing_refers_to(steps: list[tuple[str, object, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model = Model(Path(folder))
        for kind, first, second in steps:
            getattr(model, kind)(first, second)
            model.check()


class Model:
    """What should be in a store, worked out without looking into it."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "source"
        self.store = Store(folder / "store")
        self.store.create()
        self.root = ArtifactsRoot(self.store)
        self.objects = Objects(self.root)
        # Artifact -> version -> contents.
        self.live: dict[str, dict[int, set[int]]] = {"a": {}, "b": {}}
        self.next = {"a": 0, "b": 0}
        self.there: set[int] = set()
        self.young: set[int] = set()
        self.unfreed: set[tuple[str, int]] = set()

    def entry(self, content: int) -> ArtifactEntry:
        self.source.write_bytes(bytes([content]) * (content + 1))
        taken = self.objects.take(self.source)
        assert taken.is_new == (content not in self.there)
        self.there.add(content)
        return ArtifactEntry(path=f"f{content}", digest=taken.digest, size=taken.size)

    def record(self, name: str, contents: set[int]) -> None:
        entries = [self.entry(content) for content in contents]
        same = [v for v, held in self.live[name].items() if held == contents]
        version = commit(self.store, NewVersion(name=name, type="t", entries=entries)).version
        assert version == (same[-1] if same else self.next[name])
        self.next[name] = max(self.next[name], version + 1)
        self.live[name][version] = contents
        self.young |= contents

    def delete(self, name: str, which: int) -> None:
        there = sorted(self.live[name])
        if which < len(there):
            edit(self.root.artifact(name), there[which], deleted=True)
            del self.live[name][there[which]]
            self.unfreed.add((name, there[which]))

    def take(self, old: bool, content: int) -> None:
        """Content of no version: ``old``, or taken just now."""
        path = self.objects.path(str(self.entry(content).digest))
        if old:
            os.utime(path, (1, 1))
        (self.young.discard if old else self.young.add)(content)

    def collect(self, graceful: bool, _: int) -> None:
        held = set().union(*(c for one in self.live.values() for c in one.values()))
        spared = held | (self.young if graceful else set())
        grace = GRACE if graceful else -1.0
        planned = collect(self.store, grace=grace, dry_run=True)
        self.check()
        freed = collect(self.store, grace=grace)
        assert planned == freed
        assert len(freed.objects) == len(self.there - spared)
        assert freed.bytes == sum(content + 1 for content in self.there - spared)
        assert sorted(freed.versions) == sorted(f"{n}:v{v}" for n, v in self.unfreed)
        self.there &= spared
        self.unfreed.clear()

    def check(self) -> None:
        found = {path.read_bytes()[0] for path in self.root.object_files()}
        assert found == self.there
        for name, live in self.live.items():
            assert [v.version for v in versions(self.store, name)] == sorted(live)
            for version, contents in live.items():
                entries = read_manifest(self.store, name, version).entries
                assert {entry.path for entry in entries} == {f"f{content}" for content in contents}
        assert examine_artifacts(self.store, thorough=True).problems == []
