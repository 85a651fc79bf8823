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

TESTS = CHECKOUT / "tests" / "integrations"
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
    """What is installed for the tests of some frameworks.

    Attributes:
        frameworks: Their keys in ``FRAMEWORKS``.
        release: ``"present"`` or ``"oldest"``.
        requirements: For pip.
    """

    frameworks: tuple[str, ...]
    release: str
    requirements: tuple[str, ...]


# They need torch, which is gigabytes: one environment for all.
WITH_TORCH = ("keras", "lightning", "tensorboard", "torch", "transformers")
OTHERS = tuple(name for name in FRAMEWORKS if name not in WITH_TORCH)
# What comes with a framework: what it runs on, and what its oldest release can be run with.
# The oldest releases of frameworks that were built for numpy 1, or that scikit-learn left behind.
BESIDE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "catboost": ((), ("catboost==1.2", "numpy<2", "scikit-learn==1.5.*")),
    "lightgbm": ((), ("numpy<2", "scikit-learn==1.5.*")),
    "lightning": (("pytorch-lightning",), ("pytorch-lightning==2.4.*",)),
    "optuna": (("plotly",), ("plotly",)),
    # With a later SciPy it warns.
    "sklearn": ((), ("scipy==1.14.*",)),
    "tensorboard": (("matplotlib", "tensorboard"), ("matplotlib", "tensorboard")),
    "tqdm": ((), ("tqdm==4.66.0",)),
    "transformers": (("accelerate", "optuna"), ("accelerate", "optuna")),
    "xgboost": ((), ("xgboost-cpu==2.1.1", "scikit-learn==1.5.*")),
}
# The same module without what needs a GPU, and much smaller. There is no 2.1.0 of it.
INSTEAD = {"xgboost": "xgboost-cpu"}


def rows() -> Iterator[Row]:
    for frameworks in (WITH_TORCH, *((name,) for name in OTHERS)):
        present: list[str] = []
        oldest: list[str] = []
        for name in frameworks:
            known = FRAMEWORKS[name]
            distribution = INSTEAD.get(name, known.distribution)
            beside = BESIDE.get(name, ((), ()))
            present += (distribution, *beside[0])
            oldest += (f"{distribution}=={known.oldest}.*", *beside[1])
        yield Row(frameworks, "present", tuple(present))
        yield Row(frameworks, "oldest", tuple(oldest))


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "row", list(rows()), ids=lambda row: f"{'-'.join(row.frameworks)}-{row.release}"
)
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
            *("-k", " or ".join(f"test_{name} or /{name}.md" for name in row.frameworks)),
            *(path for name in row.frameworks for path in sorted(TESTS.glob(f"test_{name}*.py"))),
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
