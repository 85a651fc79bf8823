"""The files of a run, as MLflow's artifacts."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ..._errors import NbtrackError
from ...store.artifact_paths import ArtifactsRoot
from ...store.artifacts import read_manifest
from ...store.layout import RunDir, Store, is_temporary
from ...store.media import MediaView, media_path
from ...store.view import RunView
from . import names
from .server import Server, There
from .words import WHOLE

# Of a log that grows, a new copy goes when it is so much longer.
_GROWTH = 1.1


class File(NamedTuple):
    """One artifact.

    Attributes:
        attempt: Whose it is; :data:`WHOLE`: the run's.
        path: What it is called there.
        content: Where it is, or it itself.
        version: Differs when the content does; None: the path says what the content is.
    """

    attempt: int
    path: str
    content: Path | bytes
    size: int
    version: int | None

    @property
    def stamp(self) -> int:
        """Differs when the content does."""
        return self.version or self.size


class Listed(NamedTuple):
    """What there is of a run now; ``problems``: what cannot be read."""

    files: list[File]
    problems: list[str]


def listed(
    store: Store,
    run_dir: RunDir,
    view: RunView,
    *,
    artifacts: bool,
    exclude: Collection[str],
    about: Mapping[str, Any],
) -> Listed:
    """The files of a run and its attempts.

    Args:
        artifacts: Also those of the versions that the run made.
        exclude: Patterns of paths that are left out.
        about: What the document about the run has besides.
    """
    problems: list[str] = []
    found = [
        *_documents(run_dir, view, about),
        *_below(run_dir.files, "files"),
        *_cells(view),
        *_media(run_dir, view, problems),
        *(_versions(store, view, problems) if artifacts else ()),
    ]
    kept = [one for one in found if not any(fnmatchcase(one.path, each) for each in exclude)]
    return Listed(kept, problems)


def missing(server: Server, there: Mapping[int, There], files: Iterable[File]) -> list[File]:
    """Those that are not there. Whether one whose path does not say what it holds is as it is now,
    nobody can tell.
    """
    folders: dict[tuple[int, str], dict[str, int]] = {}
    found: list[File] = []
    for file in files:
        if file.version is None and file.attempt in there:
            folder = file.path.rpartition("/")[0]
            place = file.attempt, folder
            if place not in folders:
                folders[place] = server.sizes(there[file.attempt].run_id, folder)
            if folders[place].get(file.path) == file.size:
                continue
        found.append(file)
    return found


def _documents(run_dir: RunDir, view: RunView, about: Mapping[str, Any]) -> Iterator[File]:
    described = {**view.to_dict(), **about}
    del described["path"]
    yield _document("nbtrack.json", described)
    log = view.log().encode("utf-8", "backslashreplace")
    if log:
        file = _made(WHOLE, run_dir.output_log.name, log)
        if view.state == "running":
            file = file._replace(version=1 + int(math.log(len(log), _GROWTH)))
        yield file
    for path in (run_dir.session, run_dir.diff, run_dir.requirements, run_dir.model):
        yield from _file(path, path.name)


def _cells(view: RunView) -> Iterator[File]:
    for attempt in view.attempts:
        if attempt.source and (attempt.rows or attempt.state != "running"):
            source = attempt.source.encode("utf-8", "backslashreplace")
            yield _made(attempt.n, "source.py", source)


def _media(run_dir: RunDir, view: RunView, problems: list[str]) -> Iterator[File]:
    records: dict[int, list[dict[str, Any]]] = {}
    for item in view.media():
        record: dict[str, Any] = {
            "key": item.key,
            "step": item.step,
            "time": item.time,
            "index": item.index,
            "kind": item.kind,
            "info": item.info,
        }
        own = list(_files_of(run_dir, item, problems))
        yield from own
        record["files"] = [file.path for file in own]
        records.setdefault(item.attempt, []).append(record)
    for attempt, found in records.items():
        content = json.dumps(found, default=str).encode()
        yield _made(attempt, "media/media.json", content)


def _files_of(run_dir: RunDir, item: MediaView, problems: list[str]) -> Iterator[File]:
    folder = names.path(f"media/{item.key}")
    masks = item.info.get("masks") or {}
    wanted = {"": item.file, **{f"-{mask}": one.get("file") for mask, one in masks.items()}}
    for label, file in wanted.items():
        if not file:
            continue
        try:
            path = media_path(run_dir, file)
            size = path.stat().st_size
        except (NbtrackError, OSError) as error:
            problems.append(f"{item.key}: {error}")
            continue
        stem, dot, ending = file.partition(".")
        called = names.path(f"{item.step}-{item.index}{label}-{stem[:12]}{dot}{ending}")
        yield File(item.attempt, f"{folder}/{called}", path, size, None)


def _versions(store: Store, view: RunView, problems: list[str]) -> Iterator[File]:
    root = ArtifactsRoot(store)
    labels = {(one.name, one.version): one for one in view.artifacts if one.role == "made"}
    for name, version in labels:
        folder = f"artifacts/{name}/v{version}"
        try:
            manifest = read_manifest(store, name, version)
            yield _made(WHOLE, f"{folder}.json", msgspec.json.encode(manifest))
            for entry in manifest.entries:
                if entry.uri is None and entry.digest:
                    path = root.object(entry.digest)
                    size = path.stat().st_size
                    yield File(WHOLE, names.path(f"{folder}/{entry.path}"), path, size, None)
        except (NbtrackError, OSError) as error:
            problems.append(f"{name}:v{version}: {error}")


def _below(folder: Path, prefix: str) -> Iterator[File]:
    for path in sorted(folder.rglob("*")):
        if not is_temporary(path.name):
            yield from _file(path, f"{prefix}/{path.relative_to(folder).as_posix()}")


def _file(path: Path, called: str) -> Iterator[File]:
    with contextlib.suppress(FileNotFoundError):
        status = path.lstat()
        if path.is_file() and not path.is_symlink():
            yield File(WHOLE, names.path(called), path, status.st_size, status.st_mtime_ns)


def _document(path: str, content: Mapping[str, Any]) -> File:
    return _made(WHOLE, path, json.dumps(content, indent=1, default=str).encode())


def _made(attempt: int, path: str, content: bytes) -> File:
    version = int.from_bytes(blake2b(content, digest_size=7).digest()) + 1
    return File(attempt, path, content, len(content), version)
