"""Samples of the real machine, and of a driver that hangs."""

from __future__ import annotations

import math
import multiprocessing
import os
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from nbtrack.recorder import gpu
from nbtrack.recorder.samplers import Sampler, process_tree
from tests.recorder.processes import wait_for

ALWAYS = {
    "cpu.percent",
    "cpu.process.percent",
    "memory.process.bytes",
    "memory.used.bytes",
    "memory.total.bytes",
    "network.received.bytes_per_second",
    "network.sent.bytes_per_second",
}


def burn(seconds: float) -> None:
    started = time.process_time()
    while time.process_time() - started < seconds:
        math.sqrt(2)


def test_a_sample_of_this_machine() -> None:
    sampler = Sampler(os.getpid())
    first = sampler.sample()
    started = time.monotonic()
    assert not any("per_second" in name for name in first), "a rate needs two looks"
    burn(0.2)
    values = sampler.sample()
    assert values.keys() >= ALWAYS
    assert all(type(value) is float and math.isfinite(value) for value in values.values())
    seconds = values["cpu.process.percent"] / 100 * (time.monotonic() - started)
    assert 0.18 < seconds < 2.0
    rss = psutil.Process().memory_info().rss
    assert 0.5 * rss < values["memory.process.bytes"]
    assert 0 < values["memory.used.bytes"] < values["memory.total.bytes"]


def test_children_count_also_while_they_come_and_go() -> None:
    code = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ntime.sleep(60)"
    sampler = Sampler(os.getpid())
    sampler.sample()
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        started = time.monotonic()
        child.stdout.readline()
        values = sampler.sample()
        elapsed = time.monotonic() - started
        assert values["cpu.process.percent"] * elapsed / 100 > 0.25
        assert child.pid in process_tree(os.getpid(), without=0)
        assert child.pid not in process_tree(os.getpid(), without=child.pid)
        alone = Sampler(child.pid).sample()["memory.process.bytes"]
        assert values["memory.process.bytes"] > alone
    finally:
        child.kill()
        child.communicate()
    assert child.pid not in process_tree(os.getpid(), without=0)
    assert sampler.sample()["cpu.process.percent"] >= 0


def test_a_process_started_by_another_thread_is_found() -> None:
    import threading

    children: list[subprocess.Popen[bytes]] = []
    done = threading.Event()

    def start() -> None:
        children.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
        done.wait()

    thread = threading.Thread(target=start)
    thread.start()
    try:
        wait_for(lambda: children, "the child is started")
        assert children[0].pid in process_tree(os.getpid(), without=0)
    finally:
        done.set()
        thread.join()
        children[0].communicate()


def test_a_dead_owner_is_no_error() -> None:
    process = multiprocessing.get_context("spawn").Process(target=int)
    process.start()
    sampler = Sampler(process.pid or 0)
    process.join()
    sampler.sample()
    values = sampler.sample()
    assert "cpu.percent" in values
    assert values["memory.process.bytes"] == 0.0


class FakeDriver:
    """The functions of NVML that are used, for two devices of which the second knows little."""

    NVML_TEMPERATURE_GPU = 0

    def nvmlDeviceGetCount(self) -> int:
        return 3

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        if index == 2:
            raise RuntimeError("GPU is lost")
        return index

    def nvmlDeviceGetUtilizationRates(self, device: int) -> Any:
        return SimpleNamespace(gpu=37 + device, memory=12)

    def nvmlDeviceGetMemoryInfo(self, device: int) -> Any:
        return SimpleNamespace(used=3 << 30, total=16 << 30, free=13 << 30)

    def nvmlDeviceGetTemperature(self, device: int, sensor: int) -> int:
        return 61

    def nvmlDeviceGetPowerUsage(self, device: int) -> int:
        if device == 1:
            raise RuntimeError("Not Supported")
        return 72_500


def test_what_devices_tell() -> None:
    values = gpu.read_devices(FakeDriver())
    assert values == {
        "gpu.0.utilization.percent": 37.0,
        "gpu.0.memory.used.bytes": float(3 << 30),
        "gpu.0.memory.total.bytes": float(16 << 30),
        "gpu.0.temperature.celsius": 61.0,
        "gpu.0.power.watts": 72.5,
        "gpu.1.utilization.percent": 38.0,
        "gpu.1.memory.used.bytes": float(3 << 30),
        "gpu.1.memory.total.bytes": float(16 << 30),
        "gpu.1.temperature.celsius": 61.0,
    }


def test_a_driver_that_hangs_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    hung, let_go = threading.Event(), threading.Event()

    class HangingDriver(FakeDriver):
        def nvmlDeviceGetCount(self) -> int:
            hung.set()
            assert let_go.wait(30)
            return 1

    monkeypatch.setattr(gpu, "_open_nvml", HangingDriver)
    sampler = gpu.GpuSampler()
    assert sampler.sample() == {}
    assert hung.is_set()
    started = time.monotonic()
    assert all(sampler.sample() == {} for _ in range(100))
    assert time.monotonic() - started < 1, "only the first look may wait"
    let_go.set()
    wait_for(sampler.sample, "the driver's answer")
    assert sampler.sample()["gpu.0.power.watts"] == 72.5


def test_no_driver_is_silent() -> None:
    sampler = gpu.GpuSampler()
    if sampler.sample() == {}:
        wait_for(lambda: not sampler._thread.is_alive() or sampler.sample(), "NVML's answer")
