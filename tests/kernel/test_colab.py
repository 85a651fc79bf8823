"""Google Colab, as far as a kernel notices: its variables, and the hook by which widgets load.

Its versions of IPython and ipykernel are a row of tests/install/test_matrix.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kernel.kernels import Kernel

pytestmark = pytest.mark.kernel

VIEW = "application/vnd.jupyter.widget-view+json"
# What anywidget and nbtrack meet of the package that kernels of Colab load when they start.
OUTPUT = "from google.colab.output._widgets import enable_custom_widget_manager\n"
WIDGETS = f"""\
import IPython
_installed_url = None

def enable_custom_widget_manager():
    global _installed_url
    if not _installed_url:
        IPython.get_ipython().display_pub.register_hook(_widget_display_hook)
    _installed_url = "https://example.org/manager.js"

def _widget_display_hook(message):
    content = message["content"]
    if _installed_url and "{VIEW}" in content.get("data", {{}}):
        content["metadata"]["{VIEW}"] = {{"colab": _installed_url}}
    return message
"""


@pytest.mark.parametrize("before", ["", "google.colab.output.enable_custom_widget_manager()"])
def test_the_view_says_where_the_page_gets_it(
    before: str, start_kernel: Callable[..., Kernel], tmp_path: Path
) -> None:
    package = tmp_path / "packages" / "google" / "colab" / "output"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").write_text(OUTPUT)
    (package / "_widgets.py").write_text(WIDGETS)
    kernel = start_kernel(
        PYTHONPATH=str(tmp_path / "packages"),
        NBTRACK_VIEW="live",
        COLAB_RELEASE_TAG="release-colab_20260819",
        COLAB_GPU="",
    )
    loaded = kernel.run(f"import google.colab.output\n{before}\n%load_ext nbtrack")
    assert loaded.error is None
    enough = tmp_path / "enough"
    cell = kernel.start(
        "%%track\nimport nbtrack, os, time\n"
        f"while not os.path.exists({str(enough)!r}):\n"
        "    nbtrack.log({'loss': 1}); time.sleep(0.05)",
        cell="a",
    ).wait_for_display(VIEW)
    enough.touch()
    cell.wait()
    views = [o["metadata"] for o in cell.outputs if VIEW in o.get("data", {})]
    assert all("colab" in metadata.get(VIEW, {}) for metadata in views)
    others = [
        o for o in cell.outputs if "nbtrack-picture" in o.get("data", {}).get("text/html", "")
    ]
    assert others, "and the picture needs nothing of this"
    assert VIEW not in str([output["metadata"] for output in others])
