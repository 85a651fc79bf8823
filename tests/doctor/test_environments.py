"""Settings, recorders, kernels, servers and GPUs that are not as they should be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import types
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbtrack import __version__
from nbtrack.doctor import environments, gpu, recorder, settings
from tests.doctor.reports import one
from tests.journals import wait_until


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with nothing in it."""
    folder = tmp_path_factory.mktemp("bare") / "env"
    venv.create(folder, with_pip=False)
    return folder / "bin" / "python"


def give(python: Path, package: str, version: str) -> None:
    """Have an environment say that it has a package."""
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    folder = site / f"{package}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
    )


@pytest.fixture
def jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which Jupyter looks for kernels, before any other."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    return tmp_path


def add_kernel(folder: Path, name: str, spec: dict[str, Any]) -> None:
    place = folder / "kernels" / name
    place.mkdir(parents=True)
    spec = {"display_name": name, "language": "python", **spec}
    (place / "kernel.json").write_text(json.dumps(spec))


def test_settings_that_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("MODE", "sometimes"), ("PROJET", "x"), ("ZZZ", "1")):
        monkeypatch.setenv(f"NBTRACK_{name}", value)
    problem, near, far = settings.check_settings()
    assert problem.level == "problem"
    assert "NBTRACK_MODE='sometimes'" in problem.what
    assert "record or disabled" in problem.advice
    assert (near.level, near.what) == ("warning", "NBTRACK_PROJET is no setting")
    assert near.advice == "Is NBTRACK_PROJECT meant?"
    assert (far.level, far.what) == ("warning", "NBTRACK_ZZZ is no setting")
    assert "nbtrack config" in far.advice


def test_a_trait_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = tmp_path / "profile_default"
    profile.mkdir()
    (profile / "ipython_config.py").write_text("c.NbTrack.projet = 'x'\n")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    (found,) = settings.check_settings()
    assert found.level == "warning"
    assert "NbTrack.projet is no setting; did you mean NbTrack.project?" in found.what


def test_settings_that_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBTRACK_QUIET", "1")
    (found,) = settings.check_settings()
    assert found.level == "ok"


def test_a_recorder_starts_and_ends() -> None:
    (found,) = recorder.check_recorder()
    assert (found.level, found.what) == ("ok", "a recorder can be started")


@pytest.mark.parametrize("kind", ["off", "thread"])
def test_a_recorder_that_is_not_wanted(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBTRACK_RECORDER", kind)
    (found,) = recorder.check_recorder()
    assert (found.level, found.what) == ("note", f"the setting 'recorder' is {kind!r}")
    assert ("sampled" in found.why) == (kind == "off")


def in_recorders(folder: Path, code: str) -> str:
    """A ``PYTHONPATH`` with which interpreters that are to be recorders run this first."""
    text = f"import os, sys\nif '--owner' in sys.orig_argv:\n    {code}\n"
    (folder / "sitecustomize.py").write_text(text)
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))


def test_a_recorder_that_ends_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", in_recorders(tmp_path, "os._exit(3)"))
    (found,) = recorder.check_recorder()
    assert found.level == "problem"
    assert found.what == "a recorder ends at once, with status 3"


def test_a_recorder_that_does_not_get_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = in_recorders(tmp_path, "import threading; threading.Event().wait(60)")
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.setattr(recorder, "_PATIENCE", 0.5)
    (found,) = recorder.check_recorder()
    assert (found.level, found.what) == (
        "problem",
        "a recorder does not get ready within 0.5 s",
    )


def test_a_recorder_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/python")
    (found,) = recorder.check_recorder()
    assert found.level == "problem"
    assert found.what.startswith("no recorder can be started: ")
    assert "/no/python" in found.what


def test_kernels_of_other_environments(jupyter: Path, bare: Path) -> None:
    gone = str(jupyter / "no" / "python")
    commands = {
        "bare": [str(bare)],
        "wrapped": ["env", "A=b", str(bare)],
        "gone": [gone],
        "broken": ["false"],
    }
    for name, command in commands.items():
        add_kernel(jupyter, name, {"argv": [*command, "-m", "ipykernel_launcher"]})
    add_kernel(jupyter, "hidden", {"argv": ["bash", "-c", "exec python -m ipykernel_launcher"]})
    report = list(environments.check_kernels())
    for name in ("bare", "wrapped"):
        found = one(report, f"kernel '{name}' has no nbtrack")
        assert found.level == "note"
        assert f"`{bare} -m pip install nbtrack=={__version__}`" in found.advice
    found = one(report, f"'gone' cannot be started: {gone}: No such file")
    assert found.level == "warning"
    assert str(jupyter / "kernels" / "gone") in found.advice
    assert one(report, "'broken' cannot be started: false ends with status 1").level == "warning"
    found = one(report, "'hidden' is started by bash: what it has is not seen from here")
    assert found.level == "note"
    assert one(report, f"kernel 'python3' has nbtrack {__version__}").level == "ok"


def test_a_kernel_s_variables_and_folder_count(
    jupyter: Path, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOLDER", str(bare.parent))
    argv = ["{resource_dir}/start", "-m", "ipykernel_launcher"]
    add_kernel(jupyter, "own", {"argv": argv, "env": {"WHICH": "${FOLDER}/python"}})
    start = jupyter / "kernels" / "own" / "start"
    start.write_text('#!/bin/sh\nexec "$WHICH" "$@"\n')
    start.chmod(0o755)
    found = one(environments.check_kernels(), "kernel 'own' has no nbtrack")
    assert str(bare) in found.advice


def test_kernels_whose_packages_are_too_old_or_not_the_same(jupyter: Path) -> None:
    venv.create(jupyter / "env", with_pip=False)
    python = jupyter / "env" / "bin" / "python"
    give(python, "nbtrack", "0.0.1")
    give(python, "ipykernel", "6.16.2")
    give(python, "ipython", "7.33.0")
    add_kernel(jupyter, "old", {"argv": [str(python), "-m", "ipykernel_launcher"]})
    report = list(environments.check_kernels())
    for words in ("ipykernel 6.16.2; nbtrack needs 6.17", "ipython 7.33.0; nbtrack needs 7.34"):
        found = one(report, f"kernel 'old' has {words}")
        assert found.level == "problem"
        assert "pip install --upgrade" in found.advice
    found = one(report, f"has nbtrack 0.0.1, this environment {__version__}")
    assert found.level == "warning"


def test_an_environment_of_an_old_python() -> None:
    old = environments.Environment(python=(3, 9), path="/old/python", versions={})
    (found,) = environments._judge_kernel("old", {}, old)
    assert (found.level, found.advice) == ("note", "nbtrack needs Python 3.11 there.")


def test_a_kernel_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "_PATIENCE", 0.2)
    said = environments._ask(["sh", "-c", "exec sleep 60"])
    assert said == "sh does not answer within 0.2 s"


def test_no_kernel_has_nbtrack(jupyter: Path, bare: Path) -> None:
    # A kernel of this name stands before the one of this environment.
    add_kernel(jupyter, "python3", {"argv": [str(bare), "-m", "ipykernel_launcher"]})
    *_, found = environments.check_kernels()
    assert (found.level, found.what) == ("warning", "no kernel here has nbtrack")


def test_no_kernel_at_all(jupyter: Path) -> None:
    add_kernel(jupyter, "python3", {"argv": ["R"], "language": "R"})
    (found,) = environments.check_kernels()
    assert (found.level, found.what) == ("warning", "Jupyter here has no Python kernel")
    assert "ipykernel install" in found.advice


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where servers say that they run."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    (tmp_path / "runtime").mkdir()
    return tmp_path / "runtime"


@pytest.fixture
def server(runtime: Path, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Jupyter server of this environment."""
    command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"]
    options = ["--ServerApp.port=0", f"--ServerApp.root_dir={tmp_path}"]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        wait_until(lambda: list(runtime.glob("jpserver-*.json")) or process.poll() is not None)
        yield process
        process.kill()


@pytest.mark.usefixtures("server")
def test_a_server_of_this_environment() -> None:
    (found,) = environments.check_servers()
    assert found.level == "ok"
    assert found.what.startswith("the server at http://")
    assert found.what.endswith(f"has nbtrack {__version__}")


@pytest.mark.parametrize("version", [None, "0.0.1"])
def test_a_server_of_another_environment(
    runtime: Path, tmp_path: Path, version: str | None
) -> None:
    # No server, for which a whole environment would have to be installed, but what tells of one.
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / "bin" / "python"
    if version:
        give(python, "nbtrack", version)
    path = os.pathsep.join([str(python.parent), os.environ["PATH"]])
    with subprocess.Popen(
        ["python", "-c", "print(flush=True); input()"],
        executable=python,
        env={**os.environ, "PATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        info = {"pid": process.pid, "url": "http://localhost:8888/"}
        (runtime / f"jpserver-{process.pid}.json").write_text(json.dumps(info))
        (found,) = environments.check_servers()
        process.kill()
    has = f"nbtrack 0.0.1, this environment {__version__}" if version else "no nbtrack"
    assert (found.level, found.what) == ("note", f"the server at http://localhost:8888/ has {has}")
    assert str(python) in found.advice


def test_gpus_are_seen_or_it_is_said_why_not() -> None:
    (found,) = gpu.check_gpus()
    assert found.level in ("ok", "note")


def test_a_driver_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    # No driver hangs at will: a module stands in for it.
    end = threading.Event()
    driver = types.SimpleNamespace(nvmlInit=lambda: end.wait(60))
    monkeypatch.setitem(sys.modules, "pynvml", driver)
    monkeypatch.setattr(gpu, "_PATIENCE", 0.1)
    (found,) = gpu.check_gpus()
    end.set()
    assert (found.level, found.what) == ("warning", "NVML does not answer within 0.1 s")
