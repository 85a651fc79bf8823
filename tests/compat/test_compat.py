"""What wandb's names do here that nbtrack itself has no use for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nbtrack as wandb
from nbtrack import NbtrackWarning, NotOfferedError
from nbtrack.store.layout import RunDir
from nbtrack.store.schema import Change
from nbtrack.store.tail import SegmentTail

pytestmark = pytest.mark.usefixtures("own_process")


def arguments(name: str, value: Any) -> dict[str, Any]:
    return {name: value}


@pytest.mark.parametrize("mode", ["online", "offline", "shared", "dryrun", "run"])
def test_every_mode_but_disabled_records(mode: Any) -> None:
    with wandb.init(mode=mode, entity="team", anonymous="allow", force=True) as run:
        run.log({"loss": 1})
    assert wandb.open_run(run.id).rows == 1
    assert (run.entity, run.url, run.offline, run.disabled) == (None, None, True, False)


def test_settings_that_are_arguments_count() -> None:
    settings = wandb.Settings(
        run_id="one",
        run_name="n",
        run_tags=("a", "b"),
        run_group="g",
        run_job_type="j",
        run_notes="t",
        project="p",
        silent=True,
        x_stats_sampling_interval=1.0,
        console="off",
    )
    assert settings.silent is True
    wandb.init(settings=settings, name="given").log({"loss": 1})
    found = wandb.open_run("one")
    assert (found.name, found.tags, found.group) == ("given", ["a", "b"], "g")
    assert (found.job_type, found.notes, found.project) == ("j", "t", "p")
    other = wandb.init(settings={"run_id": "two", "mode": "disabled"})
    assert (other.id, other.disabled) == ("two", True)


def test_keys_of_the_config_are_chosen() -> None:
    config = {"a": 1, "b": 2, "c": 3}
    assert wandb.init(config=config, config_exclude_keys=["a"]).config == {"b": 2, "c": 3}
    assert wandb.init(config=config, config_include_keys=["a"]).config == {"a": 1}


@pytest.mark.parametrize("name", ["sync_tensorboard", "tensorboard", "monitor_gym"])
def test_what_is_not_recorded_is_said(name: str) -> None:
    with pytest.warns(NbtrackWarning, match=f"nbtrack: {name}: ") as caught:
        wandb.init(**arguments(name, True))
    assert caught[0].filename == __file__
    wandb.init(**arguments(name, False))


@pytest.mark.parametrize("name", ["resume_from", "fork_from"])
def test_nothing_is_cut_off(name: str) -> None:
    with pytest.raises(NotOfferedError, match=rf"init\({name}=...\) is not offered.*resume it"):
        wandb.init(**arguments(name, "one?_step=3"))
    assert wandb.run is None
    wandb.init(**arguments(name, None))


def test_other_arguments_are_mistakes() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'projct'"):
        wandb.init(projct="x")
    assert wandb.run is None


def test_names_that_are_not_offered_say_what_to_do() -> None:
    refusal = r"nbtrack\.sweep is not offered\. There are no sweeps"
    with pytest.raises(NotOfferedError, match=refusal):
        _ = wandb.sweep
    run = wandb.init()
    with pytest.raises(NotOfferedError, match=r"run\.log_code is not offered"):
        _ = run.log_code  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="no attribute 'sweeep'"):
        _ = wandb.sweeep
    with pytest.raises(AttributeError, match="no attribute 'sweeep'"):
        _ = run.sweeep  # type: ignore[attr-defined]


def test_what_there_is_nothing_to_do_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert wandb.login(key="k", relogin=True) is True
    wandb.setup()
    wandb.require("core")
    wandb.mark_preempting()
    wandb.termlog("a line")
    wandb.termlog("no end", newline=False)
    wandb.termwarn("w")
    wandb.termerror("e")
    assert capsys.readouterr().err == "a line\nno endWARNING w\nERROR e\n"
    wandb.finish()
    wandb.join()
    run = wandb.init()
    run.mark_preempting()
    run.log({"loss": 1})
    wandb.teardown(exit_code=1)
    assert run.finished
    assert wandb.open_run(run.id).state == "failed"


def test_ids_are_random_and_can_be_used() -> None:
    ids = {wandb.util.generate_id() for _ in range(100)}
    assert len(ids) == 100
    assert {len(one) for one in ids} == {8}
    assert wandb.init(id=ids.pop()).id


def test_exceptions_can_be_caught_by_their_names() -> None:
    with pytest.raises(wandb.errors.UsageError):
        wandb.init(resume="sometimes")  # type: ignore[arg-type]
    assert wandb.errors.Error is wandb.Error is wandb.NbtrackError
    assert issubclass(wandb.CommError, wandb.Error)
    assert wandb.data_types.Table is wandb.Table


def test_a_run_says_where_it_began(store_dir: Path) -> None:
    run = wandb.init(id="one")
    assert (run.resumed, run.starting_step) == (False, 0)
    assert Path(run.dir) == run.path / "files"
    assert Path(run.dir).is_dir()
    run.log({"loss": 1})
    run.finish()
    again = wandb.init(id="one", resume="must")
    assert (again.resumed, again.starting_step) == (True, 1)
    assert again.start_time == run.start_time > 1.7e9
    nothing = wandb.init(mode="disabled")
    Path(nothing.dir, "file").write_text("kept by nobody")
    assert (Path(nothing.dir) / "file").exists()
    assert not Path(nothing.dir).is_relative_to(store_dir)


def test_the_api_reads_runs() -> None:
    for at in range(2):
        with wandb.init(project="p", name=f"r{at}", config={"at": at}) as run:
            run.log({"loss": 1 - at, "acc": at})
            run.log({"loss": 0.5 - at})
    wandb.init(project="q", name="other").log({"loss": 1})
    api = wandb.Api(overrides={"entity": "e"}, timeout=3)
    assert [one.name for one in api.runs("team/p")] == ["r0", "r1"]
    assert [one.name for one in api.runs(order="-created_at")] == ["other", "r1", "r0"]
    assert [one.name for one in api.runs("p", order="-config.at.value")] == ["r1", "r0"]
    assert [one.name for one in api.runs("p", order="+summary_metrics.loss")] == ["r1", "r0"]
    with pytest.raises(NotOfferedError, match=r"runs\(filters=...\).*nbtrack.runs\(where="):
        api.runs("p", filters={"config.at": 1})
    found = api.run("team/p/r1")
    assert api.run(f"p/{found.id}").path == ["p", found.id]
    assert (found.state, found.config, found.summary) == (
        "finished",
        {"at": 1},
        {"loss": -0.5, "acc": 1.0},
    )
    assert found.lastHistoryStep == 1
    frame = found.history()
    assert list(frame.columns) == ["_attempt", "_step", "acc", "loss"]
    assert frame["loss"].tolist() == [0.0, -0.5]
    one = {"_attempt": 0, "_step": 0, "loss": 0.0}
    assert found.history(keys=["loss"], pandas=False) == [one, {**one, "_step": 1, "loss": -0.5}]
    assert [row["_step"] for row in found.scan_history(["acc"])] == [0]
    assert [row["loss"] for row in found.scan_history(min_step=1)] == [-0.5]
    assert [row["loss"] for row in found.scan_history(max_step=1)] == [0.0]
    assert list(found.history(stream="system").columns) == ["time", "key", "value"]
    with pytest.raises(wandb.RunNotFoundError):
        api.run("p/absent")
    with pytest.raises(NotOfferedError, match=r"Api\(\).sweep is not offered"):
        _ = api.sweep
    with pytest.raises(NotOfferedError, match=r"upload_file of a run of Api\(\) is not offered"):
        _ = found.upload_file


def test_models_and_files_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.bin").write_bytes(b"weights")
    (tmp_path / "folder").mkdir()
    for name in ("a[1]", "b"):
        (tmp_path / "folder" / name).write_text(name)
    with wandb.init(id="one") as run:
        wandb.log_model("weights.bin", name="model", aliases=["best"])
        run.log_model(tmp_path / "folder", name="many")
        wandb.save("folder/a[1]", glob=False)
    with wandb.init() as run:
        assert Path(wandb.use_model("model:best")).read_bytes() == b"weights"
        assert sorted(os.listdir(run.use_model("many:latest"))) == ["a[1]", "b"]
        assert run.restore("absent") is None
        back = wandb.restore("folder/a[1]", run_path="team/p/one", root="back")
        assert back is not None
        with back:
            assert back.read() == "a[1]"
        assert Path("back/folder/a[1]").exists()
        with pytest.raises(wandb.UsageError):
            run.restore("../one/run.json", run_path="one")
        with pytest.raises(wandb.InvalidRunIdError):
            run.restore("run.json", run_path="p/..")
        outside = Path(wandb.open_run("one").path) / "files" / "out"
        outside.symlink_to("/etc/passwd")
        assert run.restore("out", run_path="one") is None
    with pytest.warns(NbtrackWarning, match="tags of artifacts are not kept"), wandb.init() as run:
        run.log_artifact("weights.bin", name="model", type="model", tags=["t"])
    with pytest.raises(NotOfferedError, match="incremental"):
        wandb.Artifact("a", "b", incremental=True)


def test_charts_by_their_names_in_wandb() -> None:
    table = wandb.Table(columns=["x", "y", "who"], data=[[1, 2, "a"], [2, 3, "b"]])
    with wandb.init(id="one") as run:
        run.log(
            {
                "line": wandb.plot_table(
                    "wandb/line/v0", table, {"x": "x", "y": "y", "stroke": "who"}, {"title": "T"}
                ),
                "points": wandb.plot_table("wandb/scatter/v0", table, {"x": "x", "y": "y"}),
                "bars": wandb.plot_table("wandb/bar/v0", table, {"label": "who", "value": "y"}),
                "counts": wandb.plot_table("wandb/histogram/v0", table, {"value": "x"}),
            }
        )
    found = {one.key: one.info["chart"] for one in wandb.open_run("one").media()}
    assert {key: chart["kind"] for key, chart in found.items()} == {
        "line": "line",
        "points": "scatter",
        "bars": "bar",
        "counts": "histogram",
    }
    assert (found["line"]["stroke"], found["line"]["title"]) == ("who", "T")
    with pytest.raises(NotOfferedError, match="team/my-chart"):
        wandb.plot_table("team/my-chart", table, {})
    with pytest.raises(wandb.InvalidDataError, match="which column is 'y'"):
        wandb.plot_table("wandb/line/v0", table, {"x": "x"})


def test_what_was_set_before_is_not_recorded_again(store_dir: Path) -> None:
    config = {"lr": 0.1, "layers": [1, 2], "nan": float("nan")}
    with wandb.init(id="one", config=config) as run:
        run.define_metric("loss", summary="min")
        run.log({"loss": 1})
    before = {path.name for path in RunDir(store_dir / "runs" / "one").journal.iterdir()}
    with wandb.init(id="one", config={**config, "new": 1}, resume="must") as run:
        run.log({"loss": 2})
    run_dir = RunDir(store_dir / "runs" / "one")
    changes = [
        (record.kind, record.key)
        for name in run_dir.segments()
        if run_dir.segment(name).name not in before
        for records in SegmentTail(run_dir.segment(name), name).batches()
        for record in records
        if isinstance(record, Change)
    ]
    assert [change for change in changes if change[0] == "config"] == [("config", "new")]
    assert wandb.open_run("one").summary["loss"] == {"min": 1.0}


def test_wandb_s_own_variables_change_nothing(tmp_path: Path) -> None:
    names = {"WANDB_MODE": "disabled", "WANDB_PROJECT": "w", "WANDB_RUN_ID": "w", "WANDB_NAME": "w"}
    text = 'import nbtrack\nnbtrack.init(project="p").log({"loss": 1})'
    environ = {**os.environ, **names, "NBTRACK_DIR": str(tmp_path / "store")}
    subprocess.run([sys.executable, "-c", text], env=environ, check=True, timeout=60)
    (found,) = wandb.runs(dir=tmp_path / "store")
    assert (found.project, found.rows) == ("p", 1)
    assert "w" not in (found.id, found.name)


def test_none_for_commit_is_what_it_is_without() -> None:
    with wandb.init() as run:
        for commit in (None, True, False, None):
            run.log({"loss": 1}, commit=commit)
        wandb.log({"loss": 1}, None, None)
    rows = wandb.open_run(run.id).history("loss").to_pylist()
    assert [row["step"] for row in rows] == [0, 1, 2, 2, 3]
