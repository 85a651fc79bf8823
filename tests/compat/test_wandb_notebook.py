"""A notebook written for wandb runs with another import, and what it logged reads back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import nbtrack
from tests.docs import markdown

NOTEBOOK = markdown.ROOT / "notebooks" / "coming-from-wandb.ipynb"

pytestmark = pytest.mark.kernel


def test_the_notebook(tmp_path: Path) -> None:
    v4: Any = nbformat  # its functions have no types
    notebook = v4.read(NOTEBOOK, as_version=4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert code[0] == "import nbtrack as wandb"
    assert not any("nbtrack" in source for source in code[1:])
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env={**os.environ, "NBTRACK_DIR": str(tmp_path / "store")})
    (run,) = nbtrack.runs(dir=tmp_path / "store")
    assert (run.name, run.project, run.state) == ("from-wandb", "digits", "finished")
    assert run.config == {"alpha": 0.0001, "epochs": 4}
    rows = run.history("epoch").to_pylist()
    assert [(row["step"], row["value"]) for row in rows] == [
        (0, 0.0),
        (1, 1.0),
        (2, 2.0),
        (3, 3.0),
        (5, 4.0),
    ]
    assert len(run.parts) == 2
    assert [len(run.media(key)) for key in ("weights", "pictures", "wrong")] == [4, 3, 1]
    assert run.media("weights")[0].read()[0].sum() == 640
    assert [(use.name, use.role) for use in run.artifacts] == [
        ("digits-linear", "made"),
        ("digits-linear", "used"),
    ]
    assert [alert.title for alert in run.alerts] == ["accuracy"]
    assert [model.parameters for model in run.models] == [650]
