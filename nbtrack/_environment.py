"""What the environment says besides settings: what started this process, and what others read.

Together with the settings the only reader of ``os.environ``.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from typing import NamedTuple

# Set by a process that records, for the processes that it starts; no setting.
RUN_VARIABLE = "NBTRACK_RUN"
_BATCH_SYSTEMS = {"SLURM": "SLURM_JOB_ID", "PBS": "PBS_JOBID", "LSF": "LSB_JOBID"}
# Parts of the names of variables whose values are secrets.
_SECRET_WORDS = frozenset(
    {"KEY", "APIKEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASS", "CREDENTIAL", "CREDENTIALS"}
)


class Launch(NamedTuple):
    """One process of several that a launcher started together.

    Attributes:
        rank: Its number, from 0.
        name: What the whole launch is called on every host; None if it has no name.
        meeting_point: The address at which its ranks meet.
        restarts: How often the launcher has started all of them again.
    """

    rank: int
    name: str | None
    meeting_point: str
    restarts: str


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """The variables of this process with ``changes``, in which ``${X}`` stands for another."""
    changed = {name: Template(text).safe_substitute(os.environ) for name, text in changes.items()}
    return {**os.environ, **changed}


def ipython_directory() -> Path:
    """The folder of IPython's profiles, whether it exists or not."""
    named = os.environ.get("IPYTHONDIR")
    if named:
        return Path(named).expanduser()
    home = Path("~/.ipython").expanduser()
    config = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser()
    # IPython goes on with the folder of its early versions where that is the only one.
    early = config / "ipython"
    return early if early.is_dir() and not home.exists() else home


def batch_job() -> tuple[str, str] | None:
    """The system that runs this process as a batch job or pod, and what it calls it."""
    for system, variable in _BATCH_SYSTEMS.items():
        if os.environ.get(variable):
            return system, os.environ[variable]
    if os.environ.get("KUBERNETES_SERVICE_HOST"):
        return "Kubernetes", os.environ.get("HOSTNAME") or "this pod"
    return None


def is_in_colab() -> bool:
    """Whether this machine is lent by Google Colab, and is gone with its disk before long."""
    return "COLAB_RELEASE_TAG" in os.environ


def announce_run(text: str | None) -> None:
    """Tell the processes that this one starts of its run; None: of none."""
    if text is None:
        os.environ.pop(RUN_VARIABLE, None)
    else:
        os.environ[RUN_VARIABLE] = text


def variables_with(prefix: str) -> dict[str, str]:
    """The variables whose names begin so, by the rest of their names in lower case."""
    return {
        name.upper().removeprefix(prefix).lower(): value
        for name, value in os.environ.items()
        if name.upper().startswith(prefix)
    }


def secret_variables() -> dict[str, str]:
    """The variables of this process that hold a secret, going by their names and values."""
    return {
        name: value
        for name, value in os.environ.items()
        if not _SECRET_WORDS.isdisjoint(name.upper().split("_")) and _is_no_word(value)
    }


def _is_no_word(value: str) -> bool:
    """Whether a value can be looked for in text: no path, number or plain word."""
    if value.startswith(("/", "~", ".")) or value.isdigit():
        return False
    return not (value.isalpha() and value.islower() and len(value) < 12)


def announced_run() -> str | None:
    """What the process that started this one told of its run."""
    return os.environ.get(RUN_VARIABLE)


def launch() -> Launch | None:
    """Of which launch of several ranks this process is one; None if it is none."""
    rank, size = os.environ.get("RANK", ""), os.environ.get("WORLD_SIZE", "")
    if not (rank.isdecimal() and size.isdecimal() and int(size) > 1):
        return None
    name = os.environ.get("TORCHELASTIC_RUN_ID", "none")
    address, port = os.environ.get("MASTER_ADDR", ""), os.environ.get("MASTER_PORT", "")
    restarts = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    return Launch(int(rank), None if name == "none" else name, f"{address}:{port}", restarts)


def is_further_rank() -> bool:
    """Whether this process is one of several on this machine, and not the first of them."""
    rank = os.environ.get("LOCAL_RANK", "")
    return rank.isdecimal() and int(rank) > 0


def notebook_hint() -> str | None:
    """The path of the notebook as the Jupyter server announced it to this kernel, if it did."""
    return os.environ.get("JPY_SESSION_NAME") or None


def hub_prefix() -> str | None:
    """What the addresses of this person's server begin with behind a JupyterHub, if it is one."""
    return os.environ.get("JUPYTERHUB_SERVICE_PREFIX") or None


def jupyter_server() -> int | None:
    """The process that started this kernel, as Jupyter announced it; what a kernel starts has it
    from its kernel.
    """
    pid = os.environ.get("JPY_PARENT_PID", "")
    return int(pid) if pid.isdecimal() else None


@contextlib.contextmanager
def variables_unless_set(defaults: Mapping[str, str]) -> Iterator[None]:
    """Meanwhile, these variables have these values where they have none; for other libraries."""
    added = {name: value for name, value in defaults.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
