"""Users of a machine that is only a Hub's: an ``/etc`` of its own, with accounts in it.

What is mounted and added here is seen by the Hub's processes alone, and is gone with them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_SCRIPT = """\
set -eu
scratch=$1; homes=$2; setup=$3; shift 3
mount -t tmpfs tmpfs "$scratch"
over() {
    layer=$scratch/$2
    mkdir -p "$layer/upper" "$layer/work"
    chmod "$3" "$layer/upper"
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$layer/upper,workdir=$layer/work" "$1"
}
over /etc etc 755
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t tmpfs -o mode=755 tmpfs /srv
# Every user runs the interpreter, wherever it is.
for closed in $CLOSED; do over "$closed" "closed$(echo "$closed" | tr / -)" 711; done
groupadd team
for user in $USERS; do
    useradd --base-dir "$homes" --create-home --groups team --shell /bin/bash "$user"
    chmod 700 "$homes/$user"
done
sh -euc "$setup"
exec "$@"
"""


def can_be_made() -> bool:
    """Whether a machine of its own can be made here; that takes root."""
    if os.getuid() != 0 or sys.platform != "linux":
        return False
    script = "mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w && mount -t overlay overlay"
    script += " -o lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w /etc && command -v useradd"
    done = subprocess.run([*_own_mounts(), "sh", "-c", script], capture_output=True, check=False)
    return done.returncode == 0


def machine(root: Path, users: Sequence[str], setup: str = "true") -> list[str]:
    """The beginning of a command that runs on a machine of its own.

    Args:
        root: A folder that everybody may enter; homes come below it.
        users: The accounts; all are in the group ``team`` too.
        setup: What an administrator does there first, as root, for a shell.
    """
    scratch, homes = root / "scratch", root / "home"
    for folder in (scratch, homes):
        folder.mkdir(mode=0o755, exist_ok=True)
    closed = [
        folder
        for folder in reversed(Path(sys.executable).resolve().parents)
        if not folder.stat().st_mode & 0o001
    ]
    return [
        *_own_mounts(),
        "env",
        f"USERS={' '.join(users)}",
        f"CLOSED={' '.join(map(str, closed))}",
        "sh",
        "-c",
        _SCRIPT,
        "sh",
        str(scratch),
        str(homes),
        setup,
    ]


def _own_mounts() -> list[str]:
    return ["unshare", "--mount", "--propagation", "private"]
