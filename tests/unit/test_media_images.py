"""Pictures read back as they were logged, pixel for pixel."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy
import PIL.Image
import pytest

from nbtrack import Image, InvalidDataError
from tests import large
from tests.media import TensorLike, read_back

RNG = numpy.random.default_rng(7)
COLOURS = RNG.integers(0, 256, (12, 17, 3), dtype=numpy.uint8)
CLEAR = RNG.integers(0, 256, (12, 17, 4), dtype=numpy.uint8)
GRAY = COLOURS[:, :, 0]

# What is given, and the pixels that it stands for.
ARRAYS: dict[str, tuple[Any, Any]] = {
    "gray": (GRAY, GRAY),
    "one channel": (GRAY[:, :, None], GRAY),
    "gray and alpha": (CLEAR[:, :, :2], CLEAR[:, :, :2]),
    "colours": (COLOURS, COLOURS),
    "colours and alpha": (CLEAR, CLEAR),
    "floats from 0 to 1": (COLOURS / 255, COLOURS),
    "half floats": ((GRAY // 128).astype("f2"), GRAY // 128 * 255),
    "floats from -1 to 1": (numpy.array([[-1.0, 0.0, 1.0]]), numpy.array([[0, 128, 255]])),
    "floats beyond": (numpy.array([[-5.0, 100.4, 300.0]]), numpy.array([[0, 100, 255]])),
    "not a number": (numpy.array([[numpy.nan, 1.0]]), numpy.array([[0, 255]])),
    "integers": (COLOURS.astype(">i4"), COLOURS),
    "bools": (GRAY > 100, (GRAY > 100) * 255),
    "not in one piece": (COLOURS[::2, ::-1], COLOURS[::2, ::-1]),
    "a list": ([[0, 255], [7, 8]], [[0, 255], [7, 8]]),
    "a tensor": (TensorLike(COLOURS.transpose(2, 0, 1)), COLOURS),
    "a gray tensor": (TensorLike(GRAY[None]), GRAY),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_reads_back(name: str) -> None:
    given, pixels = ARRAYS[name]
    found = read_back(Image(given))
    assert found.kind == "image"
    assert (found.info["height"], found.info["width"]) == numpy.shape(pixels)[:2]
    numpy.testing.assert_array_equal(found.read(), pixels)


def test_a_tensor_of_torch_reads_back() -> None:
    torch = large.library("torch")
    tensor = torch.tensor(COLOURS.transpose(2, 0, 1) / 255, requires_grad=True)
    numpy.testing.assert_array_equal(read_back(Image(tensor)).read(), COLOURS)


def test_what_is_shown_is_taken_when_the_image_is_made() -> None:
    array = COLOURS.copy()
    image = Image(array)
    array[:] = 0
    numpy.testing.assert_array_equal(read_back(image).read(), COLOURS)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_an_image_of_pillow_reads_back(mode: str) -> None:
    # A palette of Pillow has alpha if what it was made of had.
    picture = PIL.Image.fromarray(CLEAR).convert(mode)
    expected = picture.convert("RGBA") if mode == "P" else picture
    for given in (picture, Image(picture)):  # also bare
        found = read_back(given)
        assert found.kind == "image"
        numpy.testing.assert_array_equal(found.read(), numpy.asarray(expected))


def test_a_palette_with_a_clear_colour_reads_back() -> None:
    picture = PIL.Image.fromarray(COLOURS).quantize(16)
    numpy.testing.assert_array_equal(
        read_back(picture).read(), numpy.asarray(picture.convert("RGB"))
    )
    picture.info["transparency"] = 3
    numpy.testing.assert_array_equal(
        read_back(picture).read(), numpy.asarray(picture.convert("RGBA"))
    )


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp", "bmp", "tiff"])
def test_a_file_and_its_bytes_are_kept_as_they_are(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "without a suffix"
    PIL.Image.fromarray(COLOURS).save(path, format=kind)
    data = path.read_bytes()
    expected = numpy.asarray(PIL.Image.open(io.BytesIO(data)).convert("RGB"))
    for given in (path, str(path), data, bytearray(data)):
        found = read_back(Image(given))
        assert found.path is not None
        assert found.path.read_bytes() == data
        assert found.size == len(data)
        numpy.testing.assert_array_equal(found.read(), expected)


def test_an_svg_is_kept_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text("<svg/>")
    assert read_back(Image(tmp_path / "a.svg")).read() == b"<svg/>"


def test_a_figure_of_matplotlib_is_drawn_and_goes_on() -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1), dpi=50)
    canvas = figure.canvas
    axes = figure.add_subplot()
    axes.plot([1, 2])
    shown: Any = FigureCanvasAgg(figure)
    shown.draw()
    expected = numpy.array(shown.buffer_rgba())
    figure.set_canvas(canvas)
    for given in (figure, axes):
        numpy.testing.assert_array_equal(read_back(Image(given)).read(), expected)
    assert figure.canvas is canvas


@pytest.mark.parametrize(("mode", "file_type"), [("L", "png"), ("RGB", "bmp"), (None, "webp")])
def test_mode_and_type_are_what_is_asked(mode: str | None, file_type: str) -> None:
    found = read_back(Image(COLOURS, mode=mode, file_type=file_type))
    assert found.file is not None
    assert found.file.endswith(f".{file_type}")
    expected = numpy.asarray(PIL.Image.fromarray(COLOURS).convert(mode or "RGB"))
    numpy.testing.assert_array_equal(found.read(), expected)


def test_jpeg_is_close() -> None:
    smooth = numpy.linspace(0, 255, 1200).astype(numpy.uint8).reshape(30, 40)
    for kind in ("jpg", "jpeg"):
        found = read_back(Image(smooth, file_type=kind))
        assert str(found.file).endswith(".jpg")
        assert numpy.abs(found.read().astype(int) - smooth).max() < 8


def test_captions_boxes_masks_and_classes_are_kept() -> None:
    box: dict[str, Any] = {
        "position": {"minX": 0.1, "maxX": numpy.float32(0.5), "minY": 0.2, "maxY": 0.75},
        "class_id": 1,
        "scores": {"acc": numpy.float64(0.5)},
    }
    mask = (GRAY // 64).astype(numpy.int64)
    found = read_back(
        Image(
            COLOURS,
            caption="a car",
            classes=[{"id": 0, "name": "car"}],
            boxes={"predictions": {"box_data": [box], "class_labels": {1: "car"}}},
            masks={"truth": {"mask_data": mask, "class_labels": {0: "none"}}},
        )
    )
    assert found.caption == "a car"
    assert found.info["classes"] == [{"id": 0, "name": "car"}]
    assert found.info["boxes"]["predictions"]["class_labels"] == {"1": "car"}
    (kept,) = found.info["boxes"]["predictions"]["box_data"]
    assert kept == {**box, "position": {**box["position"], "maxX": 0.5}, "scores": {"acc": 0.5}}
    assert found.info["masks"]["truth"]["class_labels"] == {"0": "none"}
    numpy.testing.assert_array_equal(found.masks()["truth"], mask)


def test_an_image_of_an_image_is_the_same() -> None:
    found = read_back(Image(Image(COLOURS, caption="first")))
    assert found.caption == "first"
    numpy.testing.assert_array_equal(found.read(), COLOURS)


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "one dimension": (numpy.zeros(3), {}, r"shape \(3,\) is no picture"),
    "channels first": (COLOURS.transpose(2, 0, 1), {}, r"use \.transpose\(1, 2, 0\)"),
    "several": (COLOURS[None], {}, "list of Images"),
    "five channels": (numpy.zeros((2, 2, 5)), {}, "is no picture"),
    "nothing": (numpy.zeros((0, 2)), {}, "is no picture"),
    "complex": (numpy.zeros((2, 2), complex), {}, "complex128 holds no numbers"),
    "objects": (object(), {}, "object holds no numbers"),
    "no file": ("/no/such/file.png", {}, "the file cannot be read"),
    "a folder": ("/", {}, "it is no file"),
    "other bytes": (b"PK\x03\x04", {}, "that is no picture"),
    "mode": (GRAY, {"mode": "XYZ"}, "mode='XYZ' cannot be used"),
    "type": (GRAY, {"file_type": "exe"}, "file_type='exe' is not known"),
    "boxes": (GRAY, {"boxes": [1]}, "boxes is not a mapping"),
    "a box": (GRAY, {"boxes": {"a": {"box_data": [{}]}}}, "no list box_data"),
    "masks": (GRAY, {"masks": {"a": {}}}, "neither mask_data nor path"),
    "a mask": (GRAY, {"masks": {"a": {"mask_data": GRAY / 7}}}, "numbers from 0 to 255"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_is_refused(name: str) -> None:
    given, arguments, message = REFUSED[name]
    with pytest.raises(InvalidDataError, match=message):
        Image(given, **arguments)
