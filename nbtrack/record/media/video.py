"""Moving pictures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._errors import InvalidDataError
from . import arrays
from .base import Keeper, Kept, Media, check_caption, existing_file

if TYPE_CHECKING:
    import numpy

_MAKE = "make a Video"
_ENDINGS = ("mp4", "webm", "gif", "webp", "ogg", "mov")
_MADE = ("gif", "webp")
_DEFAULT_FPS = 4


class Video(Media):
    """A video.

    Args:
        data_or_path: Frames: time x channels x height x width, or time x height x width x
            channels, with 1, 3 or 4 channels; or the path of an mp4, webm, mov, gif or webp file,
            which is kept as it is.
        caption: What stands below it.
        fps: Frames a second of an array; 4 by default.
        format: What an array becomes: ``"webp"`` (the default), which keeps every pixel, or
            ``"gif"``, which has 256 colours a frame.

    Raises:
        InvalidDataError: The arguments do not make a video.
    """

    kind = "video"

    def __init__(
        self,
        data_or_path: Any,
        caption: str | None = None,
        fps: float | None = None,
        format: str | None = None,
    ) -> None:
        self.caption = check_caption(caption)
        self._path: Path | None = None
        self._frames: numpy.ndarray[Any, Any] | None = None
        self._fps = fps
        if fps is not None and (isinstance(fps, bool) or not 0 < float(fps) <= 100):
            raise InvalidDataError(
                f"fps={fps!r} is not a number of frames a second, up to 100", operation=_MAKE
            )
        if isinstance(data_or_path, str | os.PathLike):
            self._path = existing_file(data_or_path, "a Video")
            self._ending = self._path.suffix.lower().removeprefix(".")
            if self._ending not in _ENDINGS:
                raise InvalidDataError(
                    "that is no video",
                    path=self._path,
                    operation=_MAKE,
                    hint=f"A file ends in {', '.join(_ENDINGS)}.",
                )
            return
        self._ending = format or "webp"
        if self._ending not in _MADE:
            raise InvalidDataError(
                f"no {self._ending} can be made of an array here",
                operation=_MAKE,
                hint="Use format='webp' or 'gif', or give the path of a file that your encoder "
                "wrote.",
            )
        self._frames = _frames(data_or_path)

    def keep(self, keeper: Keeper) -> Kept:
        """Put the content on its way to the disk; see :meth:`Media.keep`."""
        info: dict[str, Any] = {} if self.caption is None else {"caption": self.caption}
        if self._path is not None:
            name, size = keeper.copy(self._ending, self._path)
            return Kept(self.kind, name, size, info)
        frames = self._frames
        assert frames is not None, "one of the two is there"
        fps = self._fps or _DEFAULT_FPS
        info.update(
            fps=fps,
            frames=len(frames),
            seconds=len(frames) / fps,
            height=frames.shape[1],
            width=frames.shape[2],
        )
        header = {
            "encode": "frames",
            "dtype": arrays.dtype_name(frames),
            "shape": frames.shape,
            "fps": fps,
            "format": self._ending,
        }
        name = keeper.raw(self._ending, header, [arrays.piece(frames)])
        return Kept(self.kind, name, frames.nbytes, info)


def _frames(given: Any) -> numpy.ndarray[Any, Any]:
    values = arrays.numbers(given, "a Video")
    if values.ndim == 5 and values.shape[0] == 1:
        values = values[0]
    if values.ndim == 4 and values.size and values.shape[1] in (1, 3, 4):
        values = values.transpose(0, 2, 3, 1)
    elif values.ndim != 4 or not values.size or values.shape[3] not in (1, 3, 4):
        raise InvalidDataError(
            f"shape {values.shape} is no video",
            operation=_MAKE,
            hint="Frames are time x channels x height x width, with 1, 3 or 4 channels.",
        )
    return arrays.own_copy(values[:, :, :, 0] if values.shape[3] == 1 else values)
