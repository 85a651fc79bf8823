"""What waits in the spool of media, made into the files that people open.

May be killed at any moment, and done twice: a file appears under its name whole, and only then is
what it was made of removed. Many are synced together, which takes a fraction of the time. Pillow
and Parquet are imported here, and never where rows are logged.
"""

from __future__ import annotations

import contextlib
import io
import wave
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._errors import DamagedFileError
from . import media_tables
from .faults import fault
from .layout import RunDir, publish, sync_directory, temporary
from .spool import Raw, is_media_name, read_raw, set_aside, spooled
from .together import sync_files

if TYPE_CHECKING:
    import numpy
    from PIL.Image import Image

# So many files wait for their sync together.
_BATCH = 32
# Errors of encoders that say that the content is to blame.
_OF_CONTENT = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
# Frames a second where nobody said it; the same as a person who tries it out sees elsewhere.
_DEFAULT_FPS = 4
# Modes of Pillow that a format holds; of others the colours are kept.
_KNOWN_MODES = {
    "png": ("1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16"),
    "jpeg": ("1", "L", "RGB", "CMYK"),
    "bmp": ("1", "L", "P", "RGB", "RGBA"),
    "gif": ("1", "L", "LA", "P", "RGB", "RGBA"),
    "webp": ("1", "L", "LA", "P", "RGB", "RGBA"),
}


def encode_spool(run_dir: RunDir, *, skip: set[str] | None = None) -> dict[str, str]:
    """Encode everything that waits in the spool of a run.

    Args:
        skip: Names to leave out; those that fail are added.

    Returns:
        What could not be encoded, and why. It stays where it is.
    """
    skip = set() if skip is None else skip
    failed: dict[str, str] = {}
    waiting = [name for name in spooled(run_dir) if name not in skip]
    for first in range(0, len(waiting), _BATCH):
        batch = waiting[first : first + _BATCH]
        made: dict[str, Path | None] = {}
        try:
            for name in batch:
                try:
                    made[name] = _made(run_dir, name)
                except Exception as error:  # one broken thing must not hold up the others
                    failed[name] = f"{type(error).__name__}: {error}"
            _put_in_place(run_dir, made)
        except OSError as error:
            failed |= {name: f"{type(error).__name__}: {error}" for name in made}
        finally:
            _drop(made.values())
    skip.update(failed)
    return failed


def encode(run_dir: RunDir, name: str) -> None:
    """Encode what waits in the spool under ``name``, if it still does.

    Raises:
        DamagedFileError: It is not what was put there.
        OSError: The file cannot be written.
    """
    made = {name: _made(run_dir, name)}
    try:
        _put_in_place(run_dir, made)
    finally:
        _drop(made.values())


def write(raw: Raw, target: Path) -> None:
    """Write the file that ``raw`` is to become; it appears in one step.

    Raises:
        DamagedFileError: Nothing can be made of it.
        OSError: It cannot be written.
    """
    temp = _encoded(raw, target)
    try:
        publish(temp, target)
    finally:
        _drop([temp])


def _made(run_dir: RunDir, name: str) -> Path | None:
    """The file of what waits under ``name``, not in its place yet; None if it is, or nothing waits.

    Raises:
        DamagedFileError: It is not what was put there.
        OSError: The file cannot be written.
    """
    target = run_dir.media / name
    if target.exists():
        return None
    try:
        return _encoded(read_raw(run_dir, name), target)
    except FileNotFoundError:
        return None  # somebody else was faster
    except DamagedFileError:
        set_aside(run_dir, name)
        raise


def _put_in_place(run_dir: RunDir, made: dict[str, Path | None]) -> None:
    """Sync files, give them their names, and remove what they were made of.

    Raises:
        OSError: One cannot be written.
    """
    new = {name: temp for name, temp in made.items() if temp is not None}
    if new:
        sync_files(list(new.values()))
        for name, temp in new.items():
            temp.replace(run_dir.media / name)
        sync_directory(run_dir.media)
    for name in made:
        fault("media.before_encoded")
        (run_dir.spool / name).unlink(missing_ok=True)
        fault("media.after_encoded")


def _drop(temps: Iterable[Path | None]) -> None:
    """Remove what was not given its name."""
    for temp in temps:
        if temp is not None:
            with contextlib.suppress(OSError):
                temp.unlink(missing_ok=True)


def _encoded(raw: Raw, target: Path) -> Path:
    """The file that ``raw`` is to become, under a temporary name.

    Raises:
        DamagedFileError: Nothing can be made of it.
        OSError: It cannot be written.
    """
    encoder = _ENCODERS.get(raw.header.get("encode", ""))
    if encoder is None or not is_media_name(target.name):
        raise DamagedFileError("not a content that can be encoded", operation="encode media")
    temp = temporary(target)
    try:
        encoder(raw, temp)
    except BaseException as error:
        _drop([temp])
        # A library in Rust that panics must not end who encodes the others.
        if not isinstance(error, _OF_CONTENT) and type(error).__name__ != "PanicException":
            raise
        raise DamagedFileError(
            f"nothing can be made of it: {error}", path=target, operation="encode media"
        ) from error
    return temp


def _array(raw: Raw) -> numpy.ndarray[Any, Any]:
    import numpy

    found: numpy.ndarray[Any, Any]
    found = numpy.frombuffer(raw.content, dtype=numpy.dtype(raw.header["dtype"]))
    shape: tuple[int, ...] = tuple(raw.header["shape"])
    return found.reshape(shape)


def _bytes(values: numpy.ndarray[Any, Any], normalize: bool) -> numpy.ndarray[Any, Any]:
    """Numbers as the bytes of pixels: of floats, those from 0 to 1 or from -1 to 1 are spread."""
    import numpy

    if values.dtype == numpy.uint8:
        return values
    if values.dtype == numpy.bool_:
        return values.astype(numpy.uint8) * 255
    if values.dtype.kind == "f":
        values = numpy.nan_to_num(values.astype(numpy.float64), nan=0.0)
        if normalize and values.size:
            least, most = values.min(), values.max()
            if least >= 0 and most <= 1:
                values = values * 255
            elif least >= -1 and most <= 1:
                values = (values + 1) * 127.5
        values = numpy.rint(values)
    pixels: numpy.ndarray[Any, Any] = numpy.clip(values, 0, 255).astype(numpy.uint8)
    return pixels


def _image(pixels: numpy.ndarray[Any, Any], mode: str | None) -> Image:
    from PIL import Image

    image = Image.fromarray(pixels)
    return image.convert(mode) if mode and mode != image.mode else image


def _encode_pixels(raw: Raw, path: Path) -> None:
    pixels = _bytes(_array(raw), raw.header.get("normalize", True))
    _save(_image(pixels, raw.header.get("mode")), raw.header["format"], path)


def _encode_pillow(raw: Raw, path: Path) -> None:
    """The pixels of a Pillow image, as its own bytes."""
    from PIL import Image

    header = raw.header
    image = Image.frombytes(header["mode"], tuple(header["size"]), bytes(raw.content))
    if header.get("palette"):
        image.putpalette(bytes.fromhex(header["palette"]), header["palette_mode"])
    if header.get("transparency") is not None:
        image.info["transparency"] = header["transparency"]
    if header.get("convert"):
        image = image.convert(header["convert"])
    _save(image, header["format"], path)


def _save(image: Image, kind: str, path: Path) -> None:
    options: dict[str, Any] = {}
    if kind in _KNOWN_MODES and image.mode not in _KNOWN_MODES[kind]:
        image = image.convert("RGB")
    if kind == "jpeg":
        options["quality"] = 95
    elif kind == "webp":
        options.update(lossless=True, exact=True)
    image.save(path, format=kind, **options)


def _encode_frames(raw: Raw, path: Path) -> None:
    """A video of bytes, frame by frame, that loops for ever."""
    frames = _bytes(_array(raw), raw.header.get("normalize", True))
    images = [_image(frame, None) for frame in frames]
    kind = raw.header["format"]
    options: dict[str, Any] = {"lossless": True, "exact": True} if kind == "webp" else {}
    images[0].save(
        path,
        format=kind,
        save_all=True,
        append_images=images[1:],
        duration=round(1000 / (raw.header.get("fps") or _DEFAULT_FPS)),
        loop=0,
        **options,
    )


def _encode_samples(raw: Raw, path: Path) -> None:
    """Sound: integers as they are, floats from -1 to 1 in 16 bits."""
    import numpy

    samples = _array(raw)
    if samples.dtype.kind == "f":
        clean = numpy.nan_to_num(samples.astype(numpy.float64), nan=0.0)
        samples = numpy.rint(numpy.clip(clean, -1.0, 1.0) * 32767).astype("<i2")
    elif samples.dtype == numpy.int8:
        samples = (samples.astype(numpy.int16) + 128).astype(numpy.uint8)  # WAV has no signed bytes
    elif samples.dtype.byteorder == ">":
        samples = samples.astype(samples.dtype.newbyteorder("<"))
    with path.open("wb") as file, wave.open(file, "wb") as sound:
        sound.setnchannels(samples.shape[1])
        sound.setsampwidth(samples.dtype.itemsize)
        sound.setframerate(raw.header["rate"])
        sound.writeframes(samples.tobytes())


def _encode_table(raw: Raw, path: Path) -> None:
    media_tables.write(raw.header, bytes(raw.content), path)


_ENCODERS: dict[str, Callable[[Raw, Path], None]] = {
    "pixels": _encode_pixels,
    "pillow": _encode_pillow,
    "frames": _encode_frames,
    "samples": _encode_samples,
    "table": _encode_table,
}


def decode_image(data: bytes) -> numpy.ndarray[Any, Any]:
    """The pixels of a picture: height x width, x 3 or 4 with colours."""
    import numpy
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        if image.mode in ("P", "PA", "CMYK", "YCbCr", "LAB", "HSV"):
            with_alpha = image.mode == "PA" or "transparency" in image.info
            return numpy.asarray(image.convert("RGBA" if with_alpha else "RGB"))
        return numpy.asarray(image)


def decode_sound(data: bytes) -> tuple[numpy.ndarray[Any, Any], int]:
    """The samples of a WAV file, one row for each moment where there are several channels.

    Raises:
        wave.Error: It holds something else than whole numbers.
    """
    import numpy

    with wave.open(io.BytesIO(data), "rb") as sound:
        width, channels, rate = sound.getsampwidth(), sound.getnchannels(), sound.getframerate()
        frames = sound.readframes(sound.getnframes())
    if width == 3:
        wide = numpy.zeros((len(frames) // 3, 4), dtype=numpy.uint8)
        wide[:, 1:] = numpy.frombuffer(frames, dtype=numpy.uint8).reshape(-1, 3)
        samples = wide.reshape(-1).view("<i4") >> 8
    else:
        samples = numpy.frombuffer(frames, dtype={1: "u1", 2: "<i2", 4: "<i4"}[width])
    return (samples.reshape(-1, channels) if channels > 1 else samples), rate
