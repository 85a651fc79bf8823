"""GPU samples through the real bindings, with a library in the place of the driver's."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nbtrack.store.schema import Sample
from tests.recorder.processes import Owner, StartOwner, is_running, records, wait_for

SOURCE = Path(__file__).with_name("nvml") / "replay.c"
BUSY = {0.0, 37.0, 98.0, 100.0, 99.0, 12.0}


@pytest.fixture
def library(tmp_path: Path) -> Callable[..., str]:
    """Makes the library. Returns the folder that it is in."""

    def make(*flags: str) -> str:
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("there is no C compiler here")
        target = tmp_path / "libnvidia-ml.so.1"
        command = [compiler, "-shared", "-fPIC", *flags, "-o", str(target), str(SOURCE)]
        subprocess.run(command, check=True)
        return str(tmp_path)

    return make


def samples(owner: Owner) -> list[dict[str, float]]:
    found = records(owner.run_dir(), "recorder")
    return [record.data for record in found if isinstance(record, Sample)]


def test_two_devices(start_owner: StartOwner, library: Callable[..., str]) -> None:
    owner = start_owner(LD_LIBRARY_PATH=library(), NBTRACK_SAMPLE_INTERVAL="0.1")
    owner.open()

    def seen() -> set[float]:
        return {s["gpu.0.utilization.percent"] for s in samples(owner) if "gpu.0" in str(s)}

    wait_for(lambda: seen() == BUSY, "the whole course of one device")
    found = [sample for sample in samples(owner) if "gpu.0.utilization.percent" in sample]
    for sample in found:
        assert sample["gpu.1.utilization.percent"] == 100 - sample["gpu.0.utilization.percent"]
        assert sample["gpu.0.memory.used.bytes"] == 1e10
        assert sample["gpu.1.memory.used.bytes"] == 2e10
        assert sample["gpu.0.memory.total.bytes"] == 85520809984
        assert sample["gpu.0.temperature.celsius"] == 61
        assert sample["gpu.1.temperature.celsius"] == 34
        assert "gpu.1.power.watts" not in sample, "what a device does not know is left out"
    full = {s["gpu.0.power.watts"] for s in found if s["gpu.0.utilization.percent"] == 100}
    assert full == {699.02}


def test_a_driver_that_hangs(start_owner: StartOwner, library: Callable[..., str]) -> None:
    owner = start_owner(LD_LIBRARY_PATH=library("-DHANGS"), NBTRACK_SAMPLE_INTERVAL="0.1")
    recorder = owner.open()
    wait_for(lambda: len(samples(owner)) >= 10, "everything else is sampled on")
    assert not any(name.startswith("gpu.") for sample in samples(owner) for name in sample)
    owner("close", "one")
    wait_for(lambda: not is_running(recorder), "the recorder ends all the same")
