"""A run, seen through MLflow's own client, equals ours."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import nbtrack
from nbtrack import UsageError
from nbtrack.store.edits import edit
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.merge import merge
from nbtrack.store.seal import seal_run
from nbtrack.store.view import RunView
from tests.mlflow_server import Mlflow, numbers
from tests.sync.test_push import looked
from tests.sync.to_mlflow.recording import attempt, begun, everything, sent


def forget() -> None:
    """Nobody remembers what was sent."""
    for path in Path(os.environ["XDG_CACHE_HOME"]).rglob("sync/*"):
        path.unlink()


def test_everything_of_a_run(server: Mlflow, store: Store, tmp_path: Path) -> None:
    run = everything(store, "whole", tmp_path)
    run.finish()
    seal_run(RunDir(run.path))
    merge(RunDir(run.path))
    assert RunView(RunDir(run.path)).media()[0].path is not None  # it is encoded now
    before = looked(store)
    (outcome,) = sent(store, server.to, "whole")
    assert looked(store) == before
    assert outcome.problem == ""
    view = RunView(store.run("whole"))
    there = server.check_equal(store, "whole")
    whole = there[0]
    assert server.client.get_experiment(whole.info.experiment_id).name == "whole"
    # Status, times and names.
    assert {n: one.info.status for n, one in there.items()} == {
        0: "FAILED",
        1: "FINISHED",
        2: "FAILED",
        3: "KILLED",
        4: "FINISHED",
    }
    assert view.state == "failed"
    assert view.ended_at is not None
    assert whole.info.end_time == int(view.ended_at.timestamp() * 1000)
    assert whole.info.start_time == int(view.started_at.timestamp() * 1000)
    assert whole.info.run_name == view.name
    assert there[1].info.run_name == f"{view.name} · 1 · slow"
    assert all(there[n].data.tags["mlflow.parentRunId"] == whole.info.run_id for n in (1, 2, 3, 4))
    # The config.
    prompt = view.config["prompt"]
    params = whole.data.params
    assert params["rate"] == "0.1"
    assert params["layers"] == "[64, 32]"
    assert params["data/name"] == "digits"
    assert params["data/n"] == "None"
    assert params["prompt"].startswith(prompt[:5_000])
    assert params["prompt"].endswith("[…]")
    assert len(params["prompt"]) == 6_000
    original = json.loads(whole.data.tags["nbtrack.names"])
    renamed = {original.get(key, key): value for key, value in params.items()}
    assert renamed["what is it?"] == "True"
    assert there[1].data.params == params
    # What is said of it.
    tags = whole.data.tags
    assert tags["mlflow.note.content"] == "Looks *good*."
    assert tags["mlflow.source.type"] == "LOCAL"
    assert tags["nbtrack.tag.baseline"] == "true"
    assert tags["nbtrack.state"] == "failed"
    assert tags["nbtrack.reason"] == view.reason
    assert there[2].data.tags["nbtrack.exception"] == "ValueError: no such layer (line 2)"
    assert tags["nbtrack.artifacts.made"] == "model:v0"
    assert (
        original.items()
        >= {key: name for key, name in original.items() if name == "acc (%)"}.items()
        != set()
    )
    # What the whole adds up to, and the machine.
    assert whole.data.metrics["summary/by hand"] == 0.75
    assert whole.data.metrics["summary/loss"] == view.summary["loss"]
    cpu = server.client.get_metric_history(whole.info.run_id, "system/cpu.percent")
    assert [(one.step, one.value) for one in cpu] == [(0, 10.0), (1, 11.0), (2, 12.0)]
    # What is not as it is here is said, there too.
    assert outcome.notes == (
        "1 values are text: MLflow's metrics are numbers",
        "1 integers beyond 2**53 are rounded",
        "2 infinite values may become the largest float",
    )
    assert tags["nbtrack.not_carried"] == "; ".join(outcome.notes)
    # Files.
    document = json.loads(server.content(whole, "nbtrack.json"))
    assert document["config"] == view.config
    assert document["summary"]["by hand"] == 0.75
    files = server.files(whole)
    assert files["artifacts/model/v0/weights.bin"] == 1_000
    (saved,) = [path for path in files if path.startswith("files/notes")]
    assert server.content(whole, saved) == b"saved\n"
    assert server.content(there[1], "source.py") == b"fit(1)"
    (picture,) = view.media("picture")
    assert picture.path is not None
    (sent_picture,) = [path for path in server.files(there[4]) if path.endswith(".png")]
    assert server.content(there[4], sent_picture) == picture.path.read_bytes()
    records = json.loads(server.content(there[4], "media/media.json"))
    assert {one["key"]: one["files"] for one in records} == {
        "picture": [sent_picture],
        "weights": [],
    }


def test_a_second_sync_adds_nothing(server: Mlflow, store: Store, tmp_path: Path) -> None:
    everything(store, "again", tmp_path).finish()
    (first,) = sent(store, server.to, "again")
    assert first.values > 300
    there = server.check_equal(store, "again")
    for remembered in (True, False):
        if not remembered:
            forget()
        (outcome,) = sent(store, server.to, "again")
        assert outcome.values == 0
        # Nobody can tell whether what may be replaced is as it is now.
        assert outcome.sent == 0 if remembered else 0 < outcome.sent < first.sent
        later = server.check_equal(store, "again")
        assert {n: one.info.run_id for n, one in later.items()} == {
            n: one.info.run_id for n, one in there.items()
        }


def test_what_is_complete_is_not_asked_for(
    server: Mlflow, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbtrack.sync import ledger
    from nbtrack.sync.mlflow.server import Server

    monkeypatch.setattr(ledger, "_SETTLED_NS", -(10**12))
    run = begun(store, "complete")
    attempt(run, 1, 1, "failed")
    # It has failed and may go on, in a segment that is written through a mapping.
    sent(store, server.to, "complete")
    run.log({"loss": 1})
    assert sent(store, server.to, "complete")[0].values == 1
    run.finish()
    seal_run(RunDir(run.path))
    sent(store, server.to, "complete")

    def asks(*arguments: object) -> None:
        pytest.fail("it asks")

    monkeypatch.setattr(Server, "check", asks)
    assert sent(store, server.to, "complete")[0].values == 0


def test_while_it_goes_on(server: Mlflow, store: Store) -> None:
    """Rows appear as they are, sealed or not; the status follows, also back."""
    run = begun(store, "live")
    run.config["rate"] = 0.1
    attempt(run, 1, 5, None)
    (outcome,) = sent(store, server.to, "live")
    assert outcome.values == 15
    there = server.check_equal(store, "live")
    assert [one.info.status for one in there.values()] == ["RUNNING", "RUNNING"]
    run.log({"loss": 7.0})
    run.config["rate"] = 0.2
    (outcome,) = sent(store, server.to, "live")
    assert outcome.values == 1
    assert outcome.notes[-1].startswith("1 params were changed since they went")
    run.end_attempt("failed", None)
    sent(store, server.to, "live")
    there = server.check_equal(store, "live")
    assert [there[n].info.status for n in (0, 1)] == ["FAILED", "FAILED"]
    assert there[0].data.params["rate"] == "0.1"
    assert there[0].data.tags["nbtrack.config.rate"] == "0.2"
    attempt(run, 1, 3, None)
    sent(store, server.to, "live")
    there = server.check_equal(store, "live")
    assert [there[n].info.status for n in (0, 1, 2)] == ["RUNNING", "FAILED", "RUNNING"]
    assert there[2].data.params["rate"] == "0.2"
    seal_run(RunDir(run.path))
    run.finish()
    sent(store, server.to, "live")
    assert server.check_equal(store, "live")[0].info.status == "FINISHED"


def test_what_is_edited_later(server: Mlflow, store: Store) -> None:
    run = begun(store, "edited")
    run.tags = ("first", "second")
    run.log({"loss": 1})
    run.finish()
    sent(store, server.to, "edited")
    edit(RunView(store.run("edited")), name="better", tags=["second"], notes="words")
    sent(store, server.to, "edited")
    (there,) = server.runs("edited")
    assert there.info.run_name == "better"
    assert there.data.tags["mlflow.note.content"] == "words"
    assert "nbtrack.tag.first" not in there.data.tags
    assert there.data.tags["nbtrack.tag.second"] == "true"


def test_a_run_that_is_gone_on_with(server: Mlflow, store: Store) -> None:
    run = begun(store, "resumed")
    run.log({"loss": 1.0})
    run.finish()
    sent(store, server.to, "resumed")
    run = nbtrack.init(
        id="resumed", project="resumed", resume="must", dir=store.path, config={"more": 1}
    )
    try:
        run.log({"loss": 2.0})
        sent(store, server.to, "resumed")
        assert server.by_attempt("resumed")[0].info.status == "RUNNING"
    finally:
        run.finish()
    sent(store, server.to, "resumed")
    there = server.check_equal(store, "resumed")
    assert there[0].info.status == "FINISHED"
    assert there[0].data.tags["nbtrack.parts"] == "2"


def test_what_somebody_knew_less_of_changes_nothing(
    server: Mlflow, store: Store, tmp_path: Path
) -> None:
    """An older copy of a run, on another machine, brings no words of then back."""
    import shutil

    run = begun(store, "copied")
    run.log({"loss": 1.0})
    shutil.copytree(store.path, tmp_path / "copy")
    run.log({"loss": 2.0})
    run.finish()
    edit(RunView(store.run("copied")), name="new name")
    sent(store, server.to, "copied")
    before = server.by_attempt("copied")[0]
    (outcome,) = sent(Store(tmp_path / "copy"), server.to, "copied")
    assert outcome.notes == ("what is there is of a later moment",)
    after = server.check_equal(store, "copied")[0]
    assert (after.info.status, after.info.run_name) == ("FINISHED", "new name")
    assert after.data.tags == before.data.tags


def test_only_said(server: Mlflow, store: Store) -> None:
    run = begun(store, "tried")
    attempt(run, 1, 10)
    run.finish()
    (tried,) = sent(store, server.to, "tried", dry_run=True)
    assert server.runs("tried") == []
    assert server.client.get_experiment_by_name("tried") is None
    (done,) = sent(store, server.to, "tried")
    assert (tried.values, tried.sent, tried.bytes) == (done.values, done.sent, done.bytes)
    (tried,) = sent(store, server.to, "tried", dry_run=True)
    assert (tried.values, tried.sent) == (0, 0)


def test_another_experiment_and_what_is_left_out(
    server: Mlflow, store: Store, tmp_path: Path
) -> None:
    everything(store, "chosen", tmp_path).finish()
    options = {"exclude": ["files/*", "*.py"], "artifacts": False}
    sent(store, f"{server.to}?experiment=of the team", "chosen", **options)
    there = server.by_attempt("chosen")
    experiment = server.client.get_experiment(there[0].info.experiment_id)
    assert experiment.name == "of the team"
    paths = {path for one in there.values() for path in server.files(one)}
    assert not any(path.startswith(("files/", "artifacts/")) for path in paths)
    assert "media/media.json" in paths
    sent(store, f"{server.to}?experiment=of the team", "chosen")
    assert "artifacts/model/v0/weights.bin" in server.files(there[0])


def test_a_row_of_many_metrics(server: Mlflow, store: Store) -> None:
    """A row that no request can hold, and requests that end within a row."""
    run = begun(store, "wide")
    for step in range(3):
        run.log({f"m{at}": at + step * 0.5 for at in range(700)})
    run.log({f"m{at}": at * 2.0 for at in range(1_500)})
    run.log({"m1": 5.0})
    run.finish()
    (outcome,) = sent(store, server.to, "wide")
    assert outcome.values == 3 * 700 + 1_500 + 1
    wanted = numbers(RunView(store.run("wide")))[0]
    there = server.by_attempt("wide")[0]
    latest = {key: value for key, value in there.data.metrics.items() if "summary/" not in key}
    assert latest == {key: points[-1][2] for key, points in wanted.items()}
    for key in ("m0", "m1", "m298", "m299", "m699", "m1499"):
        assert server.points(there, key)[key] == wanted[key]
    forget()
    (outcome,) = sent(store, server.to, "wide")
    assert outcome.values == 0


def test_an_empty_run_does_not_go(server: Mlflow, store: Store) -> None:
    (store.create_run("empty").info).write_bytes(
        b'{"id": "empty", "name": "e", "project": "p", "created": 1, "host": "h"}'
    )
    (outcome,) = sent(store, server.to, "empty")
    assert outcome.problem == ""
    assert server.runs("empty") == []


@pytest.mark.parametrize(
    "url",
    [
        "mlflow+ftp://host",
        "mlflow+http://",
        "mlflow+http://host:port",
        "mlflow+http://user:a-password@host:1?project=x",
        "mlflow+sqlite:///x.db",
    ],
)
def test_what_is_no_server(store: Store, url: str) -> None:
    with pytest.raises(UsageError, match=r"mlflow\+http://host:port") as raised:
        sent(store, url)
    assert "a-password" not in str(raised.value)
