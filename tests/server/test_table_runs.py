"""What a table does with several runs: small curves, edits of many, comparison, saved views."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import pytest

import nbtrack
from nbtrack import StoreNotWritableError, UsageError
from nbtrack._settings import Settings
from nbtrack.live.frame import LiveFrame
from nbtrack.server import sparks as module
from nbtrack.server.api.runs import CompareRequest, EditRequest, SparksRequest
from nbtrack.server.bulk import compare, edit_runs
from nbtrack.server.sparks import SparkCache
from nbtrack.server.stores import Stores, UnknownStoreError
from nbtrack.store import registry
from nbtrack.store.journal import Journal, now
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.reader import snapshot
from nbtrack.store.saved_views import MOST_BYTES, MOST_VIEWS, read_views, remove_view, save_view
from nbtrack.store.schema import Row
from nbtrack.store.view import RunView
from tests.live.cards import make_card
from tests.server.stores import make_store, run_id


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path / ".nbtrack", 3, metrics=3, rows=200)


def key(store: Store) -> str:
    return registry.key_of(store)


def sparks(
    store: Store, cache: SparkCache, runs: list[str], keys: list[str]
) -> dict[tuple[str, str], list[float | None]]:
    asked = SparksRequest(store=key(store), runs=runs, keys=keys)
    return {(s.run, s.key): s.values for s in cache.answer(Stores(only=[store]), asked).sparks}


def publish(run_dir: RunDir, values: list[float], *, attempt: int = 1, left_out: int = 0) -> None:
    frame = LiveFrame()
    for step, value in enumerate(values):
        frame.add(attempt, step, [("x", value)])
        frame.add(attempt - 1, step, [("x", -1.0)])
    frame.left_out = left_out
    run_dir.live.write_bytes(frame.to_bytes(1, make_card()))


class TestSparks:
    def test_a_curve_is_what_was_logged_made_small(self, store: Store) -> None:
        run = run_id(1)
        found = sparks(store, SparkCache(), [run, "none", run], ["loss", "nothing", "loss"])
        assert found.keys() == {(run, "loss")}
        values = found[run, "loss"]
        logged = list(RunView(store.run(run)).history("loss")["value"])
        assert 30 <= len(values) <= 40
        assert (min(filter(None, values)), max(filter(None, values))) == (min(logged), max(logged))
        places = [logged.index(value) for value in values]
        assert places == sorted(places), "in the order in which they came"

    def test_without_what_the_recorder_left(self, store: Store) -> None:
        run = run_id(0)
        with_frame = sparks(store, SparkCache(), [run], ["loss", "nothing"])
        store.run(run).live.unlink()
        without = sparks(store, SparkCache(), [run], ["loss", "nothing"])
        assert without.keys() == with_frame.keys()
        assert len(without[run, "loss"]) == 40
        assert max(filter(None, without[run, "loss"])) == max(filter(None, with_frame[run, "loss"]))

    def test_keys_that_the_recorder_left_out_come_from_the_tables(self, store: Store) -> None:
        publish(store.run(run_id(0)), [1.0], left_out=1)
        assert (run_id(0), "loss") in sparks(store, SparkCache(), [run_id(0)], ["loss"])
        publish(store.run(run_id(0)), [1.0])
        assert sparks(store, SparkCache(), [run_id(0)], ["loss"]) == {}

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]),
            ([1.0, math.nan, math.inf], [1.0, None, None]),
            ([], []),
        ],
    )
    def test_few_values_stay_as_they_are(
        self, store: Store, values: list[float], expected: list[float | None]
    ) -> None:
        run = run_id(0)
        publish(store.run(run), values, attempt=2)
        found = sparks(store, SparkCache(), [run], ["x"])
        assert found.get((run, "x"), []) == expected, "of the latest attempt"

    def test_nothing_but_gaps(self, store: Store) -> None:
        publish(store.run(run_id(0)), [math.nan] * 1000)
        values = sparks(store, SparkCache(), [run_id(0)], ["x"])[run_id(0), "x"]
        assert len(values) <= 40
        assert set(values) == {None}

    def test_files_are_read_once_until_they_change(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read: list[str] = []
        original = module._read

        def count(run_dir: RunDir, keys: list[str]) -> object:
            read.append(run_dir.id)
            return original(run_dir, keys)

        monkeypatch.setattr(module, "_read", count)
        cache = SparkCache()
        publish(store.run(run_id(0)), [1.0])
        for _ in range(3):
            sparks(store, cache, [run_id(0)], ["x", "none"])
        assert read == [run_id(0)]
        publish(store.run(run_id(0)), [1.0, 2.0])
        assert sparks(store, cache, [run_id(0)], ["x"])[run_id(0), "x"] == [1.0, 2.0]

    def test_so_many_are_kept(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_KEPT", 5)
        cache = SparkCache()
        sparks(store, cache, [run_id(n) for n in range(3)], ["a", "b", "loss"])
        assert len(cache._kept) == 5

    def test_a_run_that_cannot_be_read_has_none(self, store: Store) -> None:
        run_dir = store.run(run_id(0))
        run_dir.live.unlink()
        run_dir.manifest.write_bytes(b"{")
        assert sparks(store, SparkCache(), [run_dir.id, run_id(1)], ["loss"]).keys() == {
            (run_id(1), "loss")
        }

    def test_bounds(self, store: Store) -> None:
        with pytest.raises(UsageError):
            sparks(store, SparkCache(), ["x"] * 201, ["a"])
        with pytest.raises(UsageError):
            sparks(store, SparkCache(), ["x"], ["a"] * 9)
        with pytest.raises(UnknownStoreError):
            SparkCache().answer(
                Stores(only=[store]), SparksRequest(store="0" * 16, runs=[], keys=[])
            )


class TestEdits:
    def test_tags_of_many_and_back(self, store: Store) -> None:
        stores, runs = Stores(only=[store]), [run_id(n) for n in range(3)]
        before = {run: RunView(store.run(run)).tags for run in runs}
        asked = EditRequest(store=key(store), runs=[*runs, "none", "../x"], add_tags=[" new ", ""])
        done = edit_runs(stores, asked)
        assert sorted(done.changed) == runs
        assert done.failed.keys() == {"none", "../x"}
        for run in runs:
            assert RunView(store.run(run)).tags == [*before[run], "new"]
        again = edit_runs(stores, asked)
        assert again.changed == [], "it is so already"
        back = EditRequest(store=key(store), runs=done.changed, remove_tags=["new"])
        edit_runs(stores, back)
        assert {run: RunView(store.run(run)).tags for run in runs} == before

    def test_out_of_sight_and_back(self, store: Store) -> None:
        stores = Stores(only=[store])
        for discarded in (True, False):
            asked = EditRequest(store=key(store), runs=[run_id(1)], discarded=discarded)
            assert edit_runs(stores, asked).changed == [run_id(1)]
            assert RunView(store.run(run_id(1))).discarded is discarded
            assert edit_runs(stores, asked).changed == []
        assert len(store.run(run_id(1)).edit_files()) == 2
        assert not store.run(run_id(0)).edit_files()

    def test_a_run_that_cannot_be_changed_holds_up_no_other(self, store: Store) -> None:
        store.run(run_id(0)).info.write_bytes(b"{")
        store.run(run_id(1)).edits.rmdir()
        store.run(run_id(1)).edits.touch()
        asked = EditRequest(store=key(store), runs=[run_id(n) for n in range(3)], add_tags=["x"])
        done = edit_runs(Stores(only=[store]), asked)
        assert done.changed == [run_id(2)]
        assert "RunInfo" in done.failed[run_id(0)]
        assert done.failed[run_id(1)]

    def test_bounds(self, store: Store) -> None:
        stores = Stores(only=[store])
        for asked in (
            EditRequest(store=key(store), runs=["x"] * 10_001),
            EditRequest(store=key(store), runs=[], add_tags=["x" * 1000]),
            EditRequest(store=key(store), runs=[], add_tags=[str(n) for n in range(101)]),
        ):
            with pytest.raises(UsageError):
                edit_runs(stores, asked)
        with pytest.raises(UnknownStoreError):
            edit_runs(stores, EditRequest(store="0" * 16, runs=[]))


class TestCompare:
    def test_those_that_there_are_in_the_order_asked_for(self, store: Store) -> None:
        store.run(run_id(0)).info.write_bytes(b"{")
        runs = [run_id(2), "none", run_id(1), run_id(0), run_id(2)]
        asked = CompareRequest(store=key(store), runs=runs)
        found = compare(Stores(only=[store]), asked).runs
        assert [run.id for run in found] == [run_id(2), run_id(1)]
        view = RunView(store.run(run_id(1)))
        assert found[1].config == view.config
        assert found[1].summary == view.summary
        assert (found[1].name, found[1].state, found[1].tags) == (view.name, view.state, view.tags)
        assert (found[1].attempts, found[1].keys) == ([1], ["loss", "val/acc", "grad/norm-2"])
        assert view.ended_at is not None
        seconds = (view.ended_at - view.started_at).total_seconds()
        assert found[1].seconds == pytest.approx(seconds)

    def test_values_that_json_cannot_hold_and_rows_of_no_attempt(self, store_dir: Path) -> None:
        run = nbtrack.init(config={"inf": math.inf})
        run.log({"nan": math.nan})
        run.finish()
        store = Store(store_dir)
        writers = snapshot(store.run(run.id)).fold.writers
        worker = msgspec.structs.replace(writers[0], writer="w0000000001", role="worker")
        journal = Journal(store.run(run.id), worker, Settings())
        journal.append(Row(journal.next_seq(), now(), 0, 1, {"of nobody": 1.5}))
        journal.close()
        asked = CompareRequest(store=key(store), runs=[run.id])
        (found,) = compare(Stores(only=[store]), asked).runs
        assert found.config == {"inf": "Infinity"}
        assert found.summary == {"nan": "NaN", "of nobody": 1.5}
        assert (found.attempts, found.keys) == ([0, 1], ["of nobody", "nan"])

    def test_bounds(self, store: Store) -> None:
        with pytest.raises(UsageError):
            compare(Stores(only=[store]), CompareRequest(store=key(store), runs=["x"] * 201))


class TestViews:
    def test_saved_read_replaced_removed(self, store: Store) -> None:
        assert read_views(store) == {}
        save_view(store, "My view-1.0", {"sort": "-loss", "é": [1, None]})
        save_view(store, "other", 1)
        save_view(store, "other", 2)
        assert read_views(store) == {"My view-1.0": {"sort": "-loss", "é": [1, None]}, "other": 2}
        assert sorted(path.name for path in store.views.iterdir()) == [
            "My view-1.0.json",
            "other.json",
        ]
        remove_view(store, "other")
        remove_view(store, "other")
        assert list(read_views(store)) == ["My view-1.0"]

    @pytest.mark.parametrize("name", ["", "..", ".x", " x", "a/b", "a\\b", "x" * 65, "é", "a\n"])
    def test_names_lead_nowhere_else(self, store: Store, name: str) -> None:
        with pytest.raises(UsageError):
            save_view(store, name, 1)
        with pytest.raises(UsageError):
            remove_view(store, name)

    def test_bounds(self, store: Store) -> None:
        with pytest.raises(UsageError, match="bytes"):
            save_view(store, "large", "x" * MOST_BYTES)
        for n in range(MOST_VIEWS):
            save_view(store, f"v{n}", n)
        with pytest.raises(UsageError, match="at most"):
            save_view(store, "one more", 1)
        save_view(store, "v0", "replaced")
        assert len(read_views(store)) == MOST_VIEWS

    def test_what_is_no_view_is_left_out(self, store: Store) -> None:
        save_view(store, "good", 1)
        (store.views / "broken.json").write_text("{")
        (store.views / "large.json").write_text("1" * (MOST_BYTES + 1))
        (store.views / "folder.json").mkdir()
        (store.views / "other.txt").touch()
        assert read_views(store) == {"good": 1}

    def test_a_store_that_cannot_be_written(self, store: Store) -> None:
        store.views.touch()
        with pytest.raises(StoreNotWritableError):
            save_view(store, "x", 1)
