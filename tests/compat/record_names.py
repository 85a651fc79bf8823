"""Writes the public names of the SDK that an installed ``wandb`` has.

Run in an environment of its own, ``pip install wandb numpy pandas pillow``::

    python tests/compat/record_names.py tests/compat/names.json

It starts one run in offline mode in a temporary folder and asks nothing of any server.
"""

from __future__ import annotations

import inspect
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import wandb
from wandb.apis.public import Run as ApiRun

FUNCTIONS = (
    "init log finish login save restore watch unwatch define_metric alert log_artifact use_artifact"
)
CLASSES = "Image Audio Video Html Table Histogram Object3D Molecule Plotly Artifact"
PLOTS = "bar confusion_matrix histogram line line_series plot_table pr_curve roc_curve scatter"


def public(value: Any) -> list[str]:
    names = (name for name in dir(value) if not name.startswith("_"))
    return sorted(name for name in names if name != "annotations")  # of __future__


def arguments(function: Any) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = wandb.Settings(silent=True)
        run = wandb.init(mode="offline", dir=folder, project="names", settings=settings)
        names = {
            "version": wandb.__version__,
            "all": sorted(wandb.__all__),
            "module": sorted({*public(wandb), *wandb.__all__} - {"__version__"}),
            "run": public(type(run)),
            "config": public(type(run.config)),
            "summary": public(type(run.summary)),
            "plot": public(wandb.plot),
            "api": public(wandb.Api),
            "api_run": public(ApiRun),
            "artifact": public(wandb.Artifact),
            "table": public(wandb.Table),
            "settings": sorted(wandb.Settings.model_fields),
            "functions": {name: arguments(getattr(wandb, name)) for name in FUNCTIONS.split()},
            "classes": {name: arguments(getattr(wandb, name)) for name in CLASSES.split()},
            "plots": {name: arguments(getattr(wandb.plot, name)) for name in PLOTS.split()},
        }
        run.finish()
    Path(sys.argv[1]).write_text(json.dumps(names, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
