"""Experiment tracking that belongs in a notebook.

::

    %load_ext nbtrack

    %%track --config lr=0.1
    for epoch in range(10):
        nbtrack.log({"loss": train(epoch)})

    nbtrack.open_run("brave-otter-12").history("loss").to_pandas()

Names are imported when they are first used, so that ``import nbtrack`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._errors import (
    AmbiguousRunError,
    ArtifactNotFoundError,
    ArtifactStateError,
    ConfigError,
    DamagedFileError,
    InvalidArtifactError,
    InvalidDataError,
    InvalidKeyError,
    InvalidQueryError,
    InvalidRunIdError,
    InvalidSettingError,
    InvalidStepError,
    NbtrackError,
    NbtrackWarning,
    NewerFormatError,
    NoRunError,
    NotOfferedError,
    ProfileError,
    RestoreError,
    RunExistsError,
    RunFinishedError,
    RunNotFoundError,
    RunStateError,
    StoreError,
    StoreNotWritableError,
    SyncError,
    UsageError,
)
from ._version import __version__

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from . import plot
    from ._api import (
        alert,
        define_metric,
        finish,
        init,
        link_artifact,
        log,
        log_artifact,
        save,
        show,
        unwatch,
        use_artifact,
        watch,
    )
    from ._mappings import Config, RecordedMapping
    from ._progress import Progress, progress
    from ._reading import artifacts, open_artifact, open_run, runs
    from ._run import Run
    from ._run_alerts import AlertLevel
    from ._run_metrics import Metric
    from .integrations._autolog import autolog
    from .record.artifacts import Artifact
    from .record.code.compare import RunDiff, diff
    from .record.media import Audio, Figure, Histogram, Html, Image, Media, Table, Text, Video
    from .store.attempt_view import AttemptView
    from .store.catalog import RunList
    from .store.cells import CellView
    from .store.changes import ConfigChange
    from .store.code import CodeInfo
    from .store.media import MediaView
    from .store.media_tables import TableData
    from .store.metrics import Aggregates, Extreme, MetricDefinition
    from .store.owners import PartView
    from .store.result import ResultTable
    from .store.schema import Alert
    from .store.view import RunView

    run: Run | None
    config: Config
    summary: RecordedMapping

__all__ = [
    "Aggregates",
    "Alert",
    "AlertLevel",
    "AmbiguousRunError",
    "Artifact",
    "ArtifactNotFoundError",
    "ArtifactStateError",
    "AttemptView",
    "Audio",
    "CellView",
    "CodeInfo",
    "ConfigChange",
    "ConfigError",
    "DamagedFileError",
    "Extreme",
    "Figure",
    "Histogram",
    "Html",
    "Image",
    "InvalidArtifactError",
    "InvalidDataError",
    "InvalidKeyError",
    "InvalidQueryError",
    "InvalidRunIdError",
    "InvalidSettingError",
    "InvalidStepError",
    "Media",
    "MediaView",
    "Metric",
    "MetricDefinition",
    "NbtrackError",
    "NbtrackWarning",
    "NewerFormatError",
    "NoRunError",
    "NotOfferedError",
    "PartView",
    "ProfileError",
    "Progress",
    "RestoreError",
    "ResultTable",
    "Run",
    "RunDiff",
    "RunExistsError",
    "RunFinishedError",
    "RunList",
    "RunNotFoundError",
    "RunStateError",
    "RunView",
    "StoreError",
    "StoreNotWritableError",
    "SyncError",
    "Table",
    "TableData",
    "Text",
    "UsageError",
    "Video",
    "__version__",
    "alert",
    "artifacts",
    "autolog",
    "config",
    "define_metric",
    "diff",
    "finish",
    "init",
    "link_artifact",
    "log",
    "log_artifact",
    "open_artifact",
    "open_run",
    "plot",
    "progress",
    "run",
    "runs",
    "save",
    "show",
    "summary",
    "unwatch",
    "use_artifact",
    "watch",
]

_LAZY = {
    "Aggregates": "store.metrics",
    "Alert": "store.schema",
    "AlertLevel": "_run_alerts",
    "Artifact": "record.artifacts",
    "AttemptView": "store.attempt_view",
    "Audio": "record.media",
    "CellView": "store.cells",
    "CodeInfo": "store.code",
    "ConfigChange": "store.changes",
    "Extreme": "store.metrics",
    "Figure": "record.media",
    "Histogram": "record.media",
    "Html": "record.media",
    "Image": "record.media",
    "Media": "record.media",
    "MediaView": "store.media",
    "Metric": "_run_metrics",
    "MetricDefinition": "store.metrics",
    "PartView": "store.owners",
    "Progress": "_progress",
    "ResultTable": "store.result",
    "Run": "_run",
    "RunDiff": "record.code.compare",
    "RunList": "store.catalog",
    "RunView": "store.view",
    "Table": "record.media",
    "TableData": "store.media_tables",
    "Text": "record.media",
    "Video": "record.media",
    "alert": "_api",
    "artifacts": "_reading",
    "autolog": "integrations._autolog",
    "define_metric": "_api",
    "diff": "record.code.compare",
    "finish": "_api",
    "init": "_api",
    "link_artifact": "_api",
    "log": "_api",
    "log_artifact": "_api",
    "open_artifact": "_reading",
    "open_run": "_reading",
    "progress": "_progress",
    "runs": "_reading",
    "save": "_api",
    "show": "_api",
    "unwatch": "_api",
    "use_artifact": "_api",
    "watch": "_api",
}

# What only code written for wandb asks for: docs/from-wandb.md.
_FOREIGN = {
    "Api": "compat.api",
    "CommError": "compat.errors",
    "Config": "_mappings",
    "Error": "compat.errors",
    "Plotly": "compat.data_types",
    "Settings": "compat.settings",
    "join": "compat.functions",
    "log_model": "compat.functions",
    "login": "compat.functions",
    "mark_preempting": "compat.functions",
    "plot_table": "plot",
    "require": "compat.functions",
    "restore": "compat.functions",
    "setup": "compat.functions",
    "teardown": "compat.functions",
    "termerror": "compat.functions",
    "termlog": "compat.functions",
    "termwarn": "compat.functions",
    "use_model": "compat.functions",
}
_FOREIGN_MODULES = ("data_types", "errors", "util")


def __getattr__(name: str) -> Any:
    place = _LAZY.get(name) or _FOREIGN.get(name)
    if place is not None:
        from importlib import import_module

        from .notebook import extension

        extension.read_configuration()
        value = getattr(import_module(f"{__name__}.{place}"), name)
        globals()[name] = value
        return value
    if name == "plot":
        from importlib import import_module

        return import_module(f"{__name__}.plot")
    if name == "run":
        from ._current import get_run

        return get_run()
    if name in ("config", "summary"):
        from . import _api

        return getattr(_api, name)()
    if name in _FOREIGN_MODULES:
        from importlib import import_module

        return import_module(f"{__name__}.compat.{name}")
    if not name.startswith("_"):
        from . import _not_offered

        if name in _not_offered.MODULE:
            _not_offered.refuse(f"nbtrack.{name}", _not_offered.MODULE[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """``%load_ext nbtrack``: record this kernel."""
    from .notebook import extension

    extension.load(ipython)


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """``%unload_ext nbtrack``: end the run and leave the kernel as it was."""
    from .notebook import extension

    extension.unload(ipython)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """A Jupyter server asks this for its extension."""
    from .server.app import NbtrackServer

    return [{"module": "nbtrack.server", "app": NbtrackServer}]
