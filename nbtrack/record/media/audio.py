"""Sound."""

from __future__ import annotations

import os
import wave
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._errors import InvalidDataError
from . import arrays
from .base import Keeper, Kept, Media, check_caption, existing_file

if TYPE_CHECKING:
    import numpy

_MAKE = "make an Audio"
_ENDINGS = ("wav", "mp3", "ogg", "flac", "m4a", "opus", "aac")
_MOST_CHANNELS = 32
_KINDS = ("i1", "u1", "i2", "i4")


class Audio(Media):
    """Sound, kept as WAV.

    Args:
        data_or_path: Samples, or samples x channels: floats from -1 to 1, kept in 16 bits, or
            integers of 8, 16 or 32 bits, kept as they are; or the path of a sound file, which is
            kept as it is.
        sample_rate: Samples a second; needed for samples.
        caption: What stands below it.

    Raises:
        InvalidDataError: The arguments do not make a sound.
    """

    kind = "audio"

    def __init__(
        self, data_or_path: Any, sample_rate: int | None = None, caption: str | None = None
    ) -> None:
        self.caption = check_caption(caption)
        self._path: Path | None = None
        self._samples: numpy.ndarray[Any, Any] | None = None
        self._rate = 0
        if isinstance(data_or_path, str | os.PathLike):
            self._path = existing_file(data_or_path, "an Audio")
            if self._ending not in _ENDINGS:
                raise InvalidDataError(
                    "that is no sound",
                    path=self._path,
                    operation=_MAKE,
                    hint=f"A file ends in {', '.join(_ENDINGS)}.",
                )
            return
        if sample_rate is None or int(sample_rate) != sample_rate or sample_rate < 1:
            raise InvalidDataError(
                f"sample_rate={sample_rate!r} is not a number of samples a second", operation=_MAKE
            )
        self._rate = int(sample_rate)
        self._samples = _samples(data_or_path)

    @property
    def _ending(self) -> str:
        assert self._path is not None, "asked of a file only"
        return self._path.suffix.lower().removeprefix(".")

    def keep(self, keeper: Keeper) -> Kept:
        """Put the content on its way to the disk; see :meth:`Media.keep`."""
        info: dict[str, Any] = {} if self.caption is None else {"caption": self.caption}
        if self._path is not None:
            name, size = keeper.copy(self._ending, self._path)
            return Kept(self.kind, name, size, {**info, **_length_of(self._path)})
        samples = self._samples
        assert samples is not None, "one of the two is there"
        info["rate"] = self._rate
        info["seconds"] = len(samples) / self._rate
        info["channels"] = samples.shape[1]
        header = {
            "encode": "samples",
            "dtype": arrays.dtype_name(samples),
            "shape": samples.shape,
            "rate": self._rate,
        }
        name = keeper.raw("wav", header, [arrays.piece(samples)])
        return Kept(self.kind, name, samples.nbytes, info)


def _samples(given: Any) -> numpy.ndarray[Any, Any]:
    values = arrays.numbers(given, "an Audio")
    if values.ndim == 1:
        values = values.reshape(-1, 1)
    if values.ndim != 2 or not values.size or values.shape[1] > _MOST_CHANNELS:
        hint = "Samples are a list, or samples x channels."
        if values.ndim == 2 and values.shape[0] <= _MOST_CHANNELS:
            hint += " This looks like channels x samples: use its .T."
        raise InvalidDataError(f"shape {values.shape} is no sound", operation=_MAKE, hint=hint)
    if values.dtype.kind == "i" and values.dtype.itemsize == 8:
        # What a list of integers becomes.
        if values.min() < -(1 << 31) or values.max() >= 1 << 31:
            raise InvalidDataError("a sample has more than 32 bits", operation=_MAKE)
        fits_short = values.min() >= -(1 << 15) and values.max() < 1 << 15
        values = values.astype("i2" if fits_short else "i4")
    if values.dtype.kind != "f" and values.dtype.str[1:] not in _KINDS:
        raise InvalidDataError(
            f"samples of {values.dtype} cannot be kept",
            operation=_MAKE,
            hint="Use floats, or integers of 8, 16 or 32 bits.",
        )
    return arrays.own_copy(values)


def _length_of(path: Path) -> dict[str, Any]:
    try:
        with wave.open(str(path), "rb") as sound:
            rate = sound.getframerate()
            seconds = sound.getnframes() / rate
            return {"rate": rate, "seconds": seconds, "channels": sound.getnchannels()}
    except (OSError, EOFError, wave.Error, ZeroDivisionError):
        return {}  # not WAV, or not one of whole numbers: it is kept all the same
