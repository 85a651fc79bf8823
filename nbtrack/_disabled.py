"""The run of ``mode="disabled"``: every call works and nothing is written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._attempts import CellInfo, Past
from ._console import ConsoleWriter
from ._current import forget
from ._mappings import Config
from ._run import Run
from ._run_alerts import AlertLevel
from .store.layout import RunDir
from .store.schema import ChangeKind, Failure, Outcome, RunInfo
from .store.state import Verdict

if TYPE_CHECKING:
    from ._options import RunOptions
    from .record.artifacts import Artifact
    from .store.artifact_schema import SavePolicy


class DisabledRun(Run):
    """A run that records nothing."""

    def __init__(self, options: RunOptions) -> None:
        self._info = RunInfo(
            id=options.id or "disabled",
            name=options.name or "disabled",
            project=options.project or "disabled",
            created=0,
            host="",
            tags=options.tags,
            notes=options.notes,
            group=options.group,
            job_type=options.job_type,
        )
        self._run_dir = RunDir(Path(os.devnull))
        self._past = Past()
        self._scratch: str | None = None
        self._finished = False
        self._open = None
        self._nested = None
        self._succession = None
        self.console = ConsoleWriter(lambda *text: True, 0)
        self._definitions = {}
        self._alerted = {}
        self.config = Config(
            dict(options.config), _ignore, allow_val_change=options.allow_val_change
        )
        self.summary = Config({}, _ignore, "summary")

    @property
    def id(self) -> str:
        """The id that was asked for, else ``disabled``."""
        return self._info.id

    @property
    def path(self) -> Path:
        """There is no directory."""
        return self._run_dir.path

    @property
    def dir(self) -> str:
        """A folder of files that nobody keeps."""
        import shutil
        import tempfile
        import weakref

        if self._scratch is None:
            self._scratch = tempfile.mkdtemp(prefix="nbtrack-disabled-")
            weakref.finalize(self, shutil.rmtree, self._scratch, ignore_errors=True)
        return self._scratch

    @property
    def disabled(self) -> bool:
        """Always."""
        return True

    @property
    def place(self) -> None:
        """Nowhere."""
        return

    @property
    def stack_path(self) -> None:
        """Nowhere."""
        return

    @property
    def step(self) -> int:
        """Always 0."""
        return 0

    @property
    def attempt(self) -> int:
        """Always 0."""
        return 0

    @property
    def has_rows(self) -> bool:
        """Never."""
        return False

    @property
    def is_empty(self) -> bool:
        """Always."""
        return True

    @property
    def is_untouched(self) -> bool:
        """Always."""
        return True

    @property
    def attempt_has_rows(self) -> bool:
        """Never."""
        return False

    @property
    def open_attempt(self) -> int | None:
        """Never one."""
        return None

    @property
    def open_cell(self) -> CellInfo | None:
        """Never one."""
        return None

    def log(
        self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = True
    ) -> None:
        """Record nothing."""

    def log_artifact(
        self,
        artifact_or_path: Artifact | str | os.PathLike[str],
        name: str | None = None,
        type: str | None = None,
        aliases: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
    ) -> Artifact:
        """Record nothing; the artifact looks as if it were recorded."""
        from .record.artifacts import making

        artifact = making.as_artifact(artifact_or_path, name, type, self.id)
        artifact.record_nothing()
        return artifact

    def use_artifact(
        self,
        artifact_or_name: Artifact | str,
        type: str | None = None,
        aliases: Sequence[str] | None = None,
        use_as: str | None = None,
    ) -> Artifact:
        """Get at an artifact, and say nothing of it."""
        from .record.artifacts import open_artifact

        if isinstance(artifact_or_name, str):
            return open_artifact(artifact_or_name)
        artifact_or_name.record_nothing()
        return artifact_or_name

    def link_artifact(
        self, artifact: Artifact, target_path: str, aliases: Sequence[str] | None = None
    ) -> Artifact:
        """Record nothing."""
        artifact.record_nothing()
        return artifact

    def save(
        self,
        glob_str: str | os.PathLike[str],
        base_path: str | os.PathLike[str] | None = None,
        policy: SavePolicy = "live",
        glob: bool = True,
    ) -> list[str]:
        """Copy nothing."""
        return []

    def alert(
        self,
        title: str,
        text: str = "",
        level: str | AlertLevel | None = None,
        wait_duration: float | timedelta | None = None,
    ) -> None:
        """Tell nobody."""

    def begin_attempt(self, cell: CellInfo) -> int:
        """Record nothing."""
        self.settle()
        return 0

    def end_attempt(self, outcome: Outcome, failure: Failure | None) -> None:
        """Record nothing."""

    def arm(self, cell: CellInfo, thread_id: int) -> None:
        """Record nothing."""

    def disarm(self, cell: CellInfo) -> None:
        """Record nothing."""

    def begin_cell(self, cell: CellInfo) -> None:
        """Record nothing."""

    def end_cell(self, cell: CellInfo, outcome: Outcome, failure: Failure | None) -> None:
        """Record nothing."""

    def record_earlier(self, cell: CellInfo) -> None:
        """Record nothing."""

    def watch(self, models: Any, *args: Any, **kwargs: Any) -> None:
        """Record nothing."""

    def unwatch(self, models: Any = None) -> None:
        """There is nothing that is watched."""

    def close(
        self,
        reason: str,
        *,
        cut_off: bool = False,
        failure: Failure | None = None,
        interrupted: bool = False,
        verdict: Verdict | None = None,
        last_error: Failure | None = None,
        **how: Any,
    ) -> None:
        """End the run."""
        self.settle()
        self.discard()

    def discard(self) -> None:
        """End the run."""
        self._finished = True
        forget(self)

    def _record(self, kind: ChangeKind, key: str, value: Any, what: str) -> None:
        """Record nothing."""

    def _edit(self, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(self._info, name, value)


def _ignore(key: str, value: Any) -> None:
    """Record nothing."""
