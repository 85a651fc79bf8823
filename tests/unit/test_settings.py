"""Where settings come from, and which of several values counts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbtrack import _environment, _profile, _settings
from nbtrack._errors import InvalidSettingError, ProfileError
from nbtrack._settings import DEFAULT, FIELDS, IN_KERNEL, Given, Settings, resolve
from nbtrack.store.documents import read_info
from nbtrack.store.layout import RunDir, default_project, find_store
from tests.journals import new_run


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


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of configuration files that the environment has for all its users."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    folder = tmp_path / "environment" / "etc" / "ipython"
    folder.mkdir(parents=True)
    return folder


def in_file(value: object, path: Path, name: str = "project") -> Given:
    return Given(value, str(path), f"c.NbTrack.{name}")


def test_the_nearest_value_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve()["project"] == Given(None, DEFAULT, "project")
    file = in_file("file", Path("/etc/file.py"))
    _settings.set_from_files({"project": file})
    assert resolve()["project"] == file
    assert Settings.load().project == "file"
    monkeypatch.setenv("NBTRACK_PROJECT", "variable")
    assert resolve()["project"] == Given("variable", "NBTRACK_PROJECT", "NBTRACK_PROJECT")
    assert Settings.load().project == "variable"
    _settings.set_in_kernel({"project": "cell"})
    assert resolve()["project"] == Given("cell", IN_KERNEL, "NbTrack.project")
    assert Settings.load().project == "cell"
    assert Settings.load(project="argument").project == "argument"
    assert Settings.load(project=None).project == "cell"
    _settings.set_in_kernel({"project": None})
    assert Settings.load().project == "variable"
    monkeypatch.setenv("NBTRACK_PROJECT", "")
    assert Settings.load().project == "file"
    _settings.set_from_files({"project": file._replace(value=None)})
    assert Settings.load().project is None


def test_a_value_set_by_hand_counts_although_it_is_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NBTRACK_QUIET", "1")
    _settings.set_in_kernel({"quiet": False})
    assert Settings.load().quiet is False


def test_what_is_set_by_hand_is_set_whole_or_not_at_all() -> None:
    with pytest.raises(InvalidSettingError, match=r"NbTrack\.mode='off' .* record or disabled"):
        _settings.set_in_kernel({"project": "new", "mode": "off"})
    with pytest.raises(InvalidSettingError, match=r"NbTrack\.projct is no .* NbTrack\.project\?"):
        _settings.set_in_kernel({"project": "new", "projct": "new"})
    assert resolve()["project"].source == DEFAULT


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


def test_a_bad_value_in_a_file_names_the_file(profile: Path) -> None:
    path = profile / "ipython_config.py"
    path.write_text("c.NbTrack.sample_interval = 0\n")
    _profile.apply_configuration()
    with pytest.raises(InvalidSettingError) as caught:
        Settings.load()
    assert "c.NbTrack.sample_interval=0 cannot be used" in str(caught.value)
    assert str(path) in str(caught.value)


def test_every_setting_says_what_it_means() -> None:
    assert all(_settings.description(name).endswith(".") for name in FIELDS)


def test_the_traits_are_the_settings() -> None:
    from nbtrack.notebook.configurable import NbTrack

    traits = NbTrack.class_traits(config=True)
    assert traits.keys() == FIELDS.keys()
    for name, trait in traits.items():
        assert trait.help == _settings.description(name)
        assert trait.default_value == FIELDS[name].default


def test_the_settings_need_no_traitlets() -> None:
    code = "import nbtrack, nbtrack._settings, sys; sys.exit('traitlets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_configuration_files_are_read_as_ipython_reads_them(
    profile: Path, environment: Path
) -> None:
    general = profile / "ipython_config.py"
    kernel = profile / "ipython_kernel_config.json"
    of_all = environment / "ipython_kernel_config.py"
    general.write_text(
        "c = get_config()\n"
        "c.NbTrack.project = c.NbTrack.mode = c.NbTrack.journal = 'general'\n"
        "c.Other.x = 1\n"
    )
    of_all.write_text("c.NbTrack.mode = c.NbTrack.project = 'all'\n")
    kernel.write_text('{"NbTrack": {"project": "kernel"}}')
    assert _profile.read_configuration().settings == {
        "project": in_file("kernel", kernel),
        "mode": in_file("all", of_all, "mode"),
        "journal": in_file("general", general, "journal"),
    }


def test_the_same_files_are_read_as_by_ipython(profile: Path, environment: Path) -> None:
    from IPython.core.application import ENV_CONFIG_DIRS, SYSTEM_CONFIG_DIRS

    expected = [*SYSTEM_CONFIG_DIRS[::-1], str(environment), str(profile)]
    assert len(ENV_CONFIG_DIRS) <= 1
    assert [str(folder) for folder in _profile.folders("default")] == expected


def test_a_file_may_load_another_profile_s(profile: Path) -> None:
    other = profile.parent / "profile_other"
    other.mkdir()
    (other / "base.py").write_text("c.NbTrack.project = 'other'\n")
    path = profile / "ipython_config.py"
    path.write_text("load_subconfig('base.py', profile='other')\n")
    assert _profile.read_configuration().settings == {"project": in_file("other", path)}


def test_a_broken_file_is_named_and_the_others_count(
    profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (profile / "ipython_config.py").write_text("print('hello')\nc.NbTrack.project = 1 / 0\n")
    good = profile / "ipython_kernel_config.py"
    good.write_text("c.NbTrack.quiet = True\nc.NbTrack.projct = 'x'\n")
    found = _profile.read_configuration()
    assert found.settings == {"quiet": in_file(True, good, "quiet")}
    assert found.unknown == [
        f"c.NbTrack.projct is no setting; did you mean NbTrack.project? ({good})"
    ]
    (broken,) = found.broken
    assert "ZeroDivisionError" in str(broken)
    assert "ipython_config.py" in str(broken)
    assert capsys.readouterr() == ("", "hello\n")


@pytest.mark.parametrize(
    "text",
    [
        "c.InteractiveShellApp.extensions = ['x', 'nbtrack']",
        "c.IPKernelApp.extensions = ['nbtrack']",
        "c.InteractiveShellApp.extensions.append('nbtrack')",
    ],
)
def test_nbtrack_among_the_extensions_is_seen(text: str, profile: Path) -> None:
    assert _profile.read_configuration().loaded_by is None
    path = profile / "ipython_config.py"
    path.write_text(f"{text}\n")
    assert _profile.read_configuration().loaded_by == str(path)


def test_ipython_s_folder(
    tmp_path: Path, isolated_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from IPython.paths import get_ipython_dir

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert _environment.ipython_directory() == tmp_path / ".ipython"
    (tmp_path / "config" / "ipython").mkdir(parents=True)
    assert str(_environment.ipython_directory()) == get_ipython_dir()
    assert _environment.ipython_directory() == tmp_path / "config" / "ipython"
    monkeypatch.setenv("IPYTHONDIR", "~/elsewhere")
    assert _environment.ipython_directory() == tmp_path / "elsewhere"
    assert str(_environment.ipython_directory()) == get_ipython_dir()


def test_enabling_and_disabling(profile: Path) -> None:
    path = _profile.enable(profile)
    assert path == profile / "startup" / path.name
    before = path.stat()
    assert _profile.enable(profile) == path
    assert path.stat() == before
    assert _profile.disable(profile) == path
    assert not path.exists()
    assert _profile.disable(profile) is None


def test_a_profile_that_is_absent_is_made(profile: Path) -> None:
    path = _profile.enable(_profile.profile_folder("other"))
    assert path.parent.parent == profile.parent / "profile_other"
    assert path.exists()


@pytest.mark.parametrize("name", ["", "a/b"])
def test_a_profile_has_a_name(name: str, profile: Path) -> None:
    with pytest.raises(ProfileError, match="name of a profile"):
        _profile.profile_folder(name)


def test_a_startup_file_that_somebody_changed_stays(profile: Path) -> None:
    path = _profile.enable(profile)
    path.write_text(path.read_text() + "print('mine')\n")
    for change in (_profile.enable, _profile.disable):
        with pytest.raises(ProfileError, match="not as nbtrack writes it"):
            change(profile)
    assert "mine" in path.read_text()


def test_a_folder_that_cannot_be_written_is_named(profile: Path) -> None:
    (profile / "startup").write_text("")
    with pytest.raises(ProfileError, match=r"enable nbtrack: .*startup"):
        _profile.enable(profile)


def test_what_is_enabled_for_all_can_be_read_by_all(
    profile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_profile, "MACHINE_FOLDER", tmp_path / "etc" / "ipython")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    mine = _profile.enable(profile)
    before = os.umask(0o077)
    try:
        paths = [
            _profile.enable(folder)
            for folder in (_profile.MACHINE_FOLDER, _profile.environment_folder())
        ]
    finally:
        os.umask(before)
    assert paths[1].is_relative_to(tmp_path / "environment" / "etc" / "ipython" / "startup")
    for path in paths:
        assert path.stat().st_mode & 0o777 == 0o644
        assert path.parents[0].stat().st_mode & 0o777 == 0o755
        assert path.parents[2].stat().st_mode & 0o777 == 0o755
    assert _profile.enabled_by() == [*paths, mine]
    assert _profile.disable(_profile.MACHINE_FOLDER) == paths[0]
    assert _profile.enabled_by() == [paths[1], mine]


def test_the_project_is_the_checkout_or_the_folder(tmp_path: Path) -> None:
    inner = tmp_path / "checkout" / "notebooks"
    inner.mkdir(parents=True)
    assert default_project(inner) == "notebooks"
    (tmp_path / "checkout" / ".git").mkdir()
    assert default_project(inner) == "checkout"
    assert default_project(tmp_path / "checkout") == "checkout"
    find_store(None, tmp_path).create()
    assert default_project(inner) == "checkout"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, None),
        ({"SLURM_JOB_ID": "4711"}, ("SLURM", "4711")),
        ({"PBS_JOBID": "12.head"}, ("PBS", "12.head")),
        ({"LSB_JOBID": "9"}, ("LSF", "9")),
        (
            {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "HOSTNAME": "jupyter-ada"},
            ("Kubernetes", "jupyter-ada"),
        ),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "SLURM_JOB_ID": "1"}, ("SLURM", "1")),
    ],
)
def test_the_batch_job_is_known_from_the_environment(
    variables: dict[str, str],
    expected: tuple[str, str] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    assert _environment.batch_job() == expected
    run = new_run(tmp_path / "store")
    job = read_info(RunDir(run.path)).job
    assert (job.system, job.id) == expected if job is not None else expected is None
    run.finish()
