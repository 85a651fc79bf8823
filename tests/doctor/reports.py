"""What the doctor says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from nbtrack.doctor import Finding


class Report:
    """What ``nbtrack doctor --json`` says of a store, and its exit status."""

    def __init__(self, store: Path, **environ: str) -> None:
        done = run("--store", str(store), "--json", **environ)
        self.status = done.returncode
        self.findings = msgspec.convert(json.loads(done.stdout), list[Finding])

    def __getitem__(self, area: str) -> list[Finding]:
        return [found for found in self.findings if found.area == area]

    @property
    def areas(self) -> list[str]:
        return list(dict.fromkeys(found.area for found in self.findings))


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command as a person calls it."""
    done = subprocess.run(
        [sys.executable, "-m", "nbtrack", "doctor", "--patience", "100", *arguments],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.stderr == ""
    return done


def one(findings: Iterable[Finding], words: str) -> Finding:
    """The finding that says this; there must be one."""
    (found,) = [found for found in findings if words in found.what]
    return found


@contextmanager
def as_another_user() -> Iterator[Path]:
    """Be somebody else for a while, who may enter the folder that this gives, and owns nothing."""
    # Not below pytest's folders, which are this user's alone.
    folder = Path(tempfile.mkdtemp(prefix="nbtrack-doctor-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        os.seteuid(0)
        shutil.rmtree(folder)
