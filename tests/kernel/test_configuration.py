"""Settings that come from IPython's configuration, and nbtrack in every kernel of a profile."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import nbtrack
from nbtrack import _profile
from tests.kernel.kernels import Kernel

pytestmark = pytest.mark.kernel

Start = Callable[..., Kernel]


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a default profile of its own, which kernels and terminals use too."""
    folder = tmp_path / "ipython" / "profile_default"
    folder.mkdir(parents=True)
    monkeypatch.setenv("IPYTHONDIR", str(folder.parent))
    return folder


def terminal(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """IPython in a terminal, with a store in ``folder``."""
    return subprocess.run(
        [sys.executable, "-m", "IPython", *arguments],
        env={**os.environ, "NBTRACK_DIR": str(folder / "store")},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_a_configuration_file_rules_the_kernel(
    profile: Path, tmp_path: Path, start_kernel: Start
) -> None:
    store = tmp_path / "configured"
    (profile / "ipython_kernel_config.py").write_text(
        f"c.NbTrack.dir = {str(store)!r}\nc.NbTrack.project = 'from-file'\n"
    )
    kernel = start_kernel(NBTRACK_DIR="")
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    assert kernel.run("nbtrack.log({'a': 1})").error is None
    assert kernel.value("nbtrack.run.project") == "'from-file'"
    (run,) = nbtrack.runs(dir=store)
    assert run.project == "from-file"


def test_runs_are_read_where_a_kernel_would_record_them(
    profile: Path, tmp_path: Path, start_kernel: Start
) -> None:
    (profile / "ipython_config.json").write_text(f'{{"NbTrack": {{"dir": "{tmp_path}/x"}}}}')
    kernel = start_kernel(NBTRACK_DIR="")
    kernel.run("import nbtrack\nnbtrack.runs()")
    where = kernel.run(
        "try: nbtrack.open_run('none')\nexcept nbtrack.RunNotFoundError as error: print(error)"
    )
    assert f"{tmp_path}/x" in where.text


def test_a_variable_goes_before_a_configuration_file(profile: Path, start_kernel: Start) -> None:
    (profile / "ipython_config.py").write_text("c.NbTrack.project = 'from-file'\n")
    kernel = start_kernel(NBTRACK_PROJECT="from-variable")
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    assert kernel.run("%config NbTrack.project").result == "'from-variable'"
    assert kernel.value("nbtrack.run.project") == "'from-variable'"


def test_a_bad_value_in_a_configuration_file_is_a_clear_error(
    profile: Path, start_kernel: Start
) -> None:
    path = profile / "ipython_config.py"
    path.write_text("c.NbTrack.mode = 'sometimes'\n")
    kernel = start_kernel()
    loading = kernel.run("%load_ext nbtrack")
    assert loading.error == "InvalidSettingError"
    (message,) = [output["evalue"] for output in loading.outputs if output["kind"] == "error"]
    assert "c.NbTrack.mode='sometimes' cannot be used" in message
    assert str(path) in message
    assert kernel.run("1 + 1").result == "2"
    for _ in range(2):  # nothing stays half attached
        assert kernel.run("import nbtrack\nnbtrack.log({'a': 1})").error == "InvalidSettingError"
    kernel.run("%env NBTRACK_MODE=record")
    assert kernel.run("nbtrack.log({'a': 1})").error is None
    assert len(kernel.current_run().attempts) == 1


def test_a_name_that_is_no_setting_is_a_warning(profile: Path, start_kernel: Start) -> None:
    (profile / "ipython_config.py").write_text("c.NbTrack.projct = 'x'\n")
    loading = start_kernel().run("%load_ext nbtrack")
    assert loading.error is None
    assert "c.NbTrack.projct is no setting; did you mean NbTrack.project?" in loading.text


def test_config_magic_lists_and_sets(kernel: Kernel) -> None:
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    assert "NbTrack" in kernel.run("%config").text
    listed = kernel.run("%config NbTrack").text
    assert "NbTrack.project=<Unicode>" in listed
    assert "Choices: any of ['record', 'disabled']" in listed
    assert f"Current: {str(kernel.store)!r}" in listed
    kernel.run("%config NbTrack.overflow = 'drop'")
    assert kernel.run("%config NbTrack.overflow").result == "'drop'"
    kernel.run("%config NbTrack.overflow = None")
    assert kernel.run("%config NbTrack.overflow").result == "'wait'"
    kernel.run("%unload_ext nbtrack")
    assert "NbTrack" not in kernel.run("%config").text


def test_config_magic_goes_before_variables(start_kernel: Start) -> None:
    kernel = start_kernel(NBTRACK_QUIET="1")
    assert kernel.run("%load_ext nbtrack").text == ""
    assert kernel.run("%config NbTrack.quiet").result == "True"
    kernel.run("%config NbTrack.quiet = False")
    assert kernel.run("%config NbTrack.quiet").result == "False"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("sample_interval = -1", "NbTrack.sample_interval=-1 cannot be used"),
        ("mode = 'off'", "It can be record or disabled."),
        ("projct = 'x'", "did you mean NbTrack.project?"),
    ],
)
def test_a_bad_value_changes_nothing(setting: str, said: str, notebook: Kernel) -> None:
    assert said in notebook.run(f"%config NbTrack.{setting}").text
    assert notebook.run("%config NbTrack.sample_interval").result == "2.0"
    assert notebook.run("%config NbTrack.mode").result == "'record'"
    notebook.run("%unload_ext nbtrack")
    assert notebook.run("%load_ext nbtrack").error is None


def test_a_run_in_which_nothing_happened_begins_again_with_what_is_set(
    kernel: Kernel, tmp_path: Path
) -> None:
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    kernel.run("x = 1")
    before = kernel.value("nbtrack.run.id")
    kernel.run("%track name mine")
    changing = kernel.run("%config NbTrack.project = 'by-hand'")
    assert (changing.error, changing.text) == (None, "")
    assert kernel.value("nbtrack.run.project") == "'by-hand'"
    assert kernel.value("nbtrack.run.id") != before
    assert kernel.value("nbtrack.run.name") == "'mine'"
    kernel.run("nbtrack.log({'a': x})")
    run = kernel.current_run()
    assert kernel.run_directories() == [run.id]
    assert [cell.source for cell in run.cells][-2:] == [
        "%config NbTrack.project = 'by-hand'",
        "nbtrack.log({'a': x})",
    ]
    later = kernel.run("%config NbTrack.project = 'next'")
    assert "the next one begins with this" in later.text
    assert kernel.current_run().id == run.id
    kernel.run("nbtrack.init()")
    assert kernel.value("nbtrack.run.project") == "'next'"
    assert kernel.run("%config NbTrack.quiet = True").text == ""


def test_recording_can_be_switched_on_and_off(start_kernel: Start) -> None:
    kernel = start_kernel(NBTRACK_MODE="disabled")
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    kernel.run("nbtrack.log({'a': 1})")
    assert kernel.run_directories() == []
    kernel.run("%config NbTrack.mode = 'record'")
    run = kernel.current_run()
    assert run.name != "disabled"
    kernel.run("%config NbTrack.mode = 'disabled'")
    assert kernel.run_directories() == []
    kernel.run("%config NbTrack.mode = 'record'")
    kernel.run("nbtrack.log({'a': 2})")
    assert kernel.only_run().rows == 1


def test_a_run_that_somebody_began_is_left_alone(kernel: Kernel) -> None:
    kernel.run("import nbtrack")
    kernel.run("run = nbtrack.init(mode='disabled', name='mine')")
    kernel.run("%config NbTrack.project = 'other'")
    assert kernel.value("nbtrack.run is run") == "True"


def test_the_console_can_be_switched_off_and_on(kernel: Kernel) -> None:
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    kernel.run("%config NbTrack.console = False")
    kernel.run("print('unheard')\nnbtrack.log({'a': 1})")
    kernel.run("%config NbTrack.console = True")
    kernel.run("print('heard')")
    run = kernel.current_run()
    kernel.shutdown()
    log = run.log()
    assert "heard" in log
    assert "unheard" not in log


def test_what_was_set_before_the_extension_was_loaded_counts(kernel: Kernel) -> None:
    kernel.run("%config NbTrack.project = 'early'")
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    kernel.run("nbtrack.log({'a': 1})")
    assert kernel.value("nbtrack.run.project") == "'early'"


def test_an_enabled_profile_loads_nbtrack_in_every_kernel(
    profile: Path, start_kernel: Start
) -> None:
    _profile.enable(profile)
    plain = "[name for name in globals() if not name.startswith('_')]"
    kernel = start_kernel()
    assert kernel.run_directories() == []
    names = kernel.value(plain)
    first = kernel.run("%%track\nimport nbtrack\nnbtrack.log({'a': 1})")
    assert (first.error, first.text) == (None, "")
    (cell,) = kernel.current_run().cells
    assert cell.execution_count == 1
    kernel.shutdown()
    assert kernel.only_run().state == "finished"
    _profile.disable(profile)
    other = start_kernel()
    assert other.value(plain) == names
    assert "not found" in other.run("%%track\n1").text


def test_an_enabled_kernel_says_in_its_first_cell_why_nothing_is_recorded(
    profile: Path, start_kernel: Start
) -> None:
    _profile.enable(profile)
    (profile / "startup" / "99-mine.py").write_text("mine = 1\n")
    kernel = start_kernel(NBTRACK_MODE="sometimes")
    first = kernel.run("mine")
    assert first.result == "1"
    assert first.text.startswith("nbtrack is not recording: read the settings: NBTRACK_MODE=")
    assert kernel.run("mine").text == ""
    kernel.run("%env NBTRACK_MODE=record")
    assert "recording this kernel" in kernel.run("%load_ext nbtrack").text


@pytest.fixture
def without_nbtrack(profile: Path) -> Path:
    """Enabled, but as in an environment in which nbtrack is not installed."""
    startup = _profile.enable(profile)
    hide = "import sys\nsys.modules['nbtrack'] = None\ndel sys\n"
    (profile / "startup" / "00-hide.py").write_text(hide)
    return startup


@pytest.mark.usefixtures("without_nbtrack")
def test_a_kernel_without_nbtrack_starts_as_before(start_kernel: Start) -> None:
    kernel = start_kernel()
    assert kernel.run("1 + 1").result == "2"
    assert kernel.value("'nbtrack' in get_ipython().extension_manager.loaded") == "False"


@pytest.mark.usefixtures("without_nbtrack")
def test_a_terminal_without_nbtrack_starts_as_before(tmp_path: Path) -> None:
    done = terminal(tmp_path, "-c", "print(1 + 1)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "2\n", "")


def test_a_terminal_of_an_enabled_profile_records(profile: Path, tmp_path: Path) -> None:
    _profile.enable(profile)
    done = terminal(tmp_path, "-c", "%%track\nimport nbtrack; nbtrack.log({'a': 1}); print('on')")
    assert (done.returncode, done.stdout, done.stderr) == (0, "on\n", "")
    (run,) = nbtrack.runs(dir=tmp_path / "store")
    assert (run.state, run.rows) == ("finished", 1)


def test_options_of_a_terminal_s_command_line_count(profile: Path, tmp_path: Path) -> None:
    done = terminal(
        tmp_path,
        "--NbTrack.project=by-option",
        "--NbTrack.sample_interval=5",
        "-c",
        "%load_ext nbtrack\nimport nbtrack; nbtrack.log({'a': 1})\n%config NbTrack.sample_interval",
    )
    assert done.returncode == 0, done.stderr
    (run,) = nbtrack.runs(dir=tmp_path / "store")
    assert run.project == "by-option"
