"""``nbtrack.init()``, ``log()`` and ``finish()``: the functions that act on the current run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from . import _current
from ._current import Host
from ._mappings import Config, RecordedMapping
from ._options import RunOptions, make_options
from ._run import Run
from ._run_alerts import AlertLevel
from ._run_metrics import Metric
from ._script import ScriptHost
from .notebook import extension

if TYPE_CHECKING:
    from .record.artifacts import Artifact


def init(
    project: str | None = None,
    name: str | None = None,
    id: str | None = None,
    *,
    tags: Sequence[str] | None = None,
    notes: str | None = None,
    group: str | None = None,
    job_type: str | None = None,
    config: Any = None,
    dir: str | os.PathLike[str] | None = None,
    resume: bool | Literal["allow", "must", "never", "auto"] | None = None,
    reinit: bool | Literal["finish_previous", "create_new", "return_previous"] | None = None,
    mode: Literal["record", "disabled"] | None = None,
    sync: str | None = None,
    allow_val_change: bool | None = None,
    **others: Any,
) -> Run:
    """Start a run and make it the current one.

    In a kernel this does what ``%load_ext nbtrack`` does, and the cell that calls it is tracked. A
    run without rows that was current is taken over; one with rows ends. As
    ``with nbtrack.init() as run:`` the run ends with the body, and the one before goes on.

    Args:
        project: By default the setting ``project``, else the name of the git root, else of the
            working directory.
        name: By default one such as ``brave-otter-12``. Need not be unique.
        id: 1 to 64 letters, digits, ``-`` and ``_``; unique in the store. By default made.
        tags: Words to find the run by.
        notes: Text about the run.
        group: Runs that belong together.
        job_type: What kind of job this is, such as ``train`` or ``eval``.
        config: A mapping, a dataclass instance, parsed arguments, a config of OmegaConf or absl,
            an object with ``to_dict()``, or the path of a YAML or JSON file.
        dir: The store directory; by default the setting ``dir``.
        resume: ``"allow"`` goes on with the run of this id if there is one, ``"must"`` only then,
            ``"never"`` (the default) refuses. ``"auto"`` (or True) is ``"allow"``, and without an
            id it goes on with this notebook's or script's last run if that crashed or failed.
        reinit: What becomes of the current run: ``"finish_previous"`` (the default, or True),
            ``"create_new"`` leaves it open, ``"return_previous"`` (or False) starts nothing.
        mode: ``"disabled"`` makes a run that records nothing.
        sync: A place to which the recorder copies the run while it goes on and when it has ended,
            such as ``"s3://bucket/folder"`` or ``"mlflow+http://host:5000"``; by default the
            setting ``sync``. ``""``: none. What cannot be a place is a warning, and the run is
            recorded here all the same.
        allow_val_change: False: a value of the config that was set cannot be set to another one.
            By default it can, and each change is recorded.
        others: What ``wandb.init()`` takes besides, such as ``entity`` and ``mode="offline"``;
            see *From W&B*. What means nothing here is left out of account.

    Raises:
        ConfigError: ``allow_val_change=False``, and the run that goes on has another value.
        InvalidRunIdError: The id is not one.
        InvalidSettingError: Another argument, or a setting, has a value that it cannot have.
        NotOfferedError: ``resume_from`` or ``fork_from``.
        RunExistsError: There is a run of this id, and ``resume`` does not allow to go on with it.
        RunNotFoundError: ``resume="must"``, and there is none.
        StoreNotWritableError: The store cannot be written.
    """
    from .compat.arguments import without_foreign

    given = {
        "project": project,
        "name": name,
        "id": id,
        "tags": tags,
        "notes": notes,
        "group": group,
        "job_type": job_type,
        "config": config,
        "dir": dir,
        "resume": resume,
        "reinit": reinit,
        "mode": mode,
        "sync": sync,
        "allow_val_change": allow_val_change,
    }
    options = make_options(**without_foreign(given, others))
    return _host().init(options)


def log(data: Mapping[str, Any], step: int | None = None, commit: bool | None = True) -> None:
    """Record one row in the current run, starting one if there is none; see :meth:`Run.log`.

    Raises:
        As :meth:`Run.log`, and as :func:`init` where it starts a run.
    """
    run = _current._run
    if run is None:
        run = current_run()
    run.log(data, step, commit)


def define_metric(
    name: str,
    step_metric: str | Metric | None = None,
    step_sync: bool | None = None,
    hidden: bool | None = None,
    summary: str | Sequence[str] | None = None,
    goal: Literal["minimize", "maximize"] | None = None,
    overwrite: bool | None = None,
) -> Metric:
    """Say of the current run's metrics what is across and what their summary is, starting a run if
    there is none; see :meth:`Run.define_metric`.

    Raises:
        As :meth:`Run.define_metric`, and as :func:`init` where it starts a run.
    """
    run = current_run()
    return run.define_metric(name, step_metric, step_sync, hidden, summary, goal, overwrite)


def alert(
    title: str,
    text: str = "",
    level: str | AlertLevel | None = None,
    wait_duration: float | timedelta | None = None,
) -> None:
    """Tell whoever watches the current run, starting one if there is none; see :meth:`Run.alert`.

    Raises:
        As :meth:`Run.alert`, and as :func:`init` where it starts a run.
    """
    current_run().alert(title, text, level, wait_duration)


def finish(exit_code: int | None = None) -> None:
    """End the current run, if there is one; see :meth:`Run.finish`."""
    run = _current.get_run()
    if run is not None:
        run.finish(exit_code)


def log_artifact(
    artifact_or_path: Artifact | str | os.PathLike[str],
    name: str | None = None,
    type: str | None = None,
    aliases: Sequence[str] | None = None,
    tags: Sequence[str] | None = None,
) -> Artifact:
    """Record a version of an artifact in the current run; see :meth:`Run.log_artifact`.

    Raises:
        As :meth:`Run.log_artifact`, and as :func:`init` where it starts a run.
    """
    return current_run().log_artifact(artifact_or_path, name, type, aliases, tags)


def use_artifact(
    artifact_or_name: Artifact | str,
    type: str | None = None,
    aliases: Sequence[str] | None = None,
    use_as: str | None = None,
) -> Artifact:
    """Say that the current run uses an artifact, and get at it; see :meth:`Run.use_artifact`.

    Raises:
        As :meth:`Run.use_artifact`, and as :func:`init` where it starts a run.
    """
    return current_run().use_artifact(artifact_or_name, type, aliases, use_as)


def link_artifact(
    artifact: Artifact, target_path: str, aliases: Sequence[str] | None = None
) -> Artifact:
    """Record the content of an artifact under another name; see :meth:`Run.link_artifact`.

    Raises:
        As :meth:`Run.link_artifact`, and as :func:`init` where it starts a run.
    """
    return current_run().link_artifact(artifact, target_path, aliases)


def save(
    glob_str: str | os.PathLike[str],
    base_path: str | os.PathLike[str] | None = None,
    policy: Literal["now", "live", "end"] = "live",
    glob: bool = True,
) -> list[str]:
    """Keep copies of files in the current run; see :meth:`Run.save`.

    Raises:
        As :meth:`Run.save`, and as :func:`init` where it starts a run.
    """
    return current_run().save(glob_str, base_path, policy, glob)


def watch(
    models: Any,
    criterion: Any = None,
    log: Literal["gradients", "parameters", "all"] | None = "gradients",
    log_freq: int = 1000,
    idx: int | None = None,
    log_graph: bool = False,
) -> None:
    """Record in the current run what a model is made of, and histograms of what it learns.

    Starts a run if there is none; see :meth:`Run.watch`.

    Raises:
        As :meth:`Run.watch`, and as :func:`init` where it starts a run.
    """
    current_run().watch(models, criterion, log, log_freq, idx, log_graph)


def unwatch(models: Any = None) -> None:
    """Watch these models no more, or none of all; see :meth:`Run.unwatch`.

    Raises:
        InvalidDataError: It is no model of a kind that is known.
    """
    run = _current.get_run()
    if run is not None:
        run.unwatch(models)


def show() -> None:
    """Show the current run below this cell: its live view, and the picture that stays.

    Outside a kernel there is nothing to show it in, and nothing happens.

    Raises:
        NoRunError: There is no current run.
    """
    _current.require_run("show")
    _host().show()


def config() -> Config:
    """The current run's config, starting a run if there is none."""
    return current_run().config


def summary() -> RecordedMapping:
    """The current run's summary, starting a run if there is none."""
    return current_run().summary


def current_run() -> Run:
    """The current run, starting one if there is none."""
    return _current.get_run() or _host().init(RunOptions())


def _host() -> Host:
    """The kernel's session, or else this script."""
    host = _current.get_host() or extension.attach()
    if host is None:
        host = ScriptHost()
    _current.set_host(host)
    return host
