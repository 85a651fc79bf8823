"""Settings, the recorder, and the environments of kernels and servers."""

from __future__ import annotations

import difflib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil

from .. import _settings
from .._errors import InvalidSettingError
from .._settings import FIELDS, PREFIX, Settings
from .._version import __version__
from ..recorder import spawn
from ..recorder.gpu import read_devices
from .finding import Finding

_PATIENCE = 20.0
_GPU_PATIENCE = 5.0
_LEAST = {"ipykernel": (6, 29), "ipython": (8, 18)}
_VERSIONS = """\
import importlib.metadata as m, json
found = {}
for name in ("nbtrack", "ipykernel", "ipython"):
    try:
        found[name] = m.version(name)
    except m.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def check_settings() -> Iterator[Finding]:
    """Values that cannot be used, and names that are none."""
    wrong = False
    for name, given in _settings.resolve().items():
        try:
            if given.source != _settings.DEFAULT:
                _settings.check(name, given)
        except InvalidSettingError as error:
            wrong = True
            advice = f"Nothing can be recorded until it is mended: {_settings.description(name)}"
            yield Finding("settings", "problem", error.message, advice)
    known = [PREFIX + name.upper() for name in FIELDS]
    for variable in _settings.unknown_variables():
        wrong = True
        near = difflib.get_close_matches(variable, known, n=1)
        advice = f"Is {near[0]} meant?" if near else "`nbtrack config` shows all settings."
        yield Finding("settings", "warning", f"{variable} is no setting", advice)
    if not wrong:
        yield Finding("settings", "ok", "every setting has a value that can be used")


def check_recorder() -> Iterator[Finding]:
    """Whether a process can be started beside a kernel."""
    if Settings.load().recorder != "process":
        advice = "Samples or sealing are missing; `nbtrack recover` seals what is left."
        kind = Settings.load().recorder
        yield Finding("recorder", "note", f"the setting 'recorder' is {kind!r}", advice)
        return
    try:
        process = spawn.start(spawn.command("--help"), stdin=subprocess.DEVNULL)
        status = process.wait(_PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        words = f"no recorder can be started: {error}"
    else:
        if status == 0:
            yield Finding("recorder", "ok", "a recorder can be started")
            return
        words = f"a recorder ends at once, with status {status}"
    yield Finding(
        "recorder",
        "problem",
        words,
        "Rows are recorded without it; samples, and sealing while the kernel runs, are not.",
    )


def check_kernels() -> Iterator[Finding]:
    """Which kernels of this Jupyter have nbtrack, and which one."""
    from jupyter_client.kernelspec import KernelSpecManager

    specs = KernelSpecManager().get_all_specs()
    pythons = {
        name: _interpreter(spec["spec"]["argv"])
        for name, spec in specs.items()
        if str(spec["spec"].get("language", "")).lower() == "python" and spec["spec"].get("argv")
    }
    if not pythons:
        advice = f"`{sys.executable} -m ipykernel install --user` makes one of this environment."
        yield Finding("kernels", "warning", "Jupyter here has no Python kernel", advice)
        return
    with ThreadPoolExecutor(8) as pool:
        found = dict(zip(pythons, pool.map(versions_of, pythons.values()), strict=True))
    for name, versions in sorted(found.items()):
        yield from _judge("kernels", f"kernel {name!r}", pythons[name], versions)


def check_servers() -> Iterator[Finding]:
    """Whether the Jupyter servers that run have the same nbtrack as this environment."""
    from jupyter_server.serverapp import list_running_servers

    for server in list_running_servers():
        try:
            python = psutil.Process(server["pid"]).exe()
        except psutil.Error:
            continue
        versions = versions_of(python)
        yield from _judge("servers", f"the server at {server['url']}", python, versions)


def check_gpus() -> Iterator[Finding]:
    """Whether NVML tells anything. A call into a driver may hang, so a thread asks it."""
    found: list[Finding] = []

    def ask() -> None:
        try:
            import pynvml

            pynvml.nvmlInit()
            count = pynvml.nvmlDeviceGetCount()
            values = len(read_devices(pynvml))
            found.append(Finding("gpu", "ok", f"{count} GPUs, {values} values in each sample"))
        except Exception as error:  # no driver, no device, no permission
            found.append(Finding("gpu", "note", f"no GPU is sampled: {error}"))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_GPU_PATIENCE)
    if found:
        yield found[0]
    else:
        advice = "The driver hangs; samples go on without it. `nvidia-smi` will hang too."
        yield Finding("gpu", "warning", "NVML does not answer", advice)


def versions_of(python: str) -> Mapping[str, str] | str:
    """The versions of what matters in the environment of an interpreter, or why not."""
    try:
        done = subprocess.run(
            [python, "-c", _VERSIONS],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=True,
        )
        found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
        return found
    except subprocess.CalledProcessError as error:
        return (error.stderr or str(error)).strip().splitlines()[-1]
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        return str(error)


def _interpreter(argv: list[str]) -> str:
    """What Jupyter starts: a bare name stands for its own Python."""
    return sys.executable if argv[0] in ("python", "python3") else argv[0]


def _judge(
    area: str, who: str, python: str, versions: Mapping[str, str] | str
) -> Iterator[Finding]:
    if isinstance(versions, str):
        yield Finding(
            area,
            "problem",
            f"{who} cannot be started: {versions}",
            f"Is {python} still there? `jupyter kernelspec remove` takes a kernel away.",
        )
        return
    install = f"`{python} -m pip install nbtrack=={__version__}`"
    own = versions.get("nbtrack")
    if own is None:
        yield Finding(area, "note", f"{who} has no nbtrack", f"If it should: {install}")
        return
    for package, least in _LEAST.items():
        version = versions.get(package, "0")
        if area == "kernels" and _numbers(version) < least:
            yield Finding(
                area,
                "problem",
                f"{who} has {package} {version}; nbtrack needs {'.'.join(map(str, least))}",
                f"`{python} -m pip install --upgrade {package}`",
            )
    if own != __version__:
        words = f"{who} has nbtrack {own}, this environment {__version__}"
        yield Finding(area, "warning", words, f"To make them the same: {install}")
    else:
        yield Finding(area, "ok", f"{who} has nbtrack {own}")


def _numbers(version: str) -> tuple[int, ...]:
    parts: list[Any] = version.split(".")[:2]
    return tuple(int(part) if part.isdigit() else 0 for part in parts)
