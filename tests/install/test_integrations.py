"""The tests of each framework, with its present release and with the oldest that is supported."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from nbtrack.integrations import FRAMEWORKS
from tests.install.environments import CHECKOUT

# What the tests themselves need.
TOOLS = (
    "pytest",
    "pytest-timeout",
    "hypothesis",
    "pandas",
    "scikit-learn",
    "trustme",
    "mlflow-skinny",
)


class Row(NamedTuple):
    """What is installed for a framework's tests.

    Attributes:
        framework: Its key in ``FRAMEWORKS``.
        release: ``"present"`` or ``"oldest"``.
        requirements: For pip.
    """

    framework: str
    release: str
    requirements: tuple[str, ...]


# What comes with a framework: what it runs on, and what its oldest release can be run with.
# The oldest releases of frameworks that were built for numpy 1, or that scikit-learn left behind.
BESIDE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "catboost": ((), ("catboost==1.2", "numpy<2", "scikit-learn==1.5.*")),
    "lightgbm": ((), ("numpy<2", "scikit-learn==1.5.*")),
    "keras": (("torch",), ("torch",)),
    "lightning": (("tensorboard",), ("pytorch-lightning==2.4.*", "tensorboard")),
    "optuna": (("plotly",), ("plotly",)),
    # With a later SciPy it warns.
    "sklearn": ((), ("scipy==1.14.*",)),
    "tensorboard": (
        ("matplotlib", "tensorboard", "torch"),
        ("matplotlib", "tensorboard", "torch"),
    ),
    "tqdm": ((), ("tqdm==4.66.0",)),
    "transformers": (
        ("accelerate", "optuna", "tensorboard", "torch"),
        ("accelerate", "optuna", "tensorboard", "torch"),
    ),
    "xgboost": ((), ("xgboost-cpu==2.1.1", "scikit-learn==1.5.*")),
}
# The same module without what needs a GPU, and much smaller. There is no 2.1.0 of it.
INSTEAD = {"xgboost": "xgboost-cpu"}


def rows() -> Iterator[Row]:
    for name, known in FRAMEWORKS.items():
        present, oldest = BESIDE.get(name, ((), ()))
        distribution = INSTEAD.get(name, known.distribution)
        yield Row(name, "present", (distribution, *present))
        yield Row(name, "oldest", (f"{distribution}=={known.oldest}.*", *oldest))


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("row", list(rows()), ids=lambda row: f"{row.framework}-{row.release}")
def test_a_release(row: Row, tmp_path: Path, outside_environ: Mapping[str, str]) -> None:
    python = str(tmp_path / "venv" / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", *TOOLS, *row.requirements]
    run_tests = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "full or not full"]
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True, timeout=120)
    subprocess.run(
        [*install, "--editable", CHECKOUT], env=outside_environ, check=True, timeout=2400
    )
    done = subprocess.run(
        [
            *run_tests,
            *("-k", f"test_{row.framework} or /{row.framework}.md"),
            f"tests/integrations/test_{row.framework}.py",
            "tests/integrations/test_examples.py",
        ],
        cwd=CHECKOUT,
        env=outside_environ,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-10_000:]
    ended = done.stdout.splitlines()[-1]
    assert re.search(r"\b\d+ passed", ended), ended
    assert "skipped" not in ended
