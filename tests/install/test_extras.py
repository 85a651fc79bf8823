"""The extras with the oldest versions that they allow: each does with real data what it is for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest
from packaging.utils import canonicalize_name as canonical
from packaging.version import Version

from nbtrack.store.layout import Store
from tests.install.environments import RUNNING, Environment, find_interpreter, lower_bounds
from tests.mlflow_server import serving
from tests.s3 import S3

EXTRAS = ("sync", "lake", "mlflow", "wandb")
# The oldest wandb asks for more than nbtrack does.
BOUNDS = [bound for bound in lower_bounds(*EXTRAS) if not bound.startswith("click==")]
RECORD = """\
import nbtrack
with nbtrack.init(name="first-steps", config={"rate": 0.1}) as run:
    for step in range(20):
        run.log({"loss": 0.9**step})
"""
pytestmark = [pytest.mark.full, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def environment(
    wheel: Path, tmp_path_factory: pytest.TempPathFactory, outside_environ: Mapping[str, str]
) -> Environment:
    interpreter = find_interpreter(RUNNING, outside_environ)
    assert interpreter is not None
    return Environment.create(
        tmp_path_factory.mktemp("extras") / "venv",
        interpreter,
        wheel,
        outside=outside_environ,
        constraints=BOUNDS,
        extras=f"[{','.join(EXTRAS)}]",
    )


@pytest.fixture(scope="module")
def store(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with a run of 20 rows."""
    path = str(tmp_path_factory.mktemp("recorded") / "store")
    environment.output("python", "-c", RECORD, NBTRACK_DIR=path)
    return path


def test_their_requirements_agree(environment: Environment) -> None:
    assert "No broken requirements" in environment.output("python", "-m", "pip", "check")


def test_the_versions_are_the_oldest(environment: Environment) -> None:
    listed = environment.json("python", "-m", "pip", "list", "--format", "json")
    installed = {canonical(one["name"]): one["version"] for one in listed}
    for bound in BOUNDS:
        name, _, version = bound.partition("==")
        assert Version(installed[canonical(name)]) == Version(version)


def test_a_store_is_synced_and_read_there(
    environment: Environment, store: str, s3_server: S3, tmp_path: Path
) -> None:
    for place, variables in (
        ((tmp_path / "copy").as_uri(), {}),
        ("s3://ready/oldest", s3_server.environ),
    ):
        settings = {"NBTRACK_DIR": store, **variables}
        said = environment.output("nbtrack", "sync", "--all", "--to", place, **settings)
        assert said.startswith("Sent ")
        (run,) = environment.json("nbtrack", "ls", "--store", place, "--json", **settings)
        assert (run["name"], run["rows"]) == ("first-steps", 20)


def test_a_lake_is_made(environment: Environment, store: str, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    environment.output("nbtrack", "lake", "commit", "--store", store, "--to", lake.as_uri())
    count = duckdb.sql(f"SELECT count(*) FROM '{lake}/metrics/**/*.parquet'")
    assert count is not None
    assert count.fetchall() == [(20,)]


def test_a_run_goes_to_mlflow(environment: Environment, store: str, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        settings = {"NBTRACK_DIR": store, "MLFLOW_DISABLE_TELEMETRY": "true"}
        environment.output("nbtrack", "sync", "--all", "--to", server.to, **settings)
        (run,) = environment.json("nbtrack", "ls", "--json", **settings)
        assert len(server.check_equal(Store(Path(store)), run["id"])) == 2


def test_a_run_is_exported_for_wandb(environment: Environment, store: str, tmp_path: Path) -> None:
    folder = tmp_path / "for-wandb"
    environment.output("nbtrack", "export", "wandb", "first-steps", folder, NBTRACK_DIR=store)
    assert len(list(folder.glob("wandb/*/*.wandb"))) == 1
