"""Who looks where a cell is keeps nothing of what is seen there."""

from __future__ import annotations

import pytest

from tests.kernel.kernels import Kernel

pytestmark = pytest.mark.kernel

# Nothing but the last reference frees what a function had. Only the line that is written down says
# that somebody looked.
CELL = """%%track
import gc, time, weakref
from nbtrack.store.layout import RunDir
from nbtrack.store.position import read_position

class Large:
    pass

def work():
    large = Large()
    while read_position(RunDir(nbtrack.run.path)) is None:
        time.sleep(0.01)
    return weakref.ref(large)

gc.disable()
left = work()
gc.enable()
"""


def test_what_a_function_had_is_freed_when_it_returns(kernel: Kernel) -> None:
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    assert kernel.run(CELL).error is None
    assert kernel.value("left()") == "None"
