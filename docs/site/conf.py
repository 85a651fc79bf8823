"""How Sphinx builds the site: ``make docs``."""

from __future__ import annotations

import builtins
import importlib
import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes

import nbtrack
from docs.site import api

HERE = Path(__file__).parent

project = "nbtrack"
author = "The nbtrack developers"
copyright = author
version = release = nbtrack.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
nitpicky = True

# Pages are read on GitHub too: its tables, and its anchors of headings.
myst_heading_anchors = 4
myst_enable_extensions = ["attrs_block", "attrs_inline"]
suppress_warnings = [
    # Cells with magics, and outlines of calls, are no Python for Pygments.
    "misc.highlighting_failure",
]

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 80
python_use_unqualified_type_names = True
add_module_names = False
napoleon_numpy_docstring = False
napoleon_use_rtype = False

html_theme = "pydata_sphinx_theme"
html_title = "nbtrack"
html_static_path = [str(HERE / "static")]
html_css_files = ["nbtrack.css"]
html_favicon = str(HERE.parents[1] / "nbtrack" / "static" / "favicon.svg")
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_sidebars: dict[str, list[str]] = {"index": [], "search": []}
html_context = {"default_mode": "auto"}
html_theme_options: dict[str, Any] = {
    "logo": {"text": "nbtrack", "image_light": html_favicon, "image_dark": html_favicon},
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_center": [],
    "footer_end": [],
    "show_prev_next": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}

# What types of other projects are called is said and not linked: building asks no network.
_ELSEWHERE = {
    *sys.stdlib_module_names,
    # Types that are imported for type checkers only are known by their last names.
    *("Path", "Plot"),
    *("IPython", "PIL", "arro3", "jupyter_server", "numpy", "pandas", "polars", "pyarrow"),
}


# What the reference has in code: in fences, and in lines.
_CODE = re.findall(
    r"```[^`]*```|`[^`]+`", (HERE.parent / "reference.md").read_text(encoding="utf-8")
)
_NAMED = {word for span in _CODE for word in re.findall(r"\w+", span)}


def _resolve(app: Any, env: Any, node: Any, content: Any) -> nodes.Node | None:
    """The public name that a private one is, or its bare text where it is none of ours."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    last = target.rpartition(".")[2]
    domain = env.get_domain("py")
    for name in (f"nbtrack.{last}", f"nbtrack.{'.'.join(target.split('.')[-2:])}"):
        if name != target and name in domain.objects:
            return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", name, node, content)
    elsewhere = target.partition(".")[0].partition("[")[0]
    if elsewhere in _ELSEWHERE or hasattr(builtins, elsewhere) or _is_private(target):
        return content
    return None


def _is_private(target: str) -> bool:
    """Whether this is a name of nbtrack that is there and not public."""
    module, _, name = target.rpartition(".")
    if not module.startswith("nbtrack."):
        return False
    try:
        return hasattr(importlib.import_module(module), name)
    except ImportError:
        return False


def _without_arguments(
    app: Any, what: str, name: str, value: Any, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """Classes that nobody calls are shown without the arguments of their making."""
    return ("", "") if what == "class" and name.rpartition(".")[2] not in api.CALLED else None


def _unnamed(app: Any, what: str, name: str, value: Any, skip: bool, options: Any) -> bool | None:
    """Members that ``docs/reference.md`` does not name are not public, whatever they are called."""
    return True if not skip and name not in _NAMED else None


def setup(app: Any) -> None:
    app.connect("missing-reference", _resolve)
    app.connect("autodoc-skip-member", _unnamed)
    app.connect("autodoc-process-signature", _without_arguments)
