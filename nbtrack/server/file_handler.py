"""Answers with the bytes of files that anybody may have made: nothing in them is ever run."""

from __future__ import annotations

import re
from urllib.parse import quote

from .files import OpenFile
from .requests import ApiHandler, RefusedError

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
# What a file may do when a browser shows it: look like something, and nothing else.
_FILE_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
# The name of such a file says what is in it.
_FOR_EVER = "private, max-age=31536000, immutable"


class FileHandler(ApiHandler):
    """An address of files."""

    @property
    def content_security_policy(self) -> str:
        """No scripts, no requests, an origin of its own."""
        return _FILE_POLICY

    async def send_file(self, found: OpenFile, *, for_ever: bool = False) -> None:
        """Answer with all of a file or those of its bytes that are asked for, and close it.

        With ``?download=1`` it is to be kept.

        Args:
            for_ever: The address will never have anything else.

        Raises:
            RefusedError: There are no such bytes.
        """
        with found.file:
            tag = f'"{found.modified:x}-{found.size:x}"'
            self.set_header("ETag", tag)
            self.set_header("Cache-Control", _FOR_EVER if for_ever else "no-cache")
            self.set_header("Accept-Ranges", "bytes")
            self.set_header("Content-Type", found.type)
            keep = self.get_query_argument("download", "") == "1" or found.kind == "binary"
            self.set_header("Content-Disposition", kept(found.name) if keep else "inline")
            if tag in self.request.headers.get("If-None-Match", ""):
                self.set_status(304)
                await self.finish(set_content_type=found.type)
                return
            start, end = self._range(found.size, tag)
            self.set_header("Content-Length", end - start)
            await self.in_thread(lambda: found.file.seek(start))
            await self.send(found.file, end - start, found.type)

    def _range(self, size: int, tag: str) -> tuple[int, int]:
        """The part that is asked for; all of it where several are, or of another state of it."""
        asked = _RANGE.fullmatch(self.request.headers.get("Range", ""))
        if asked is None or self.request.headers.get("If-Range", tag) != tag:
            return 0, size
        first, last = asked.groups()
        if not first and not last:
            return 0, size
        start = int(first) if first else max(0, size - int(last))
        end = min(size, int(last) + 1) if first and last else size
        if start >= end:
            self.set_header("Content-Range", f"bytes */{size}")
            raise RefusedError(416, "there are no such bytes")
        self.set_status(206)
        self.set_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        return start, end


def kept(name: str) -> str:
    """Has a browser keep what comes under this name."""
    # What was not Unicode is shown escaped.
    return f"attachment; filename*=UTF-8''{quote(name, safe='', errors='backslashreplace')}"
