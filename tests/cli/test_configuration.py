"""``nbtrack config``, ``enable`` and ``disable``, in a home and a folder of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from nbtrack._settings import FIELDS


class Person:
    """Somebody with a folder of IPython's and a working directory."""

    def __init__(self, folder: Path) -> None:
        self.here = folder / "work" / "digits"
        self.here.mkdir(parents=True)
        self.ipython = folder / "ipython"
        self.profile = self.ipython / "profile_default"
        self.profile.mkdir(parents=True)

    def nbtrack(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "nbtrack", *arguments],
            env={**os.environ, "IPYTHONDIR": str(self.ipython), "COLUMNS": "300", **environ},
            cwd=self.here,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def configure(self, text: str, name: str = "ipython_config.py") -> Path:
        path = self.profile / name
        path.write_text(text)
        return path

    def config(self, **environ: str) -> dict[str, Any]:
        """What ``nbtrack config --json`` prints, with the settings by their names."""
        done = self.nbtrack("config", "--json", **environ)
        assert done.returncode == 0, done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        result["settings"] = {setting["name"]: setting for setting in result["settings"]}
        return result


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path)


def test_each_setting_has_a_value_and_a_source(person: Person) -> None:
    path = person.configure("c.NbTrack.project = 'p'\nc.NbTrack.quiet = True\n")
    result = person.config(NBTRACK_QUIET="0")
    settings = result["settings"]
    assert settings.keys() == FIELDS.keys()
    assert (settings["project"]["value"], settings["project"]["source"]) == ("p", str(path))
    assert (settings["quiet"]["value"], settings["quiet"]["source"]) == (False, "NBTRACK_QUIET")
    assert (settings["mode"]["value"], settings["mode"]["source"]) == ("record", "default")
    assert all(setting["meaning"] and not setting["problem"] for setting in settings.values())
    assert result["project"] == "p"
    assert result["unknown"] == []


def test_what_results_from_the_settings_here(person: Person) -> None:
    result = person.config()
    assert result["project"] == "digits"
    assert result["store"] == str(person.here / ".nbtrack")
    (person.here.parent / ".git").mkdir()
    result = person.config()
    assert result["project"] == "work"
    assert result["store"] == str(person.here.parent / ".nbtrack")


def test_the_command_line_finds_the_store_of_the_configuration(person: Person) -> None:
    store = person.here / "elsewhere"
    person.configure(f"from pathlib import Path\nc.NbTrack.dir = Path({str(store)!r})\n")
    assert str(store) in person.nbtrack("ls").stdout
    assert person.config()["store"] == str(store)
    assert person.config(NBTRACK_DIR="/other")["store"] == "/other"


def test_bad_values_are_named_and_nothing_crashes(person: Person) -> None:
    path = person.configure("c.NbTrack.dir = 5\nc.NbTrack.project = []\nc.NbTrack.projct = 'x'\n")
    environ = {"NBTRACK_MODE": "sometimes", "NBTRACK_PROJCT": "x"}
    result = person.config(**environ)
    settings = result["settings"]
    assert "c.NbTrack.dir=5 cannot be used" in settings["dir"]["problem"]
    assert settings["mode"]["problem"].endswith("It can be record or disabled.")
    assert (result["store"], result["project"]) == (None, None)
    assert result["unknown"] == [
        "NBTRACK_PROJCT is no setting",
        f"c.NbTrack.projct is no setting; did you mean NbTrack.project? ({path})",
    ]
    shown = person.nbtrack("config", **environ)
    assert shown.returncode == 0
    assert "NBTRACK_MODE='sometimes' cannot be used" in shown.stdout
    assert "c.NbTrack.project=[] cannot be used" in shown.stdout
    assert "NBTRACK_PROJCT is no setting" in shown.stdout
    assert person.nbtrack("ls", **environ).returncode == 1


def test_a_broken_file_is_named_and_the_command_goes_on(person: Person) -> None:
    person.configure("print('hello')\nraise ValueError('broken')\n")
    person.configure('{"NbTrack": {"project": "p"}}', "ipython_kernel_config.json")
    done = person.nbtrack("config", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["project"] == "p"
    assert "ValueError: broken" in done.stderr
    assert "ipython_config.py" in done.stderr


def test_enabling_names_its_file_and_disabling_removes_it(person: Person) -> None:
    assert person.config()["enabled_by"] is None
    done = person.nbtrack("enable", "--json")
    startup = Path(json.loads(done.stdout)["path"])
    assert startup.parent == person.profile / "startup"
    assert person.config()["enabled_by"] == str(startup)
    assert str(startup) in person.nbtrack("config").stdout
    assert str(startup) in person.nbtrack("enable").stdout
    assert str(startup) in person.nbtrack("disable").stdout
    assert list(startup.parent.iterdir()) == []
    assert person.config()["enabled_by"] is None
    assert "not enabled" in person.nbtrack("disable").stdout


def test_an_extension_in_the_configuration_enables_too(person: Person) -> None:
    path = person.configure("c.InteractiveShellApp.extensions = ['nbtrack']\n")
    assert person.config()["enabled_by"] == str(path)


def test_an_environment_s_kernels_load_nbtrack_for_all_its_users(
    person: Person, tmp_path: Path
) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, symlinks=True)
    python = environment / "bin" / "python"
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "shared.pth").write_text("\n".join(filter(None, sys.path)))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [python, "-m", *arguments],
            env={**os.environ, "IPYTHONDIR": str(person.ipython)},
            cwd=person.here,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done

    loaded = ("IPython", "-c", "print('nbtrack' in get_ipython().extension_manager.loaded)")
    said = run("nbtrack", "enable", "--sys-prefix").stdout
    assert said.startswith(f"Every kernel of the environment {environment} will load nbtrack: ")
    startup = Path(said.rpartition(": ")[2].strip())
    assert startup.parent == environment / "etc" / "ipython" / "startup"
    assert run(*loaded).stdout == "True\n"
    assert json.loads(run("nbtrack", "config", "--json").stdout)["enabled_by"] == str(startup)
    mine = run("nbtrack", "disable").stdout
    assert "not enabled in the profile 'default'" in mine
    assert f"still load nbtrack: {startup}" in mine
    assert run("nbtrack", "disable", "--sys-prefix").stdout == f"Removed {startup}\n"
    assert run(*loaded).stdout == "False\n"
    refused = person.nbtrack("enable", "--system", "--profile", "other")
    assert refused.returncode == 2
    assert "one of --profile, --sys-prefix and --system" in refused.stderr


def test_another_profile(person: Person) -> None:
    assert person.nbtrack("enable", "--profile", "other").returncode == 0
    (startup,) = (person.ipython / "profile_other" / "startup").iterdir()
    assert person.config()["enabled_by"] is None
    assert str(startup) in person.nbtrack("disable", "--profile", "other").stdout
    refused = person.nbtrack("enable", "--profile", "a/b")
    assert refused.returncode == 1
    assert "'a/b' is not the name of a profile" in refused.stderr


@pytest.mark.parametrize("command", ["enable", "disable"])
def test_a_file_that_somebody_changed_stays(command: str, person: Person) -> None:
    person.nbtrack("enable")
    (startup,) = (person.profile / "startup").iterdir()
    startup.write_text("print('mine')")
    refused = person.nbtrack(command)
    assert refused.returncode == 1
    assert "not as nbtrack writes it" in refused.stderr
    assert str(startup) in refused.stderr
    assert startup.read_text() == "print('mine')"


def test_reading_makes_no_folders(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nbtrack", "config"],
        env={**os.environ, "HOME": str(tmp_path)},
        cwd=tmp_path,
        timeout=180,
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
