"""The kernels and servers of Jupyter, and what their environments have of nbtrack."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import psutil

from .. import _environment
from .._decoding import from_json
from .._version import __version__
from .finding import Finding

_PATIENCE = 8.0
_LEAST_PYTHON = (3, 11)
_LEAST = {"ipykernel": (6, 17), "ipython": (7, 34)}
# Runs in any environment, also of an old Python.
_LOOK = """\
import json, sys
found = {}
try:
    from importlib.metadata import version
    for name in ("nbtrack", "ipykernel", "ipython"):
        try:
            found[name] = version(name)
        except Exception:
            pass
except ImportError:
    pass
print(json.dumps({"python": sys.version_info[:2], "path": sys.executable, "versions": found}))
"""


class Environment(msgspec.Struct):
    """What an interpreter says about itself: its version, where it lies, and what it has."""

    python: tuple[int, int]
    path: str
    versions: dict[str, str]


def check_kernels() -> Iterator[Finding]:
    """Which kernels of this Jupyter have nbtrack, and which one."""
    from jupyter_client.kernelspec import KernelSpecManager

    specs = {
        name: found["spec"] | {"resource_dir": found["resource_dir"]}
        for name, found in sorted(KernelSpecManager().get_all_specs().items())
        if str(found["spec"].get("language", "")).lower() == "python" and found["spec"].get("argv")
    }
    if not specs:
        why = "A notebook started from this environment finds none to run in."
        advice = f"`{sys.executable} -m ipykernel install --sys-prefix` makes one."
        yield Finding("kernels", "warning", "Jupyter here has no Python kernel", why, advice)
        return
    with ThreadPoolExecutor(8) as pool:
        environments = list(pool.map(_look_into, specs.values()))
    for (name, spec), environment in zip(specs.items(), environments, strict=True):
        yield from _judge_kernel(name, spec, environment)
    seen = [one for one in environments if isinstance(one, Environment)]
    if seen and not any("nbtrack" in one.versions for one in seen):
        why = "`%load_ext nbtrack` fails in all of them."
        yield Finding("kernels", "warning", "no kernel here has nbtrack", why, _install(seen[0]))


def check_servers() -> Iterator[Finding]:
    """Whether the Jupyter servers that run have the nbtrack of this environment."""
    from jupyter_server.serverapp import list_running_servers

    for server in list_running_servers():
        with contextlib.suppress(psutil.Error, OSError):
            python = _interpreter(psutil.Process(server["pid"]))
            who = f"the server at {server['url']}"
            yield from _judge_server(who, _ask([python]))


def _judge_kernel(
    name: str, spec: Mapping[str, Any], found: Environment | str | None
) -> Iterator[Finding]:
    who = f"kernel {name!r}"
    if found is None:
        what = (
            f"{who} is started by {Path(spec['argv'][0]).name}: what it has is not seen from here"
        )
        yield Finding("kernels", "note", what)
        return
    if isinstance(found, str):
        advice = f"`jupyter kernelspec remove {name}` takes it away; its folder is"
        yield Finding(
            "kernels",
            "warning",
            f"{who} cannot be started: {found}",
            "Notebooks that name it do not run.",
            f"{advice} {spec['resource_dir']}.",
        )
        return
    own = found.versions.get("nbtrack")
    if own is None:
        if found.python < _LEAST_PYTHON:
            advice = "nbtrack needs Python 3.11 there."
        else:
            advice = f"If it should have it: {_install(found)}"
        yield Finding("kernels", "note", f"{who} has no nbtrack", advice=advice)
        return
    too_old = False
    for package, least in _LEAST.items():
        version = found.versions.get(package, "0")
        if _numbers(version) < least:
            too_old = True
            needed = ".".join(map(str, least))
            yield Finding(
                "kernels",
                "problem",
                f"{who} has {package} {version}; nbtrack needs {needed}",
                "Cells may be missed, or what they print.",
                f"`{found.path} -m pip install --upgrade {package}`",
            )
    if own != __version__:
        what = f"{who} has nbtrack {own}, this environment {__version__}"
        why = "The older one may not read what the newer one writes."
        yield Finding("kernels", "warning", what, why, f"To make them the same: {_install(found)}")
    elif not too_old:
        yield Finding("kernels", "ok", f"{who} has nbtrack {own}")


def _judge_server(who: str, found: Environment | str) -> Iterator[Finding]:
    if isinstance(found, str):
        yield Finding("servers", "note", f"{who} cannot be looked into: {found}")
        return
    own = found.versions.get("nbtrack")
    if own == __version__:
        yield Finding("servers", "ok", f"{who} has nbtrack {own}")
        return
    has = f"nbtrack {own}, this environment {__version__}" if own else "no nbtrack"
    why = "Kernels record without it."
    advice = f"To make them the same: {_install(found)}"
    yield Finding("servers", "note", f"{who} has {has}", why, advice)


def _look_into(spec: Mapping[str, Any]) -> Environment | str | None:
    """The environment that a kernel runs in; why it cannot be started; None if not seen."""
    launcher = _launcher(spec)
    return None if launcher is None else _ask(launcher, spec.get("env") or {})


def _launcher(spec: Mapping[str, Any]) -> list[str] | None:
    """What a kernel's command has before the module that it runs: ``conda run … python``."""
    command = [
        str(word).replace("{prefix}", sys.prefix).replace("{resource_dir}", spec["resource_dir"])
        for word in spec["argv"]
    ]
    major, minor = sys.version_info[:2]
    if command[0] in ("python", f"python{major}", f"python{major}.{minor}"):
        command[0] = sys.executable  # so does Jupyter
    if "-m" in command:
        return command[: command.index("-m")]
    return command[:1] if Path(command[0]).name.startswith(("python", "pypy")) else None


def _ask(launcher: list[str], variables: Mapping[str, str] | None = None) -> Environment | str:
    """What the interpreter that a command starts says of itself, or why it does not."""
    try:
        done = subprocess.run(
            [*launcher, "-c", _LOOK],
            env=_environment.environment(variables or {}),
            cwd="/",  # no module of the working directory
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{launcher[0]} does not answer within {_PATIENCE:g} s"
    except OSError as error:
        return f"{launcher[0]}: {error.strerror}"
    try:
        return from_json(done.stdout.strip().rpartition("\n")[2], Environment)
    except msgspec.DecodeError:
        said = done.stderr.strip().rpartition("\n")[2]
        return said or f"{launcher[0]} ends with status {done.returncode}"


def _interpreter(process: psutil.Process) -> str:
    """As the process was started: its file alone does not tell a virtual environment.

    Raises:
        psutil.Error: It is gone, or somebody else's.
    """
    command = process.cmdline()
    if command and Path(command[0]).name.startswith(("python", "pypy")):
        name = command[0] if "/" not in command[0] else Path(process.cwd(), command[0])
        variables = process.as_dict(["environ"])["environ"] or {}
        found = shutil.which(name, path=variables.get("PATH"))
        if found:
            return str(found)
    return str(process.exe())


def _install(environment: Environment) -> str:
    return f"`{environment.path} -m pip install nbtrack=={__version__}`"


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split(".")[:2]
    return tuple(int(part) if part.isdigit() else 0 for part in parts)
