"""Clean environments: which interpreters are here, and the wheel installed for one of them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[2]
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
SUPPORTED = ("3.11", "3.12", "3.13", "3.14")

_PROBE = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"


def find_interpreter(version: str, environ: Mapping[str, str]) -> Path | None:
    """A Python of this version that runs and can make environments, or None."""
    return next((p for p in _candidates(version, environ) if _probe(p) == version), None)


def _candidates(version: str, environ: Mapping[str, str]) -> Iterator[Path]:
    if version == RUNNING:
        yield Path(sys.executable)
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        if found := shutil.which(f"python{version}", path=folder):
            yield Path(found)
    # Where pyenv has a version that is not selected, its command on the PATH only says so.
    pyenv = Path(environ.get("PYENV_ROOT") or Path(environ.get("HOME", "/"), ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}*/bin/python{version}"), reverse=True)


def _probe(python: Path) -> str | None:
    try:
        done = subprocess.run(
            [python, "-c", _PROBE], capture_output=True, text=True, timeout=180, check=False
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def lower_bounds(*extras: str) -> list[str]:
    """Every dependency at the oldest version that the project says it works with."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"]]
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    # An extra may ask for another one of ours.
    wanted = [text for text in wanted if not text.startswith("nbtrack[")]
    bounds = [re.fullmatch(r"([\w-]+)>=([\w.]+)", text) for text in wanted]
    assert all(bounds), "each dependency has one lower bound and nothing else"
    return [f"{bound[1]}=={bound[2]}" for bound in bounds if bound]


class Environment:
    """A virtual environment that holds what was installed from the wheel and nothing else."""

    def __init__(self, path: Path, home: Path) -> None:
        self.bin = path / "bin"
        self.python = self.bin / "python"
        # Nothing from outside: no settings, no search paths, no other packages.
        self.environ = {"PATH": f"{self.bin}:{os.defpath}", "HOME": str(home), "LANG": "C.UTF-8"}

    @classmethod
    def create(
        cls,
        path: Path,
        interpreter: Path,
        wheel: Path,
        *,
        outside: Mapping[str, str],
        constraints: Sequence[str] = (),
        extras: str = "",
    ) -> Environment:
        """Make the environment and install the wheel with pip, as the person's pip is set up."""
        home = path.with_name(f"{path.name}-home")
        home.mkdir(parents=True)
        subprocess.run([interpreter, "-m", "venv", path], env=outside, check=True, timeout=120)
        environment = cls(path, home)
        limits = home / "constraints.txt"
        limits.write_text("\n".join(constraints), encoding="utf-8")
        done = subprocess.run(
            [
                environment.python,
                "-m",
                "pip",
                "install",
                "--quiet",
                "-c",
                limits,
                f"{wheel}{extras}",
            ],
            env=outside,
            cwd=home,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return environment

    def output(self, *command: str | Path, **settings: str) -> str:
        """What a command of the environment prints; fails with its errors if it fails."""
        name, *arguments = command
        done = subprocess.run(
            [self.bin / name, *arguments],
            env={**self.environ, **settings},
            cwd=self.environ["HOME"],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def json(self, *command: str | Path, **settings: str) -> Any:
        """What a command of the environment prints, as JSON."""
        return json.loads(self.output(*command, **settings))


def build(folder: Path, outside: Mapping[str, str], *what: str, source: Path = CHECKOUT) -> None:
    """Build the checkout's sdist, and of that the wheel, or what is asked for."""
    done = subprocess.run(
        [sys.executable, "-m", "build", "--outdir", folder, *what, source],
        env=outside,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
