"""What would be uploaded: an sdist with all that it takes, and a wheel, as indexes want them."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from email.message import Message
from email.parser import Parser
from pathlib import Path, PurePosixPath

import pytest

import nbtrack
from tests.install.environments import CHECKOUT, build

BASE = f"nbtrack-{nbtrack.__version__}"
# What only working on the repository takes.
NOT_SHIPPED = (".ci/", ".dvc/", ".dvcignore")
MADE = {"PKG-INFO"}


def run(*command: str | Path, folder: Path | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"{BASE}.dist-info/METADATA").decode()
    return Parser().parsestr(text)


def test_indexes_would_take_both(built: Path) -> None:
    said = run("twine", "check", "--strict", *built.iterdir())
    assert said.count("PASSED") == 2


def test_the_wheel_has_nothing_that_wheels_should_not_have(wheel: Path) -> None:
    assert run("check_wheel_contents", wheel).endswith("OK\n")


def test_the_sdist_has_every_file_of_the_repository_and_no_other(sdist: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    wanted = {name for name in listed.stdout.splitlines() if (CHECKOUT / name).is_file()}
    wanted = {name for name in wanted if not name.startswith(NOT_SHIPPED)}
    with tarfile.open(sdist) as archive:
        names = {str(PurePosixPath(one.name).relative_to(BASE)) for one in archive if one.isfile()}
    assert names - MADE == wanted


def test_the_description_stands_without_the_files_beside_it(wheel: Path) -> None:
    description = metadata(wheel).get_payload()
    assert isinstance(description, str)
    assert description.startswith("# nbtrack\n")
    assert "## What survives what" in description
    assert not re.search(r"\]\((?!https:)|<picture|<img", description)
    assert not re.search(r":\n+#", description), "what a colon announces is there"


def test_the_metadata_are_those_of_the_project(wheel: Path) -> None:
    found = metadata(wheel)
    assert found["Version"] == nbtrack.__version__
    assert found["License-Expression"] == "Apache-2.0"
    assert found.get_all("License-File") == ["LICENSE"]
    assert {"demo", "sync", "lake", "mlflow", "wandb", "docs"} <= {
        *found.get_all("Provides-Extra", [])
    }
    with zipfile.ZipFile(wheel) as archive:
        entries = archive.read(f"{BASE}.dist-info/entry_points.txt").decode()
    assert entries.split() == ["[console_scripts]", "nbtrack", "=", "nbtrack._cli:main"]


@pytest.mark.full
def test_the_checkout_gives_the_same_wheel_as_the_sdist(
    wheel: Path, tmp_path: Path, outside_environ: Mapping[str, str]
) -> None:
    build(tmp_path, outside_environ, "--wheel")
    (direct,) = tmp_path.iterdir()
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(direct) as other:
        assert one.namelist() == other.namelist()
        assert [n for n in one.namelist() if one.read(n) != other.read(n)] == []


@pytest.mark.full
def test_what_the_sdist_holds_can_be_worked_on(sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    folder = tmp_path / BASE
    run("ruff", "check", "--no-cache", ".", folder=folder)
    tests = (
        "tests/unit/test_layers.py",
        "tests/unit/test_public_api.py",
        "tests/docs/test_pages.py",
    )
    assert "passed" in run("pytest", "-q", "-p", "no:cacheprovider", *tests, folder=folder)
