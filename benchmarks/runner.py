"""Running one case for one tracker: its stages as processes, with nothing of the user's around."""

from __future__ import annotations

import json
import os
import shutil
import signal
import struct
import subprocess
import time
import uuid
from pathlib import Path

from benchmarks import processes
from benchmarks.environments import torch_packages
from benchmarks.rows import Case, Stage
from benchmarks.trackers import Tracker
from benchmarks.workloads.common import Figures
from benchmarks.workloads.kill import ACKNOWLEDGED, COUNTER
from benchmarks.workloads.loop import TORCH

STAGE_SECONDS = 300.0
# A helper that takes longer than this after the process has ended is killed.
HELPER_SECONDS = 90.0
REFUSING_PROXY = "http://127.0.0.1:9"


class StageError(Exception):
    """A stage ended with an error; the text has the end of what it printed."""


def environment(tracker: type[Tracker], directory: Path, token: str) -> dict[str, str]:
    """The whole environment of a measurement's processes; nothing is inherited but PATH."""
    temporary = directory / "tmp"
    temporary.mkdir(exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "http_proxy": REFUSING_PROXY,
        "https_proxy": REFUSING_PROXY,
        "HTTP_PROXY": REFUSING_PROXY,
        "HTTPS_PROXY": REFUSING_PROXY,
        "no_proxy": "localhost,127.0.0.1",
        # Threads of linear algebra would count as those of the tracker.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        TORCH: str(torch_packages()),
        processes.TOKEN: token,
        **tracker.environment(directory),
    }


def acknowledged(directory: Path) -> int:
    """How many rows the process in `directory` has counted so far."""
    try:
        (count,) = COUNTER.unpack((directory / ACKNOWLEDGED).read_bytes())
    except (FileNotFoundError, struct.error):
        return 0
    return int(count)


def kill_later(process: subprocess.Popen[bytes], directory: Path, seconds: float) -> None:
    """SIGKILL the process so many seconds after its first acknowledged row."""
    deadline = time.monotonic() + STAGE_SECONDS
    while process.poll() is None and not acknowledged(directory):
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    if process.poll() is None:
        time.sleep(seconds)
    process.kill()


def run_stage(
    tracker: type[Tracker], python: Path, stage: Stage, directory: Path, repetition: int
) -> Figures:
    """Run one stage, wait until all its helpers are gone, and return its figures.

    To those of the workload itself it adds how long and with how much memory the helpers outlived
    it, and whether they had to be killed.
    """
    token = uuid.uuid4().hex
    result = directory / "result.json"
    output = directory / "output.txt"
    result.unlink(missing_ok=True)
    workload = stage.workload
    parameters = json.dumps(stage.parameters)
    command: list[str | Path] = [
        python,
        "-m",
        "benchmarks.workloads",
        workload,
        tracker.name,
        directory,
    ]
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [*command, result, parameters],
            cwd=directory,
            env=environment(tracker, directory, token),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            if stage.kill_after is not None:
                # Another phase of whatever runs periodically in each repetition.
                kill_later(process, directory, stage.kill_after + repetition * 0.17)
            process.wait(timeout=STAGE_SECONDS)
        except BaseException:
            process.kill()
            process.wait()
            processes.wait_until_gone(token, 0)
            raise
    ended = time.monotonic()
    noted = directory / processes.HELPERS
    earlier: list[int] = json.loads(noted.read_text()) if noted.exists() else []
    outlived = processes.wait_until_gone(token, HELPER_SECONDS, earlier)
    settled = time.monotonic() - ended
    if process.returncode != (0 if stage.kill_after is None else -signal.SIGKILL):
        text = output.read_text(errors="replace").strip().splitlines()
        raise StageError(f"{workload} ended with {process.returncode}: " + "\n".join(text[-8:]))
    if stage.kill_after is not None:
        return {}
    figures: Figures = json.loads(result.read_text())
    if "images" in figures:
        figures["kept"] = figures["images"] / (figures["seconds"] + settled)
    return {
        **figures,
        "helpers_memory": max(figures.get("helpers_memory", 0), outlived.earlier / processes.MIB),
        "later": outlived.later / processes.MIB,
        "settled": settled,
        "killed_helpers": float(outlived.killed),
    }


def run_case(
    tracker: type[Tracker], python: Path, case: Case, directory: Path, repetition: int
) -> Figures:
    """Run the stages of a case in `directory`, which is emptied first unless a stage is kept.

    Raises:
        StageError: a stage failed.
        subprocess.TimeoutExpired: a stage took longer than `STAGE_SECONDS`.
    """
    kept = any(stage.once for stage in case.stages)
    if repetition == 0 or not kept:
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
    figures: Figures = {}
    for stage in case.stages:
        if stage.once and repetition > 0:
            continue
        figures.update(run_stage(tracker, python, stage, directory, repetition))
    if not kept:
        shutil.rmtree(directory, ignore_errors=True)
    return figures
