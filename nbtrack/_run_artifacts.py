"""What a run does with files: artifacts, in versions, and copies of files of its own."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._errors import NbtrackWarning, UsageError
from ._timeline import Timeline
from .store.artifact_schema import ArtifactVersion, Role, SavedFile, SavePolicy
from .store.journal import now
from .store.layout import Store

if TYPE_CHECKING:
    from .record.artifacts import Artifact
    from .record.artifacts.recording import Recording

# How long finish() waits for artifacts without a word.
_SILENT_SECONDS = 0.5


class RunArtifacts(Timeline):
    """The part of a run that is files."""

    _recording: Recording | None = None
    # By their paths in the run; those that are copied again.
    _saved: dict[str, SavedFile] | None = None
    _has_files = False

    def log_artifact(
        self,
        artifact_or_path: Artifact | str | os.PathLike[str],
        name: str | None = None,
        type: str | None = None,
        aliases: Sequence[str] | None = None,
    ) -> Artifact:
        """Record a version of an artifact. Returns at once: a thread does what is left to do.

        The files were read when they were added; a path is added here. The same content as a
        version before makes no new one: that is called ``latest`` again, and given the aliases.

        Args:
            artifact_or_path: The artifact; or a file or folder to make one of.
            name: For a path, the artifact's name; by default made of the run's id and the path.
            type: For a path, its type; by default ``unspecified``.
            aliases: What the version is called, besides ``latest``.

        Raises:
            ArtifactStateError: The artifact is being recorded already.
            InvalidArtifactError: A name or an alias cannot be used, or a file not be read.
            RunFinishedError: The run has ended.
            StoreNotWritableError: The store cannot be written.
        """
        from .record.artifacts import making

        artifact = making.as_artifact(artifact_or_path, name, type, self.id)
        self._use_files("log an artifact")
        recording = self._recording
        if recording is None:
            recording = self._recording = making.start(self._store, self._made)
        job = artifact.new_job(self._store, making.checked_aliases(aliases), self.id)
        self._show(recording)
        recording.add(job)
        return artifact

    def use_artifact(
        self,
        artifact_or_name: Artifact | str,
        type: str | None = None,
        aliases: Sequence[str] | None = None,
    ) -> Artifact:
        """Say that the run uses a version of an artifact, and get at it.

        Args:
            artifact_or_name: ``"data:v3"``, ``"data:best"``, or ``"data"`` for the latest; or an
                artifact, which is recorded first if it is not.
            type: The type that it must have.
            aliases: What the version is called from now on, besides what it was.

        Raises:
            ArtifactNotFoundError: There is no such artifact, or no such version of it.
            InvalidArtifactError: That is no name of an artifact, or it is of another type.
            RunFinishedError: The run has ended.
            StoreNotWritableError: The store cannot be written.
        """
        from .record.artifacts import making

        if not isinstance(artifact_or_name, str) and artifact_or_name.state == "DRAFT":
            self.log_artifact(artifact_or_name, aliases=aliases)
        self._use_files("use an artifact")
        artifact = making.used(self._store, artifact_or_name, type, aliases, self.id)
        self._note_artifact("used", artifact.wait()._version)
        return artifact

    def link_artifact(
        self, artifact: Artifact, target_path: str, aliases: Sequence[str] | None = None
    ) -> Artifact:
        """Record the content of an artifact under another name too; nothing is copied.

        Args:
            artifact: The artifact, which is waited for.
            target_path: The other name; what stands before a ``/`` is left out.
            aliases: What the version is called there, besides ``latest``.

        Raises:
            As :meth:`log_artifact`.
        """
        from .record.artifacts import making

        if artifact.state == "DRAFT":
            self.log_artifact(artifact)
        return self.log_artifact(making.linked(artifact, target_path), aliases=aliases)

    def save(
        self,
        glob_str: str | os.PathLike[str],
        base_path: str | os.PathLike[str] | None = None,
        policy: SavePolicy = "live",
    ) -> list[str]:
        """Keep copies of files in the run's ``files/``. Returns the paths of the copies.

        Args:
            glob_str: A file, a folder, or a pattern such as ``"out/**/*.png"``.
            base_path: The copies are called by their paths relative to this folder; by default the
                working directory, or the folder of an absolute path.
            policy: ``"now"`` copies now. ``"live"`` copies now, and again within seconds whenever
                a file has changed, as long as the run goes on. ``"end"`` copies when the run ends,
                also if the kernel was killed.

        What cannot be copied, on a full disk for one, is named in a warning.

        Raises:
            RunFinishedError: The run has ended.
            UsageError: A file lies outside of ``base_path``, or the policy is not known.
        """
        from .record import saving
        from .store.saved import bring_all

        if policy not in ("now", "live", "end"):
            raise UsageError(f"policy={policy!r} is not known", hint="Use 'now', 'live' or 'end'.")
        found = saving.files_to_save(glob_str, base_path, self._store.path.resolve())
        self._use_files("save files")
        if not found:
            _warn(f"no file is called {os.fspath(glob_str)!r}, so none was saved")
        files = [
            SavedFile(path=path, source=str(source), policy=policy, time=now())
            for path, source in found.items()
        ]
        problems = bring_all(self._run_dir, files) if policy != "end" else {}
        if self._saved is None:
            self._saved = {}
        for file in files:
            self._saved[file.path] = file
            self._change("saved", file.path, {"policy": policy, "source": file.source})
        _warn_of(problems)
        return [str(self._run_dir.files / file.path) for file in files]

    @property
    def is_untouched(self) -> bool:
        """Whether there is nothing yet but perhaps an open attempt without rows."""
        return super().is_untouched and not self._has_files

    def close(self, reason: str, **how: Any) -> None:
        """End the run, after what it records of files; see :meth:`Timeline.close`."""
        interrupt: BaseException | None = None
        if not self._finished:
            try:
                self._end_files()
            except KeyboardInterrupt as error:
                interrupt = error
            except Exception as error:  # the run must end all the same
                _warn(f"files were not saved: {type(error).__name__}: {error}")
        super().close(reason, **how)
        if interrupt is not None:
            raise interrupt

    @property
    def _store(self) -> Store:
        return Store(self._run_dir.path.parent.parent)

    def _use_files(self, operation: str) -> None:
        """Before anything is done with files: the run goes on, and the disk is not full."""
        from .record.disk import warn_if_full

        if self._finished:
            self._refuse_finished(operation)
        self.settle()
        self._has_files = True
        warn_if_full(self._run_dir.path, self._settings.disk_warning)

    def _made(self, version: ArtifactVersion) -> None:
        """A version is recorded. Called by the thread that did it."""
        if not self._finished:
            self._note_artifact("made", version)

    def _note_artifact(self, role: Role, version: ArtifactVersion | None) -> None:
        if version is not None:
            value = {
                "role": role,
                "type": version.type,
                "digest": version.digest,
                "size": version.size,
            }
            self._change("artifact", version.label, value)

    def _show(self, recording: Recording) -> None:
        for note in recording.take_notes():
            _warn(note)

    def _end_files(self) -> None:
        """Wait for artifacts, and copy what is to be copied at the end."""
        recording = self._recording
        if recording is not None:
            try:
                if not recording.wait(_SILENT_SECONDS):
                    if not self._settings.quiet:
                        names = ", ".join(recording.pending)
                        sys.stderr.write(f"nbtrack: waiting for artifacts: {names}\n")
                    recording.wait()
            except KeyboardInterrupt:
                _warn(f"not recorded, since waiting was cut off: {', '.join(recording.pending)}")
                raise
            finally:
                self._show(recording)
        if self._saved:
            from .store.saved import bring_all

            again = [file for file in self._saved.values() if file.policy != "now"]
            _warn_of(bring_all(self._run_dir, again))
            self._saved = None

    def _continue_in_child(self) -> None:
        """In a forked child: what the parent's thread records is the parent's to wait for."""
        super()._continue_in_child()
        self._recording = None
        self._saved = None


def _warn_of(problems: dict[str, str]) -> None:
    if problems:
        path, problem = next(iter(problems.items()))
        more = f", and {len(problems) - 1} more files" if len(problems) > 1 else ""
        _warn(f"{path!r} was not saved: {problem}{more}")


def _warn(text: str) -> None:
    warnings.warn(f"nbtrack: {text}", NbtrackWarning, stacklevel=3)
