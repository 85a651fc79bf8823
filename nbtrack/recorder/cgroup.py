"""The memory that a process may use before its container or job is killed.

Text in, numbers out; only :class:`MemoryGroup` reads files. Both generations of control groups:
in version 2 a directory holds ``memory.current`` and ``memory.max``, in version 1 one under the
memory controller's own mount holds ``memory.usage_in_bytes`` and ``memory.limit_in_bytes``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

# "No limit" is written "max" in version 2; in version 1 it is the largest multiple of a page.
_UNLIMITED = 1 << 60


class Mount(NamedTuple):
    """Where a hierarchy is mounted, and which of its groups is at the mount point."""

    root: str
    point: str


class MemoryUse(NamedTuple):
    """Bytes.

    Attributes:
        used: Counted towards the limit and not given back under pressure: without the page cache
            that nobody touched lately.
        limit: The tightest limit of the group and those above it; None if there is none.
    """

    used: int
    limit: int | None


def memberships(text: str) -> tuple[str | None, str | None]:
    """``/proc/PID/cgroup``: the groups of version 1's memory controller, and of version 2."""
    version_1 = version_2 = None
    for line in text.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if "memory" in controllers.split(","):
            version_1 = path
        elif not controllers and line.startswith("0:"):
            version_2 = path
    return version_1, version_2


def mounts(text: str) -> tuple[Mount | None, Mount | None]:
    """``/proc/PID/mountinfo``: the mounts of version 1's memory controller, and of version 2."""
    version_1 = version_2 = None
    for line in text.splitlines():
        before, separator, after = line.partition(" - ")
        fields, (kind, *rest) = before.split(), after.split() or [""]
        if not separator or len(fields) < 5:
            continue
        mount = Mount(_unescape(fields[3]), _unescape(fields[4]))
        if kind == "cgroup" and rest and "memory" in rest[-1].split(","):
            version_1 = mount
        elif kind == "cgroup2":
            version_2 = mount
    return version_1, version_2


def directories(mount: Mount, group: str) -> list[str]:
    """The directories of ``group`` and of all above it that can be seen, innermost first."""
    root = mount.root.rstrip("/")
    inside = group == root or group.startswith(f"{root}/")
    # A container sees its own group at the mount point, whatever the host calls it.
    relative = group[len(root) :].strip("/") if inside else ""
    parts = [] if ".." in relative.split("/") else [part for part in relative.split("/") if part]
    return ["/".join((mount.point, *parts[:depth])) for depth in range(len(parts), -1, -1)]


def read_version_2(folders: list[str], read: Callable[[str], str | None]) -> MemoryUse | None:
    """What the groups of version 2 say; None where memory is not theirs."""
    found = [
        (_limit(read(f"{folder}/memory.max")), folder)
        for folder in folders
        if read(f"{folder}/memory.current") is not None
    ]
    return _tightest(found, read, "memory.current", "inactive_file")


def read_version_1(folders: list[str], read: Callable[[str], str | None]) -> MemoryUse | None:
    """What the groups of version 1 say; None where memory is not theirs."""
    found = [
        (_limit(read(f"{folder}/memory.limit_in_bytes")), folder)
        for folder in folders
        if read(f"{folder}/memory.usage_in_bytes") is not None
    ]
    use = _tightest(found, read, "memory.usage_in_bytes", "total_inactive_file")
    if use is None:
        return None
    # Groups above the container cannot be seen, but their limit is told.
    above = statistic(read(f"{folders[0]}/memory.stat"), "hierarchical_memory_limit")
    limits = [limit for limit in (use.limit, above) if limit is not None and limit < _UNLIMITED]
    return MemoryUse(use.used, min(limits, default=None))


def oom_kills(folder: str, read: Callable[[str], str | None]) -> int | None:
    """How many processes of a group the system has killed for want of memory so far."""
    # Both count what is below them too, and whoever's limit it was.
    for name in ("memory.events", "memory.oom_control"):
        count = statistic(read(f"{folder}/{name}"), "oom_kill")
        if count is not None:
            return count
    return None


def statistic(text: str | None, name: str) -> int | None:
    """One number of a file with a name and a number in each line."""
    for line in (text or "").splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return None


class MemoryGroup:
    """The control group of a process, found once."""

    def __init__(self, pid: int) -> None:
        v1, v2 = memberships(_read(f"/proc/{pid}/cgroup") or "")
        mount_1, mount_2 = mounts(_read("/proc/self/mountinfo") or "")
        self._v1 = directories(mount_1, v1) if mount_1 and v1 is not None else []
        self._v2 = directories(mount_2, v2) if mount_2 and v2 is not None else []

    def read(self) -> MemoryUse | None:
        """The use and the limit now; None where there are no control groups."""
        return read_version_2(self._v2, _read) or read_version_1(self._v1, _read)

    def oom_kills(self) -> int | None:
        """How many of its processes were killed for want of memory so far; None: not counted."""
        counts = (oom_kills(folders[0], _read) for folders in (self._v2, self._v1) if folders)
        return next((count for count in counts if count is not None), None)


def _tightest(
    found: list[tuple[int | None, str]], read: Callable[[str], str | None], usage: str, cache: str
) -> MemoryUse | None:
    if not found:
        return None
    limited = [(limit, folder) for limit, folder in found if limit is not None]
    limit, folder = min(limited, key=lambda item: item[0], default=found[0])
    used = int(read(f"{folder}/{usage}") or 0)
    unused = statistic(read(f"{folder}/memory.stat"), cache) or 0
    return MemoryUse(max(0, used - unused), limit)


def _limit(text: str | None) -> int | None:
    if text is None or text.strip() == "max":
        return None
    limit = int(text)
    return limit if limit < _UNLIMITED else None


def _unescape(field: str) -> str:
    """Blanks in mountinfo are written in octal."""
    return field.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text()
    except OSError:
        return None
