"""Things elsewhere that an artifact refers to: what is known of them without fetching them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import Request, url2pathname, urlopen

from ..._errors import InvalidArtifactError
from ...store.artifact_schema import ArtifactEntry
from ...store.objects import digest_of

MOST_OBJECTS = 10_000
_PATIENCE = 10.0
_WEB = ("http", "https")


def reference_entries(
    uri: str, name: str | None, *, checksum: bool, most: int
) -> list[ArtifactEntry]:
    """The entries for a URI: one for each file of a local folder, else one.

    A local file is read for its digest, a web server is asked for size and ETag; with
    ``checksum=False`` neither is done. Of anything else the URI alone is known.

    Raises:
        InvalidArtifactError: The URI cannot be used, or nothing answers there.
    """
    parts = urlsplit(uri) if isinstance(uri, str) else None
    if parts is None or not parts.scheme:
        raise InvalidArtifactError(
            f"{uri!r} is no URI", hint="Use one such as s3://bucket/key or file:///data/train."
        )
    if parts.password is not None:
        raise InvalidArtifactError(
            f"the URI of {parts.hostname} has a password in it, which would be recorded",
            hint="Leave it out.",
        )
    if parts.scheme == "file":
        return _local(uri, Path(url2pathname(parts.path)), name, checksum=checksum, most=most)
    path = name or unquote(parts.path).rstrip("/").rpartition("/")[2] or parts.netloc
    if parts.scheme in _WEB and checksum:
        size, etag = _ask(uri)
        return [ArtifactEntry(path=path, uri=uri, size=size, etag=etag)]
    return [ArtifactEntry(path=path, uri=uri)]


def local_path(uri: str) -> Path | None:
    """The file that a URI means, if it means a file."""
    parts = urlsplit(uri)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


def _local(
    uri: str, path: Path, name: str | None, *, checksum: bool, most: int
) -> list[ArtifactEntry]:
    try:
        if not path.is_dir():
            return [_file(uri, path, name or path.name, checksum=checksum)]
        files = list(_files(path, most + 1))
        if len(files) > most:
            raise InvalidArtifactError(
                f"there are more than {most:,} files",
                path=path,
                hint="Raise max_objects, or refer to a part of it.",
            )
        found = []
        for file in files:
            relative = file.relative_to(path).as_posix()
            inside = f"{name}/{relative}" if name else relative
            found.append(_file(file.as_uri(), file, inside, checksum=checksum))
        return found
    except OSError as error:
        raise InvalidArtifactError(
            f"it cannot be referred to: {error.strerror or error}", path=path
        ) from error


def _files(folder: Path, most: int) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if most <= 0:
                return
            if Path(parent, name).is_file():
                most -= 1
                yield Path(parent, name)


def _file(uri: str, path: Path, name: str, *, checksum: bool) -> ArtifactEntry:
    found = path.stat()
    digest = digest_of(path)[0] if checksum else None
    return ArtifactEntry(
        path=name, uri=uri, size=found.st_size, digest=digest, mtime=found.st_mtime_ns
    )


def _ask(uri: str) -> tuple[int | None, str | None]:
    """Size and ETag, as the server tells them."""
    try:
        with urlopen(Request(uri, method="HEAD"), timeout=_PATIENCE) as answer:
            size, etag = answer.headers.get("Content-Length"), answer.headers.get("ETag")
    except OSError as error:  # urllib's errors are, too
        raise InvalidArtifactError(
            f"{uri} cannot be asked for: {error}",
            hint="checksum=False refers to it without asking.",
        ) from error
    return (int(size) if size and size.isdecimal() else None), etag
