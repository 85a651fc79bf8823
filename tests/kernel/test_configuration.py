"""Settings that come from IPython's configuration, and nbtrack in every kernel of a profile."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kernel.kernels import Kernel, wait_until

pytestmark = pytest.mark.kernel


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """The folder of a default profile of its own."""
    folder = tmp_path / "ipython" / "profile_default"
    folder.mkdir(parents=True)
    return folder


def nbtrack(profile: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nbtrack", *arguments],
        env={**os.environ, "IPYTHONDIR": str(profile.parent), "COLUMNS": "200", **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_configuration_file_rules_the_kernel_and_the_command_line(
    profile: Path, tmp_path: Path, start_kernel: Callable[..., Kernel]
) -> None:
    store = tmp_path / "configured"
    (profile / "ipython_kernel_config.py").write_text(
        f"c = get_config()\nc.NbTrack.dir = {str(store)!r}\nc.NbTrack.project = 'from-file'\n"
    )
    kernel = start_kernel(IPYTHONDIR=str(profile.parent), NBTRACK_DIR="")
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    assert kernel.run("nbtrack.log({'a': 1})").error is None
    assert kernel.value("nbtrack.run.project") == "'from-file'"
    kernel.shutdown()
    listed = nbtrack(profile, "ls", "--json", NBTRACK_DIR="")
    assert '"project": "from-file"' in listed.stdout
    shown = nbtrack(profile, "config", NBTRACK_DIR="")
    assert "ipython_kernel_config.py" in shown.stdout
    assert "from-file" in shown.stdout


def test_a_bad_value_in_a_configuration_file_is_a_clear_error(
    profile: Path, start_kernel: Callable[..., Kernel]
) -> None:
    (profile / "ipython_config.py").write_text("c.NbTrack.mode = 'sometimes'\n")
    kernel = start_kernel(IPYTHONDIR=str(profile.parent))
    assert kernel.run("%load_ext nbtrack").error == "InvalidSettingError"
    assert kernel.run("1 + 1").result == "2"


def test_config_magic(kernel: Kernel) -> None:
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    assert "NbTrack.project" in kernel.run("%config NbTrack").text
    assert kernel.run("%config NbTrack.project = 'by-hand'").error is None
    kernel.run("nbtrack.init()")
    assert kernel.value("nbtrack.run.project") == "'by-hand'"
    refused = kernel.run("%config NbTrack.sample_interval = -1")
    assert "NbTrack.sample_interval=-1.0 cannot be used" in refused.text
    assert kernel.run("%config NbTrack.sample_interval").result == "2.0"
    kernel.run("%unload_ext nbtrack")
    assert "NbTrack" not in kernel.run("%config").text


def test_an_enabled_profile_loads_nbtrack_in_every_kernel(
    profile: Path, start_kernel: Callable[..., Kernel]
) -> None:
    assert nbtrack(profile, "enable").returncode == 0
    kernel = start_kernel(IPYTHONDIR=str(profile.parent))
    names = kernel.value("[n for n in globals() if 'nbtrack' in n or n == 'importlib']")
    assert names == "[]"
    first = kernel.run("%%track\nimport nbtrack\nnbtrack.log({'a': 1})")
    assert first.error is None
    assert first.text == ""
    kernel.shutdown()
    assert kernel.only_run().state == "finished"
    assert nbtrack(profile, "disable").returncode == 0
    other = start_kernel(IPYTHONDIR=str(profile.parent))
    assert "not found" in other.run("%%track\n1").text


def test_a_kernel_without_nbtrack_starts_as_before(
    profile: Path, start_kernel: Callable[..., Kernel]
) -> None:
    nbtrack(profile, "enable")
    (startup,) = (profile / "startup").iterdir()
    hide = "import sys\nsys.modules['nbtrack'] = None\n"
    (profile / "startup" / "00-hide.py").write_text(hide)
    kernel = start_kernel(IPYTHONDIR=str(profile.parent))
    assert kernel.run("1 + 1").result == "2"
    assert kernel.value("'nbtrack' in get_ipython().extension_manager.loaded") == "False"
    assert startup.exists()


def test_a_terminal_loads_it_too(profile: Path, tmp_path: Path) -> None:
    nbtrack(profile, "enable")
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "-c", "%%track\nimport nbtrack; nbtrack.log({'a': 1})"],
        env={**os.environ, "IPYTHONDIR": str(profile.parent), "NBTRACK_DIR": str(tmp_path / "s")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    listed = nbtrack(profile, "ls", "--json", "--store", str(tmp_path / "s"))
    wait_until(lambda: '"finished"' in listed.stdout, "the run of the terminal")


def test_disabling_refuses_what_it_did_not_write(profile: Path) -> None:
    nbtrack(profile, "enable")
    (startup,) = (profile / "startup").iterdir()
    startup.write_text("print('mine')")
    refused = nbtrack(profile, "disable")
    assert refused.returncode == 1
    assert "not as nbtrack writes it" in refused.stderr
    assert startup.exists()


def test_a_bad_variable_is_shown_and_nothing_crashes(profile: Path) -> None:
    shown = nbtrack(profile, "config", NBTRACK_MODE="sometimes")
    assert shown.returncode == 0
    assert "NBTRACK_MODE" in shown.stdout
    assert "Invalid enum value 'sometimes'" in shown.stdout
