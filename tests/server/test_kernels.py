"""What a server tells of the runs of kernels: the state in the status bar of JupyterLab."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree
from typing import Any

from nbtrack.store import registry
from nbtrack.store.edits import edit
from nbtrack.store.layout import Store
from nbtrack.store.view import RunView
from tests.server.servers import Server
from tests.server.sessions import FAILURE, Session


def run_of(server: Server, kernel: str) -> Any:
    answer = server.ask("GET", f"nbtrack/api/kernels/{kernel}")
    assert answer.status == 200, answer.body
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json()["run"]


def test_the_run_of_a_kernel_as_it_is_now(server: Server, tmp_path: Path) -> None:
    session = Session(tmp_path / ".nbtrack", "of-a-kernel")
    session.attempt(1, session.cell(1), execution_count=1)
    assert run_of(server, "now") is None
    registry.register_kernel("now", session.run_dir)
    known = run_of(server, "now")
    assert (known["store"], known["run"], known["name"], known["state"]) == (
        session.key,
        "of-a-kernel",
        "brave-otter-1",
        "running",
    )
    session.attempt_end(1, FAILURE)
    session.close()
    rmtree(session.run_dir.path)
    assert run_of(server, "now") is None, "a run that is gone is none"


def test_a_name_that_was_changed_and_why_it_ended(server: Server, tmp_path: Path) -> None:
    session = Session(tmp_path / ".nbtrack", "ended")
    session.close(merged=True)
    registry.register_kernel("ended", session.run_dir)
    edit(RunView(session.run_dir), name="another name")
    known = run_of(server, "ended")
    assert (known["name"], known["state"]) == ("another name", "finished")
    assert known["reason"] == "the kernel was shut down"


def test_only_runs_of_stores_that_are_served(
    server: Server, read_only: Server, served: Session, tmp_path: Path
) -> None:
    registry.register_kernel("here", served.run_dir)
    assert run_of(read_only, "here")["run"] == served.run_dir.id
    elsewhere = Session(tmp_path / ".nbtrack", "elsewhere")
    registry.register_kernel("elsewhere", elsewhere.run_dir)
    assert run_of(server, "elsewhere")["run"] == "elsewhere"
    assert run_of(read_only, "elsewhere") is None
    unknown = Store(tmp_path / "unregistered").create_run("one")
    registry.register_kernel("unregistered", unknown)
    assert run_of(server, "unregistered") is None


def test_what_cannot_be_a_kernel(server: Server) -> None:
    for kernel in ("..%2f..%2fstores", "a.b", "k" * 101):
        assert server.ask("GET", f"nbtrack/api/kernels/{kernel}").status == 404
