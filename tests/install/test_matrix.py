"""The tests in real kernels and browsers, with each pair of ipykernel and IPython supported."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.install.environments import CHECKOUT

pytestmark = [pytest.mark.full, pytest.mark.kernel, pytest.mark.timeout(3600)]

MATRIX = [
    ("ipykernel==6.29.*", "ipython==8.18.*"),
    ("ipykernel==6.29.*", "ipython==9.*"),
    ("ipykernel==7.*", "ipython==8.*"),
    ("ipykernel==7.*", "ipython==9.*"),
]


# Colab's. Its streams have no hooks: what is printed past Python's own is not kept there.
COLAB = ("ipykernel==6.17.*", "ipython==7.34.*")
COLAB_TESTS = [
    f"tests/kernel/test_{name}.py"
    for name in ("cells", "colab", "front_ends", "hooks", "runners", "session", "views", "vscode")
]


@pytest.mark.parametrize(("ipykernel", "ipython"), MATRIX)
def test_kernels(
    ipykernel: str, ipython: str, tmp_path: Path, outside_environ: Mapping[str, str]
) -> None:
    run_tests(["tests/kernel", "tests/browser"], (ipykernel, ipython), tmp_path, outside_environ)


def test_colab(tmp_path: Path, outside_environ: Mapping[str, str]) -> None:
    run_tests(COLAB_TESTS, COLAB, tmp_path, outside_environ)


def run_tests(
    tests: list[str], pair: tuple[str, str], tmp_path: Path, outside_environ: Mapping[str, str]
) -> None:
    python = str(tmp_path / "venv" / "bin" / "python")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True, timeout=120)
    install = [python, "-m", "pip", "install", "--quiet", "--editable", f"{CHECKOUT}[test]"]
    subprocess.run([*install, *pair], env=outside_environ, check=True, timeout=1200)
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not full"]
    done = subprocess.run(
        [*command, *tests],
        cwd=CHECKOUT,
        env=outside_environ,
        capture_output=True,
        text=True,
        timeout=3300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-10_000:]
