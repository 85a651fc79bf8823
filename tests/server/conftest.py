"""One Jupyter server for all tests that ask over HTTP, and what it serves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import nbtrack
from tests.server.servers import Server, free_port, jupyter_server, nbtrack_ui
from tests.server.sessions import Session, record_digits


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A run in a registered store."""
    session = record_digits(tmp_path_factory.mktemp("served") / ".nbtrack")
    files = session.run_dir.files
    files.mkdir()
    (files / "page.html").write_text("<script>document.title = 'run'</script><p>page</p>")
    (files / "image.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (files / "long.txt").write_bytes(bytes(range(256)) * 4096)
    return session


@pytest.fixture(scope="package")
def pets(tmp_path_factory: pytest.TempPathFactory, served: Session) -> str:
    """The name of an artifact in that store, and of what it holds: ``run.json``."""
    folder = tmp_path_factory.mktemp("pets")
    (folder / "run.json").write_text("{}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBTRACK_RECORDER", "off")
        with nbtrack.init(dir=served.run_dir.path.parent.parent, name="pets") as run:
            run.log_artifact(str(folder), name="pets", type="dataset").wait()
    return "pets"


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory, served: Session) -> Iterator[Server]:
    """A Jupyter server with nbtrack in it."""
    running = jupyter_server(tmp_path_factory.mktemp("server"))
    yield running
    running.stop()


@pytest.fixture(scope="package")
def read_only(tmp_path_factory: pytest.TempPathFactory, served: Session) -> Iterator[Server]:
    """``nbtrack ui --read-only`` of that store."""
    store = served.run_dir.path.parent.parent
    running = nbtrack_ui(tmp_path_factory.mktemp("ui"), str(store), "--read-only", port=free_port())
    yield running
    running.stop()
