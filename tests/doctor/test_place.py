"""Stores that cannot be used, and disks on which they lie badly."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nbtrack.doctor import Finding, place
from nbtrack.store.layout import Store
from tests.doctor.reports import as_another_user, one

Mount = Callable[..., Path]


def tmpfs(mount: Mount, options: str) -> Path:
    return mount("-t", "tmpfs", "-o", options, "tmpfs")


def fill(disk: Path, *, keep: int) -> None:
    """Use up all bytes but so many."""
    space = os.statvfs(disk)
    (disk / "taken").write_bytes(bytes(space.f_bavail * space.f_frsize - keep))


def store(path: Path) -> list[Finding]:
    return list(place.check_store(Store(path)))


def disk_of(path: Path) -> list[Finding]:
    return list(place.check_disk(Store(path)))


def file_system_of(path: Path) -> Finding:
    (found,) = place.check_file_system(Store(path))
    return found


def test_a_store_that_is_not_there_yet(tmp_path: Path) -> None:
    (found,) = store(tmp_path / "store")
    assert found.level == "ok"
    assert found.what == f"{tmp_path / 'store'} is not there yet; the first run makes it"
    assert not (tmp_path / "store").exists()


def test_a_store_that_a_variable_names_and_that_is_left_as_it_was(store_dir: Path) -> None:
    Store(store_dir).create()
    before = sorted(store_dir.rglob("*"))
    (found,) = store(store_dir)
    assert (found.level, found.what) == ("ok", f"{store_dir} (NBTRACK_DIR) can be written")
    assert sorted(store_dir.rglob("*")) == before


def test_a_read_only_disk(mount: Mount) -> None:
    disk = tmpfs(mount, "size=3m")
    Store(disk / "store").create()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    found = one(store(disk / "store"), "cannot be written: Read-only file system")
    assert found.level == "problem"
    assert "NBTRACK_DIR" in found.advice


def test_a_file_where_the_store_should_be(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    assert one(store(tmp_path / "store"), "Not a directory").level == "problem"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_a_store_that_another_user_has_closed() -> None:
    with as_another_user() as folder:
        Store(folder / "store").create()
        (folder / "store").chmod(0o777)
        (folder / "store" / "runs").chmod(0o700)
        os.seteuid(12345)
        written, read = store(folder / "store")
    assert (written.level, read.level) == ("problem", "problem")
    assert written.what == f"{folder / 'store'} cannot be written: Permission denied"
    assert read.what == f"{folder / 'store'} cannot be read: Permission denied"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_store_of_another_user(tmp_path: Path) -> None:
    Store(tmp_path / "store").create()
    os.chown(tmp_path / "store", 12345, -1)
    found = one(store(tmp_path / "store"), "belongs to another user (uid 12345)")
    assert found.level == "warning"


def test_a_machine_of_colab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not list(place.check_lasting(Store(tmp_path)))
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release-colab_20260819")
    (found,) = place.check_lasting(Store(tmp_path))
    assert found.level == "warning"
    assert "NBTRACK_SYNC" in found.advice
    monkeypatch.setenv("NBTRACK_SYNC", (tmp_path / "drive").as_uri())
    assert not list(place.check_lasting(Store(tmp_path)))


def test_a_full_disk(mount: Mount) -> None:
    disk = tmpfs(mount, "size=3m")
    fill(disk, keep=0)
    assert one(disk_of(disk), "100 % full, 0 bytes are free").level == "problem"
    assert one(store(disk / "store"), "cannot be written: No space left").level == "problem"


def test_a_disk_on_which_little_is_free(mount: Mount) -> None:
    disk = tmpfs(mount, "size=3m")
    assert one(disk_of(disk / "store"), "0 % full, 3.1 MB are free").level == "problem"


@pytest.mark.parametrize(("taken", "level"), [("15G", "ok"), ("16500M", "warning")])
def test_a_disk_that_gets_full(mount: Mount, tmp_path: Path, taken: str, level: str) -> None:
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(20 << 30)  # sparse: nothing is written
    if not shutil.which("mkfs.ext4"):
        pytest.skip("there is no mkfs.ext4")
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
    disk = mount("-o", "loop", str(image))
    subprocess.run(["fallocate", "-l", taken, disk / "taken"], check=True)
    (found,) = disk_of(disk)
    assert found.level == level
    assert "% full" in found.what
    assert "GB are free" in found.what
    assert bool(found.advice) == (level == "warning")


def test_a_disk_that_can_hold_no_more_files(mount: Mount) -> None:
    disk = tmpfs(mount, "size=3m,nr_inodes=10")
    for number in range(9):
        (disk / str(number)).touch()
    assert one(disk_of(disk), "can hold 0 more files (inodes), of 10").level == "problem"


def overlay(mount: Mount) -> Path:
    """A file system that is copy-on-write, as those of containers are."""
    below = tmpfs(mount, "size=3m")
    for name in ("lower", "upper", "work"):
        (below / name).mkdir()
    options = f"lowerdir={below}/lower,upperdir={below}/upper,workdir={below}/work"
    return mount("-t", "overlay", "-o", options, "overlay")


def test_a_file_system_that_is_not_mapped(mount: Mount) -> None:
    found = file_system_of(overlay(mount))
    assert (found.level, found.what) == ("note", "on overlay the journal is written, not mapped")
    assert "5 ms" in found.why


def test_mapping_where_it_is_not_safe(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBTRACK_JOURNAL", "mmap")
    found = file_system_of(overlay(mount))
    assert found.level == "warning"
    assert found.what == "NBTRACK_JOURNAL=mmap maps the journal on overlay"
    assert "SIGBUS" in found.why


def test_where_mapping_is_safe(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = tmpfs(mount, "size=3m")
    found = file_system_of(disk)
    assert (found.level, found.what) == ("ok", "the journal is mapped (tmpfs)")
    monkeypatch.setenv("NBTRACK_JOURNAL", "write")
    found = file_system_of(disk)
    assert found.level == "note"
    assert found.what.endswith("not mapped, as the setting 'journal' says")


def test_a_network_file_system(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    # None can be mounted without another machine: another kind stands in for it.
    monkeypatch.setattr(place, "_NETWORK", {"overlay"})
    found = file_system_of(overlay(mount))
    assert found.level == "warning"
    assert found.what == "the store is on a network file system (overlay)"
