"""Sound, video, histograms, HTML, text and figures read back as they were logged."""

from __future__ import annotations

import io
import json
import math
import wave
from pathlib import Path
from typing import Any

import numpy
import PIL.Image
import pytest

from nbtrack import Audio, Figure, Histogram, Html, InvalidDataError, Text, Video
from nbtrack.store.media import MediaView
from tests.media import TensorLike, read_back

RNG = numpy.random.default_rng(7)
SHORTS = RNG.integers(-(2**15), 2**15, 500).astype(numpy.int16)


@pytest.mark.parametrize("kind", ["u1", "i2", ">i2", "i4"])
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_read_back(kind: str, channels: int) -> None:
    limits = numpy.iinfo(kind)
    samples = RNG.integers(limits.min, limits.max, (500, channels), endpoint=True).astype(kind)
    given = samples[:, 0] if channels == 1 else samples
    found = read_back(Audio(given, sample_rate=8000, caption="noise"))
    assert found.info == {"caption": "noise", "rate": 8000, "seconds": 0.0625, "channels": channels}
    read, rate = found.read()
    assert rate == 8000
    numpy.testing.assert_array_equal(read, given)


def test_floats_are_kept_in_16_bits() -> None:
    for kind in (numpy.float32, numpy.float64):
        read, _ = read_back(Audio((SHORTS / 32767).astype(kind), sample_rate=44_100)).read()
        numpy.testing.assert_array_equal(read, numpy.clip(SHORTS, -32767, None))
    read, _ = read_back(Audio([0.0, 2.0, -2.0, math.nan], sample_rate=1)).read()
    assert read.tolist() == [0, 32767, -32767, 0]


def test_integers_of_a_list_are_kept_as_they_are() -> None:
    assert read_back(Audio([1, -2, 3], sample_rate=1)).read()[0].tolist() == [1, -2, 3]
    assert read_back(Audio([1, 2**20], sample_rate=1)).read()[0].tolist() == [1, 2**20]


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_a_sound_file_is_kept_as_it_is(width: int, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    values = [1, 2, 100, 127]
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(width)
        sound.setframerate(100)
        sound.writeframes(b"".join(value.to_bytes(width, "little") for value in values))
    found = read_back(Audio(str(path)))
    assert found.path is not None
    assert found.path.read_bytes() == path.read_bytes()
    assert found.info == {"rate": 100, "seconds": 0.04, "channels": 1}
    assert found.read()[0].tolist() == values


def test_a_sound_file_of_another_kind_is_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(b"ID3 and so on")
    assert read_back(Audio(tmp_path / "a.mp3")).read() == b"ID3 and so on"


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("")
    refused: list[tuple[Any, Any, str]] = [
        (SHORTS, None, "sample_rate=None"),
        (SHORTS, 0, "sample_rate=0"),
        (SHORTS.reshape(2, -1), 8000, r"use its \.T"),
        (numpy.zeros((2, 2, 2)), 8000, "is no sound"),
        ([], 8000, "is no sound"),
        (numpy.array([2**40]), 8000, "more than 32 bits"),
        (SHORTS.astype(numpy.uint16), 8000, "samples of uint16"),
        (tmp_path / "a.txt", None, "that is no sound"),
    ]
    for given, rate, message in refused:
        with pytest.raises(InvalidDataError, match=message):
            Audio(given, sample_rate=rate)


def frames_of(data: bytes) -> list[Any]:
    found = []
    with PIL.Image.open(io.BytesIO(data)) as picture:
        for at in range(getattr(picture, "n_frames", 1)):
            picture.seek(at)
            found.append(numpy.asarray(picture.convert("RGB")))
    return found


VIDEO = RNG.integers(0, 256, (5, 8, 10, 3), dtype=numpy.uint8)


@pytest.mark.parametrize(
    "given",
    [VIDEO, VIDEO.transpose(0, 3, 1, 2), VIDEO[None], TensorLike(VIDEO.transpose(0, 3, 1, 2))],
    ids=["channels last", "channels first", "one of a batch", "a tensor"],
)
def test_a_video_reads_back_frame_by_frame(given: Any) -> None:
    found = read_back(Video(given, fps=10, caption="noise"))
    assert found.info == {
        "caption": "noise",
        "fps": 10,
        "frames": 5,
        "seconds": 0.5,
        "height": 8,
        "width": 10,
    }
    assert str(found.file).endswith(".webp")
    numpy.testing.assert_array_equal(frames_of(found.read()), VIDEO)


def test_a_gif_has_its_frames() -> None:
    gray = numpy.repeat(numpy.arange(5, dtype=numpy.uint8)[:, None, None, None] * 50, 8, axis=1)
    gray = numpy.repeat(gray, 10, axis=2)
    found = read_back(Video(gray, fps=4, format="gif"))
    assert str(found.file).endswith(".gif")
    read = frames_of(found.read())
    assert [int(frame[0, 0, 0]) for frame in read] == [0, 50, 100, 150, 200]
    with PIL.Image.open(io.BytesIO(found.read())) as picture:
        assert picture.info["duration"] == 250
        assert picture.info["loop"] == 0


def test_a_video_file_is_kept_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"....ftyp and so on")
    found = read_back(Video(str(tmp_path / "a.mp4"), fps=4))
    assert found.read() == b"....ftyp and so on"
    assert str(found.file).endswith(".mp4")


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("")
    refused: list[tuple[Any, dict[str, Any], str]] = [
        (VIDEO, {"format": "mp4"}, "no mp4 can be made of an array"),
        (VIDEO, {"fps": 0}, "fps=0"),
        (VIDEO[0], {}, "is no video"),
        (VIDEO[:, :, :, :2], {}, "is no video"),
        (tmp_path / "a.txt", {}, "that is no video"),
    ]
    for given, arguments, message in refused:
        with pytest.raises(InvalidDataError, match=message):
            Video(given, **arguments)


def histogram(found: MediaView) -> tuple[list[float], list[float]]:
    counts, bins = found.read()
    return counts.tolist(), bins.tolist()


@pytest.mark.parametrize("bins", [1, 64, 512])
def test_a_histogram_is_numpy_s(bins: int) -> None:
    values = RNG.normal(size=(20, 50))
    counts, edges = numpy.histogram(values, bins=bins)
    for given in (values, TensorLike(values), values.ravel().tolist()):
        found = read_back(Histogram(given, num_bins=bins))
        assert histogram(found) == (counts.tolist(), edges.tolist())
        assert found.file is None
    assert histogram(read_back(Histogram(np_histogram=(counts, edges)))) == (
        counts.tolist(),
        edges.tolist(),
    )


def test_a_histogram_of_densities() -> None:
    pair = numpy.histogram(RNG.normal(size=50), density=True)
    assert histogram(read_back(Histogram(np_histogram=pair))) == tuple(p.tolist() for p in pair)


@pytest.mark.parametrize(
    "values",
    [[], [3.0], [True, False], numpy.array([1, 2], "f2"), [1e308, -1e308], [0, 2**62], [5e-324]],
    ids=str,
)
def test_a_histogram_of_anything_counts_all(values: Any) -> None:
    counts, bins = histogram(read_back(Histogram(values)))
    assert sum(counts) == len(values)
    assert all(math.isfinite(edge) for edge in bins)
    assert sorted(bins) == bins


def test_what_is_not_finite_is_counted_apart() -> None:
    found = read_back(Histogram([1.0, math.nan, math.inf, 2.0], num_bins=2))
    assert found.info["not_finite"] == 2
    assert found.info["counts"] == [1, 1]


def test_what_is_no_histogram_is_refused() -> None:
    refused: list[tuple[dict[str, Any], str]] = [
        ({}, "either sequence or np_histogram"),
        ({"sequence": [1], "np_histogram": ([1], [0, 1])}, "either sequence or np_histogram"),
        ({"sequence": [1], "num_bins": 513}, "num_bins=513"),
        ({"sequence": [1], "num_bins": 0}, "num_bins=0"),
        ({"sequence": ["a"]}, "holds no numbers"),
        ({"np_histogram": ([1, 2], [0, 1])}, "2 counts and 2 edges"),
        ({"np_histogram": ([], [0])}, "0 bins"),
        ({"np_histogram": (range(513), range(514))}, "513 bins"),
        ({"np_histogram": 3}, "not a pair"),
    ]
    for arguments, message in refused:
        with pytest.raises(InvalidDataError, match=message):
            Histogram(**arguments)


def test_html_and_text_read_back(tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    page.write_text("<p>größer</p>", encoding="utf-8")
    for given in (str(page), page, io.StringIO("<p>größer</p>"), "<p>größer</p>"):
        found = read_back(Html(given))
        assert (found.kind, found.read()) == ("html", "<p>größer</p>")
    assert read_back(Html("no.html", data_is_not_path=True)).read() == "no.html"
    with pytest.raises(InvalidDataError, match="the file cannot be read"):
        Html("no.html")
    with pytest.raises(InvalidDataError, match="a int is no text"):
        Html(3)
    for text in ("", "größer\n\U0001f600", "x" * 16_384, "x" * 16_385):
        found = read_back(Text(text, caption="c"))
        assert (found.read(), found.caption) == (text, "c")
        assert (found.file is None) == (len(text) <= 16_384)
    with pytest.raises(InvalidDataError, match="a bytes is no text"):
        Text(b"x")  # type: ignore[arg-type]


def test_figures_of_plotly_are_kept_as_json() -> None:
    from plotly import graph_objects as go

    figure = go.Figure(go.Scatter(x=[1, 2], y=[3, 4]))
    for given in (figure, Figure(figure), Figure(json.loads(figure.to_json()))):  # also bare
        found = read_back(given)
        assert (found.kind, found.info["source"]) == ("figure", "plotly")
        assert found.read() == json.loads(figure.to_json())


def test_figures_of_altair_are_kept_as_json() -> None:
    import altair

    data = altair.Data(values=[{"x": 1, "y": 2}])
    chart = altair.Chart(data).mark_bar().encode(x="x:Q", y="y:Q")
    for given in (chart, Figure(chart), Figure(chart.to_dict())):
        found = read_back(given)
        assert (found.kind, found.info["source"]) == ("figure", "altair")
        assert found.read() == chart.to_dict()
    vega = {"$schema": "https://vega.github.io/schema/vega/v6.json", "data": [], "layout": {}}
    assert read_back(Figure(vega)).info["source"] == "altair"


def test_figures_of_matplotlib_are_pictures() -> None:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(2, 1), dpi=50)
    try:
        axes.plot([1, 2])
        for given in (figure, axes, pyplot, Figure(figure, caption="c")):
            found = read_back(given)
            assert (found.kind, found.info["source"]) == ("figure", "matplotlib")
            assert found.read().shape == (50, 100, 4)
    finally:
        pyplot.close(figure)


def test_what_is_no_figure_is_refused() -> None:
    for given in (3, {"a": 1}, None):
        with pytest.raises(InvalidDataError, match="no figure of plotly, altair or matplotlib"):
            Figure(given)
