"""What went wrong in a recorder, which has no screen: a log in the run's directory."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

_LARGEST = 64 * 1024


def note(path: Path, text: str) -> None:
    """Append a line with the time to the log at ``path``; the older half goes when it is large.

    Never raises: who has no place left to complain to goes on without.
    """
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = f"{moment} {text.strip()}\n".encode(errors="replace")[: _LARGEST // 4]
    with contextlib.suppress(OSError):
        if path.exists() and path.stat().st_size + len(line) > _LARGEST:
            newer = path.read_bytes()[-_LARGEST // 2 :]
            path.write_bytes(newer[newer.find(b"\n") + 1 :])
        with path.open("ab") as file:
            file.write(line)
