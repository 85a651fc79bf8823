"""What the command line says of alerts, and of summaries of more than one value."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from nbtrack._attempts import CellInfo
from nbtrack._cli import main
from tests.journals import new_run


def run_cli(*arguments: str) -> str:
    result = CliRunner().invoke(main, list(arguments), env={"COLUMNS": "160"})
    assert result.exit_code == 0, result.output
    return result.output


def test_alerts_and_the_place_of_an_extreme_are_shown(tmp_path: Path) -> None:
    store = tmp_path / "store"
    run = new_run(store, "alerted")
    run.define_metric("acc", summary="max,mean")
    run.begin_attempt(CellInfo(cell_id="a", execution_count=1, source=""))
    for value in (1, 5, 3):
        run.log({"acc": value})
    run.alert("plateau", "nothing moves")
    run.alert("diverged", level="WARN")
    run.finish()
    calm = new_run(store, "calm")
    calm.log({"acc": 1})
    calm.alert("done")
    calm.finish()
    shown = run_cli("show", "alerted", "--store", str(store))
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "acc max 5 (attempt 1, step 1)" in lines
    assert "acc mean 3" in lines
    alerts = [line for line in lines if line.startswith(("INFO", "WARN"))]
    assert [line.split(" ", 4)[4] for line in alerts] == ["plateau: nothing moves", "diverged"]
    listed = run_cli("ls", "--store", str(store))
    (alerted,) = [line for line in listed.splitlines() if "[1 alert]" in line]
    assert "alerted" in alerted
    found = json.loads(run_cli("show", "alerted", "--json", "--store", str(store)))
    assert [alert["level"] for alert in found["alerts"]] == ["INFO", "WARN"]
    assert found["summary"]["acc"] == {"max": 5, "mean": 3}
