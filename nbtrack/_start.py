"""From the arguments of ``init()`` to a run on disk: a new one, or one that goes on."""

from __future__ import annotations

import getpass
import platform
import socket
import subprocess
import sys
from pathlib import Path

import msgspec

from . import _current, _family
from ._attempts import CellInfo, Past
from ._decoding import convert
from ._destination import with_destination
from ._disabled import DisabledRun
from ._environment import batch_job
from ._errors import RunExistsError, RunNotFoundError
from ._masking import mask_value
from ._names import new_name
from ._options import RunOptions
from ._resume import resume_run, unfinished
from ._run import Run
from ._settings import Settings
from ._succession import Takeover
from ._values import plain_setting
from ._version import __version__
from .store import documents, registry
from .store.death import Job
from .store.journal import now
from .store.layout import (
    RunDir,
    Store,
    atomic_write,
    default_project,
    find_store,
    git_root,
    new_run_id,
    not_writable,
)
from .store.schema import RunInfo

_GIT_PATIENCE = 2.0


def start_run(options: RunOptions, settings: Settings, *, cwd: Path) -> Run:
    """Begin a run, or go on with one. It is not made current here.

    Raises:
        RunExistsError: There is a run of this id and ``resume`` does not allow to go on with it,
            or another process records it.
        RunNotFoundError: ``resume="must"`` and there is none.
        StoreNotWritableError: The store cannot be written.
    """
    if (options.mode or settings.mode) == "disabled":
        return DisabledRun(options)
    settings = with_destination(options.sync, settings)
    store = find_store(options.dir or settings.dir, cwd)
    if options.id is not None and _exists(store.run(options.id)):
        run_dir = store.run(options.id)
        here = _describe(store, run_dir, options, settings, cwd)
        return resume_run(run_dir, options, settings, here)
    if options.resume == "must":
        raise RunNotFoundError(
            f"there is no run {options.id!r} to resume",
            path=store.path,
            operation="init a run",
            hint="resume='allow' starts one if there is none.",
        )
    run_dir = _create(store, options.id)
    registry.register(store)
    info = _describe(store, run_dir, options, settings, cwd)
    atomic_write(run_dir.info, msgspec.json.encode(info))
    run = Run(
        run_dir,
        info,
        settings,
        Past(),
        on_end=_current.forget,
        allow_val_change=options.allow_val_change,
    )
    run.config.update(options.config)
    return run


def _exists(run_dir: RunDir) -> bool:
    try:
        run_dir.info.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise not_writable(run_dir.path, error) from error
    return True


def _create(store: Store, run_id: str | None) -> RunDir:
    while True:
        try:
            return store.create_run(run_id or new_run_id())
        except FileExistsError:
            if run_id is not None:
                raise RunExistsError(
                    f"run {run_id!r} is being started by another process",
                    path=store.run(run_id).path,
                    operation="init a run",
                    hint="Use another id.",
                ) from None


def _describe(
    store: Store, run_dir: RunDir, options: RunOptions, settings: Settings, cwd: Path
) -> RunInfo:
    commit, branch = _git(cwd)
    number = sum(1 for _ in store.run_dirs())
    info = RunInfo(
        id=run_dir.id,
        name=options.name or new_name(number),
        project=options.project or settings.project or default_project(cwd),
        created=now(),
        host=socket.gethostname(),
        user=_user(),
        notebook=options.notebook,
        command=options.command,
        os=_system(),
        python=platform.python_version(),
        nbtrack=__version__,
        cwd=str(cwd),
        git_commit=commit,
        git_branch=branch,
        tags=options.tags,
        notes=options.notes,
        group=options.group,
        job_type=options.job_type,
        job=_batch_job(),
        fail_on=settings.fail_on,
    )
    # Paths and arguments may hold bytes that are no text.
    plain = plain_setting(msgspec.to_builtins(info))
    return convert(mask_value(plain) if settings.mask_secrets else plain, RunInfo)


def _system() -> str:
    """The operating system, such as ``Linux 6.8.0-45-generic (x86_64)``."""
    system = platform.uname()
    version = platform.mac_ver()[0]
    name = f"macOS {version}" if version else f"{system.system} {system.release}"
    return f"{name} ({system.machine})"


def _git(cwd: Path) -> tuple[str | None, str | None]:
    """Commit and branch of the checkout around ``cwd``, if there is one."""
    if git_root(cwd) is None:
        return None, None
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD", "--abbrev-ref", "HEAD"],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_GIT_PATIENCE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None, None
    commit, _, branch = done.stdout.strip().partition("\n")
    return commit or None, branch or None


def _batch_job() -> Job | None:
    found = batch_job()
    return Job(system=found[0], id=found[1]) if found is not None else None


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return None


def join_next(options: RunOptions, settings: Settings) -> Run | None:
    """Join the run that this process belongs to, and make it current; None: it belongs to none.

    Of several ranks the first is given the id of the run that the others will join.

    Raises:
        StoreNotWritableError: The journal cannot be written.
    """
    if (options.mode or settings.mode) == "disabled" or options.id is not None:
        return None
    found = _family.place()
    rank_id = _family.rank_id() if found is None else None
    if rank_id is not None:
        store = find_store(options.dir or settings.dir, Path.cwd())
        found = _family.rank_place(store, rank_id)
        if found is None and not _exists(store.run(rank_id)):
            options.id = rank_id
    if found is None:
        return None
    run_dir, attempt = found
    run = Run(
        run_dir,
        documents.read_info(run_dir),
        settings,
        Past(has_rows=True),
        on_end=_current.forget,
        joined=attempt,
    )
    _current.set_run(run)
    return run


def _unfinished(options: RunOptions, settings: Settings) -> str | None:
    cwd = Path.cwd()
    return unfinished(options, find_store(options.dir or settings.dir, cwd), cwd)


def _resumes(options: RunOptions, run: Run) -> bool:
    """Whether ``init()`` was called again for the run that is going on."""
    return options.id == run.id and options.resume in ("allow", "must", "auto")


def start_next(options: RunOptions, settings: Settings, *, cell: CellInfo | None) -> Run:
    """Start a run and make it current, whatever is current now; ``cell`` becomes its attempt.

    Raises:
        As :func:`start_run`.
    """
    old = _current.get_run()
    if old is not None and options.reinit == "return_previous":
        return old
    if options.command is None and options.notebook is None:
        options.command = [Path(sys.argv[0]).name, *sys.argv[1:]] if sys.argv[0] else None
    if options.resume == "auto" and options.id is None and options.mode != "disabled":
        options.id = _unfinished(options, settings)
    if old is not None and options.reinit != "create_new" and _resumes(options, old):
        old.let_go(cell)
        old.close("it is resumed")
        old = None
    new = start_run(options, settings, cwd=Path.cwd())
    if old is not None and options.reinit != "create_new" and not new.finished:
        new.follow(Takeover(old, new, cell))
    elif cell is not None:
        new.begin_attempt(cell)
    _current.set_run(new)
    return new
