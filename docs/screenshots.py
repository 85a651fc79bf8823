"""Takes the pictures of the live view: JupyterLab in Chromium, with a model that learns.

Run as ``python -m docs.screenshots`` in the root of the project, with the development environment.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.lab import THEMES, Notebook, Server, chromium, wait_for

IMAGES = Path(__file__).parent / "images"
SIZE = {"width": 1100, "height": 1000}

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


def main() -> None:
    """One picture for each theme."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for name, theme in THEMES.items():
            with tempfile.TemporaryDirectory() as folder:
                server = Server(Path(folder), theme=theme)
                server.save_notebook("digits.ipynb", [LOAD, ""])
                server.start()
                page = browser.new_page(viewport=SIZE, device_scale_factor=1.5)  # type: ignore[arg-type]
                try:
                    notebook = Notebook(server, page, "digits.ipynb")
                    take(page, notebook, server, IMAGES / f"live-{name}.png")
                finally:
                    page.close()
                    server.stop()
        browser.close()


if __name__ == "__main__":
    main()
