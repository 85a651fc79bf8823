"""Names of wandb's SDK that are not offered: using one says so, and what to do instead."""

from __future__ import annotations

from typing import NoReturn

from ._errors import NotOfferedError

_SWEEPS = "There are no sweeps: Optuna does it, with nbtrack.integrations.optuna a run each"
_REGISTRY = "There is no registry: give the version of an artifact an alias"
_MODULES = "It is of the inside of wandb"
_FRAMEWORKS = "Call log() where the framework calls you back; watch() knows models"
_SHAPES = "3D shapes cannot be drawn: save() the file, or log an Image of it"
_TRUNK = "Nothing of a run is ever cut off: resume it, or start another with its config"

# Of the module, by name.
MODULE = {
    "ArtifactTTL": "Versions stay until `nbtrack artifact rm` takes them away",
    "Classes": "Give Image the list of dictionaries itself",
    "EvalTable": "Log a Table",
    "Graph": "watch() keeps the layers of a model",
    "JoinedTable": "Join the DataFrames, and log a Table of the result",
    "Molecule": _SHAPES,
    "Object3D": _SHAPES,
    "agent": _SWEEPS,
    "agents": _SWEEPS,
    "analytics": _MODULES,
    "api": "Use Api(), or runs() and open_run()",
    "apis": "Use Api(), or runs() and open_run()",
    "attach": "Processes that a run starts join it by themselves; see init(id=..., resume=...)",
    "box3d": _SHAPES,
    "catboost": _FRAMEWORKS,
    "controller": _SWEEPS,
    "docker": _MODULES,
    "ensure_configured": _MODULES,
    "env": "nbtrack has settings of its own: `nbtrack config` shows them",
    "gym": _FRAMEWORKS,
    "helper": _MODULES,
    "integration": _FRAMEWORKS,
    "jupyter": "%load_ext nbtrack is all that a notebook needs",
    "keras": _FRAMEWORKS,
    "lightgbm": _FRAMEWORKS,
    "link_model": _REGISTRY,
    "patched": _MODULES,
    "pin_config_keys": "The page keeps which columns are shown, by view",
    "profiler": "Save the profiler's file with save()",
    "proto": _MODULES,
    "sacred": _FRAMEWORKS,
    "sagemaker_auth": _MODULES,
    "sdk": _MODULES,
    "sklearn": "nbtrack.integrations.sklearn.log_estimator() logs metrics, charts and structure",
    "sweep": _SWEEPS,
    "tensorboard": _FRAMEWORKS,
    "tensorflow": _FRAMEWORKS,
    "termsetup": _MODULES,
    "trigger": _MODULES,
    "visualize": "Log a Figure of plotly or altair",
    "wandb": _MODULES,
    "wandb_agent": _SWEEPS,
    "wandb_lib": _MODULES,
    "wandb_sdk": _MODULES,
    "wandb_torch": "Use watch()",
    "xgboost": _FRAMEWORKS,
}

# Of a run, by name.
RUN = {
    "config_static": "Use run.config.as_dict()",
    "display": "nbtrack.show() shows the run below this cell",
    "finish_artifact": "log_artifact() makes a whole version; several processes log one each",
    "link_model": _REGISTRY,
    "log_code": "A run keeps its code by itself; log_artifact() keeps other folders",
    "pin_config_keys": "The page keeps which columns are shown, by view",
    "settings": "`nbtrack config` shows the settings",
    "status": "nbtrack.open_run(run.id) has its state; there is nothing to sync",
    "sync_dir": "run.path is the run's directory",
    "to_html": "`nbtrack ui` shows the run; a notebook keeps a picture of it",
    "upsert_artifact": "log_artifact() makes a whole version; several processes log one each",
    "write_logs": "What is printed is recorded",
}

# Arguments of init().
ARGUMENTS = {"resume_from": _TRUNK, "fork_from": _TRUNK}


def refuse(name: str, hint: str) -> NoReturn:
    """Say that a name of wandb's is not offered.

    Raises:
        NotOfferedError: Always.
    """
    raise NotOfferedError(f"{name} is not offered", hint=f"{hint}.")
