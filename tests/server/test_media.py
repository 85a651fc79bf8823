"""What a run logged besides numbers, its models and its code, asked for over HTTP."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy
import pytest

import nbtrack
from nbtrack.server import frames, media
from nbtrack.server.files import UnknownFileError
from nbtrack.server.pages import STATIC
from nbtrack.store import registry
from nbtrack.store.code import CodeInfo, write_code
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.model import LayerInfo, ModelInfo, keep_model
from tests.server.servers import Server

BAD = "</script><script>alert(1)</script>'\"&"
CHART = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "mark": "point"}
VALUES = [{"x": 1}, {"x": float("nan")}]


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    """A run with media that nobody has encoded: there was no recorder."""
    path = tmp_path_factory.mktemp("held") / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBTRACK_RECORDER", "off")
        run = nbtrack.init(dir=path, name="holds much")
        for step in range(50):
            run.log({"weights": nbtrack.Histogram([step, step + 1.5, step + 3], num_bins=4)}, step)
        picture = numpy.zeros((4, 6, 3), dtype=numpy.uint8)
        table = nbtrack.Table(columns=["n", BAD, "any", "picture"])
        for n in range(250):
            image = nbtrack.Image(picture, caption=BAD) if n == 0 else None
            table.add_data(n, f"word {n % 5}", [n, float("inf")], image)
        twice = nbtrack.Table(columns=["a", "a"], data=[[1, 2], [0, 3]])
        run.log(
            {
                "samples": [nbtrack.Image(picture + at, caption=f"{BAD} {at}") for at in range(3)],
                "rows": table,
                "twice": twice,
                "page": nbtrack.Html(f"<p>{BAD}</p><script>1</script>"),
                "drawing": nbtrack.Figure({"data": [{"y": [1, 2]}], "layout": {"title": BAD}}),
                "chart": nbtrack.Figure({**CHART, "title": BAD, "data": {"values": VALUES}}),
                "said": nbtrack.Text(BAD),
                "told " + BAD: nbtrack.Text("odd key"),
            },
            step=50,
        )
        # The same key again in the same step: what came later counts.
        run.log({"said": nbtrack.Text("later")}, step=50)
        run.finish()
    store = Store(path)
    registry.register(store)
    return store.run(run.id)


def ask(server: Server, held: RunDir, path: str, **headers: str) -> Any:
    """What is at an address of the run."""
    key = registry.key_of(Store(held.path.parent.parent))
    return server.ask("GET", f"nbtrack/api/runs/{key}/{held.id}/{path}", headers=headers)


def entries(server: Server, held: RunDir, key: str, more: str = "") -> dict[str, Any]:
    """What lies under a key."""
    answer = ask(server, held, f"media/entries?key={quote(key)}{more}")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json()
    return found


def file_of(server: Server, held: RunDir, key: str) -> str:
    """The file of the only thing under a key."""
    (entry,) = entries(server, held, key)["entries"]
    return str(entry["file"])


def test_the_keys_and_what_lies_under_them(server: Server, held: RunDir) -> None:
    found = {one["key"]: one for one in ask(server, held, "media").json()["keys"]}
    assert list(found) == sorted(found)
    assert found["weights"] == {
        "key": "weights",
        "kind": "histogram",
        "count": 50,
        "attempts": [1],
    }
    assert found["samples"]["count"] == 3
    assert "told " + BAD in found
    samples = entries(server, held, "samples")
    assert [(one["step"], one["index"]) for one in samples["entries"]] == [
        (50, n) for n in range(3)
    ]
    assert samples["entries"][2]["info"]["caption"] == f"{BAD} 2"
    assert (samples["attempt"], samples["steps"]) == (1, 1)
    assert entries(server, held, "said")["entries"][0]["info"]["text"] == "later"
    assert entries(server, held, "told " + BAD)["entries"][0]["info"]["text"] == "odd key"
    assert entries(server, held, "nothing") == {"attempt": 0, "entries": [], "steps": 0}


def test_of_many_steps_some_lie_evenly_among_all(server: Server, held: RunDir) -> None:
    every = entries(server, held, "weights")
    assert [one["step"] for one in every["entries"]] == list(range(50))
    counts = every["entries"][7]["info"]
    assert len(counts["bins"]) == 5
    assert sum(counts["counts"]) == 3
    some = entries(server, held, "weights", "&steps=8")
    steps = [one["step"] for one in some["entries"]]
    assert (steps[0], steps[-1], some["steps"]) == (0, 49, 50)
    assert len(steps) == 8
    gaps = {later - earlier for earlier, later in pairwise(steps)}
    assert max(gaps) - min(gaps) <= 1
    for bad in ("&steps=0", "&steps=2001", "&attempt=-1", "&attempt=x"):
        assert ask(server, held, f"media/entries?key=weights{bad}").status == 400, bad
    assert ask(server, held, "media/entries").status == 400


def test_what_waits_in_the_spool_is_encoded_when_it_is_asked_for(
    server: Server, held: RunDir
) -> None:
    samples = entries(server, held, "samples")["entries"]
    assert list(held.spool.glob("*.png"))
    answer = ask(server, held, f"media/files/{samples[0]['file']}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
    assert answer.body.startswith(b"\x89PNG")
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"].split("; ")
    tag = answer.headers["ETag"]
    name = samples[0]["file"]
    assert ask(server, held, f"media/files/{name}", **{"If-None-Match": tag}).status == 304
    part = ask(server, held, f"media/files/{name}", Range="bytes=1-3")
    assert (part.status, part.body) == (206, b"PNG")


def test_rows_of_a_table(server: Server, held: RunDir) -> None:
    name = file_of(server, held, "rows")
    page = ask(server, held, f"media/tables/{name}?limit=2").json()
    assert [(one["name"], one["kind"]) for one in page["columns"]] == [
        ("n", "number"),
        (BAD, "text"),
        ("any", "json"),
        ("picture", "json"),
    ]
    assert (page["total"], page["matched"]) == (250, 250)
    first = page["rows"][0]
    assert first[:3] == [0, "word 0", [0, "Infinity"]]
    assert first[3]["nbtrack.media"]["kind"] == "image"
    assert first[3]["nbtrack.media"]["info"]["caption"] == BAD
    assert page["rows"][1][3] is None
    page = ask(server, held, f"media/tables/{name}?sort=0&descending=true&offset=3&limit=2").json()
    assert [row[0] for row in page["rows"]] == [246, 245]
    # Rows that are equal there stay in their order.
    page = ask(server, held, f"media/tables/{name}?sort=1&limit=3").json()
    assert [row[0] for row in page["rows"]] == [0, 5, 10]
    page = ask(server, held, f"media/tables/{name}?search=WORD%203").json()
    assert (page["matched"], page["rows"][0][1]) == (50, "word 3")
    assert ask(server, held, f"media/tables/{name}?search=';DROP").json()["matched"] == 0
    assert ask(server, held, f"media/tables/{name}?offset=9999").json()["rows"] == []
    for bad in ("sort=4", "sort=-2", "limit=0", "limit=5001", "offset=-1", f"offset={1 << 62}"):
        assert ask(server, held, f"media/tables/{name}?{bad}").status == 400, bad


def test_columns_of_the_same_name_are_told_apart(server: Server, held: RunDir) -> None:
    name = file_of(server, held, "twice")
    page = ask(server, held, f"media/tables/{name}?sort=0").json()
    assert [one["name"] for one in page["columns"]] == ["a", "a"]
    assert page["rows"] == [[0, 3], [1, 2]]


def test_html_runs_in_a_frame_that_can_reach_nothing(server: Server, held: RunDir) -> None:
    name = file_of(server, held, "page")
    answer = ask(server, held, f"media/frames/{name}")
    assert (answer.status, answer.body) == (200, f"<p>{BAD}</p><script>1</script>".encode())
    policy = [part.strip() for part in answer.headers["Content-Security-Policy"].split(";")]
    assert {"sandbox allow-scripts", "default-src 'none'", "frame-ancestors 'self'"} <= set(policy)
    assert not [part for part in policy if part.startswith("connect-src")]
    assert "allow-same-origin" not in answer.headers["Content-Security-Policy"]
    # As a file it runs nothing at all.
    plain = ask(server, held, f"media/files/{name}")
    assert "allow-scripts" not in plain.headers["Content-Security-Policy"]
    picture = entries(server, held, "samples")["entries"][0]["file"]
    assert ask(server, held, f"media/frames/{picture}").status == 404


def test_a_figure_is_drawn_by_the_plotly_that_is_installed(
    held: RunDir, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: Server
) -> None:
    name = file_of(server, held, "drawing")
    assert entries(server, held, "drawing")["entries"][0]["frame"] is media.plotly_script().exists()
    script = tmp_path / "plotly.min.js"
    monkeypatch.setattr(frames, "plotly_script", lambda: script)
    with pytest.raises(UnknownFileError, match="plotly is not installed"):
        frames.document(held, name)
    script.write_text("window.Plotly = {newPlot() {}}")
    document = frames.document(held, name).decode()
    assert "window.Plotly = {" in document
    # What somebody logged cannot end the script that it lies in.
    assert document.count("</script>") == 3
    assert BAD.replace("<", "\\u003c").replace('"', '\\"') in document


def test_a_figure_of_altair_is_drawn_by_what_nbtrack_brings(server: Server, held: RunDir) -> None:
    (entry,) = entries(server, held, "chart")["entries"]
    assert (entry["info"]["source"], entry["frame"]) == ("altair", True)
    answer = ask(server, held, f"media/frames/{entry['file']}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    # Nothing more is allowed than to plotly, or to HTML that somebody logged.
    assert answer.headers["Content-Security-Policy"] == frames.POLICY
    assert "unsafe-eval" not in frames.POLICY
    assert "connect-src" not in frames.POLICY
    document = answer.body.decode()
    assert (STATIC / "figure.js").read_text() in document
    # What somebody logged cannot end the script that it lies in, and is what JSON holds.
    assert document.count("</script>") == 2
    data = document.partition('type="application/json">')[2].partition("</script>")[0]
    assert json.loads(data, parse_constant=pytest.fail) == {
        **CHART,
        "title": BAD,
        "data": {"values": [{"x": 1}, {"x": None}]},
    }
    plain = ask(server, held, f"media/files/{entry['file']}")
    assert "allow-scripts" not in plain.headers["Content-Security-Policy"]


@pytest.mark.parametrize("content", [b"[1]", b"{}", b"5", b"{", b'{"data": {}}', b"[" * 9999])
def test_json_that_is_no_figure_has_no_frame(server: Server, held: RunDir, content: bytes) -> None:
    name = "d" * 40 + ".json"
    (held.media / name).write_bytes(content)
    answer = ask(server, held, f"media/frames/{name}")
    assert answer.status == 404
    assert "this is no figure" in answer.json()["message"]
    (held.media / name).unlink()


@pytest.mark.parametrize(
    "name",
    [
        "../run.json",
        "..%2frun.json",
        "%2e%2e%2frun.json",
        ".spool/x",
        "a" * 40 + ".png",
        "a" * 40 + ".png%00",
        "a" * 40,
        "/etc/passwd",
        "A" * 40 + ".png",
    ],
)
@pytest.mark.parametrize("kind", ["files", "frames", "tables"])
def test_names_lead_nowhere_else(server: Server, held: RunDir, kind: str, name: str) -> None:
    answer = ask(server, held, f"media/{kind}/{name}")
    assert answer.status == 404
    assert b"root:" not in answer.body


def test_a_link_in_the_folder_of_media_is_not_followed(server: Server, held: RunDir) -> None:
    name = "b" * 40 + ".html"
    (held.media / name).symlink_to("/etc/passwd")
    try:
        for kind in ("files", "frames"):
            answer = ask(server, held, f"media/{kind}/{name}")
            assert answer.status == 404
            assert b"root:" not in answer.body
    finally:
        (held.media / name).unlink()


def test_a_table_that_is_damaged_says_so(server: Server, held: RunDir) -> None:
    name = "c" * 40 + ".parquet"
    (held.media / name).write_bytes(b"PAR1 no table at all PAR1")
    answer = ask(server, held, f"media/tables/{name}")
    assert answer.status == 503
    assert "the table cannot be read" in answer.json()["message"]
    (held.media / name).unlink()


def test_models_and_code(server: Server, held: RunDir) -> None:
    assert ask(server, held, "models").json() == {"models": []}
    layer = LayerInfo(
        name="0", type=BAD, depth=1, parameters=6, trainable=4, output_shape=[1, None]
    )
    keep_model(
        held,
        ModelInfo(
            name="Net", framework="torch", type="Net", parameters=6, trainable=4, layers=[layer]
        ),
    )
    (model,) = ask(server, held, "models").json()["models"]
    assert model["layers"][0]["output_shape"] == [1, None]
    assert model["layers"][0]["type"] == BAD
    line = {"name": "Net", "framework": "torch", "type": "Net", "parameters": 6, "trainable": 4}
    key = registry.key_of(Store(held.path.parent.parent))
    detail = server.ask("GET", f"nbtrack/api/runs/{key}/{held.id}").json()
    assert (detail["models"], detail["artifacts"]) == ([line], 0)
    held.model.write_text("{")
    assert ask(server, held, "models").status == 503
    detail = server.ask("GET", f"nbtrack/api/runs/{key}/{held.id}").json()
    assert detail["models"] == []
    assert ask(server, held, "code").json() == {"parts": []}
    write_code(held, CodeInfo(writer="o1", time=1, commit="abc", packages={"numpy": "2"}))
    (part,) = ask(server, held, "code").json()["parts"]
    assert (part["commit"], part["packages"]) == ("abc", {"numpy": "2"})
