"""Where settings come from, and which of several values counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbtrack import _profile, _settings
from nbtrack._errors import InvalidSettingError, ProfileError
from nbtrack._settings import DEFAULT, IN_KERNEL, Given, Settings, resolve
from nbtrack.store.layout import default_project


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    yield
    _settings.set_from_files({})
    _settings.unset_in_kernel()


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the default profile."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    folder = tmp_path / "profile_default"
    folder.mkdir()
    return folder


def test_the_nearest_value_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NBTRACK_PROJECT", raising=False)
    assert resolve()["project"] == Given(None, DEFAULT)
    _settings.set_from_files({"project": Given("file", "a file")})
    assert resolve()["project"] == Given("file", "a file")
    monkeypatch.setenv("NBTRACK_PROJECT", "variable")
    assert resolve()["project"] == Given("variable", "NBTRACK_PROJECT")
    _settings.set_in_kernel("project", "cell")
    assert resolve()["project"] == Given("cell", IN_KERNEL)
    assert Settings.load(project="argument").project == "argument"
    assert Settings.load().project == "cell"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("NBTRACK_MODE", "sometimes"),
        ("NBTRACK_SAMPLE_INTERVAL", "0"),
        ("NBTRACK_CONSOLE", "perhaps"),
        ("NBTRACK_CONSOLE_LIMIT", "1000"),
    ],
)
def test_a_bad_value_names_its_variable(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSettingError, match=f"{variable}='{value}'"):
        Settings.load()


def test_every_setting_says_what_it_means() -> None:
    assert all(_settings.description(name).endswith(".") for name in _settings.FIELDS)


def test_configuration_files_are_read_as_ipython_reads_them(profile: Path) -> None:
    (profile / "ipython_config.py").write_text(
        "c = get_config()\nc.NbTrack.project = 'general'\nc.NbTrack.quiet = True\nc.Other.x = 1\n"
    )
    (profile / "ipython_kernel_config.json").write_text('{"NbTrack": {"project": "kernel"}}')
    found = _profile.read_configuration()
    assert found == {
        "project": Given("kernel", str(profile / "ipython_kernel_config.json")),
        "quiet": Given(True, str(profile / "ipython_config.py")),
    }
    _profile.apply_configuration()
    assert Settings.load().project == "kernel"


def test_a_broken_configuration_file_is_named(profile: Path) -> None:
    (profile / "ipython_config.py").write_text("c.NbTrack.project = 1 / 0\n")
    with pytest.raises(ProfileError, match=r"ZeroDivisionError.*ipython_config\.py"):
        _profile.read_configuration()


def test_enabling_and_disabling(profile: Path) -> None:
    path = _profile.enable()
    assert path == profile / "startup" / path.name
    assert _profile.enable() == path
    assert _profile.is_enabled("default")
    assert not _profile.is_enabled("other")
    assert _profile.disable() == path
    assert not path.exists()
    assert _profile.disable() is None


def test_a_startup_file_that_somebody_changed_stays(profile: Path) -> None:
    path = _profile.enable()
    path.write_text(path.read_text() + "print('mine')\n")
    for change in (_profile.enable, _profile.disable):
        with pytest.raises(ProfileError, match="not as nbtrack writes it"):
            change()
    assert "mine" in path.read_text()


def test_the_project_is_the_checkout_or_the_folder(tmp_path: Path) -> None:
    inner = tmp_path / "checkout" / "notebooks"
    inner.mkdir(parents=True)
    assert default_project(inner) == "notebooks"
    (tmp_path / "checkout" / ".git").mkdir()
    assert default_project(inner) == "checkout"
