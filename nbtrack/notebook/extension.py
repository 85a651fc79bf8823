"""How nbtrack comes into a kernel and out of it again.

Imported by plain scripts too, so nothing here imports IPython or the rest of this package before a
shell is known to run.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from .session import Session


def load(shell: InteractiveShell) -> None:
    """``%load_ext nbtrack``: the kernel's run begins with the next cell; prints one line at most.

    Raises:
        InvalidSettingError: A setting has a value that it cannot have.
    """
    from .._settings import Settings
    from .._version import __version__
    from ..store.layout import find_store
    from . import configurable
    from .session import session_of

    configurable.add(shell)
    settings = Settings.load()
    session = session_of(shell)
    if not session.load() or session.starts_with_the_kernel():
        return
    if settings.mode == "disabled":
        session.say(f"nbtrack {__version__}: switched off by the setting 'mode'")
    else:
        store = find_store(settings.dir, Path.cwd())
        session.say(f"nbtrack {__version__}: recording this kernel to {store.path}")


def unload(shell: InteractiveShell) -> None:
    """``%unload_ext nbtrack``: when this cell has ended, so has the run, and all is as before."""
    from .session import existing_session

    session = existing_session()
    if session is not None:
        session.detach()


def attach() -> Session | None:
    """What ``%load_ext nbtrack`` does, silently; None where no IPython shell runs."""
    # Absent also while another thread is importing IPython.
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = get_ipython() if get_ipython is not None else None
    if shell is None:
        return None
    from .session import session_of

    session = session_of(shell)
    session.attach()
    return session
