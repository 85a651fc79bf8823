"""Text and HTML."""

from __future__ import annotations

import os
from typing import Any

from ..._errors import InvalidDataError
from .base import Keeper, Kept, Media, check_caption, existing_file, text_of

# Text up to so many bytes stands in the record itself.
INLINE_BYTES = 16 * 1024


class Text(Media):
    """Text of any length.

    Args:
        text: The text.
        caption: What stands below it.

    Raises:
        InvalidDataError: It is no text.
    """

    kind = "text"

    def __init__(self, text: str, caption: str | None = None) -> None:
        if not isinstance(text, str):
            raise InvalidDataError(f"a {type(text).__name__} is no text", operation="make a Text")
        self.caption = check_caption(caption)
        self.text = text_of(text)

    def keep(self, keeper: Keeper) -> Kept:
        """Put the content on its way to the disk; see :meth:`Media.keep`."""
        info: dict[str, Any] = {} if self.caption is None else {"caption": self.caption}
        data = self.text.encode()
        if len(data) <= INLINE_BYTES:
            return Kept(self.kind, None, len(data), {"text": self.text, **info})
        return Kept(self.kind, keeper.file("txt", data), len(data), info)


class Html(Media):
    """A page, or a part of one. It is shown on its own: it cannot reach what is around it.

    Args:
        data: HTML; or the path of a file that ends in ``.html``; or an open file.
        inject: Taken, and not used: nothing is added to what was given.
        data_is_not_path: ``data`` is HTML even if it is the name of a file.
        caption: What stands below it.

    Raises:
        InvalidDataError: It is no text, or the file cannot be read.
    """

    kind = "html"

    def __init__(
        self,
        data: Any,
        inject: bool = True,
        data_is_not_path: bool = False,
        caption: str | None = None,
    ) -> None:
        self.caption = check_caption(caption)
        is_path = isinstance(data, os.PathLike) or (
            isinstance(data, str) and not data_is_not_path and _is_path(data)
        )
        if is_path:
            path = existing_file(data, "an Html")
            try:
                data = path.read_bytes()
            except OSError as error:
                raise InvalidDataError(
                    f"the file cannot be read: {error}", path=path, operation="make an Html"
                ) from None
        elif callable(getattr(data, "read", None)):
            data = data.read()
        if isinstance(data, bytes | bytearray):
            data = bytes(data).decode("utf-8", "replace")
        if not isinstance(data, str):
            raise InvalidDataError(f"a {type(data).__name__} is no text", operation="make an Html")
        self.html = text_of(data)

    def keep(self, keeper: Keeper) -> Kept:
        """Put the content on its way to the disk; see :meth:`Media.keep`."""
        data = self.html.encode()
        info: dict[str, Any] = {} if self.caption is None else {"caption": self.caption}
        return Kept(self.kind, keeper.file("html", data), len(data), info)


def _is_path(text: str) -> bool:
    return "\n" not in text and "<" not in text and text.lower().endswith((".html", ".htm"))
