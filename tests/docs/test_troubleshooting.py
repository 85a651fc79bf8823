"""``docs/troubleshooting.md``: what it quotes is what is said when that happens."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import nbtrack
from nbtrack._attempts import CellInfo
from nbtrack.store.schema import Failure
from tests.docs import markdown, quoting

PAGE = "docs/troubleshooting.md"
Act = Callable[["Place"], str]


class Place:
    """A folder in which somebody works, with a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / ".nbtrack"

    def run(self, *command: str, **variables: str) -> str:
        """Everything that a Python process prints."""
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.folder,
            env={**os.environ, "NBTRACK_DIR": str(self.store), "COLUMNS": "200", **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return done.stdout

    def script(self, code: str, **variables: str) -> str:
        (self.folder / "train.py").write_text(f"import nbtrack\n{code}\n", encoding="utf-8")
        return self.run("train.py", **variables)

    def nbtrack(self, line: str) -> str:
        return self.run("-m", "nbtrack", *shlex.split(line))


def failing_cell(place: Place) -> str:
    run = nbtrack.init(dir=place.store)
    cell = CellInfo(cell_id="c", execution_count=5, source="raise ValueError")
    run.begin_attempt(cell)
    run.end_attempt("failed", Failure(type="ValueError", message="no", traceback=""))
    run.finish()
    return nbtrack.open_run(run.id, dir=place.store).reason


def second_of_an_id(place: Place) -> str:
    begin = "nbtrack.init(id='a1', resume={}).log({{'loss': 1}})\n"
    other = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', sys.argv[0]])\n"
    place.script(begin.format(None))
    refused = place.script(begin.format(None))
    code = "import nbtrack; nbtrack.init(id='a1', resume='must')"
    alive = begin.format("'must'") + other.replace("sys.argv[0]", repr(code))
    return refused + place.script(alive)


def killed_with_its_recorder(place: Place) -> str:
    place.script(
        "import os, signal\nnbtrack.init().log({'loss': 1})\nos.kill(os.getpid(), signal.SIGKILL)",
        NBTRACK_RECORDER="off",
    )
    return place.nbtrack("ls")


def two_of_a_name(place: Place) -> str:
    place.script("for _ in range(2):\n  with nbtrack.init(name='twice') as run: run.log({'a': 1})")
    return place.nbtrack("show twice")


def denied(place: Place) -> str:
    place.folder.chmod(0o500)
    record = f"with nbtrack.init(dir='{place.folder}/{{}}') as run: run.log({{{{'a': 1}}}})\n"
    try:
        if os.geteuid() != 0:
            return place.run("-c", f"import nbtrack\n{record.format('x')}")
        # Somebody else, who has loaded everything before that.
        return place.run(
            "-c",
            f"import os, nbtrack\n{record.format('.nbtrack')}"
            f"os.setuid(65534)\n{record.format('x')}",
        )
    finally:
        place.folder.chmod(0o700)


def port_taken(place: Place) -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        return place.nbtrack(f"ui --no-browser --port {taken.getsockname()[1]}")


# The heading of a question -> what is done to have it.
TRIED: dict[str, Act] = {
    "A run has failed, and everything went well": failing_cell,
    "Which run do I go on with?": second_of_an_id,
    "A run has ended, and I want to log more": lambda place: place.script(
        "run = nbtrack.init()\nrun.log({'a': 1})\nrun.finish()\nrun.log({'a': 2})"
    ),
    "My kernel died: why?": killed_with_its_recorder,
    "Nothing is recorded": lambda place: place.script(
        "nbtrack.log({'a': 1})", NBTRACK_SAMPLE_INTERVAL="fast"
    ),
    "Do steps have to rise?": lambda place: place.script("nbtrack.log({'a': 1}, step=0.5)"),
    "A value was not recorded": lambda place: place.script(
        "import numpy\nnbtrack.log({'w': numpy.zeros(3)})"
    ),
    "A function of W&B's is not there": lambda place: place.script("nbtrack.sweep({})"),
    "Where are my runs?": lambda place: place.nbtrack("ls"),
    "Several runs have one name": two_of_a_name,
    "Permission denied": denied,
    "It says that this is no place": lambda place: place.nbtrack("sync --all --to s4://x"),
    "The port is in use": port_taken,
}
# What takes a place that does not answer, another machine, a full disk or a repository: other tests
# have these happen, and here the words are looked for in the code.
ELSEWHERE = {
    "A run says that it is running, and its kernel is gone",
    "The disk is full",
    "A sync seems to be stuck",
    "It cannot reach the place",
    "The commit alone is not what ran",
}
# What the code fills in.
_FILLED = re.compile(r"s3://\S+|\S*\d\S*|node-\d+|train\.py|(?:Jan|min)\b|sync:|[:,()]")


def quotations() -> dict[str, list[str]]:
    """What the page quotes, by the heading above it."""
    found: dict[str, list[str]] = {}
    parts = re.split(r"(?m)^### (.*)$", markdown.read(PAGE))
    for heading, text in zip(parts[1::2], parts[2::2], strict=True):
        found[heading] = re.findall(r"(?ms)^```text\n(.*?)^```$", text)
    return {heading: texts for heading, texts in found.items() if texts}


def test_every_quotation_is_checked() -> None:
    assert set(quotations()) == {*TRIED, *ELSEWHERE}


@pytest.mark.parametrize("heading", TRIED)
def test_what_is_quoted_is_what_is_said(heading: str, tmp_path: Path) -> None:
    said = TRIED[heading](Place(tmp_path))
    for quoted in quotations()[heading]:
        assert quoting.missing(quoted, said) == [], said


@pytest.mark.parametrize("heading", sorted(ELSEWHERE))
def test_the_other_words_are_those_of_the_code(heading: str) -> None:
    files = (markdown.ROOT / "nbtrack").rglob("*.py")
    # A message that goes over two lines of code is one.
    code = re.sub(r'"\s*f?"', "", "\n".join(path.read_text(encoding="utf-8") for path in files))
    for quoted in quotations()[heading]:
        for part in _FILLED.split(quoted):
            assert part.strip() in code, part


def test_the_commands_of_the_page_run(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.script("nbtrack.init(name='first-run').log({'loss': 1})\nprint('text')")
    lines = [line for block in markdown.blocks(PAGE, "sh") for line in block.text.splitlines()]
    for line in lines:
        if line != "nbtrack doctor":  # tests/doctor
            assert place.nbtrack(line.removeprefix("nbtrack ")), line
    assert [run.name for run in nbtrack.runs(dir=place.store)] == ["first-run"]
