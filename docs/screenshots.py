"""Takes the pictures of the live view, in JupyterLab, and of the pages of runs.

Run as ``python -m docs.screenshots`` in the root of the project, with the development environment.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

import nbtrack
from nbtrack.store.layout import Store
from nbtrack.store.registry import key_of
from tests.browser.lab import THEMES, Notebook, Server, chromium, wait_for
from tests.browser.pages import SCHEMES, wait_until_drawn
from tests.kernel.kernels import Kernel
from tests.server.servers import nbtrack_ui

IMAGES = Path(__file__).parent / "images"
SIZE = {"width": 1100, "height": 1000}
PAGE = {"width": 1100, "height": 720}
BESIDE = {"width": 1400, "height": 800}

LOAD = """%load_ext nbtrack
import nbtrack, os, time
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

x, x_val, y, y_val = train_test_split(*load_digits(return_X_y=True), random_state=0)"""
TRAIN = """%%track --config rate={rate}
model = MLPClassifier(32, solver="sgd", learning_rate_init=nbtrack.config.rate, random_state=0)
for epoch in nbtrack.progress(range(60), label="epoch"):
    model.partial_fit(x / 16, y, classes=range(10))
    nbtrack.log({{
        "loss": model.loss_,
        "train/accuracy": model.score(x / 16, y),
        "val/accuracy": model.score(x_val / 16, y_val),
    }})
    {wait}"""
# The picture is of a loop that goes on.
WAIT = "while epoch == 45 and not os.path.exists('enough'): time.sleep(0.1)"


def take(page: Page, notebook: Notebook, server: Server, path: Path) -> None:
    """Two tries of one cell, the second of which is still running."""
    notebook.open()
    page.evaluate("jupyterapp.commands.execute('application:toggle-left-area')")
    notebook.run(0)
    notebook.set_source(1, TRAIN.format(rate=0.05, wait="time.sleep(0.03)"))
    notebook.run(1)
    notebook.set_source(1, TRAIN.format(rate=0.4, wait=WAIT))
    notebook.run(1, wait=False)
    page.wait_for_selector(".nbt-progress:has-text('45 / 60')")
    wait_for(lambda: page.locator(".nbt-plot canvas").count() == 2, "both charts are drawn")
    # Whoever reads the page has no use for what helped to take its picture.
    notebook.set_source(1, TRAIN.format(rate=0.4, wait="").rstrip())
    page.wait_for_timeout(2500)
    notebook.cell(1).screenshot(path=path)
    (server.root / "enough").touch()
    notebook.wait_until_ran(1)


def take_lab(page: Page, path: Path) -> None:
    """The run of that notebook beside it, in a tab of JupyterLab."""
    page.set_viewport_size(BESIDE)  # type: ignore[arg-type]
    page.locator(".nbtrack-status button").click()
    frame = page.frame_locator("iframe[title=nbtrack]")
    frame.get_by_role("tab", name="Charts").click()
    page.evaluate(
        "jupyterapp.shell.add(jupyterapp.shell.currentWidget, 'main', {mode: 'split-right'})"
    )
    frame.locator(".nbt-plot canvas").nth(1).wait_for()
    page.wait_for_timeout(2500)
    page.screenshot(path=path)
    smaller(path)


ATTEMPT = """%%track --name "rate {rate}" --config rate={rate}
random.seed({rate})
for epoch in nbtrack.progress(range(150), label="epoch"):
    done = 1 - math.exp(-epoch * {rate})
    noise = random.gauss(0, 0.02)
    nbtrack.log({{
        "train/loss": 2.3 * (1 - done) + 0.08 + abs(noise) / 4,
        "val/loss": 2.3 * (1 - done) + 0.2 + abs(noise),
        "train/accuracy": 0.1 + 0.89 * done, "val/accuracy": 0.1 + 0.85 * done + noise / 2,
        "gradients/norm": 4 * (1 - done) + random.random() / 4,
        "learning rate": {rate} * 0.5 * (1 + math.cos(math.pi * epoch / 150)),
    }})"""
RATES = (0.02, 0.05, 0.1)
RUNS = 40
COMPARED = 6
# What is there when a page is drawn.
WAITS = {"table": ".nbt-spark", "artifacts": ".nbt-node"}
COLUMNS = (
    "name,state,tags,spark.val/loss,summary.val/loss,summary.val/accuracy,"
    "config.lr,config.batch,config.optimizer"
)


def record(folder: Path) -> Path:
    """Runs for the pages. Returns their store."""
    environ = {**os.environ, "NBTRACK_DIR": str(folder / "store"), "PYTHONPATH": os.getcwd()}
    script = [sys.executable, str(Path(__file__).with_name("made_up_runs.py")), str(RUNS)]
    subprocess.run(script, cwd=folder, env=environ, check=True)
    script = [sys.executable, str(Path(__file__).with_name("made_up_digits.py")), str(folder)]
    subprocess.run(script, cwd=folder, env=environ, check=True)
    with Kernel(folder) as kernel:
        kernel.run("%load_ext nbtrack\nimport math, random\nimport nbtrack")
        for rate in RATES:
            kernel.run(ATTEMPT.format(rate=rate), cell="train")
        kernel.run("nbtrack.run.name = 'digits, three rates'")
        kernel.shutdown()
    return folder / "store"


def smaller(path: Path) -> None:
    """Keep a picture in 256 colours, which is as many as it has but for the edges of letters."""
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def take_pages(browser: Browser, store: Path, folder: Path) -> None:
    """The table, a run and some that are compared, in both themes."""
    server = nbtrack_ui(folder, str(store))
    key = key_of(Store(store))
    found = nbtrack.runs(dir=store, sort='-summary."val/accuracy"')
    named = {run.name: run.id for run in found}
    charts, held = named["digits, three rates"], named["digits, linear"]
    best = [run.id for run in found if run.project == "birds"][:COMPARED]
    asked = {
        "media": (
            f"/runs/{key}/{held}/charts",
            {"search": "guesses|hardest|confusion|roc", "step": "29"},
        ),
        "model": (f"/runs/{key}/{held}/model", {}),
        "artifacts": (f"/runs/{key}/{held}/artifacts", {"artifact": "digits:v0"}),
        "charts": (f"/runs/{key}/{charts}/charts", {}),
        "table": ("", {"store": key, "cols": COLUMNS, "where": "project = 'birds'"}),
        "compare": ("/compare", {"store": key, "runs": ",".join(best)}),
    }
    for scheme in SCHEMES:
        page = browser.new_page(viewport=PAGE, device_scale_factor=1.5, color_scheme=scheme)  # type: ignore[arg-type]
        for name, (place, query) in asked.items():
            words = urlencode({**query, "token": server.token or ""})
            page.goto(f"http://127.0.0.1:{server.port}/nbtrack{place}?{words}")
            page.wait_for_selector(WAITS.get(name, ".nbt-plot canvas"))
            # A run's page is never idle: it follows the run.
            page.wait_for_load_state("networkidle" if name in ("table", "compare") else "load")
            wait_until_drawn(page)
            if name == "media":
                page.evaluate("document.querySelector('.nbt-media-bar').scrollIntoView()")
            page.wait_for_timeout(1500)
            wait_until_drawn(page)
            path = IMAGES / f"page-{name}-{scheme}.png"
            page.screenshot(path=path)
            smaller(path)
        page.close()
    server.stop()


def main() -> None:
    """One picture of each for each theme; with names behind it, only of these: live, pages."""
    wanted = sys.argv[1:] or ["live", "pages"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for name, theme in THEMES.items() if "live" in wanted else ():
            with tempfile.TemporaryDirectory() as folder:
                server = Server(Path(folder), theme=theme)
                server.save_notebook("digits.ipynb", [LOAD, ""])
                server.start()
                page = browser.new_page(viewport=SIZE, device_scale_factor=1.5)  # type: ignore[arg-type]
                try:
                    notebook = Notebook(server, page, "digits.ipynb")
                    take(page, notebook, server, IMAGES / f"live-{name}.png")
                    take_lab(page, IMAGES / f"lab-{name}.png")
                finally:
                    page.close()
                    server.stop()
        if "pages" in wanted:
            with tempfile.TemporaryDirectory() as folder:
                # The table says the name of the folder that a store is in.
                (named := Path(folder) / "birds").mkdir()
                take_pages(browser, record(named), named)
        browser.close()


if __name__ == "__main__":
    main()
