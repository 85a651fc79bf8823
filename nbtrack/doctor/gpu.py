"""Whether NVML tells anything."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from ..recorder.gpu import read_devices
from .finding import Finding

_PATIENCE = 5.0


def check_gpus() -> Iterator[Finding]:
    """How many GPUs are sampled, or why none is. A call into a driver may hang: a thread asks."""
    found: list[Finding] = []
    thread = threading.Thread(target=lambda: found.append(_ask()), daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    if found:
        yield found[0]
        return
    yield Finding(
        "gpu",
        "warning",
        f"NVML does not answer within {_PATIENCE:g} s",
        "The driver hangs. Samples go on without the GPU's values.",
        "See whether `nvidia-smi` answers.",
    )


def _ask() -> Finding:
    try:
        import pynvml

        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
        values = len(read_devices(pynvml))
    except Exception as error:  # no library, no driver, no device, no permission
        return Finding("gpu", "note", f"no GPU is sampled: {error}")
    return Finding("gpu", "ok", f"{count} GPU{'s' * (count != 1)}, {values} values in each sample")
