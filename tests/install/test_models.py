"""The tests of models where torch and Keras are installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.install.environments import CHECKOUT

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]

TESTS = ("test_torch_counts.py", "test_watch_torch.py", "test_watch_keras.py")


@pytest.mark.skipif(
    find_spec("torch") is not None and find_spec("keras") is not None,
    reason="torch and Keras are installed here, so their tests have run already",
)
def test_models(tmp_path: Path, outside_environ: Mapping[str, str]) -> None:
    python = str(tmp_path / "venv" / "bin" / "python")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True, timeout=120)
    install = [python, "-m", "pip", "install", "--quiet", "--editable"]
    subprocess.run(
        [*install, f"{CHECKOUT}[test-models]"], env=outside_environ, check=True, timeout=2400
    )
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        + [f"tests/unit/{name}" for name in TESTS],
        cwd=CHECKOUT,
        env=outside_environ,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-10_000:]
    assert "skipped" not in done.stdout.splitlines()[-1]
