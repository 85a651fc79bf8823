"""`python -m benchmarks.smooth [--seconds N] [--json FILE]`.

What a page has to do for the live view of a large run: JupyterLab in headless Chromium, with a run
of 1,000 metrics, all of whose charts are asked for, and one of 10,000,000 points. Both go on.

`message`
    Size of one that holds everything, and of one that holds the difference to the one before; how
    many came.
`drawn after`
    From a message's arrival in the page until the frame after the first one that draws of it.
`longest task`
    For which the page answered nobody. Chromium tells of those of 50 ms and more.
`busy`
    CPU time of the page's main thread, which makes every frame it can, as a part of the time.
`scrolling`, `zooming`
    Frames in a second: while the charts pass by, 2,000 pixels in a second, and while a part of a
    chart is selected to zoom in. A screen shows 60.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import CDPSession, Page, sync_playwright

from benchmarks import report
from tests.browser.lab import PATIENCE, Notebook, Server, chromium, wait_for

Measured = dict[str, Any]

_SIZE = 1200, 900
_METRICS = 1_000
_POINTS = 10_000_000
# A busy machine needs so long for that many.
_PATIENCE = 600.0
_LOAD = "%load_ext nbtrack\nimport math, nbtrack, os, time"
_LOOP = """%%track
names = [f"metric{{m}}" for m in range({metrics})]
step = 0
while not os.path.exists("enough"):
    nbtrack.log({{name: math.sin(step / {period} + m) for m, name in enumerate(names)}})
    step += 1
    if step == {rows}:
        print("all of them")
    if step >= {rows}:
        time.sleep(0.05)
"""
_ALL_LOGGED = ".nbt-console summary:has-text('all of them')"

# What draws is told by the strokes on any canvas. A message that the page cannot use, since it has
# heard the same from the server meanwhile, is left out.
_PROBE = """(() => {
    const probe = window.probe = {tasks: [], frames: [], messages: []};
    let held = null;
    let strokes = 0;
    const { stroke } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.stroke = function (...given) {
        strokes += 1;
        return stroke.apply(this, given);
    };
    new PerformanceObserver((list) => {
        for (const { startTime, duration } of list.getEntries()) {
            probe.tasks.push({at: startTime, took: duration});
        }
    }).observe({type: "longtask"});
    const onFrame = () => {
        const now = performance.now();
        probe.frames.push({at: now});
        for (const message of probe.messages) {
            if (message.drawn === null && strokes > message.strokes) {
                message.drawn = now - message.at;
            }
        }
        requestAnimationFrame(onFrame);
    };
    requestAnimationFrame(onFrame);
    const note = (data) => {
        const bytes = ArrayBuffer.isView(data)
            ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
        const head = new TextDecoder().decode(bytes.subarray(4, 80));
        const [, number, base] = /"number":(\\d+),"base":(null|\\d+)/.exec(head);
        if (base !== "null" && base !== held) return;
        held = number;
        const at = performance.now();
        const { byteLength } = bytes;
        probe.messages.push({at, bytes: byteLength, whole: base === "null", strokes, drawn: null});
    };
    probe.listen = (kernel) => kernel.anyMessage.connect((_, {msg, direction}) => {
        const sent = direction === "recv" && msg.content?.data?.content?.type === "update";
        if (sent) note(msg.buffers[0]);
    });
    const { arrayBuffer } = Response.prototype;
    Response.prototype.arrayBuffer = async function () {
        const data = await arrayBuffer.call(this);
        if (this.url.includes("/nbtrack/api/live/")) note(data);
        return data;
    };
    probe.scroll = async (speed, seconds) => {
        let box = document.querySelector(".nbtrack");
        while (box && !(box.scrollHeight > box.clientHeight + 1
                && /auto|scroll/.test(getComputedStyle(box).overflowY))) box = box.parentElement;
        const start = performance.now();
        let before = start;
        let direction = 1;
        while (before < start + 1e3 * seconds) {
            const now = await new Promise(requestAnimationFrame);
            const top = box.scrollTop;
            box.scrollTop += direction * speed * Math.max(0, now - before) / 1e3;
            if (now > before && box.scrollTop === top) direction = -direction;
            before = now;
        }
        box.scrollTop = 0;
    };
})()"""
# Of each chart in view, the part of its columns in which there is something colourful.
_DRAWN = """() => [...document.querySelectorAll(".nbt-plot")].filter((plot) => {
    const { left, top, width, height } = plot.getBoundingClientRect();
    return plot.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}).map((plot) => {
    const canvas = plot.querySelector("canvas");
    if (!canvas) return 0;
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    let columns = 0;
    for (let x = 0; x < width; x++) {
        for (let y = 0; y < height; y++) {
            const [r, g, b, alpha] = data.subarray(4 * (y * width + x), 4 * (y * width + x) + 4);
            if (alpha > 100 && Math.max(r, g, b) - Math.min(r, g, b) > 60) {
                columns += 1;
                break;
            }
        }
    }
    return columns / (plot.querySelector(".u-over").clientWidth * width / canvas.clientWidth);
})"""


class Load(NamedTuple):
    """A large run.

    Attributes:
        rows: As many as the loop logs before it is measured.
        period: Steps of a wave, so that there is something to see.
    """

    name: str
    metrics: int
    rows: int
    period: int


_LOADS = [
    Load(f"{_METRICS:,} metrics", _METRICS, 2_000, 50),
    Load(f"{_POINTS:,} points", 10, _POINTS // 10, 100_000),
]


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.smooth")
    parser.add_argument("--seconds", type=float, default=10.0, help="of updates; of the rest, half")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value there")
    options = parser.parse_args()
    measured: dict[str, Measured] = {}
    # A recorder may still be at work when its kernel is gone.
    with (
        sync_playwright() as playwright,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        server = Server(Path(folder), theme="JupyterLab Light")
        server.start()
        try:
            for load in _LOADS:
                page = browser.new_page(viewport={"width": _SIZE[0], "height": _SIZE[1]})
                page.set_default_timeout(1e3 * PATIENCE)
                page.add_init_script(_PROBE)
                measured[load.name] = _measure(load, server, page, options.seconds)
                page.close()
        finally:
            server.stop()
            browser.close()
    place = report.machine()
    print(f"{place['system']}, {place['cores']} cores, load {place['load']:.1f}")
    print(f"{'':<24}" + "".join(f"{name:>22}" for name in measured))
    for words, text in _ROWS.items():
        print(f"{words:<24}" + "".join(f"{text(found):>22}" for found in measured.values()))
    if options.json:
        found = {"machine": place, "measured": measured}
        options.json.write_text(json.dumps(found, indent=1))
    return 0


def _measure(load: Load, server: Server, page: Page, seconds: float) -> Measured:
    """Everything about one run, while it goes on."""
    enough = server.root / "enough"
    enough.unlink(missing_ok=True)
    name = f"{load.metrics}.ipynb"
    loop = _LOOP.format(metrics=load.metrics, rows=load.rows, period=load.period)
    server.save_notebook(name, [_LOAD, loop])
    notebook = Notebook(server, page, name)
    notebook.open()
    page.evaluate("void jupyterapp.commands.execute('application:toggle-left-area')")
    page.evaluate("void probe.listen(jupyterapp.shell.currentWidget.sessionContext.session.kernel)")
    notebook.run(0)
    notebook.run(1, wait=False)
    page.wait_for_selector(_ALL_LOGGED, timeout=1e3 * _PATIENCE)
    more = page.get_by_role("button", name="more")
    if more.count():
        more.click()
    wait_for(lambda: page.locator(".nbt-chart").count() == load.metrics, "there are all charts")
    wait_for(lambda: min(page.evaluate(_DRAWN)) > 0.95, "charts in view are drawn from end to end")
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    phase = _Phase(page, devtools)
    page.wait_for_timeout(1e3 * seconds)
    updates = phase.end()
    phase = _Phase(page, devtools)
    page.evaluate("([speed, seconds]) => probe.scroll(speed, seconds)", [2000, seconds / 2])
    scrolling = phase.end()
    zooming = _zoom(page, devtools, seconds / 2)
    enough.touch()
    notebook.wait_until_ran(1)
    messages = page.evaluate("probe.messages.map(({bytes, whole}) => ({bytes, whole}))")
    return {
        "messages": messages,
        "updates": updates,
        "scrolling": scrolling,
        "zooming": zooming,
    }


class _Phase:
    """What the page does from now on."""

    def __init__(self, page: Page, devtools: CDPSession) -> None:
        self._page = page
        self._devtools = devtools
        self._before = self._cpu()
        self._start = page.evaluate("performance.now()")

    def end(self) -> dict[str, Any]:
        """What it did until now, in milliseconds."""
        found: dict[str, Any] = self._page.evaluate(
            """(start) => {
                const since = (list) => list.filter(({at}) => at >= start);
                return {
                    took: performance.now() - start,
                    frames: since(probe.frames).length,
                    tasks: since(probe.tasks).map(({took}) => took),
                    drawn: since(probe.messages).map(({drawn}) => drawn).filter((ms) => ms),
                };
            }""",
            self._start,
        )
        return {**found, "cpu": 1e3 * (self._cpu() - self._before)}

    def _cpu(self) -> float:
        """Seconds of the main thread."""
        metrics = self._devtools.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))


def _zoom(page: Page, devtools: CDPSession, seconds: float) -> dict[str, Any]:
    """Select a part of the first chart, there and back again, and let go."""
    plot = page.locator(".nbt-plot").first.locator(".u-over")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    left, y, width = box["x"] + 10, box["y"] + box["height"] / 2, box["width"] - 20
    page.mouse.move(left, y)
    phase = _Phase(page, devtools)
    end = time.monotonic() + seconds
    page.mouse.down()
    at = 0
    while time.monotonic() < end:
        at += 5
        page.mouse.move(left + abs((at + width) % (2 * width) - width), y)
    page.mouse.move(left + width / 2, y)
    page.mouse.up()
    page.get_by_role("button", name="reset zoom").wait_for()
    found = phase.end()
    plot.dblclick()
    return found


def _size(found: Measured, whole: bool) -> str:
    sizes = [message["bytes"] for message in found["messages"] if message["whole"] is whole]
    return f"{statistics.median(sizes) / 1e3:,.0f} kB, {len(sizes)}" if sizes else "none"


def _drawn(phase: dict[str, Any]) -> str:
    drawn = phase["drawn"]
    return f"{statistics.median(drawn):.0f} ms, at most {max(drawn):.0f}" if drawn else "none came"


def _longest(phase: dict[str, Any]) -> str:
    return f"{max(phase['tasks']):.0f} ms" if phase["tasks"] else "under 50 ms"


def _busy(phase: dict[str, Any]) -> str:
    return f"{phase['cpu'] / phase['took']:.0%}"


def _frames(phase: dict[str, Any]) -> str:
    return f"{1e3 * phase['frames'] / phase['took']:.0f}/s"


_ROWS: dict[str, Callable[[Measured], str]] = {
    "message, whole": lambda found: _size(found, True),
    "message, difference": lambda found: _size(found, False),
    "drawn after": lambda found: _drawn(found["updates"]),
    "updates, longest task": lambda found: _longest(found["updates"]),
    "updates, busy": lambda found: _busy(found["updates"]),
    "scrolling": lambda found: _frames(found["scrolling"]),
    "scrolling, longest task": lambda found: _longest(found["scrolling"]),
    "zooming": lambda found: _frames(found["zooming"]),
    "zooming, longest task": lambda found: _longest(found["zooming"]),
}


if __name__ == "__main__":
    sys.exit(main())
