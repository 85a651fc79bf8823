"""One virtual environment per tracker, made once and kept until its requirements change.

Two that are one package used in two ways share one.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.trackers import COMMON_REQUIREMENTS, Tracker

PACKAGE = Path(__file__).resolve().parent
REPOSITORY = PACKAGE.parent
ENVIRONMENTS = PACKAGE / ".environments"
# One for all: it is larger than all the trackers together.
TORCH_REQUIREMENT = "torch==2.13.0"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def resolved(requirement: str) -> str:
    """A requirement as pip takes it: `./` means this repository."""
    return str(REPOSITORY) if requirement == "./" else requirement


def fingerprint(requirements: tuple[str, ...]) -> str:
    """Changes with the requirements, with Python, and with the sources of this repository."""
    digest = hashlib.sha256(f"{sys.version} {requirements}".encode())
    if "./" in requirements:
        sources = [REPOSITORY / "pyproject.toml", REPOSITORY / "nbtrack"]
        sources += REPOSITORY.glob("jupyter-config/**/*")
        sources += REPOSITORY.glob("nbtrack/**/*")
        for path in sorted(sources):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(str(path.relative_to(REPOSITORY)).encode() + path.read_bytes())
    return digest.hexdigest()


def prepare(tracker: type[Tracker]) -> Path:
    """Make or renew the environment of a tracker; return its Python.

    Raises:
        subprocess.CalledProcessError: pip or venv failed; what they said was printed.
    """
    directory = ENVIRONMENTS / f"{tracker.room or tracker.name}-{PYTHON}"
    python = renewed(directory, (*COMMON_REQUIREMENTS, *tracker.requirements))
    # The workloads are visible in the environment, the repository's root is not: what is imported
    # as nbtrack is the installed wheel.
    link = directory / "lib" / f"python{PYTHON}" / "site-packages" / "benchmarks"
    link.unlink(missing_ok=True)
    link.symlink_to(PACKAGE, target_is_directory=True)
    return python


def prepare_torch() -> None:
    """Install torch where `torch_packages()` says.

    Raises:
        subprocess.CalledProcessError: pip or venv failed; what they said was printed.
    """
    renewed(ENVIRONMENTS / f"torch-{PYTHON}", (*COMMON_REQUIREMENTS, TORCH_REQUIREMENT))


def torch_packages() -> Path:
    """The directory with torch, which trackers' processes may look into."""
    return ENVIRONMENTS / f"torch-{PYTHON}" / "lib" / f"python{PYTHON}" / "site-packages"


def renewed(directory: Path, requirements: tuple[str, ...]) -> Path:
    """Make the environment in `directory` anew if it does not hold `requirements`; its Python."""
    python = directory / "bin" / "python"
    stamp = directory / "fingerprint"
    expected = fingerprint(requirements)
    if not stamp.is_file() or stamp.read_text() != expected:
        stamp.unlink(missing_ok=True)
        install(python, directory, requirements)
        stamp.write_text(expected)
    return python


def install(python: Path, directory: Path, requirements: tuple[str, ...]) -> None:
    """Install the requirements, making the environment in `directory` if there is none."""
    print(f"installing {', '.join(requirements)}", file=sys.stderr)
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", directory], check=True)
    pip: list[str | Path] = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, *map(resolved, requirements)], check=True)
    if "./" in requirements:
        # A changed tree has the same version as before: say that it is to be installed anew.
        subprocess.run([*pip, "--force-reinstall", "--no-deps", REPOSITORY], check=True)


def versions(python: Path) -> dict[str, str]:
    """The installed version of everything in the environment, by name."""
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"],
        check=True,
        capture_output=True,
        env={**os.environ, "PIP_NO_INDEX": "1"},
    )
    return {package["name"]: package["version"] for package in json.loads(listed.stdout)}
