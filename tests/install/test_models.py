"""The tests that need torch or Keras, where they are installed: those of ``tests/large.py``."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.install.environments import CHECKOUT

TESTS = (
    "unit/test_torch_counts.py",
    "unit/test_watch_torch.py",
    "unit/test_watch_torch_training.py",
    "unit/test_watch_keras.py",
    "unit/test_media_images.py::test_a_tensor_of_torch_reads_back",
    "compat/test_wandb_code.py::test_a_network_that_was_watched",
    "crash/test_family.py::test_workers_of_a_data_loader",
)


def test_none_is_missing_from_the_list() -> None:
    folder = CHECKOUT / "tests"
    large = re.compile(r"\blarge\.library\(|^from tests\.unit\.nets import", re.MULTILINE)
    needing = {
        str(path.relative_to(folder))
        for path in folder.rglob("test_*.py")
        if large.search(path.read_text(encoding="utf-8"))
    }
    assert needing == {name.partition("::")[0] for name in TESTS}


@pytest.mark.full
@pytest.mark.timeout(3600)
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
        + [f"tests/{name}" for name in TESTS],
        cwd=CHECKOUT,
        env=outside_environ,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-10_000:]
    assert "skipped" not in done.stdout.splitlines()[-1]
