"""A place, to be read as a store: a local copy of it, of which most comes when it is read.

What a list of runs needs is copied at once, by many at a time: of each run what it is and what its
sets add up to. Metrics, output, media, files and the content of artifacts are brought when somebody
reads them (:mod:`nbtrack.store.fetching`). What never changes under its name is brought once. The
copy lies in the user's cache directory and may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path

import msgspec

from .._errors import NbtrackError, SyncError
from ..store import fetching
from ..store.artifact_paths import ArtifactsRoot
from ..store.documents import read_document
from ..store.fetching import Elsewhere
from ..store.layout import (
    LAST_TABLE,
    STORE_NAME,
    TABLES,
    RunDir,
    SegmentName,
    Store,
    atomic_write,
    is_run_id,
)
from ..store.run_keys import (
    HEARTBEAT,
    INFO,
    complete_set,
    is_inside,
    is_manifest,
    is_replaced,
    newest_segment,
)
from ..store.schema import Manifest
from ..store.together import side_by_side
from .manifests import InForce, in_force
from .place import Place

_THREADS = 16
# What tells what a run adds up to; the table that makes a set complete comes last.
_FOR_LISTS = ("cells", LAST_TABLE)

Files = Mapping[str, Elsewhere]


class Mirror:
    """The local copy of a place.

    Args:
        place: Where the runs are.
        folder: Where the copy is; by default in the user's cache directory.

    Attributes:
        store: The copy, for readers.
        problems: What could not be copied, by run, with the reason.
    """

    def __init__(self, place: Place, *, folder: Path | None = None) -> None:
        self.store = Store(folder or _default_folder(place.url))
        self.problems: dict[str, str] = {}
        self._place = place
        self._runs: dict[str, Files] = {}
        self._artifacts: Files = {}
        self._refreshing = threading.Lock()
        self._fetching = threading.Lock()
        self._busy: dict[Path, threading.Lock] = {}
        fetching.register(self.store.path, self)

    def refresh(self) -> None:
        """Look at what there is now, and copy what a list of runs needs.

        Changes that people made here to what is said about runs go there.

        Raises:
            SyncError: The place cannot be reached, or there is nothing at it.
            StoreNotWritableError: The copy cannot be written.
        """
        with self._refreshing:
            self.store.create()
            # Also where it was lost before: who looks for hours outlives a network that was away.
            self._place.check()
            runs = self._listed(self._place.listing(self.store.runs.name))
            self._artifacts = self._place.listing(self.store.artifacts.name)
            if not runs and not self._artifacts:
                raise SyncError(
                    "there are no runs",
                    path=self._place.url,
                    operation="read a place",
                    hint="`nbtrack sync --all --to URL` sends some.",
                )
            before, self._runs = self._runs, runs
            for run_dir in list(self.store.run_dirs()):
                if run_dir.id not in runs:
                    shutil.rmtree(run_dir.path, ignore_errors=True)
            changed = [r for r in runs if runs[r] != before.get(r) or r in self.problems]
            copied = side_by_side(self._copy, changed, threads=_THREADS)
            self.problems = {run: problem for run, problem in copied if problem}
            self._copy_artifacts()
            self._send_edits()

    def fetch(self, path: Path) -> None:
        """Put a file where it belongs, unless it is there or the place has none.

        Raises:
            SyncError: The place does not answer.
            FileNotFoundError: It is not there any more: what is in force has changed.
        """
        key = self._key(path)
        there = self._find(key)
        if there is None:
            return
        with self._fetching:
            busy = self._busy.setdefault(path, threading.Lock())
        with busy:
            if not self._is_here(path, there):
                self._bring(key, path)

    def files(self, folder: Path) -> Mapping[Path, Elsewhere]:
        """The files below a folder that the place has."""
        found: dict[Path, Elsewhere] = {}
        if folder.is_relative_to(self.store.runs):
            run = folder.relative_to(self.store.runs).parts[0]
            root = self.store.run(run).path
            known = {root / name: there for name, there in self._runs.get(run, {}).items()}
            found = {path: there for path, there in known.items() if path.is_relative_to(folder)}
        return found

    def _listed(self, there: Files) -> dict[str, Files]:
        runs: dict[str, dict[str, Elsewhere]] = defaultdict(dict)
        for key, found in there.items():
            _, run, name = key.split("/", 2) if key.count("/") > 1 else ("", "", "")
            if is_run_id(run) and is_inside(name):
                runs[run][name] = found
        # Without what it is, which comes with the first files, a run is not there yet.
        return {run: files for run, files in runs.items() if INFO in files}

    def _copy(self, run: str) -> tuple[str, str]:
        """Copy what a list needs of a run; what went wrong, in words."""
        run_dir = self.store.run(run)
        try:
            for folder in (run_dir.edits, run_dir.journal, run_dir.sealed, run_dir.merged):
                folder.mkdir(parents=True, exist_ok=True)
            files = self._runs[run]
            self._get(
                run_dir,
                files,
                [name for name in files if name.startswith(f"{run_dir.edits.name}/")],
            )
            chosen = self._in_force(run_dir, files)
            manifest = chosen.manifest
            replaced = set(manifest.replaces) if manifest else set()
            if manifest is not None:
                tables = [run_dir.merged_table(manifest.name, table) for table in _FOR_LISTS]
                self._get(run_dir, files, _names(run_dir, tables))
                content = msgspec.json.encode(manifest)
                if not run_dir.manifest.exists() or run_dir.manifest.read_bytes() != content:
                    atomic_write(run_dir.manifest, content, durable=False)
            for name in sorted(filter(None, map(complete_set, files))):
                if str(name) not in replaced:
                    tables = [run_dir.sealed_table(name, table) for table in _FOR_LISTS]
                    self._get(run_dir, files, _names(run_dir, tables))
            self._forget(run_dir, replaced, manifest)
            self._copy_newest(run_dir, files, replaced)
            # Last: a run without it is not listed.
            self._get(run_dir, files, [HEARTBEAT, INFO])
        except (NbtrackError, OSError) as error:
            return run, str(error)
        return run, chosen.problem

    def _get(self, run_dir: RunDir, files: Files, names: Iterable[str]) -> None:
        for name in names:
            path = run_dir.path / name
            if name in files and not self._is_here(path, files[name]):
                self._place.fetch(self._key(path), path)

    def _in_force(self, run_dir: RunDir, files: Files) -> InForce:
        names = [name for name in files if is_manifest(name)]
        self._get(run_dir, files, names)
        found = [read_document(run_dir.path / name, Manifest) for name in names]
        return in_force(found, files)

    def _copy_newest(self, run_dir: RunDir, files: Files, replaced: set[str]) -> None:
        """Copy what is not sealed yet; segments only grow, so their size tells them apart."""
        sealed = set(filter(None, map(complete_set, files)))
        open_: set[SegmentName] = set()
        for key, there in files.items():
            name = newest_segment(key)
            if name is None or name in sealed or str(name) in replaced:
                continue
            open_.add(name)
            path = run_dir.segment(name)
            if not path.exists() or path.stat().st_size != there.size:
                self._place.fetch(self._key(run_dir.path / key), path)
        for name in run_dir.segments():
            if name not in open_:
                run_dir.segment(name).unlink(missing_ok=True)

    def _forget(self, run_dir: RunDir, replaced: set[str], manifest: Manifest | None) -> None:
        """Remove what is not in force any more."""
        if manifest is None:
            return
        for name in run_dir.sealed_sets():
            if str(name) in replaced:
                for table in reversed(TABLES):
                    run_dir.sealed_table(name, table).unlink(missing_ok=True)
        keep = {run_dir.merged_table(manifest.name, table) for table in TABLES}
        for path in run_dir.merged_files():
            if path not in keep:
                path.unlink(missing_ok=True)

    def _copy_artifacts(self) -> None:
        root = ArtifactsRoot(self.store)
        objects = self._key(root.objects)
        wanted = {
            self.store.path / key: found
            for key, found in self._artifacts.items()
            if not key.startswith(f"{objects}/") and is_inside(key)
        }
        missing = [path for path, found in wanted.items() if not self._is_here(path, found)]
        for folder in {path.parent for path in missing}:
            folder.mkdir(parents=True, exist_ok=True)
        side_by_side(
            lambda path: self._place.fetch(self._key(path), path), missing, threads=_THREADS
        )
        for name in root.names():
            place = root.artifact(name)
            for number in place.manifests():
                if place.manifest(number) not in wanted:
                    place.manifest(number).unlink(missing_ok=True)

    def _send_edits(self) -> None:
        for run, files in self._runs.items():
            for path in self.store.run(run).edit_files():
                if f"{path.parent.name}/{path.name}" not in files:
                    try:
                        self._place.put(self._key(path), path)
                    except SyncError as error:
                        self.problems[run] = f"a change made here is not there: {error}"

    def _bring(self, key: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._place.fetch(key, path)
        except FileNotFoundError:
            with contextlib.suppress(SyncError):
                self.refresh()
            raise

    def _find(self, key: str) -> Elsewhere | None:
        first, _, rest = key.partition("/")
        if first == self.store.runs.name:
            run, _, name = rest.partition("/")
            return self._runs.get(run, {}).get(name)
        return self._artifacts.get(key)

    def _is_here(self, path: Path, there: Elsewhere) -> bool:
        try:
            status = path.stat()
        except OSError:
            return False
        if status.st_size != there.size:
            return False
        below_run = self._key(path).partition("/")[2].partition("/")[2]
        return not is_replaced(below_run) or status.st_mtime_ns == there.modified

    def _key(self, path: Path) -> str:
        return path.relative_to(self.store.path).as_posix()


def _names(run_dir: RunDir, paths: Iterable[Path]) -> list[str]:
    return [path.relative_to(run_dir.path).as_posix() for path in paths]


def _default_folder(url: str) -> Path:
    import platformdirs

    words = re.sub(r"[^A-Za-z0-9]+", "-", url).strip("-")[:60]
    name = f"{words}-{blake2b(url.encode(), digest_size=5).hexdigest()}"
    # Pages call a store like the folder that it is in.
    return platformdirs.user_cache_path("nbtrack") / "places" / name / STORE_NAME


_mirrors: dict[str, Mirror] = {}


def opened(url: str) -> Mirror:
    """The copy of a place as it is now, kept for this process; raises as :meth:`Mirror.refresh`
    and :class:`~nbtrack.sync.place.Place`.
    """
    place = Place(url)
    mirror = _mirrors.get(place.url)
    if mirror is None:
        mirror = _mirrors[place.url] = Mirror(place)
    mirror.refresh()
    return mirror


@contextlib.contextmanager
def watching(path: Path, seconds: float = 10.0) -> Iterator[None]:
    """Meanwhile look again and again at the place of which ``path`` is the copy, if it is one.

    A place that cannot be reached for a while is asked again; what was copied stays.
    """
    mirror = next((one for one in _mirrors.values() if one.store.path == path), None)
    if mirror is None:
        yield
        return
    over = threading.Event()

    def look() -> None:
        while not over.wait(seconds):
            with contextlib.suppress(NbtrackError, OSError):
                mirror.refresh()

    thread = threading.Thread(target=look, name="nbtrack-place", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        with contextlib.suppress(NbtrackError, OSError):
            mirror.refresh()
