"""A run as W&B's own SDK writes it, read back record by record with W&B's own messages."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from benchmarks.trackers.wandb import records
from nbtrack import RunView, UsageError
from nbtrack._options import RunOptions
from nbtrack._start import start_run
from nbtrack.store.encoding import encode_spool
from nbtrack.store.journal import now
from nbtrack.store.layout import RunDir
from nbtrack.store.schema import Sample
from nbtrack.sync.wandb.export import Exported, export
from tests.journals import new_journal, new_run_dir, settings
from tests.sync.test_wandb_plan import begin, close, end, log

# Of W&B itself, in each row.
COLUMNS = {"_step", "_timestamp", "_runtime"}


class Written:
    """What a directory of W&B holds."""

    def __init__(self, folder: Path) -> None:
        from wandb.proto.wandb_internal_pb2 import Record

        self.folder = folder
        (self.path,) = folder.glob("*.wandb")
        self.records: list[Any] = [Record.FromString(one) for one in records(self.path)]

    def of(self, kind: str) -> list[Any]:
        """The records of a kind, in order."""
        found = (one for one in self.records if one.WhichOneof("record_type") == kind)
        return [getattr(one, kind) for one in found]

    @property
    def run(self) -> Any:
        (found,) = self.of("run")
        return found

    @property
    def config(self) -> dict[str, Any]:
        updates = [*self.run.config.update, *(u for one in self.of("config") for u in one.update)]
        return {one.key: json.loads(one.value_json) for one in updates}

    @property
    def summary(self) -> dict[str, Any]:
        """As it is in the end."""
        found: dict[str, Any] = {}
        for record in self.of("summary"):
            for one in record.update:
                found[one.key or "/".join(one.nested_key)] = json.loads(one.value_json)
        return found

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [_row(one) for one in self.of("history")]

    @property
    def exit_code(self) -> int:
        (found,) = self.of("exit")
        return int(found.exit_code)

    @property
    def files(self) -> dict[str, bytes]:
        root = self.folder / "files"
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file()
        }

    def kept(self) -> set[str]:
        """The files that a record names, which are those that are sent."""
        return {file.path for one in self.of("files") for file in one.files}


def _row(record: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in record.item:
        *outer, last = item.nested_key or [item.key]
        place = found
        for key in outer:
            place = place.setdefault(key, {})
        place[last] = json.loads(item.value_json)
    return found


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    """A run of one attempt, with one of everything."""
    import numpy
    import plotly.graph_objects

    folder = tmp_path_factory.mktemp("recorded")
    store = folder / "store"
    options = RunOptions(
        id="whole",
        project="digits",
        name="first steps",
        tags=["a", "b"],
        notes="two lines\nof notes",
        group="sweep",
        job_type="train",
        config={"rate": 0.1, "layers": [1, {"width": None}], "nan": math.nan},
    )
    run = start_run(options, settings(store), cwd=folder)
    run.define_metric("loss", step_metric="epoch", summary="min,last")
    run.define_metric("acc", summary="best", goal="maximize")
    for step in range(50):
        run.log({"loss": 1 / (step + 1), "epoch": step // 10, "acc": step, "text": f"at {step}"})
    run.log({"loss": 9.5}, step=30)
    run.log({"late": True}, step=12)
    run.log(
        {
            "nan": math.nan,
            "infinite": -math.inf,
            "exact": 2**60 + 1,
            "huge": 2**70,
            "none": None,
            "nested": {"x": {"y": 2}},
            "_step": 77,
        },
        step=60,
    )
    pixels = numpy.random.default_rng(0).integers(0, 255, (8, 9, 3), dtype=numpy.uint8)
    box = {"position": {"minX": 0.1, "maxX": 0.4, "minY": 0.5, "maxY": 0.9}, "class_id": 1}
    street = nbtrack.Image(
        pixels,
        caption="a street",
        boxes={"found": {"box_data": [box], "class_labels": {1: "car"}}},
        masks={"truth": {"mask_data": numpy.ones((8, 9), numpy.uint8)}},
    )
    table = nbtrack.Table(columns=["n", "picture"], data=[[1, nbtrack.Image(pixels)], [None, None]])
    run.log({"street": street, "pair": [nbtrack.Image(pixels), nbtrack.Image(pixels[:4])]}, step=61)
    run.log(
        {
            "sound": nbtrack.Audio(numpy.zeros(100, numpy.float32), sample_rate=8000),
            "page": nbtrack.Html("<b>bold</b>"),
            "words": nbtrack.Text("a < b"),
            "spread": nbtrack.Histogram(np_histogram=([1, 2], [0.0, 1.0, 2.0])),
            "table": table,
            "figure": nbtrack.Figure(plotly.graph_objects.Figure()),
            "vega": nbtrack.Figure({"$schema": "https://vega.github.io/schema/vega/v5.json"}),
        }
    )
    (folder / "weights.bin").write_bytes(bytes(1000))
    (folder / "config.yaml").write_text("a: 1")
    run.save(str(folder / "weights.bin"), base_path=str(folder))
    run.save(str(folder / "config.yaml"), base_path=str(folder))
    run.summary["by hand"] = {"deep": 1}
    run.alert("look")
    artifact = nbtrack.Artifact("data", "dataset")
    artifact.add_file(str(folder / "weights.bin"))
    run.log_artifact(artifact).wait()
    run.finish()
    run_dir = RunDir(run.path)
    recorder = new_journal(run_dir, role="recorder")
    sample = {"cpu.percent": 12.5, "memory.process.bytes": float(3 << 20), "gpu.1.power.watts": 7.0}
    recorder.append(Sample(recorder.next_seq(), now(), sample))
    recorder.close()
    encode_spool(run_dir)
    return run_dir


@pytest.fixture(scope="module")
def exported(recorded: RunDir, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    before = looked(recorded.path)
    with pytest.MonkeyPatch.context() as patch:
        # Whatever a person has set for W&B does not matter.
        patch.setenv("WANDB_RUN_ID", "mine")
        patch.setenv("WANDB_MODE", "online")
        patch.setenv("WANDB_TAGS", "mine")
        done = export(recorded, tmp_path_factory.mktemp("out") / "new" / "folder")
    assert looked(recorded.path) == before
    return done


@pytest.fixture(scope="module")
def written(exported: Exported) -> Written:
    (path,) = exported.paths
    return Written(path)


def looked(folder: Path) -> dict[str, tuple[int, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


def test_the_run(written: Written, recorded: RunDir) -> None:
    run, view = written.run, RunView(recorded)
    assert (run.run_id, run.display_name, run.project) == ("whole", "first steps", "digits")
    assert (list(run.tags), run.notes) == (["a", "b"], "two lines\nof notes")
    assert (run.run_group, run.job_type, run.host) == ("sweep", "train", view.host)
    assert run.start_time.ToMicroseconds() == round(view.started_at.timestamp() * 1e6)
    assert written.config["rate"] == 0.1
    assert written.config["layers"] == [1, {"width": None}]
    about = written.config["nbtrack"]
    assert (about["run"], about["state"], about["reason"]) == ("whole", "finished", view.reason)
    assert written.exit_code == 0


def test_every_row_is_ours(written: Written, recorded: RunDir) -> None:
    view = RunView(recorded)
    rows = written.rows
    steps = [row["_step"] for row in rows]
    assert steps == [*range(50), 60, 61, 62]
    wide = {row["step"]: row for row in view.history(x="step").to_pylist()}
    times: dict[int, list[float]] = {}
    for key in view.summary.keys() - {"by hand"}:
        for one in view.history(key, x="step").to_pylist():
            times.setdefault(one["step"], []).append(one["time"].timestamp())
    numbers = {"loss", "epoch", "acc", "text", "late", "none", "nested/x/y", "infinite"}
    for row in rows[:51]:
        step = row["_step"]
        ours = {k: v for k, v in wide[step].items() if k in numbers and v is not None}
        theirs = {k: v for k, v in row.items() if k in numbers and v is not None}
        if "epoch" not in ours:
            theirs.pop("epoch", None)  # W&B repeats a step metric where there is none
        assert theirs == ours
        assert abs(row["_timestamp"] - max(times[step])) < 1e-6
    assert (rows[30]["loss"], rows[12]["late"], rows[12]["loss"]) == (9.5, 1, 1 / 13)
    last = rows[50]
    assert math.isnan(last["nan"])
    assert last["exact"] == 2**60 + 1
    assert last["huge"] == float(2**70)
    assert "none" in last


def test_media_are_objects_of_theirs(written: Written, exported: Exported) -> None:
    pictures, others = written.rows[51], written.rows[52]
    kinds = {
        key: value["_type"] for key, value in {**pictures, **others}.items() if key not in COLUMNS
    }
    assert kinds == {
        "street": "image-file",
        "pair": "images/separated",
        "sound": "audio-file",
        "page": "html-file",
        "words": "html-file",
        "spread": "histogram",
        "table": "table-file",
        "figure": "plotly-file",
    }
    files = written.files
    assert pictures["street"]["caption"] == "a street"
    assert files[pictures["street"]["path"]].startswith(b"\x89PNG")
    boxes = pictures["street"]["boxes"]["found"]["path"]
    assert json.loads(files[boxes])["box_data"][0]["class_id"] == 1
    assert files[pictures["street"]["masks"]["truth"]["path"]].startswith(b"\x89PNG")
    assert (pictures["pair"]["count"], len(pictures["pair"]["filenames"])) == (2, 2)
    assert files[others["page"]["path"]] == b"<b>bold</b>"
    assert files[others["words"]["path"]] == b"<pre>a &lt; b</pre>"
    assert (others["spread"]["values"], others["spread"]["bins"]) == ([1, 2], [0, 1, 2])
    table = json.loads(files[others["table"]["path"]])
    assert table["columns"] == ["n", "picture"]
    assert table["data"][1] == [None, None]
    # A table is an artifact too, of which the record names the files where they are.
    (artifact,) = written.of("artifact")
    places = [Path(one.local_path) for one in artifact.manifest.contents]
    assert len(places) == 2
    assert all(place.is_file() for place in places)
    assert all(place.is_relative_to(exported.paths[0].parents[1]) for place in places)
    assert {name for name in files if name.startswith("media/")} <= written.kept() | {
        pictures["street"]["masks"]["truth"]["path"],
        boxes,
    }


def test_definitions_and_the_summary(written: Written) -> None:
    metrics = {one.name: one for one in written.of("metric")}
    assert metrics["loss"].step_metric == "epoch"
    assert (metrics["loss"].summary.min, metrics["loss"].summary.last) == (True, True)
    assert (metrics["acc"].summary.max, metrics["acc"].summary.min) == (True, False)
    summary = written.summary
    # What was logged last, not what has the highest step.
    assert summary["loss"] == {"min": 1 / 50, "last": 9.5}
    assert summary["acc"] == {"best": 49.0}
    assert summary["by hand"] == {"deep": 1}
    assert math.isnan(summary["nan"])


def test_what_was_printed_sampled_and_saved(written: Written, recorded: RunDir) -> None:
    (sample,) = written.of("stats")
    values = {item.key: json.loads(item.value_json) for item in sample.item}
    assert values == {"cpu.percent": 12.5, "proc.memory.rssMB": 3.0, "gpu.1.powerWatts": 7.0}
    (taken,) = RunView(recorded).system("cpu.percent").to_pylist()
    assert sample.timestamp.ToMicroseconds() == round(taken["time"].timestamp() * 1e6)
    files = written.files
    assert files["weights.bin"] == bytes(1000)
    assert files["saved/config.yaml"] == b"a: 1"
    assert {"weights.bin", "saved/config.yaml"} <= written.kept()
    # No link to what the run keeps: W&B makes some of its own accord.
    (path,) = written.folder.glob("files/weights.bin")
    assert path.stat().st_nlink == 1
    assert not path.is_symlink()


def test_what_could_not_be_carried_is_said(exported: Exported) -> None:
    assert exported.rows == 53
    said = "\n".join(exported.left_out)
    for words in (
        "NaN in the config",
        "the metric '_step'",
        "the digits of 'huge' beyond 64 bits",
        "the figure 'vega': W&B has no figures of Vega-Lite",
        "the goal of 'acc': maximize",
        "the artifact data:v0 that the run made",
        "alerts",
        "'config.yaml'",
        "_runtime",
    ):
        assert words in said
    assert "exact" not in said


def test_nothing_of_the_machine_that_exports(written: Written) -> None:
    assert set(written.folder.iterdir()) == {written.path, written.folder / "files"}
    everything = written.path.read_bytes() + b"".join(written.files.values())
    assert str(Path.cwd()).encode() not in everything
    assert not written.of("environment")
    assert "wandb-metadata.json" not in written.files


def test_attempts_are_a_group(tmp_path: Path) -> None:
    run_dir = new_run_dir(tmp_path / "store", "one")
    journal = new_journal(run_dir)
    for attempt, steps in ((1, 4), (2, 3)):
        begin(journal, attempt, config={"rate": attempt})
        log(journal, attempt, range(-1, steps))
        end(journal, attempt, "failed" if attempt == 1 else "finished")
    close(journal)
    done = export(run_dir, tmp_path / "out")
    found = sorted((Written(path) for path in done.paths), key=lambda one: str(one.run.run_id))
    assert [one.run.run_id for one in found] == ["one-1", "one-2"]
    assert {one.run.run_group for one in found} == {"one"}
    assert [[row["i"] for row in one.rows] for one in found] == [[0, 1, 2, 3], [0, 1, 2]]
    assert [one.exit_code for one in found] == [1, 0]
    assert [one.config["rate"] for one in found] == [1, 2]
    assert "rows with a negative step: W&B begins at 0 (2 times)" in done.left_out
    listed = subprocess.run(
        [sys.executable, "-m", "wandb", "sync", "--dry-run", *done.paths],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert "Would sync 2 run(s)" in listed.stdout + listed.stderr
    with pytest.raises(UsageError, match=r"is not empty: it holds 'wandb'"):
        export(run_dir, tmp_path / "out")
