"""A store of every format that there was is read for ever, exactly, also without nbtrack."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack.store import reader, seal
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.merge import merge
from tests.journals import cells, new_run, view

FIXTURES = Path(__file__).parents[1] / "fixtures"
IDS = ["damaged", "journal", "merged", "sealed"]
INFINITE = float("inf")

FAILURE = {
    "type": "ValueError",
    "message": "löss is nan",
    "traceback": "Traceback (most recent call last):\nValueError: löss is nan\n",
    "cell": "[4]",
    "line": 2,
}
# One row of every kind of value, as the columns ``value`` and ``text`` hold it.
VALUES: dict[str, tuple[float | None, str | None]] = {
    "float": (0.1, None),
    "bool": (1.0, None),
    "int": (9007199254740992.0, None),
    "large": (9007199254740992.0, "9007199254740993"),
    "unsigned": (18446744073709551616.0, "18446744073709551615"),
    "huge": (-1208925819614629174706176.0, "-1208925819614629174706176"),
    "string": (None, "wärm up"),
    "none": (None, None),
    "list": (None, '[1,2.5,"x"]'),
    "moment": (None, "2026-01-31T17:45:00+00:00"),
    "nested/inner/most": (1.5, None),
    "nested/other": (2.0, None),
    "nan": (float("nan"), None),
    "infinite": (INFINITE, None),
    "minus infinite": (-INFINITE, None),
    "lone surrogate": (None, "a\\ud800b"),
}
# (attempt, step, milliseconds since the run began, value)
LOSSES: dict[str, list[tuple[int, int, int, float]]] = {
    "journal": [
        (1, 0, 4, 1.0),
        (1, 1, 5, 0.5),
        (1, 2, 6, 1 / 3),
        (1, 3, 7, 0.25),
        (1, 4, 8, 0.2),
        (2, -3, 13, 0.25),
        (2, 7, 12, 0.125),
    ],
    "sealed": [(1, 1, 4, float("nan"))],
    "merged": [
        (0, 0, 3001, 0.75),
        (1, 0, 2, 4.0),
        (1, 0, 1001, 40.0),
        (1, 1, 3, 3.0),
        (1, 2, 4, 2.0),
        (1, 3, 5, 1.0),
        (2, 0, 2002, 0.5),
    ],
    "damaged": [(1, step, step + 2, float(step)) for step in (0, 1, 3, 4, 5)],
}
SYSTEM: dict[str, list[tuple[int, str, float]]] = {
    "journal": [(2001, "cpu.percent", 12.5), (2001, "memory.used.bytes", 1024.0)],
    "sealed": [(1001, "gpu.0.power.watts", 250.5)],
    "merged": [],
    "damaged": [],
}
# (n, cell_try, cell_id, state, started, ended, rows, config, exception)
ATTEMPTS: dict[str, list[tuple[Any, ...]]] = {
    "journal": [
        (1, 1, "cell-a", "finished", 3, 9, 5, {"rate": 0.1}, None),
        (2, 1, "cell-b", "running", 11, None, 3, {"rate": 0.1}, None),
    ],
    "sealed": [(1, 1, "cell-a", "failed", 2, 5, 2, {"rate": 0.5}, FAILURE)],
    "merged": [
        (1, 1, "cell-a", "finished", 1, 7, 6, {"rate": 0.1}, None),
        (2, 2, "cell-a", "finished", 2001, 2003, 1, {"rate": 0.2}, None),
    ],
    "damaged": [(1, 1, "cell-a", "crashed", 1, 7, 5, {}, None)],
}
# (state, reason, ended, rows, dropped rows, config, tags, name)
RUNS: dict[str, tuple[Any, ...]] = {
    "journal": ("running", None, None, 9, 0, {"rate": 0.1}, ["first"], "the journal one"),
    "sealed": (
        *("failed", "cell [4] raised ValueError", 8, 2, 3),
        *({"layers": [32, {"units": 16}]}, ["first"], "the sealed one"),
    ),
    "merged": (
        *("finished", "finish() was called", 3002, 8, 0),
        *({}, ["second", "third"], "edited again"),
    ),
    "damaged": (
        *("crashed", "died in cell [3]: killed by SIGKILL, sender unknown", 7, 5, 0),
        *({}, ["first"], "the damaged one"),
    ),
}
BEGIN = 1_769_881_502_000_000


def milliseconds(moment: Any) -> int | None:
    return None if moment is None else round((moment.timestamp() * 1e6 - BEGIN) / 1000)


def told(value: Any) -> str:
    return repr(value)  # NaN is not equal to itself


@pytest.fixture(params=["format-1", "format-2"])
def kept(request: pytest.FixtureRequest) -> Path:
    """The store that is kept for each format."""
    return FIXTURES / str(request.param)


@pytest.fixture
def store(kept: Path, tmp_path: Path) -> Path:
    """The same where it may be changed, as an nbtrack of its time would have left it."""
    path = tmp_path / kept.name
    shutil.copytree(kept, path)
    return path


def check(store: Path, id: str) -> None:
    """The run is read from ``store`` as it was written."""
    run = nbtrack.open_run(id, dir=store)
    state, reason, ended, *others = RUNS[id]
    assert run.state == state
    if reason is None:
        assert run.reason.startswith("on machine-of-long-ago, last seen ")
    else:
        assert run.reason == reason
    assert milliseconds(run.ended_at) == ended
    assert [run.rows, run.dropped_rows, run.config, run.tags, run.name] == others
    assert run.exception == (FAILURE if id == "sealed" else None)
    assert milliseconds(run.started_at) == 0
    assert (run.project, run.notes, run.group, run.job_type) == ("forever", "kept", "g", "train")
    assert (run.notebook, run.host) == ("train.ipynb", "machine-of-long-ago")
    found = [
        (
            *(a.n, a.cell_try, a.cell_id, a.state),
            *(milliseconds(a.started_at), milliseconds(a.ended_at)),
            *(a.rows, a.config, a.exception),
        )
        for a in run.attempts
    ]
    assert found == ATTEMPTS[id]
    assert {(a.name, tuple(a.tags), a.source) for a in run.attempts} == {("fit", ("a",), "x = 1")}
    losses = [
        (row["attempt"], row["step"], milliseconds(row["time"]), row["value"])
        for row in run.history("loss").to_pylist()
    ]
    assert told(losses) == told(LOSSES[id])
    system = [
        (milliseconds(row["time"]), row["key"], row["value"]) for row in run.system().to_pylist()
    ]
    assert system == SYSTEM[id]


@pytest.mark.parametrize("id", IDS)
def test_every_run_of_every_format_is_read_as_it_was_written(id: str, kept: Path) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in kept.rglob("*"))
    check(kept, id)
    assert sorted((path, path.stat().st_mtime_ns) for path in kept.rglob("*")) == before


def test_the_runs_of_every_format_are_listed(kept: Path) -> None:
    runs = nbtrack.runs(dir=kept)
    assert sorted(run.id for run in runs) == IDS
    assert runs.unreadable == {}


@pytest.mark.parametrize("id", ["journal", "sealed", "merged"])
def test_every_kind_of_value_of_every_format_is_exact(id: str, kept: Path) -> None:
    read = {
        cell.key: (cell.value, cell.text)
        for cell in cells(Store(kept).run(id))
        if cell.key in VALUES
    }
    assert told(sorted(read.items())) == told(sorted(VALUES.items()))


def test_the_summaries_of_every_format(kept: Path) -> None:
    def summary(id: str) -> dict[str, Any]:
        return nbtrack.open_run(id, dir=kept).summary

    odd = {
        **{key: value if text is None else text for key, (value, text) in VALUES.items()},
        "large": 2**53 + 1,
        "unsigned": 2**64 - 1,
        "huge": -(2**80),
    }
    expected: dict[str, dict[str, Any]] = {
        "journal": {**odd, "loss": 0.25, "worker": 1.0},
        "sealed": {**odd, "loss": float("nan"), "best": 2**60},
        "merged": {**odd, "acc": 0.75, "loss": 0.5},
        "damaged": {"loss": 5.0, "mark": "row 5"},
    }
    for id, values in expected.items():
        assert told(sorted(summary(id).items())) == told(sorted(values.items())), id


@pytest.mark.parametrize("id", IDS)
def test_the_cells_of_every_format(id: str, kept: Path) -> None:
    """In format 1, of cells that were not tracked only errors are known, and no output."""
    cells = nbtrack.open_run(id, dir=kept).cells
    assert [(c.execution_count, c.state, c.attempt) for c in cells if c.state != "unseen"] == {
        "journal": [(3, "finished", 1), (9, "failed", None), (4, "running", 2)],
        "sealed": [(4, "failed", 1)],
        "merged": [(3, "finished", 1), (1, "finished", 2)],
        "damaged": [(3, "crashed", 1)],
    }[id]
    earlier = [(c.n, c.execution_count, c.source) for c in cells if c.state == "unseen"]
    new = kept.name == "format-2"
    assert earlier == ([(1, 1, "import this")] if new and id == "journal" else [])
    for cell in cells:
        finished = cell.state in ("finished", "failed") and cell.attempt is not None
        lost = "[… 12 characters of output not kept …]\n7\n"
        shown = "100%\nnext" + lost * finished if cell.attempt is not None else ""
        assert cell.output == (shown if new else "")
        assert cell.peak_memory_bytes == (3 << 20 if new and finished else None)


def test_the_damage_of_every_format_is_told(kept: Path) -> None:
    (damage,) = nbtrack.open_run("damaged", dir=kept).damage
    offset = {"format-1": 1164, "format-2": 1300}[kept.name]
    assert (damage.path.name, damage.offset) == ("o00000000d1-000001.seg", offset)
    assert damage.length == 48
    for id in ("journal", "sealed", "merged"):
        assert nbtrack.open_run(id, dir=kept).damage == []


def test_a_run_of_every_format_can_be_sealed_and_merged_today(store: Path) -> None:
    for id in IDS:
        run_dir = Store(store).run(id)
        seal.seal_run(run_dir)
        assert not (id == "merged" and run_dir.segments())
        merge(run_dir)
        check(store, id)
    merged = Store(store).run("merged")
    assert merged.segments() == merged.sealed_sets() == []
    # A torn segment of a process elsewhere, and a damaged one, stay what they are.
    assert [str(name) for id in IDS for name in Store(store).run(id).segments()] == [
        "o00000000d1-000001",
        "o00000000a1-000001",
    ]


def test_a_run_of_every_format_can_be_gone_on_with(store: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("NBTRACK_RECORDER", "off")
    shutil.rmtree(store / "runs" / "merged" / "edits")
    run = nbtrack.init(id="merged", dir=store, resume="must", name="third")
    run.log({"loss": 0.0})
    run.finish()
    found = nbtrack.open_run("third", dir=store)
    losses = [(r["attempt"], r["step"], r["value"]) for r in found.history("loss").to_pylist()]
    before = [(attempt, step, value) for attempt, step, _, value in LOSSES["merged"]]
    assert losses == [*before, (3, 1, 0.0)], "steps go on"


def test_a_status_of_another_format_is_made_anew(store: Path) -> None:
    run_dir = Store(store).run("sealed")
    reader.write_status(run_dir)
    document = json.loads(run_dir.status.read_bytes())
    document["fold"]["rows"] = 99
    run_dir.status.write_text(json.dumps(document))
    assert view(run_dir).rows == 99, "the status is used while it fits"
    run_dir.status.write_text(json.dumps({**document, "format": 99}))
    assert view(run_dir).rows == 2
    check(store, "sealed")


def test_what_a_later_nbtrack_of_every_format_adds_is_ignored(store: Path) -> None:
    run_dir = Store(store).run("merged")
    for path in (run_dir.info, run_dir.manifest, *run_dir.edit_files()):
        path.write_text(json.dumps({**json.loads(path.read_bytes()), "added": {"later": 1}}))
    check(store, "merged")


# -- read by others --------------------------------------------------------------------------


ALONE = """
import json, sys
{code}
assert not {{"nbtrack", "arro3"}} & set(sys.modules)
print(json.dumps(found))
"""
DUCKDB = """
import duckdb
found = duckdb.sql(
    "SELECT attempt, step, value FROM '{files}' WHERE key = 'loss' ORDER BY attempt, step, value"
).fetchall()
"""
PANDAS = """
import glob, pandas
table = pandas.read_parquet(glob.glob("{files}"))
assert list(map(str, table.dtypes[["seq", "time", "value"]])) == ["int64", "int64", "float64"]
table = table[table["key"] == "loss"].sort_values(["attempt", "step", "value"])
found = table[["attempt", "step", "value"]].values.tolist()
"""
POLARS = """
import polars
table = polars.read_parquet("{files}").filter(polars.col("key") == "loss")
found = [list(row) for row in
         table.select("attempt", "step", "value").sort("attempt", "step", "value").rows()]
"""


def read_alone(code: str, files: Path) -> Any:
    done = subprocess.run(
        [sys.executable, "-I", "-c", ALONE.format(code=code.format(files=files))],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("code", [DUCKDB, PANDAS, POLARS], ids=["duckdb", "pandas", "polars"])
def test_others_read_the_rows_without_nbtrack(code: str, tmp_path: Path) -> None:
    merged = Store(FIXTURES / "format-2").run("merged")
    in_force = [[*r[:2], r[3]] for r in LOSSES["merged"] if r[0] == 1]
    assert read_alone(code, merged.merged / "*.metrics.parquet") == in_force
    # Files that this nbtrack writes, sealed and then merged.
    run = new_run(tmp_path / "store")
    expected = [[0, step, step / 7] for step in range(2000)]
    for _, step, value in expected:
        run.log({"loss": value, "other": "text"}, step=int(step))
    run.finish()
    run_dir = RunDir(run.path)
    assert seal.seal_run(run_dir)
    assert read_alone(code, run_dir.sealed / "*.metrics.parquet") == expected
    assert merge(run_dir)
    assert read_alone(code, run_dir.merged / "*.metrics.parquet") == expected
