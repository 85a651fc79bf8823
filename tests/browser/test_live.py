"""What a person sees below a cell while it runs, whatever the kernel is doing."""

from __future__ import annotations

import os
import re
import signal
import time

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Opens
from tests.browser.lab import Notebook, Server, wait_for

pytestmark = [pytest.mark.kernel, pytest.mark.browser]

LOAD = "%load_ext nbtrack\nimport ctypes, math, multiprocessing, os, signal, time\nimport nbtrack"
# It goes on until it was seen enough.
LOOP = """%%track
for i in nbtrack.progress(range(5000), label="epoch"):
    nbtrack.log({"train/loss": math.exp(-i / 20), "val/loss": 0.1 + math.exp(-i / 20)})
    time.sleep(0.05)
    if os.path.exists("enough"):
        break
print("that was it")
"""
VIEW = ".nbtrack .nbt-head"


def text(page: Page, selector: str) -> str:
    """What stands there now; empty if there is no such thing."""
    found = page.locator(selector)
    return found.first.inner_text() if found.count() else ""


def enough(server: Server) -> None:
    """Let the loops of the server's notebooks end."""
    (server.root / "enough").touch()


@pytest.fixture(autouse=True)
def loops_go_on(lab: Server) -> None:
    (lab.root / "enough").unlink(missing_ok=True)


def moves(page: Page, selector: str, times: int = 2) -> None:
    """Wait until something has changed so often."""
    seen = {text(page, selector)}

    def has_moved() -> bool:
        seen.add(text(page, selector))
        return len(seen) > times

    wait_for(has_moved, f"{selector} moves")


def test_a_loop_is_seen_to_go_on_and_to_end(lab: Server, opens: Opens, page: Page) -> None:
    notebook = opens(lab, "loop.ipynb", LOAD, LOOP)
    notebook.run(0)
    notebook.run(1, wait=False)
    page.wait_for_selector(VIEW)
    page.wait_for_selector(".nbt-plot canvas")
    moves(page, ".nbt-legend b")
    moves(page, ".nbt-progress")
    assert "left" in text(page, ".nbt-progress")
    assert text(page, ".nbt-state") == "running"
    assert not page.locator(".nbtrack-picture").first.is_visible(), "one of the two is enough"
    enough(lab)
    notebook.wait_until_ran(1)
    page.wait_for_selector(".nbt-state.nbt-is-finished")
    legend = text(page, ".nbt-legend")
    assert "train" in legend
    assert "val" in legend
    assert page.locator(".nbt-chart").count() == 1, "keys of one name share a chart"
    wait_for(lambda: "that was it" in text(page, ".nbt-console summary"), "its last line")


def test_without_a_server_the_kernel_alone_tells(lab: Server, opens: Opens, page: Page) -> None:
    notebook = opens(lab, "alone.ipynb", LOAD, LOOP)
    # Pages of VS Code and Colab have no such element, and no server that it could name.
    page.evaluate("document.getElementById('jupyter-config-data').remove()")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    notebook.run(0)
    notebook.run(1, wait=False)
    page.wait_for_selector(VIEW)
    moves(page, ".nbt-legend b")
    assert not page.locator(".nbt-head a").count(), "no way to a page that is not there"
    enough(lab)
    notebook.wait_until_ran(1)
    page.wait_for_selector(".nbt-state.nbt-is-finished")
    # JupyterLab's status bar, which those have not either, asks for the kernel's run.
    assert not [url for url in asked if re.search("nbtrack/api(?!/kernels/)", url)]


BUSY = """%%track
def work(n):
    for i in range(10_000):
        nbtrack.log({"worker/loss": math.exp(-i / 100)}, step=i)
        time.sleep(0.05)

worker = multiprocessing.get_context("fork").Process(target=work, args=(0,), daemon=True)
worker.start()
start = time.monotonic()
while time.monotonic() - start < 4:
    pass
nbtrack.log({"phase": 2})
time.sleep(3)
nbtrack.log({"phase": 3})
ctypes.PyDLL(None).sleep(10)
worker.kill()
"""


def test_charts_move_while_the_kernel_computes_sleeps_and_holds_the_interpreter(
    lab: Server, opens: Opens, page: Page
) -> None:
    notebook = opens(lab, "busy.ipynb", LOAD, BUSY)
    notebook.run(0)
    notebook.run(1, wait=False)
    chart = ".nbt-chart:has-text('worker/loss') figcaption b"
    page.wait_for_selector(chart)
    moves(page, chart)
    page.wait_for_selector(".nbt-chart:has-text('phase')")
    moves(page, chart)
    wait_for(lambda: "says nothing" in text(page, ".nbt-kernel"), "the view says who is silent")
    assert "the kernel is busy" in text(page, ".nbt-kernel")
    moves(page, chart)
    assert notebook.prompt(1) == "*", "all of this was seen while the cell ran"
    notebook.wait_until_ran(1)
    page.wait_for_selector(".nbt-state.nbt-is-finished")


def test_a_killed_kernel_is_seen_to_have_crashed(lab: Server, opens: Opens, page: Page) -> None:
    kill = (
        "%%track\nfor i in range(100):\n    nbtrack.log({'loss': 1 / (i + 1)})\n    time.sleep(.05)"
    )
    notebook = opens(lab, "killed.ipynb", LOAD, f"{kill}\n    pid = os.getpid()\n")
    notebook.run(0)
    notebook.run(1, wait=False)
    page.wait_for_selector(".nbt-plot canvas")
    (run,) = lab.runs_of("killed.ipynb")
    os.kill(lab.pid_of(run), signal.SIGKILL)
    killed = time.monotonic()
    page.wait_for_selector(".nbt-state.nbt-is-crashed")
    print(f"crashed was seen after {time.monotonic() - killed:.1f} s")  # noqa: T201
    assert "SIGKILL" in text(page, ".nbt-reason")


def test_a_page_that_is_loaded_again_catches_up(lab: Server, opens: Opens, page: Page) -> None:
    notebook = opens(lab, "again.ipynb", LOAD, LOOP)
    notebook.run(0)
    notebook.run(1, wait=False)
    page.wait_for_selector(".nbt-plot canvas")
    wait_for(lambda: page.locator(".nbtrack-picture img").count(), "there is a picture")
    notebook.save()
    page.reload()
    page.wait_for_selector(".nbtrack-picture img, .nbtrack")
    enough(lab)
    page.wait_for_selector(".nbt-plot canvas")
    page.wait_for_selector(".nbt-state.nbt-is-finished")


def test_the_live_view_is_where_the_run_is(lab: Server, opens: Opens, page: Page) -> None:
    cell = "%%track\nnbtrack.log({'loss': 1.0})"
    notebook = opens(lab, "moves.ipynb", LOAD, cell, f"{cell} # another", "nbtrack.finish()")
    notebook.run(0)
    notebook.run(1)
    notebook.cell(1).locator(VIEW).wait_for()
    notebook.run(2)
    notebook.cell(2).locator(VIEW).wait_for()
    notebook.cell(1).locator(VIEW).wait_for(state="detached")
    notebook.cell(1).locator(".nbtrack-picture img").wait_for()
    notebook.run(2)
    notebook.cell(2).locator(VIEW).wait_for()
    assert notebook.cell(2).locator(VIEW).count() == 1, "the view of the try before is gone"
    notebook.run(3)
    notebook.cell(2).locator(VIEW).wait_for(state="detached")
    for at in (1, 2):
        notebook.cell(at).locator(".nbtrack-picture img").wait_for()
    held = [
        list(output.get("data", {}))
        for saved in notebook.save()["cells"]
        for output in saved["outputs"]
    ]
    assert not any("application/vnd.jupyter.widget-view+json" in kinds for kinds in held)


def test_show_and_the_options(lab: Server, opens: Opens, page: Page) -> None:
    notebook = opens(
        lab,
        "show.ipynb",
        LOAD,
        "%%track --no-widget\nnbtrack.log({'loss': 1.0})",
        "nbtrack.show()",
        "%track show",
        "%config NbTrack.view = 'off'",
        "%%track\nnbtrack.log({'loss': 2.0})",
    )
    notebook.run(0)
    notebook.run(1)
    notebook.cell(1).locator(".nbtrack-picture img").wait_for()
    assert not notebook.cell(1).locator(VIEW).count()
    for at in (2, 3):
        notebook.run(at)
        notebook.cell(at).locator(VIEW).wait_for()
    assert notebook.cell(2).locator(VIEW).count(), "what was asked for stays"
    notebook.run(4)
    notebook.run(5)
    assert not notebook.cell(5).locator(".jp-OutputArea-child").count(), "nothing at all"


def test_the_view_can_be_used(lab: Server, opens: Opens, page: Page) -> None:
    rows = "for i in range(300): nbtrack.log({f'{a}/{b}': i * j + 1 for j, (a, b) in enumerate(k)})"
    keys = "k = [(a, b) for a in ('train', 'val') for b in ('loss', 'acc', 'f1')]"
    notebook = opens(lab, "used.ipynb", LOAD, f"%%track --config lr=1\n{keys}\n{rows}")
    notebook.run(0)
    notebook.run(1)
    page.wait_for_selector(".nbt-state.nbt-is-finished")
    wait_for(lambda: page.locator(".nbt-chart").count() == 3, "three charts")
    page.fill(".nbt-search", "^(loss|acc)$")
    wait_for(lambda: page.locator(".nbt-chart").count() == 2, "two match")
    page.fill(".nbt-search", "(loss")
    assert page.locator(".nbt-search").get_attribute("aria-invalid") == "true"
    assert page.locator(".nbt-chart").count() == 2, "the last pattern holds until there is another"
    page.fill(".nbt-search", "")
    for name in ("log", "time", "relative", "step"):
        button = page.get_by_role("button", name=name, exact=True)
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
    plot = page.locator(".nbt-plot .u-over").first
    box = plot.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 40, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, y, steps=5)
    page.mouse.up()
    page.get_by_role("button", name="reset zoom").wait_for()
    plot.dblclick()
    page.get_by_role("button", name="reset zoom").wait_for(state="detached")
    page.mouse.move(box["x"] + 60, y)
    wait_for(
        lambda: page.locator("figcaption:has-text('step ')").count() == 3,
        "the cursor is shown in all charts",
    )


def test_a_cell_that_raises(lab: Server, opens: Opens, page: Page) -> None:
    notebook = opens(lab, "raises.ipynb", LOAD, "%%track\nnbtrack.log({'a': 1})\n\n1 / 0")
    notebook.run(0)
    notebook.run(1)
    page.wait_for_selector(".nbt-state.nbt-is-failed")
    assert "ZeroDivisionError: division by zero" in text(page, ".nbt-error")
    assert "line 4" in text(page, ".nbt-error-where")
    page.get_by_text("traceback", exact=True).click()
    assert "1 / 0" in text(page, ".nbt-error pre")
    page.get_by_role("button", name="go to the cell").click()


@pytest.mark.parametrize("application", ["notebook"])
def test_notebook_7(
    application: str, tmp_path_factory: pytest.TempPathFactory, opens: Opens, page: Page
) -> None:
    server = Server(
        tmp_path_factory.mktemp("notebook"), application="notebook", theme="JupyterLab Light"
    )
    server.start()
    try:
        notebook = opens(server, "loop.ipynb", LOAD, LOOP + "ctypes.PyDLL(None).sleep(6)\n")
        notebook.run(0)
        notebook.run(1, wait=False)
        page.wait_for_selector(VIEW)
        moves(page, ".nbt-legend b")
        enough(server)
        wait_for(lambda: "kernel is busy" in text(page, ".nbt-kernel"), "it goes on from disk")
        notebook.wait_until_ran(1)
        page.wait_for_selector(".nbt-state.nbt-is-finished")
        # It has no tabs of its own: what JupyterLab would show in one is a page of the browser.
        page.keyboard.press("Escape")
        page.keyboard.press("Control+Shift+C")
        page.locator(".lm-CommandPalette-input").fill("nbtrack run")
        with page.context.expect_page() as opened:
            page.locator(".lm-CommandPalette-item", has_text="this notebook's run").click()
        (run,) = server.runs_of("loop.ipynb")
        opened.value.get_by_role("heading", level=1).wait_for()
        assert run.name in opened.value.url
    finally:
        server.stop()


def test_nobody_without_the_token_is_told_anything(lab: Server, opens: Opens) -> None:
    notebook: Notebook = opens(lab, "token.ipynb", LOAD, "%%track\nnbtrack.log({'loss': 1.0})")
    notebook.run(0)
    notebook.run(1)
    run = lab.runs_of("token.ipynb")[0]
    live = f"nbtrack/api/live/{lab.store_key}/{run.name}"
    assert wait_for(lambda: lab.get(live)[0] == 200, "it can be read with the token")
    for path in ("nbtrack/api", live):
        assert lab.get(path, token=None)[0] == 403
    for path in (
        f"nbtrack/api/live/{'0' * 16}/{run.name}",
        f"nbtrack/api/live/{lab.store_key}/another",
        f"nbtrack/api/live/{lab.store_key}/..%2f..%2frun.json",
    ):
        assert lab.get(path)[0] == 404
    assert lab.get(f"{live}?since=x")[0] == 400
