"""`python -m benchmarks.kernel [--cells N] [--prints N] [--pairs N] [--json FILE]`.

What nbtrack costs in a notebook: two real kernels side by side, one with the extension loaded and
one without, given the same cells in turn, so that whatever else the machine does meets both.

`empty cell`
    From sending a cell that does nothing until the kernel is idle again, as a front end sees it;
    in the kernel with nbtrack also a cell with `%%track`. The figure is the difference of the
    medians.
`print`, `progress`
    A loop that prints lines, or rewrites one line, timed by the kernel itself. The figure is the
    median of the ratios of the pairs.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

_PATIENCE = 120.0
_LOOPS = {
    "print": "for n in range({count}): print('step', n, 'loss', 0.25)",
    "progress": "for n in range({count}): print(f'\\r{{n}} of {count}', end='')",
}


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kernel")
    parser.add_argument("--cells", type=int, default=400, help="empty cells of each kind")
    parser.add_argument("--prints", type=int, default=50_000, help="lines of each loop")
    parser.add_argument("--pairs", type=int, default=15, help="pairs of loops")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, kernel(folder) as plain, kernel(folder) as other:
        run(other, "%load_ext nbtrack\nimport nbtrack")
        run(plain, "import time")
        values: dict[str, list[float]] = {}
        for kind, source in (("untracked", "pass"), ("tracked", "%%track\npass")):
            pairs = [(run(plain, "pass"), run(other, source)) for _ in range(options.cells)]
            values[f"beside {kind}"], values[kind] = map(list, zip(*pairs, strict=True))
        for name, loop in _LOOPS.items():
            source = loop.format(count=options.prints)
            values[name] = [
                timed(other, source) / timed(plain, source) for _ in range(options.pairs)
            ]
    middle = {name: statistics.median(found) for name, found in values.items()}
    print(f"empty cell without nbtrack   {1e3 * middle['beside untracked']:7.2f} ms")
    for kind, words in (("untracked", "the extension"), ("tracked", "%%track")):
        more = 1e3 * (middle[kind] - middle[f"beside {kind}"])
        print(f"{f'  with {words}':<28}{more:+8.2f} ms  (target 1)")
    for name in _LOOPS:
        spread = f"{min(values[name]):.2f} to {max(values[name]):.2f}"
        print(f"{name:<28}{100 * (middle[name] - 1):+8.1f} %   (target 5; ratios {spread})")
    if options.json:
        options.json.write_text(json.dumps(values, indent=1))
    return 0


@contextmanager
def kernel(folder: str, **variables: str) -> Iterator[BlockingKernelClient]:
    """A kernel of this environment, with further variables."""
    environ = {**os.environ, "NBTRACK_DIR": str(Path(folder, "store")), **variables}
    manager, client = start_new_kernel(env=environ, cwd=folder)
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


def run(client: BlockingKernelClient, source: str) -> float:
    """Run a cell. Returns how long the kernel was busy, in seconds, as its front end sees it."""
    begin = time.perf_counter()
    message = client.execute(source)
    while True:
        reply = client.get_iopub_msg(timeout=_PATIENCE)
        content = reply["content"]
        if reply["parent_header"].get("msg_id") != message:
            continue
        if reply["msg_type"] == "error":
            raise RuntimeError(content["evalue"])
        if reply["msg_type"] == "status" and content["execution_state"] == "idle":
            took = time.perf_counter() - begin
            client.get_shell_msg(timeout=_PATIENCE)
            return took


def timed(client: BlockingKernelClient, source: str) -> float:
    """Seconds that a loop took, by the kernel's clock."""
    lines = ["import time", "begin = time.perf_counter()", source]
    run(client, "\n".join([*lines, "took = time.perf_counter() - begin"]))
    return float(value_of(client, "took"))


def value_of(client: BlockingKernelClient, name: str) -> Any:
    """What a variable of the kernel holds, if that is made of numbers."""
    message = client.execute("", silent=True, user_expressions={"value": name})
    while True:
        reply = client.get_shell_msg(timeout=_PATIENCE)
        if reply["parent_header"].get("msg_id") == message:
            text = reply["content"]["user_expressions"]["value"]["data"]["text/plain"]
            return ast.literal_eval(text)


if __name__ == "__main__":
    sys.exit(main())
