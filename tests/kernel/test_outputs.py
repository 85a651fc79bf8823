"""What a person sees is the same with and without nbtrack, byte for byte."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.kernel.kernels import PATIENCE, Kernel
from tests.kernel.notebooks import NOTEBOOKS

pytestmark = pytest.mark.kernel

# Random by nature: ids of widgets and comms, addresses of objects, numbers of processes, how long
# something took.
_RANDOM = [
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{32}\b"), "<id>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{24}_\d+_\d+\b"), "<id>"),
    (re.compile(r"0x[0-9a-f]{6,}"), "<address>"),
    (re.compile(r"ipykernel_\d+"), "ipykernel_<pid>"),
    (re.compile(r"\b\d{5,}\.py"), "<hash>.py"),
    (re.compile(r"(\d[\d.e+]* (ns|[uµμ]s|ms|s)\b,? ?)+"), "<time>"),
    (re.compile(r"\[\d\d:\d\d<[^\]]*\]"), "[<time>]"),
    (re.compile(r"/kernel\d+/"), "/kernel/"),
]
# What is written past Python's streams may come when the cell has ended: then it says so.
_LATE = re.compile(r"# shows (.*)\Z")


def everything(kernel: Kernel, source: str) -> list[str]:
    """All that a cell sends to its front end, as lines of JSON, without what is random."""
    message = kernel.client.execute(source, allow_stdin=False, stop_on_error=False)
    sent: list[dict[str, Any]] = []
    late = _LATE.search(source)
    idle = False
    while not idle or (late is not None and late[1] not in str(sent)):
        found = kernel.client.get_iopub_msg(timeout=PATIENCE)
        if found["parent_header"].get("msg_id") != message:
            continue
        kind, content = found["msg_type"], found["content"]
        if kind == "status":
            idle = content["execution_state"] == "idle"
            continue
        if kind == "execute_input":
            del content["code"]
        if kind == "stream":
            # When each of the two streams sends what it has is chance.
            if not sent or sent[-1]["kind"] != "streams":
                sent.append({"kind": "streams"})
            sent[-1][content["name"]] = sent[-1].get(content["name"], "") + content["text"]
        else:
            sent.append({"kind": kind, "content": content, "metadata": found["metadata"]})
    while True:
        reply = kernel.client.get_shell_msg(timeout=PATIENCE)
        if reply["parent_header"].get("msg_id") == message:
            break
    text = json.dumps(
        {"sent": sent, "reply": reply["content"]},
        sort_keys=True,
        default=repr,
        indent=1,
        ensure_ascii=False,
    )
    for pattern, name in _RANDOM:
        text = pattern.sub(name, text)
    return text.splitlines()


@pytest.mark.parametrize("name", NOTEBOOKS)
@pytest.mark.parametrize("tracked", [False, True], ids=["untracked", "tracked"])
def test_outputs_are_the_same(
    name: str, tracked: bool, start_kernel: Callable[..., Kernel]
) -> None:
    # How IPython lays out a traceback can depend on the order of a set.
    plain, recorded = (start_kernel(PYTHONHASHSEED="0") for _ in range(2))
    for kernel, first in ((plain, "pass"), (recorded, "%load_ext nbtrack")):
        everything(kernel, first)
    for source in NOTEBOOKS[name]:
        beside = cell = source
        if tracked:
            # What runs is this: the line as a comment, or nothing before another cell magic.
            beside = source if source.startswith("%%") else f"# %%track\n{source}"
            cell = f"%%track\n{source}"
        assert everything(recorded, cell) == everything(plain, beside), source
    recorded.shutdown()
    assert len(recorded.run_directories()) == tracked
