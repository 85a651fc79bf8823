"""Documents that a page shows in a frame: HTML that somebody logged, and figures of plotly.

Scripts in them run, in an origin that is nobody's: they reach neither the page nor the server nor
any other place.
"""

from __future__ import annotations

import json

from ..store.layout import RunDir
from .files import UnknownFileError
from .media import open_media, plotly_script

# An origin of its own, no requests, no forms, no windows. What it shows lies in it.
POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline';"
    " style-src 'unsafe-inline'; img-src data: blob:; media-src data: blob:; font-src data:;"
    " form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
MOST_BYTES = 64 << 20

_FIGURE = """<!DOCTYPE html>
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
        figure = json.loads(content)
        if not isinstance(figure, dict) or not isinstance(figure.get("data"), list):
            raise ValueError
        library = plotly_script().read_text(encoding="utf-8")
    except (ValueError, RecursionError):
        raise UnknownFileError("this is no figure of plotly") from None
    except OSError:
        raise UnknownFileError(
            "plotly is not installed beside the server: with it, this figure is drawn here"
        ) from None
    # Nothing in it can end the script that it is in.
    data = json.dumps(figure).replace("<", "\\u003c")
    return _FIGURE.format(library=library, data=data).encode()
