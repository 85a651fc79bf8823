"""GPU use, temperature and power through NVML.

A machine without a GPU or a driver is normal. A call into NVML can hang in the driver, for ever:
so it is made by a daemon thread, and a call that does not come back costs the GPU values alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

_PATIENCE = 0.1
_MAX_DEVICES = 32


class GpuSampler:
    """Asks NVML from a thread of its own."""

    def __init__(self) -> None:
        self._ask = threading.Event()
        self._answered = threading.Event()
        self._asked = False
        self._values: dict[str, float] = {}
        self._thread = threading.Thread(target=self._serve, name="nbtrack-gpu", daemon=True)
        self._thread.start()

    def sample(self) -> dict[str, float]:
        """The values of every device; nothing while NVML has not answered."""
        late: dict[str, float] = {}
        if self._asked:
            if not self._answered.is_set():
                return {}
            late = self._values
        if not self._thread.is_alive():
            return {}
        self._answered.clear()
        self._asked = True
        self._ask.set()
        if self._answered.wait(_PATIENCE):
            self._asked = False
            return self._values
        return late

    def _serve(self) -> None:
        nvml = _open_nvml()
        while nvml is not None:
            self._ask.wait()
            self._ask.clear()
            self._values = read_devices(nvml)
            self._answered.set()
        self._answered.set()


def read_devices(nvml: Any) -> dict[str, float]:
    """What every device tells about itself; what one does not know is left out."""
    values: dict[str, float] = {}
    for index in range(min(_value(nvml.nvmlDeviceGetCount) or 0, _MAX_DEVICES)):
        device = _value(partial(nvml.nvmlDeviceGetHandleByIndex, index))
        if device is not None:
            values |= {f"gpu.{index}.{name}": value for name, value in _read(nvml, device)}
    return values


def _read(nvml: Any, device: Any) -> Iterator[tuple[str, float]]:
    utilization = _value(lambda: nvml.nvmlDeviceGetUtilizationRates(device))
    if utilization is not None:
        yield "utilization.percent", float(utilization.gpu)
    memory = _value(lambda: nvml.nvmlDeviceGetMemoryInfo(device))
    if memory is not None:
        yield "memory.used.bytes", float(memory.used)
        yield "memory.total.bytes", float(memory.total)
    temperature = _value(lambda: nvml.nvmlDeviceGetTemperature(device, nvml.NVML_TEMPERATURE_GPU))
    if temperature is not None:
        yield "temperature.celsius", float(temperature)
    milliwatts = _value(lambda: nvml.nvmlDeviceGetPowerUsage(device))
    if milliwatts is not None:
        yield "power.watts", milliwatts / 1000


def _open_nvml() -> Any:
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # no package, no library, no driver, no device: all of them normal
        return None
    return pynvml


def _value(call: Callable[[], Any]) -> Any:
    """What ``call`` returns; None where the device or the driver does not support it."""
    try:
        return call()
    except Exception:
        return None
