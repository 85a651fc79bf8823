"""No secret that a session shows, holds or fails with is in any file that nbtrack makes of it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from nbtrack.store.layout import RunDir
from tests.kernel.kernels import Cell, Kernel, wait_until
from tests.secrets_like import ORDINARY, PEM_LINES, SECRETS, made, pem

pytestmark = pytest.mark.kernel

ALL = {name: secret for name, (_, secret) in SECRETS.items()}
ALL |= {f"line {at} of a private key": line for at, line in enumerate(PEM_LINES)}
TEXTS = [text for text, _ in SECRETS.values()] + [pem()]
ENVIRONMENT = made("a variable of the kernel", 20)
LATER = made("a variable that a cell sets", 20)


def contents(store: Path) -> Iterator[tuple[str, str]]:
    """Every file of a store as text: its bytes, and of tables and pictures what they hold."""
    for path in store.rglob("*"):
        if path.is_file():
            name = str(path.relative_to(store))
            yield name, path.read_bytes().decode("utf-8", "replace")
            if path.suffix == ".parquet":
                with duckdb.connect() as connection:
                    rows = connection.execute("FROM read_parquet(?)", [str(path)]).fetchall()
                yield f"{name}, its rows", repr(rows).replace("\\'", "'")


def found(texts: Iterator[tuple[str, str]], *more: str) -> list[tuple[str, str]]:
    """(file, secret) of everything that is there and should not be."""
    secrets = {**ALL, **{secret: secret for secret in (ENVIRONMENT, LATER, *more)}}
    return [
        (name, kind) for name, text in texts for kind, secret in secrets.items() if secret in text
    ]


def shown_by_nbtrack(cells: list[Cell]) -> Iterator[tuple[str, str]]:
    """What nbtrack put below cells: all displays; what they print is their own."""
    for cell in cells:
        for output in cell.outputs:
            if output["kind"] in ("display_data", "update_display_data"):
                text = json.dumps(output)
                yield f"an output of cell {cell.number}", text
                for picture in re.findall(r"base64,([A-Za-z0-9+/=]+)", text):
                    yield "a picture", base64.b64decode(picture).decode("utf-8", "replace")


def play(kernel: Kernel) -> list[Cell]:
    """A session that is careless in every way."""
    sources = [
        f"texts = {TEXTS!r}",
        "%load_ext nbtrack\nimport nbtrack, os",
        f"# {TEXTS[0]}\nagain = {TEXTS!r}",
        "for text in texts: print(text)",
        "import sys\nprint('\\n'.join(texts), file=sys.stderr)",
        (
            "for text in texts:\n    for at in range(0, len(text), 7):\n"
            "        print(text[at:at + 7], end='', flush=True)\n    print()"
        ),
        "import logging\nfor text in texts: logging.warning(text)",
        f"os.environ['LATER_TOKEN'] = {LATER[:10]!r} + {LATER[10:]!r}",
        (
            "import time; time.sleep(0.3)\n"
            "print(os.environ['LATER_TOKEN'], os.environ['SOME_PASSWORD'])"
        ),
        "%%track --config password=" + ALL["password in code"] + "\n"
        "for n, text in enumerate(texts): nbtrack.log({'n': n, 'note': text})\n"
        "nbtrack.config.update({'texts': texts, 'deep': {'api_key': 'green-door-17'}})\n"
        "nbtrack.run.notes = '\\n'.join(texts)\n"
        "nbtrack.summary['best'] = texts[3]",
        "%%track\nnbtrack.log({'x': 1})\nraise ValueError('\\n'.join(texts))",
        "texts",
        "raise KeyError(texts[0])",
        f"print({ORDINARY!r})",
    ]
    return [kernel.run(source) for source in sources]


def test_nothing_is_found(start_kernel: Callable[..., Kernel]) -> None:
    kernel = start_kernel(SOME_PASSWORD=ENVIRONMENT, NBTRACK_VIEW="picture", NBTRACK_CODE="true")
    cells = play(kernel)
    assert [cell.error for cell in cells if cell.error] == ["ValueError", "KeyError"]
    assert ALL["github"] in cells[3].text, "the person's own outputs are theirs"
    run = kernel.current_run()
    assert found(contents(kernel.store), "green-door-17") == [], "while it goes on"
    assert found(shown_by_nbtrack(cells)) == []
    assert list(shown_by_nbtrack(cells)), "there is a picture to look at"
    kernel.shutdown()
    wait_until(RunDir(run.path).output_log.exists, "the log of the run")
    assert found(contents(kernel.store), "green-door-17") == [], "when it has ended"
    run = kernel.only_run()
    log = run.log()
    assert ORDINARY.strip() in log
    assert log.count("[secret: ") > 100
    assert run.history("note").to_pandas()["text"].str.contains(r"\[secret: ").all()
    assert run.config["deep"]["api_key"] == "[secret: Keyword]"


def test_nothing_is_found_after_a_kill(start_kernel: Callable[..., Kernel]) -> None:
    kernel = start_kernel(SOME_PASSWORD=ENVIRONMENT, NBTRACK_RECORDER="off")
    play(kernel)
    kernel.start(
        "import os, signal\nprint('\\n'.join(texts))\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    wait_until(lambda: not kernel.manager.is_alive(), "the kernel to be gone")
    texts = list(contents(kernel.store))
    assert any(name.endswith(".seg") for name, _ in texts)
    assert found(iter(texts), "green-door-17") == []


def test_a_person_may_want_them(start_kernel: Callable[..., Kernel]) -> None:
    kernel = start_kernel(NBTRACK_MASK_SECRETS="false")
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    text, secret = SECRETS["github"]
    kernel.run(f"nbtrack.log({{'note': {text!r}}})")
    assert kernel.current_run().history("note").to_pandas()["text"].tolist() == [secret]
