"""How a recorder is started, told and replaced, and what becomes of its owner meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import psutil
import pytest

from nbtrack._settings import Settings
from nbtrack.live.frame import LiveFrame
from nbtrack.recorder import spawn
from tests.recorder.processes import Owner, StartOwner, is_running, records, wait_for


def test_the_recorder_stands_apart_from_its_owner(owner: Owner) -> None:
    recorder = psutil.Process(owner.open())
    wait_for(lambda: records(owner.run_dir(), "recorder"), "the recorder works")
    assert os.getsid(recorder.pid) == recorder.pid != os.getsid(owner.process.pid)
    assert recorder.cwd() == "/"
    targets = {
        number: os.readlink(f"/proc/{recorder.pid}/fd/{number}")
        for number in os.listdir(f"/proc/{recorder.pid}/fd")
    }
    assert targets["1"] == targets["2"] == "/dev/null"
    ours = {os.readlink(f"/proc/{owner.process.pid}/fd/{number}") for number in ("0", "1")}
    assert ours.isdisjoint(targets.values()), "nothing of the owner is inherited"


def test_files_beside_the_notebook_are_not_imported(
    start_owner: StartOwner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("psutil", "msgspec", "select", "nbtrack"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')")
    owner = start_owner()
    owner.open()
    wait_for(lambda: records(owner.run_dir(), "recorder"), "the recorder works")


def test_files_in_the_working_directory_are_not_imported(tmp_path: Path) -> None:
    for name in ("msgspec", "argparse", "nbtrack"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')")
    done = subprocess.run(spawn.command("merge", "gone"), cwd=tmp_path, check=False)
    assert done.returncode == 0


def test_where_no_process_can_start_a_thread_takes_its_place(owner: Owner) -> None:
    owner("python", "/nonexistent/python")
    assert owner("open", "one") == "None"
    pid, alive, *reason = owner("recorder").split()
    assert (pid, alive) == ("None", "True")
    assert "No such file" in " ".join(reason)
    owner("log", "one", 1_000)
    live = owner.run_dir().live

    def count() -> int:
        series = LiveFrame.from_bytes(live.read_bytes()).series if live.exists() else {}
        return series[1, "loss"].count if (1, "loss") in series else 0

    wait_for(lambda: count() == 1_000, "the thread works")
    assert owner("ensure", "one") == "None"
    owner("close", "one")
    assert owner.view().rows == 1_000


def test_a_recorder_that_keeps_dying_is_not_started_for_ever(owner: Owner) -> None:
    owner("python", "/bin/false")
    owner("open", "one")
    started = []
    while (pid := owner("ensure", "one")) != "None":
        started.append(int(pid))
        assert len(started) < 5
        wait_for(lambda: not is_running(started[-1]), "it dies")
    assert "died soon" in owner("recorder")


def test_a_forked_child_has_nothing_of_its_parents_recorder(owner: Owner) -> None:
    recorder = owner.open()
    child = int(owner("fork_ensure", "one"))
    assert child != recorder
    assert owner.ensure() == recorder
    # The child has ended, and with it its recorder; the parent's goes on.
    wait_for(lambda: not is_running(child), "the child's recorder ends")
    assert is_running(recorder)
    owner("log", "one", 100)
    owner("close", "one")
    wait_for(owner.run_dir().manifest.exists, "the run is merged")
    assert owner.view().rows == 100


def test_a_forked_child_lets_go_of_the_recorders_socket(owner: Owner) -> None:
    owner.open()
    child = int(owner("fork", "one", 1))

    def sockets(pid: int) -> list[str]:
        files = [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()]
        return [file for file in files if file.startswith("socket:")]

    assert len(sockets(owner.process.pid)) == 1
    assert sockets(child) == []


def test_an_owner_that_dies_of_broken_pipes_survives_a_dead_recorder(owner: Owner) -> None:
    owner("default_sigpipe")
    recorder = owner.open()
    os.kill(recorder, signal.SIGKILL)
    for _ in range(5):
        owner.ensure()
    wait_for(lambda: not is_running(recorder), "the recorder is dead")
    assert owner.ensure() != recorder


def test_telling_nobody_is_no_signal() -> None:
    code = (
        "import signal, socket, threading\n"
        "from nbtrack.recorder.spawn import RecorderHandle\n"
        "signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
        "ours, theirs = socket.socketpair()\n"
        "theirs.close()\n"
        "assert not RecorderHandle(ours, threading.current_thread()).tell(b'x')"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_stopped_recorder_does_not_stop_its_owner(owner: Owner) -> None:
    recorder = owner.open()
    wait_for(lambda: records(owner.run_dir(), "recorder"), "the recorder works")
    os.kill(recorder, signal.SIGSTOP)
    assert float(owner("ensure_many", "one", 5_000)) < 5
    assert owner("log", "one", 1_000) == "1000"
    os.kill(recorder, signal.SIGCONT)
    owner("close", "one")
    wait_for(owner.run_dir().manifest.exists, "it goes on where it was")
    assert owner.view().rows == 1_000


def test_switched_off_it_says_so(tmp_path: Path) -> None:
    assert spawn.ensure(tmp_path, Settings(recorder="off")) is None
    assert "recorder" in spawn.failure()


@pytest.mark.parametrize("name", ["plain", "with\nline", "ünïcode", os.fsdecode(b"by\xfftes")])
def test_messages_carry_any_path(name: str) -> None:
    settings = Settings(sample_interval=0.5, journal="write")
    message = spawn.encode_message(Path("/runs") / name, settings)
    assert message.endswith(b"\n")
    assert message.count(b"\n") == 1
    assert spawn.decode_message(message) == (Path("/runs") / name, settings, {})


def test_other_lines_are_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        spawn.decode_message(b"nonsense\n")


def test_the_kernels_part_is_light() -> None:
    code = "import sys, json, nbtrack.recorder.spawn; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    heavy = {"psutil", "pynvml", "arro3", "duckdb", "numpy", "hashlib", "asyncio", "argparse"}
    assert heavy.isdisjoint(json.loads(done.stdout))


@pytest.mark.parametrize(
    "arguments", [[], ["--owner", "1"], ["merge"], ["--owner", "1", "--started", "2"]]
)
def test_a_wrong_command_line_is_refused(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nbtrack.recorder", *arguments],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "usage" in done.stderr
