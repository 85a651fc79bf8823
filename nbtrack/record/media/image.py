"""Pictures: arrays of pixels, Pillow images, files, figures; with boxes and masks on them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._errors import InvalidDataError
from . import arrays
from .base import Keeper, Kept, Media, check_caption, existing_file, plain
from .matplotlib_figure import figure_of, pixels_of

if TYPE_CHECKING:
    import numpy

_MAKE = "make an Image"
_FORMATS = {
    "png": "png",
    "jpg": "jpeg",
    "jpeg": "jpeg",
    "webp": "webp",
    "bmp": "bmp",
    "gif": "gif",
    "tiff": "tiff",
}
# How the bytes of a picture begin.
_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpg",
    b"GIF87a": "gif",
    b"GIF89a": "gif",
    b"BM": "bmp",
    b"II*\x00": "tiff",
    b"MM\x00*": "tiff",
}
_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
# Modes whose bytes, as Pillow gives them, it also takes.
_PILLOW_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "I", "F", "CMYK", "YCbCr", "I;16")


class Image(Media):
    """A picture.

    Args:
        data_or_path: An array of height x width, or x 1, 2 (gray and alpha), 3 or 4 (with alpha);
            a tensor of torch of height x width or 1, 3 or 4 x height x width; a Pillow image; a
            figure or axes of matplotlib; the path of a picture, which is kept as it is; the bytes
            of an encoded picture.
        mode: The mode of Pillow that the picture is converted to, such as ``"L"`` or ``"RGB"``.
        caption: What stands below it.
        grouping: Taken, and not used.
        classes: What the numbers in boxes and masks mean: ``[{"id": 0, "name": "car"}, …]``.
        boxes: Boxes on the picture by name: ``{"predictions": {"box_data": […], "class_labels":
            {…}}}``.
        masks: Masks on the picture by name: ``{"predictions": {"mask_data": an array of class
            numbers, "class_labels": {…}}}``, or ``"path"`` instead of ``"mask_data"``.
        file_type: ``"png"`` (the default), ``"jpg"``, ``"webp"``, ``"bmp"``.
        normalize: Floats from 0 to 1, or from -1 to 1, are spread over the range of a byte.

    Raises:
        InvalidDataError: The arguments do not make a picture.
    """

    kind = "image"

    def __init__(
        self,
        data_or_path: Any,
        mode: str | None = None,
        caption: str | None = None,
        grouping: int | None = None,
        classes: Sequence[Mapping[str, Any]] | Any = None,
        boxes: Mapping[str, Mapping[str, Any]] | None = None,
        masks: Mapping[str, Mapping[str, Any]] | None = None,
        file_type: str | None = None,
        normalize: bool = True,
    ) -> None:
        if mode is not None and mode not in _MODES:
            raise InvalidDataError(
                f"mode={mode!r} cannot be used", operation=_MAKE, hint=f"Use {', '.join(_MODES)}."
            )
        if file_type is not None and file_type not in _FORMATS:
            raise InvalidDataError(
                f"file_type={file_type!r} is not known",
                operation=_MAKE,
                hint=f"Use {', '.join(_FORMATS)}.",
            )
        self.caption = check_caption(caption)
        self._mode = mode
        self._ending = "jpg" if file_type == "jpeg" else file_type or "png"
        self._normalize = bool(normalize)
        self._classes = plain(getattr(classes, "_class_set", classes))
        self._boxes = _boxes(boxes)
        self._masks = _masks(masks)
        self._path: Path | None = None
        self._encoded: bytes | None = None
        self._pixels: numpy.ndarray[Any, Any] | None = None
        self._pillow: Any = None
        self._take(data_or_path)

    def _take(self, given: Any) -> None:
        if isinstance(given, Image):
            self._path, self._encoded = given._path, given._encoded
            self._pixels, self._pillow = given._pixels, given._pillow
            self._ending = given._ending
            self.caption = given.caption if self.caption is None else self.caption
        elif isinstance(given, str | os.PathLike):
            self._path = existing_file(given, "an Image")
            self._ending = _ending_of(_beginning(self._path), self._path)
        elif isinstance(given, bytes | bytearray | memoryview):
            self._encoded = bytes(given)
            self._ending = _ending_of(self._encoded[:16], None)
        elif is_pillow(given):
            self._pillow = given.copy()
        elif (figure := figure_of(given)) is not None:
            self._pixels = pixels_of(figure)
        else:
            self._pixels = _pixels(given)

    def keep(self, keeper: Keeper) -> Kept:
        """Put the content on its way to the disk; see :meth:`Media.keep`."""
        info = self._info(keeper)
        if self._path is not None:
            name, size = keeper.copy(self._ending, self._path)
        elif self._encoded is not None:
            name, size = keeper.file(self._ending, self._encoded), len(self._encoded)
        elif self._pillow is not None:
            name, size = self._keep_pillow(keeper, info)
        else:
            pixels = self._pixels
            assert pixels is not None, "one of the four is there"
            info["height"], info["width"] = pixels.shape[:2]
            header = {
                "encode": "pixels",
                "dtype": arrays.dtype_name(pixels),
                "shape": pixels.shape,
                "mode": self._mode,
                "format": _FORMATS[self._ending],
                "normalize": self._normalize,
            }
            name, size = keeper.raw(self._ending, header, [arrays.piece(pixels)]), pixels.nbytes
        return Kept(self.kind, name, size, info)

    def _keep_pillow(self, keeper: Keeper, info: dict[str, Any]) -> tuple[str, int]:
        image = self._pillow
        if image.mode not in _PILLOW_MODES:
            image = image.convert("RGBA" if "A" in image.mode or "a" in image.mode else "RGB")
        info["width"], info["height"] = image.size
        data = image.tobytes()
        header: dict[str, Any] = {
            "encode": "pillow",
            "mode": image.mode,
            "size": image.size,
            "convert": self._mode,
            "format": _FORMATS[self._ending],
        }
        if image.mode in ("P", "PA"):
            palette_mode = image.palette.mode
            header["palette"] = bytes(image.getpalette(palette_mode)).hex()
            header["palette_mode"] = palette_mode
        transparency = image.info.get("transparency")
        if isinstance(transparency, int):
            header["transparency"] = transparency
        return keeper.raw(self._ending, header, [data]), len(data)

    def _info(self, keeper: Keeper) -> dict[str, Any]:
        info: dict[str, Any] = {}
        if self.caption is not None:
            info["caption"] = self.caption
        if self._classes is not None:
            info["classes"] = self._classes
        if self._boxes:
            info["boxes"] = self._boxes
        if self._masks:
            info["masks"] = {name: _keep_mask(mask, keeper) for name, mask in self._masks.items()}
        return info


def is_pillow(value: Any) -> bool:
    """Whether it is an image of Pillow, without importing Pillow for it."""
    return any(
        kind.__module__ == "PIL.Image" and kind.__name__ == "Image" for kind in type(value).__mro__
    )


def _pixels(given: Any) -> numpy.ndarray[Any, Any]:
    values = arrays.numbers(given, "an Image")
    if arrays.is_tensor(given) and values.ndim == 3 and values.shape[0] in (1, 3, 4):
        values = values.transpose(1, 2, 0)
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[:, :, 0]
    fits = values.ndim == 2 or (values.ndim == 3 and values.shape[2] in (2, 3, 4))
    if not fits or not values.size:
        hint = "An array is height x width, or height x width x 3 or 4."
        if values.ndim == 3 and values.shape[0] in (1, 3, 4):
            hint += " This one looks like channels first: use .transpose(1, 2, 0)."
        elif values.ndim == 4:
            hint += " Log several as a list of Images."
        raise InvalidDataError(f"shape {values.shape} is no picture", operation=_MAKE, hint=hint)
    return arrays.own_copy(values)


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(16)
    except OSError as error:
        raise InvalidDataError(
            f"the file cannot be read: {error}", path=path, operation=_MAKE
        ) from None


def _ending_of(beginning: bytes, path: Path | None) -> str:
    for start, ending in _BEGINNINGS.items():
        if beginning.startswith(start):
            return ending
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP":
        return "webp"
    if path is not None and path.suffix.lower() == ".svg":
        return "svg"
    raise InvalidDataError(
        "that is no picture",
        path=path,
        operation=_MAKE,
        hint="A file is PNG, JPEG, GIF, WebP, BMP, TIFF or SVG.",
    )


def _boxes(given: Any) -> dict[str, Any]:
    if not given:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(v, Mapping) for v in given.values()):
        raise InvalidDataError(
            "boxes is not a mapping of names to mappings",
            operation=_MAKE,
            hint='Use {"predictions": {"box_data": [...]}}.',
        )
    found = {}
    for name, group in given.items():
        boxes = group.get("box_data")
        if not isinstance(boxes, list | tuple) or not all(
            isinstance(box, Mapping) and isinstance(box.get("position"), Mapping) for box in boxes
        ):
            raise InvalidDataError(
                f"boxes[{name!r}] has no list box_data of boxes with a position",
                operation=_MAKE,
                hint="A position has minX, maxX, minY and maxY, or middle, width and height.",
            )
        found[str(name)] = plain(dict(group))
    return found


def _masks(given: Any) -> dict[str, dict[str, Any]]:
    if not given:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(v, Mapping) for v in given.values()):
        raise InvalidDataError(
            "masks is not a mapping of names to mappings",
            operation=_MAKE,
            hint='Use {"predictions": {"mask_data": array}}.',
        )
    found: dict[str, dict[str, Any]] = {}
    for name, group in given.items():
        rest = {k: v for k, v in group.items() if k not in ("mask_data", "path")}
        if group.get("path") is not None:
            picture = Image(group["path"])
        elif group.get("mask_data") is not None:
            picture = Image(_class_numbers(name, group["mask_data"]))
        else:
            raise InvalidDataError(
                f"masks[{name!r}] has neither mask_data nor path", operation=_MAKE
            )
        found[str(name)] = {**plain(rest), "picture": picture}
    return found


def _class_numbers(name: str, given: Any) -> numpy.ndarray[Any, Any]:
    import numpy

    values = arrays.numbers(given, "a mask")
    numbers = values.astype(numpy.uint8)
    if values.ndim != 2 or not (numbers == values).all():
        raise InvalidDataError(
            f"masks[{name!r}] is not an array of height x width with numbers from 0 to 255",
            operation=_MAKE,
        )
    return numbers


def _keep_mask(mask: dict[str, Any], keeper: Keeper) -> dict[str, Any]:
    rest = {key: value for key, value in mask.items() if key != "picture"}
    return {**rest, "file": mask["picture"].keep(keeper).file}
