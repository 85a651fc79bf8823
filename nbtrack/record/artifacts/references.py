"""Things elsewhere that an artifact refers to: what is known of them without fetching them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit
from urllib.request import url2pathname

from ..._errors import InvalidArtifactError
from ..._masking import mask
from ...remote.opening import PREFIXES
from ...store.artifact_schema import ArtifactEntry
from ...store.objects import digest_of
from . import buckets, web
from .told import NoAnswerError, Told

MOST_OBJECTS = 10_000
# In lower case: parts of a query that let whoever has them in.
_SIGNATURES = (
    *("x-amz-signature", "x-amz-credential", "x-amz-security-token", "awsaccesskeyid"),
    *("x-goog-signature", "x-goog-credential", "googleaccessid"),
    *("sig", "signature", "x-oss-signature", "q-signature", "access_token"),
)


def reference_entries(
    uri: str, name: str | None, *, checksum: bool, most: int
) -> list[ArtifactEntry]:
    """The entries for a URI: one for each file or object of a folder, else one.

    A local file is read for its digest, servers are asked for size and ETag; with
    ``checksum=False`` neither is done. Of anything else the URI alone is known.

    Raises:
        InvalidArtifactError: The URI cannot be used, or nothing answers there.
    """
    parts = _parts(uri)
    _check_no_secret(uri, parts)
    if parts.scheme == "file":
        return _local(uri, Path(url2pathname(parts.path)), name, checksum=checksum, most=most)
    if parts.scheme in PREFIXES:
        return _in_bucket(uri, name, checksum=checksum, most=most)
    path = name or unquote(parts.path).rstrip("/").rpartition("/")[2] or parts.netloc
    told = Told()
    if parts.scheme in web.SCHEMES and checksum:
        try:
            told = web.ask(uri)
        except NoAnswerError as error:
            raise _not_asked(uri, error) from None
    return [_entry(path, uri, told)]


def scheme_of(uri: str) -> str:
    """The scheme of a URI, in lower case."""
    return uri.partition(":")[0].lower()


def local_path(uri: str) -> Path | None:
    """The file that a URI means, if it means a file."""
    parts = urlsplit(uri)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


def _parts(uri: str) -> SplitResult:
    try:
        parts = urlsplit(uri) if isinstance(uri, str) else None
    except ValueError:
        parts = None
    if parts is None or not parts.scheme:
        raise InvalidArtifactError(
            f"{uri!r} is no URI", hint="Use one such as s3://bucket/key or file:///data/train."
        )
    return parts


def _check_no_secret(uri: str, parts: SplitResult) -> None:
    """That nothing in a URI lets whoever reads it in: it would be recorded."""
    found = "a password" if parts.password is not None else ""
    for name, _ in (*parse_qsl(parts.query, True), *parse_qsl(parts.fragment, True)):
        if name.lower() in _SIGNATURES:
            found = found or f"a signature ({name})"
    if parts.scheme in web.SCHEMES and not found and (parts.username or mask(uri) != uri):
        found = "a secret"
    if found:
        raise InvalidArtifactError(
            f"the URI of {parts.hostname} has {found} in it, which would be recorded",
            hint="Leave it out.",
        )


def _in_bucket(uri: str, name: str | None, *, checksum: bool, most: int) -> list[ArtifactEntry]:
    root, key = buckets.split(uri)
    last = key.rstrip("/").rpartition("/")[2] or root.rpartition("/")[2]
    if not checksum:
        return [_entry(name or last, uri, Told())]
    try:
        found = buckets.Buckets().find(uri, most + 1)
    except NoAnswerError as error:
        raise _not_asked(uri, error) from None
    if "" in found:
        return [_entry(name or last, uri, found[""])]
    if len(found) > most:
        raise _too_many(most, "objects", uri)
    folder = f"{uri.rstrip('/')}/" if key else f"{root}/"
    return [
        _entry(f"{name}/{below}" if name else below, folder + below, told)
        for below, told in sorted(found.items())
    ]


def _entry(path: str, uri: str, told: Told) -> ArtifactEntry:
    return ArtifactEntry(path=path, uri=uri, size=told.size, etag=told.etag, mtime=told.mtime)


def _not_asked(uri: str, error: NoAnswerError) -> InvalidArtifactError:
    return InvalidArtifactError(
        f"{uri} cannot be asked for: {error}",
        hint=f"{error.hint} checksum=False refers to it without asking.".strip(),
    )


def _too_many(most: int, things: str, place: Path | str) -> InvalidArtifactError:
    return InvalidArtifactError(
        f"there are more than {most:,} {things}",
        path=place,
        hint="Raise max_objects, or refer to a part of it.",
    )


def _local(
    uri: str, path: Path, name: str | None, *, checksum: bool, most: int
) -> list[ArtifactEntry]:
    try:
        if not path.is_dir():
            return [_file(uri, path, name or path.name, checksum=checksum)]
        files = list(_files(path, most + 1))
        if len(files) > most:
            raise _too_many(most, "files", path)
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
