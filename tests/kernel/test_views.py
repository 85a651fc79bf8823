"""What stands below tracked cells: a picture that stays in the file, and nothing that piles up."""

from __future__ import annotations

import base64
import json
import queue
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.kernel.kernels import PATIENCE, Kernel, wait_until

pytestmark = pytest.mark.kernel

LOAD = "%load_ext nbtrack\nimport nbtrack"
TRACK = "%%track\nnbtrack.log({'loss': 0.5})"
ROWS = """rows = [
    {f"part{m % 8}/metric{m}": (n * m) % 97 / (n + 1) for m in range(40)} for n in range(2000)
]
for row in rows:
    """
# A cell waits for its picture, but not as long as a machine with much else to do may take.
WAIT = """import time
from nbtrack.live.picture import read_picture
from nbtrack.store.layout import RunDir
while not (picture := read_picture(RunDir(nbtrack.run.path), {})) or not picture.final:
    time.sleep(0.01)
"""
MOST_PER_CELL = 150_000
# What a kernel holds.
THREADS = "[one.name for one in threading.enumerate() if one.name.startswith('nbtrack-views')]"
VIEWS = "sum(isinstance(one, View) for one in gc.get_objects())"
COMMS = "len(get_ipython().kernel.comm_manager.comms)"
WIDGET = "application/vnd.jupyter.widget"
VIEW = f"{WIDGET}-view+json"
_IMAGE = re.compile(r'<img [^>]*src="data:image/svg\+xml;base64,([^"]*)"')


def executed(path: Path, *sources: str) -> nbformat.NotebookNode:
    """A notebook run by nbclient and saved; a cell that begins with ``#!`` may raise."""
    notebook: nbformat.NotebookNode = nbformat.v4.new_notebook()
    for source in sources:
        cell = nbformat.v4.new_code_cell(source.removeprefix("#!"))
        cell.metadata["tags"] = ["raises-exception"] * source.startswith("#!")
        notebook.cells.append(cell)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "", "language": "python"}
    place = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=int(PATIENCE), resources=place).execute()
    nbformat.write(notebook, path)
    return notebook


def svg_of(html: str) -> str:
    """The picture in an output; empty if there is none."""
    found = _IMAGE.search(html)
    return base64.b64decode(found[1]).decode() if found else ""


class FrontEnd:
    """Shows what a kernel sends, as a person's notebook does.

    Attributes:
        sent: The kinds of the messages below cells, in order.
        displays: By display id, what stands there.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.sent: list[str] = []
        self.displays: dict[str, dict[str, Any]] = {}
        self._kernel = kernel
        self._ended: set[str] = set()

    def run(self, source: str, cell: str) -> None:
        """Run a cell to its end."""
        message_id = self._kernel.start(source, cell=cell).message_id
        self.wait_until(lambda: message_id in self._ended, "the cell to end")

    def wait_until(self, condition: Callable[[], Any], what: str) -> None:
        """Take what comes until ``condition`` is true."""

        def found() -> Any:
            self._take()
            return condition()

        wait_until(found, what)

    def wait_for_text(self, pattern: str) -> None:
        """Until something below the cells matches, in words."""

        def texts() -> str:
            return "\n".join(data.get("text/plain", "") for data in self.displays.values())

        self.wait_until(lambda: re.search(pattern, texts()), pattern)

    def live(self) -> int:
        """How many live views there are."""
        return sum(VIEW in data for data in self.displays.values())

    def _take(self) -> None:
        while True:
            try:
                message = self._kernel.client.get_iopub_msg(timeout=0.01)
            except queue.Empty:
                return
            kind, content = message["msg_type"], message["content"]
            if kind == "status":
                if content["execution_state"] == "idle":
                    self._ended.add(message["parent_header"].get("msg_id"))
            elif kind != "execute_input":
                self.sent.append(kind)
            if kind in ("display_data", "update_display_data"):
                self.displays[content["transient"]["display_id"]] = content["data"]


@pytest.fixture
def open_notebook(start_kernel: Callable[..., Kernel]) -> Callable[..., tuple[Kernel, FrontEnd]]:
    """Starts a kernel with further variables, and loads the extension."""

    def start(**environ: str) -> tuple[Kernel, FrontEnd]:
        kernel = start_kernel(**environ)
        front_end = FrontEnd(kernel)
        front_end.run(LOAD, "load")
        return kernel, front_end

    return start


class TestNotebookThatAProgramRuns:
    def test_long_cells_leave_one_small_picture_each(self, tmp_path: Path, store_dir: Path) -> None:
        loops = [f"# {n}\n{ROWS}" for n in range(5)]
        plain = executed(tmp_path / "plain.ipynb", *(f"{loop}pass" for loop in loops))
        cells = [f"%%track\n{loop}nbtrack.log(row)" for loop in loops]
        tracked = executed(tmp_path / "tracked.ipynb", LOAD, *cells, WAIT.format(5))
        for cell, without in zip(tracked.cells[1:-1], plain.cells, strict=True):
            (output,) = cell.outputs
            assert output.output_type == "display_data"
            assert set(output.data) == {"text/html", "text/plain"}
            assert 'class="b finished">finished<' in svg_of(output.data["text/html"])
            first, *values = output.data["text/plain"].splitlines()
            assert re.search(r" attempt \d: finished after \d", first)
            assert values[0].startswith("part1/metric1 ")
            assert len(json.dumps(cell)) - len(json.dumps(without)) < MOST_PER_CELL
        file, other = tmp_path / "tracked.ipynb", tmp_path / "plain.ipynb"
        assert WIDGET not in file.read_text()
        assert file.stat().st_size - other.stat().st_size < len(loops) * MOST_PER_CELL

    def test_a_cell_that_raises(self, tmp_path: Path, store_dir: Path) -> None:
        notebook = executed(tmp_path / "raises.ipynb", LOAD, f"#!{TRACK}\n1 / 0", WAIT.format(1))
        picture, error = notebook.cells[1].outputs
        assert error.ename == "ZeroDivisionError"
        svg, text = svg_of(picture.data["text/html"]), picture.data["text/plain"]
        assert 'class="b failed">failed<' in svg
        assert "attempt 1: failed after" in text
        for words in (svg, text):
            assert "ZeroDivisionError: division by zero" in words

    @pytest.mark.parametrize("variable", ["NBTRACK_QUIET=1", "NBTRACK_VIEW=off"])
    def test_nothing_is_left_where_nothing_is_wanted(
        self, variable: str, tmp_path: Path, store_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        name, value = variable.split("=")
        monkeypatch.setenv(name, value)
        notebook = executed(tmp_path / "off.ipynb", LOAD, TRACK, TRACK)
        first, *others = (cell.outputs for cell in notebook.cells)
        assert others == [[], []]
        assert [output.output_type for output in first] == ["stream"] * (name != "NBTRACK_QUIET")


class TestNotebookOfAPerson:
    def test_quiet(self, open_notebook: Callable[..., tuple[Kernel, FrontEnd]]) -> None:
        kernel, front_end = open_notebook(NBTRACK_QUIET="1")
        front_end.run(TRACK, "a")
        front_end.run(f"{TRACK}\nnbtrack.finish()", "b")
        assert front_end.sent == []
        assert [(run.rows, run.state) for run in kernel.runs()] == [(2, "finished")]

    def test_off(self, open_notebook: Callable[..., tuple[Kernel, FrontEnd]]) -> None:
        kernel, front_end = open_notebook(NBTRACK_VIEW="off")
        front_end.run(TRACK, "a")
        front_end.run(f"{TRACK}\nnbtrack.finish()", "b")
        assert set(front_end.sent) == {"stream"}
        assert [(run.rows, run.state) for run in kernel.runs()] == [(2, "finished")]

    def test_picture(self, open_notebook: Callable[..., tuple[Kernel, FrontEnd]]) -> None:
        _, front_end = open_notebook(NBTRACK_VIEW="picture")
        front_end.run(TRACK, "a")
        front_end.wait_for_text("attempt 1: finished")
        (shown,) = front_end.displays.values()
        assert ">finished<" in svg_of(shown["text/html"])
        assert set(front_end.sent) == {"stream", "display_data", "update_display_data"}

    def test_nothing_piles_up(self, open_notebook: Callable[..., tuple[Kernel, FrontEnd]]) -> None:
        kernel, front_end = open_notebook()
        kernel.run("import gc, threading\nfrom nbtrack.notebook.views import View")
        for attempt, cell in enumerate("aaaabcb", start=1):
            front_end.run(TRACK, cell)
            front_end.wait_for_text(rf"attempt {attempt}\b.*: finished")
            front_end.wait_until(lambda: front_end.live() == 1, "a single live view")
            assert kernel.value(THREADS) == "['nbtrack-views']"
        wait_until(lambda: kernel.value(VIEWS) == "3", "a view of each cell")
        front_end.run("nbtrack.finish()", "d")
        front_end.wait_until(lambda: not front_end.live(), "the live view to be taken away")
        for left in (VIEWS, COMMS):
            wait_until(lambda left=left: kernel.value(left) == "0", left)  # type: ignore[misc]
        assert kernel.value(THREADS) == "['nbtrack-views']"
