"""Memory limits of control groups, out of what version 1 and version 2 write."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nbtrack.recorder.cgroup import (
    MemoryGroup,
    MemoryUse,
    Mount,
    directories,
    memberships,
    mounts,
    read_version_1,
    read_version_2,
    statistic,
)

FILES = Path(__file__).with_name("cgroups")


def reader_of(folder: Path, point: str) -> Callable[[str], str | None]:
    """Reads what is mounted at ``point`` out of ``folder``."""

    def read(path: str) -> str | None:
        assert path.startswith(point)
        file = folder / path.removeprefix(point).lstrip("/")
        return file.read_text() if file.exists() else None

    return read


def test_a_limit_of_version_1() -> None:
    group, unified = memberships((FILES / "v1/cgroup").read_text())
    mount, _ = mounts((FILES / "v1/mountinfo").read_text())
    assert (group, unified) == ("/rec/inner", "/")
    assert mount == Mount("/", "/sys/fs/cgroup/memory")
    assert group is not None
    folders = directories(mount, group)
    assert folders == [mount.point + inner for inner in ("/rec/inner", "/rec", "")]
    use = read_version_1(folders, reader_of(FILES / "v1/memory", mount.point))
    # Nearly at its limit, but three quarters are page cache that the system takes back.
    assert use == MemoryUse(used=535_285_760 - 383_356_928, limit=512 << 20)


def test_a_container_of_version_1_sees_itself_at_the_mount_point() -> None:
    mount = Mount("/docker/4f1c", "/sys/fs/cgroup/memory")
    assert directories(mount, "/docker/4f1c") == ["/sys/fs/cgroup/memory"]
    assert directories(Mount("/", mount.point), "/../../other") == ["/sys/fs/cgroup/memory"]
    read = reader_of(FILES / "v1/memory/rec/inner", mount.point)
    use = read_version_1(directories(mount, "/docker/4f1c"), read)
    # Its own limit is none; that of a group above, which it cannot see, is in its statistics.
    assert use == MemoryUse(used=535_150_592 - 383_352_832, limit=512 << 20)


def test_a_limit_of_version_2_on_the_group_above() -> None:
    group_1, group = memberships((FILES / "v2/cgroup").read_text())
    mount_1, mount = mounts((FILES / "v2/mountinfo").read_text())
    assert group_1 is None
    assert mount_1 is None
    assert mount is not None
    assert group == "/job.slice/run.scope"
    use = read_version_2(directories(mount, group), reader_of(FILES / "v2", mount.point))
    assert use == MemoryUse(used=3_758_096_384 - (2 << 30), limit=4 << 30)


def test_version_2_without_a_limit() -> None:
    read = reader_of(FILES / "v2/job.slice/run.scope", "/sys/fs/cgroup")
    use = read_version_2(["/sys/fs/cgroup"], read)
    assert use == MemoryUse(used=3_221_225_472 - 1_610_612_736, limit=None)


def test_version_2_without_its_memory_controller_says_nothing() -> None:
    assert read_version_2(["/sys/fs/cgroup/unified"], lambda path: None) is None
    assert read_version_1([], lambda path: None) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", (None, None)), ("0::/a:b", (None, "/a:b")), ("4:cpu,memory:/x\n", ("/x", None))],
)
def test_memberships(text: str, expected: tuple[str | None, str | None]) -> None:
    assert memberships(text) == expected


def test_mounts_with_blanks_and_without_sense() -> None:
    line = "35 31 0:32 / /odd\\040place rw - cgroup cgroup rw,memory\nnonsense\n\n1 2 - x\n"
    assert mounts(line) == (Mount("/", "/odd place"), None)


def test_statistic_takes_whole_names() -> None:
    assert statistic("total_inactive_file 2\ninactive_file 1\n", "inactive_file") == 1
    assert statistic("inactive_file_x 2\n", "inactive_file") is None
    assert statistic(None, "inactive_file") is None


def test_this_process_has_a_group_or_none_at_all() -> None:
    use = MemoryGroup(os.getpid()).read()
    assert use is None or use.used > 0
