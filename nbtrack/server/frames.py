"""Documents that a page shows in a frame: HTML that somebody logged, figures of plotly and altair.

Scripts in them run, in an origin that is nobody's: they reach neither the page nor the server nor
any other place.
"""

from __future__ import annotations

import json
from typing import Any

from ..store.layout import RunDir
from .files import UnknownFileError
from .media import open_media, plotly_script
from .pages import STATIC

# An origin of its own, no requests, no forms, no windows. What it shows lies in it.
POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline';"
    " style-src 'unsafe-inline'; img-src data: blob:; media-src data: blob:; font-src data:;"
    " form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
MOST_BYTES = 64 << 20

_PLOTLY = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><style>
html, body {{ margin: 0; height: 100%; background: #fff; }}
#figure {{ width: 100%; height: 100%; }}
</style></head><body><div id="figure"></div>
<script>{library}</script>
<script id="data" type="application/json">{data}</script>
<script>
const given = JSON.parse(document.getElementById("data").textContent);
const layout = {{ ...given.layout, autosize: true }};
delete layout.width;
delete layout.height;
Plotly.newPlot("figure", given.data || [], layout, {{ responsive: true, displaylogo: false }});
</script></body></html>
"""
# Vega in it compiles nothing, so that the policy needs no `unsafe-eval`.
_VEGA_SCRIPT = "figure.js"
_VEGA = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><style>
html {{ color-scheme: light; background: #fff; color: #1f2328; }}
@media (prefers-color-scheme: dark) {{ html:not([data-scheme]) {{ background: #111; }} }}
html[data-scheme="dark"] {{ color-scheme: dark; background: #111; color: #e8edf2; }}
body {{ box-sizing: border-box; display: flex; flex-direction: column; gap: 6px; margin: 0;
  height: 100vh; padding: 8px; font: 13px/1.4 system-ui, sans-serif; }}
#figure {{ flex: 1; min-height: 0; overflow: auto; }}
#figure svg {{ display: block; }}
#said {{ margin: 0; overflow-wrap: anywhere; }}
#figure:empty ~ #said {{ order: -1; }}
#said:empty, #inputs:empty {{ display: none; }}
#tip {{ position: fixed; max-width: 320px; padding: 4px 8px; overflow-wrap: anywhere;
  pointer-events: none; background: Canvas; border: 1px solid #8b949e; border-radius: 4px; }}
#tip span {{ opacity: 0.7; }}
.vega-bind {{ padding-top: 4px; }}
.vega-bind label, .vega-bind-radio label {{ display: inline-flex; align-items: center; gap: 8px; }}
</style></head><body>
<div id="figure"></div><div id="inputs"></div><p id="said" role="status"></p>
<script id="data" type="application/json">{data}</script>
<script type="module">{library}</script></body></html>
"""


def document(run_dir: RunDir, name: str) -> bytes:
    """The document of a media file: itself, or what draws it.

    Raises:
        UnknownFileError: There is no such file, it is not for a frame, or nothing here draws it.
    """
    found = open_media(run_dir, name)
    with found.file:
        if found.size > MOST_BYTES:
            raise UnknownFileError("it is too large for a frame: download it")
        content = found.file.read()
    if found.kind == "html":
        return content
    if not name.endswith(".json"):
        raise UnknownFileError("this is not for a frame")
    return _figure(content)


def _figure(content: bytes) -> bytes:
    try:
        # What JSON lacks, such as NaN, would end the script that reads it.
        figure = json.loads(content, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        raise UnknownFileError("this is no figure") from None
    if isinstance(figure, dict) and "vega" in str(figure.get("$schema", "")):
        library = (STATIC / _VEGA_SCRIPT).read_text(encoding="utf-8")
        return _VEGA.format(library=library, data=_data(figure)).encode()
    if not isinstance(figure, dict) or not isinstance(figure.get("data"), list):
        raise UnknownFileError("this is no figure of plotly or altair")
    try:
        library = plotly_script().read_text(encoding="utf-8")
    except OSError:
        raise UnknownFileError(
            "plotly is not installed beside the server: with it, this figure is drawn here"
        ) from None
    return _PLOTLY.format(library=library, data=_data(figure)).encode()


def _data(figure: dict[str, Any]) -> str:
    # Nothing in it can end the script that it is in.
    return json.dumps(figure).replace("<", "\\u003c")
