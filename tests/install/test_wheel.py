"""The wheel, installed by pip into a clean environment, records and reads a notebook's run."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

import nbtrack
from tests.install.environments import (
    CHECKOUT,
    RUNNING,
    SUPPORTED,
    Environment,
    find_interpreter,
    lower_bounds,
)

ROWS = 100
CELL = f"""\
%%track --name baseline
nbtrack.config["rate"] = 0.1
for i in range({ROWS}):
    nbtrack.log({{"loss": 1 / (i + 1), "accuracy": i / {ROWS}}})
"""
# The live view is what brings ipywidgets.
HEAVY = ("arro3", "duckdb", "numpy", "pandas", "jupyter_server", "rich")
RUN_KEYS = set(
    "id name project state reason exception started_at ended_at attempts config summary rows "
    "dropped_rows notebook host".split()
)
ATTEMPT_KEYS = set("n cell_try cell_id state started_at ended_at".split())
HISTORY = """\
import json, sys
import arro3.core, nbtrack
table = arro3.core.Table.from_arrow(nbtrack.open_run(sys.argv[1]).history("loss"))
columns = {name: table[name].to_pylist() for name in table.column_names}
columns["time"] = [time.timestamp() for time in columns["time"]]
print(json.dumps(columns))
"""
# As `jupyter server extension list`, which says it in colours and on standard error.
EXTENSIONS = """\
import json
from jupyter_core.paths import jupyter_config_path
from jupyter_server.extension.config import ExtensionConfigManager
from jupyter_server.extension.manager import ExtensionManager
config = ExtensionConfigManager(read_config_path=jupyter_config_path())
manager = ExtensionManager(config_manager=config)
found = manager.extensions["nbtrack"]
print(json.dumps([found.enabled, found.validate()]))
"""


def rows() -> list[Any]:
    """One row for each Python that is supported, and one with every lower bound."""
    others = [v for v in SUPPORTED if v != RUNNING]
    return [
        pytest.param((RUNNING, False), id=RUNNING),
        pytest.param((RUNNING, True), id=f"{RUNNING}-oldest", marks=pytest.mark.full),
        *(pytest.param((v, False), id=v, marks=pytest.mark.full) for v in others),
    ]


@pytest.fixture(scope="module", params=rows())
def environment(
    request: pytest.FixtureRequest,
    wheel: Path,
    tmp_path_factory: pytest.TempPathFactory,
    outside_environ: Mapping[str, str],
) -> Environment:
    version, oldest = request.param
    interpreter = find_interpreter(version, outside_environ)
    if interpreter is None:
        pytest.skip(f"no usable python{version} here")
    return Environment.create(
        tmp_path_factory.mktemp(f"python{version}") / "venv",
        interpreter,
        wheel,
        outside=outside_environ,
        constraints=lower_bounds() if oldest else (),
    )


@contextmanager
def kernel(environment: Environment, folder: Path, store: Path) -> Iterator[BlockingKernelClient]:
    """A kernel of the environment; shut down as a notebook server does it."""
    spec = folder / "specs" / "wheel"
    spec.mkdir(parents=True)
    argv = [str(environment.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "wheel", "language": "python"}), encoding="utf-8"
    )
    specs = KernelSpecManager(kernel_dirs=[str(spec.parent)])
    manager = KernelManager(kernel_name="wheel", kernel_spec_manager=specs)
    manager.start_kernel(
        env={**environment.environ, "NBTRACK_DIR": str(store)}, cwd=environment.environ["HOME"]
    )
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=180)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


def execute(client: BlockingKernelClient, code: str) -> str:
    """Run one cell; what it printed. Fails where the cell does."""
    printed: list[str] = []

    def keep(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream":
            printed.append(message["content"]["text"])

    reply = client.execute_interactive(code, timeout=180, output_hook=keep)
    assert reply["content"]["status"] == "ok", reply["content"]
    return "".join(printed)


def test_holds_the_package_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    metadata = f"nbtrack-{nbtrack.__version__}.dist-info/"
    data = f"nbtrack-{nbtrack.__version__}.data/data/"
    configuration = f"{data}etc/jupyter/"
    extension = f"{data}share/jupyter/labextensions/nbtrack/"
    own = ("nbtrack/", metadata, configuration, extension)
    assert [name for name in names if not name.startswith(own)] == []
    assert f"{configuration}jupyter_server_config.d/nbtrack.json" in names
    built = [path for path in (CHECKOUT / "labextension").rglob("*") if path.is_file()]
    assert {name for name in names if name.startswith(extension)} == {
        f"{extension}{path.relative_to(CHECKOUT / 'labextension').as_posix()}" for path in built
    }
    assert {"nbtrack/py.typed", f"{metadata}licenses/LICENSE"} <= set(names)
    modules = {f"nbtrack/{p.relative_to(CHECKOUT / 'nbtrack')}" for p in python_files()}
    assert {name for name in names if name.endswith(".py")} == modules


def python_files() -> list[Path]:
    return list((CHECKOUT / "nbtrack").rglob("*.py"))


@pytest.mark.kernel
@pytest.mark.timeout(1200)  # the first test of a row installs everything
def test_a_notebook_is_recorded_and_read(environment: Environment, tmp_path: Path) -> None:
    store = tmp_path / "store"
    settings = {"NBTRACK_DIR": str(store)}

    with kernel(environment, tmp_path, store) as client:
        execute(client, "import nbtrack\n%load_ext nbtrack")
        execute(client, CELL)
        heavy = f"import sys; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
        assert execute(client, heavy).strip() == "[]"
        (alive,) = environment.json("nbtrack", "ls", "--json", **settings)
        assert alive["state"] == "running"

    (listed,) = environment.json("nbtrack", "ls", "--json", **settings)
    assert listed["id"] == alive["id"]
    assert listed["state"] == "finished"

    run = environment.json("nbtrack", "show", listed["id"], "--json", **settings)
    assert set(run) >= RUN_KEYS
    assert (run["state"], run["rows"], run["dropped_rows"]) == ("finished", ROWS, 0)
    assert run["config"] == {"rate": 0.1}
    assert run["summary"] == {"loss": 1 / ROWS, "accuracy": (ROWS - 1) / ROWS}
    assert run["exception"] is None
    (attempt,) = run["attempts"]
    assert set(attempt) >= ATTEMPT_KEYS
    assert (attempt["n"], attempt["cell_try"], attempt["state"]) == (1, 1, "finished")
    assert run["started_at"] <= attempt["started_at"] <= attempt["ended_at"] <= run["ended_at"]

    history = environment.json("python", "-c", HISTORY, listed["id"], **settings)
    assert list(history) == ["attempt", "step", "time", "value"]
    assert history["step"] == list(range(ROWS))
    assert history["attempt"] == [1] * ROWS
    assert history["value"] == [1 / (i + 1) for i in range(ROWS)]
    assert history["time"] == sorted(history["time"])


def test_the_server_s_extension_is_switched_on(environment: Environment) -> None:
    listed = environment.output("python", "-c", EXTENSIONS)
    assert json.loads(listed) == [True, True]


@pytest.mark.full  # JupyterLab is large, and nothing that recording needs
@pytest.mark.timeout(1200)
def test_jupyterlab_has_the_extension(
    environment: Environment, outside_environ: Mapping[str, str]
) -> None:
    python = str(environment.python)
    install = [python, "-m", "pip", "install", "--quiet", "jupyterlab"]
    subprocess.run(install, env=outside_environ, check=True, timeout=900)
    command = [python, "-m", "jupyterlab.labextensions", "list"]
    done = subprocess.run(
        command, env=environment.environ, capture_output=True, text=True, timeout=120, check=True
    )
    said = re.sub(r"\x1b\[\d*m", "", done.stdout + done.stderr)
    assert f"nbtrack v{nbtrack.__version__} enabled OK (python, nbtrack)" in said


def test_its_requirements_agree(environment: Environment) -> None:
    assert "No broken requirements" in environment.output("python", "-m", "pip", "check")


def test_its_version_is_the_projects(environment: Environment) -> None:
    assert environment.output("nbtrack", "--version").split()[-1] == nbtrack.__version__
