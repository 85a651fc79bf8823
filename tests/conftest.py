"""What every test stands on: a home directory of its own, and no settings from outside."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from tests.s3 import S3, serving

# How long an example takes tells of the machine only.
settings.register_profile("nbtrack", deadline=None)
settings.load_profile("nbtrack")

# Taken before any fixture changes it: installing packages needs the real home (pip's settings and
# its cache), running nbtrack must not see it.
_OUTSIDE = dict(os.environ)

_XDG = {
    "XDG_CACHE_HOME": ".cache",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
}
# Whatever begins so belongs to the session that started the tests: a kernel, a notebook, a person.
_FOREIGN = ("NBTRACK_", "JPY_", "JUPYTER_", "IPYTHON")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--s3",
        choices=["moto", "radosgw"],
        default="moto",
        help="which S3 server tests ask: moto's, or that of a Ceph cluster made for them",
    )


@pytest.fixture(scope="session", autouse=True)
def isolated_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty home directory, which is also the working directory.

    For the session, not the test: kernels that a module shares start before a test's own fixtures.
    """
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in _OUTSIDE:
            if name.startswith(_FOREIGN):
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        for name, folder in _XDG.items():
            patch.setenv(name, str(home / folder))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(home / "runtime"))
        patch.setenv("JUPYTER_PLATFORM_DIRS", "1")
        # A process with git for each run is much; the tests of it turn it on.
        patch.setenv("NBTRACK_CODE", "false")
        # A test that forgets to name a store must not make one in the checkout.
        patch.chdir(home)
        yield home


@pytest.fixture(scope="session")
def outside_environ() -> Mapping[str, str]:
    """The environment the tests were started in, for tools that need the person's own settings."""
    return _OUTSIDE


@pytest.fixture
def store_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of a store that does not exist yet; ``NBTRACK_DIR`` names it."""
    path = tmp_path / "store"
    monkeypatch.setenv("NBTRACK_DIR", str(path))
    return path


@pytest.fixture(scope="session")
def s3_server(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[S3]:
    """The S3 server of the session, with a bucket ``ready``."""
    from tests import radosgw

    start = {"moto": serving, "radosgw": radosgw.serving}[request.config.getoption("--s3")]
    with start(tmp_path_factory.mktemp("s3")) as server:
        yield server
