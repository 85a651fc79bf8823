"""How nbtrack comes into a kernel and out of it again.

Imported by plain scripts too, so nothing here imports IPython or the rest of this package before a
shell is known to run.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from .session import Session


def load(shell: InteractiveShell) -> None:
    """``%load_ext nbtrack``: the kernel's run begins with the next cell; prints one line at most.

    Silent where no cell asked for it: a kernel is starting.

    Raises:
        InvalidSettingError: A setting has a value that it cannot have.
    """
    from .._errors import InvalidSettingError
    from .._settings import Settings
    from .._version import __version__
    from ..store.layout import find_store
    from . import cells, configurable
    from .session import session_of

    asked = bool(cells.executions(shell))
    try:
        configurable.read(shell)
        settings = Settings.load()
    except InvalidSettingError as error:
        if not asked:
            _say_in_the_next_cell(shell, f"nbtrack is not recording: {error}")
        raise
    session = session_of(shell)
    script = _runs_a_file(shell)
    if not script and (not session.load() or not asked):
        return
    if settings.mode == "disabled":
        session.say(f"nbtrack {__version__}: switched off by the setting 'mode'")
    else:
        store = find_store(settings.dir, Path.cwd())
        what = "script" if script else "kernel"
        death = session.look_back(store) if not script else None
        session.say(death or f"nbtrack {__version__}: recording this {what} to {store.path}")


def unload(shell: InteractiveShell) -> None:
    """``%unload_ext nbtrack``: when this cell has ended, so has the run, and all is as before."""
    from .session import existing_session

    session = existing_session()
    if session is not None:
        session.detach()


def attach() -> Session | None:
    """What ``%load_ext nbtrack`` does, silently; None in a script, also one that IPython runs."""
    shell = _running_shell()
    if shell is None or _runs_a_file(shell):
        return None
    from .session import session_of

    session = session_of(shell)
    session.attach()
    return session


def read_configuration() -> None:
    """Have the settings include those of IPython's configuration, where IPython runs.

    Raises:
        InvalidSettingError: ``%config`` was given a value that cannot be used.
    """
    shell = _running_shell()
    if shell is not None:
        from . import configurable

        configurable.read(shell)


def _runs_a_file(shell: InteractiveShell) -> bool:
    """Whether IPython was started to run a file and to end then; its cells have no events."""
    application = shell.parent
    file = getattr(application, "file_to_run", "") or getattr(application, "module_to_run", "")
    return bool(file) and not getattr(application, "interact", True)


def _running_shell() -> InteractiveShell | None:
    # Absent also while another thread is importing IPython.
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return get_ipython() if get_ipython is not None else None


def _say_in_the_next_cell(shell: InteractiveShell, text: str) -> None:
    """Print a line that nobody would see now."""

    def say(*args: Any) -> None:
        if args and not args[0].store_history:
            return  # the front end's own
        shell.events.unregister("pre_run_cell", say)
        sys.stderr.write(f"{text}\n")

    shell.events.register("pre_run_cell", say)
