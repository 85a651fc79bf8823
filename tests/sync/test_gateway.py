"""What only a real object store shows: signatures that it checks, and puts that race in it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nbtrack import SyncError
from nbtrack.sync.place import Place

pytestmark = pytest.mark.usefixtures("gateway")

RACERS = 8


@pytest.fixture
def gateway(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--s3") != "radosgw":
        pytest.skip("moto's server does neither: `make test-ceph` runs it on a Ceph gateway")


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_who_has_the_wrong_key_is_told_so(
    bucket: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "not-the-right-one")
    with pytest.raises(SyncError) as raised:
        Place(bucket).check()
    assert "the store does not know who asks" in raised.value.message
    assert "AWS_ACCESS_KEY_ID" in raised.value.hint
    assert "not-the-right-one" not in str(raised.value)


def test_of_many_who_put_one_object_one_does(bucket: str, tmp_path: Path) -> None:
    won, content, paths = race(bucket, tmp_path, 1_000)
    assert won.count(True) == 1
    assert content == paths[won.index(True)].read_bytes()


def test_of_many_who_put_a_large_object_all_of_one_is_there(bucket: str, tmp_path: Path) -> None:
    """It goes in parts, which cannot be put on a condition: the last one counts."""
    won, content, paths = race(bucket, tmp_path, 20 << 20)
    assert True in won
    assert content in [path.read_bytes() for path, one in zip(paths, won, strict=True) if one]


def race(bucket: str, folder: Path, size: int) -> tuple[list[bool], bytes, list[Path]]:
    """Who put the object, what it is then, and what each had."""
    paths = [folder / str(racer) for racer in range(RACERS)]
    for racer, path in enumerate(paths):
        path.write_bytes(bytes([racer]) * size)
    start = threading.Barrier(RACERS)

    def put(path: Path) -> bool:
        place = Place(bucket)
        start.wait()
        return place.put("the/object", path)

    with ThreadPoolExecutor(RACERS) as pool:
        won = list(pool.map(put, paths))
    return won, Place(bucket).get("the/object"), paths
