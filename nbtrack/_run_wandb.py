"""What code written for ``wandb`` asks of a run besides what is to be recorded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ._not_offered import RUN, refuse
from ._run_artifacts import RunArtifacts
from .store.artifact_paths import check_path
from .store.layout import Store, check_run_id


class WandbNames(RunArtifacts):
    """Attributes of wandb's runs that have an answer here; ``_not_offered.py`` has the others."""

    if not TYPE_CHECKING:  # to a type checker they are not there

        def __getattr__(self, name: str) -> Any:
            if name in RUN:
                refuse(f"run.{name}", RUN[name])
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def dir(self) -> str:
        """The folder of the run's files, made if it is not there."""
        folder = self._run_dir.files
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)

    @property
    def resumed(self) -> bool:
        """Whether the run goes on with what another process, or ``init()`` before, recorded."""
        return bool(self._past.owned_from)

    @property
    def starting_step(self) -> int:
        """The step of its first row."""
        return self._past.next_step

    @property
    def start_time(self) -> float:
        """When the run began (seconds UTC)."""
        return self._info.created / 1e6

    @property
    def disabled(self) -> bool:
        """Whether nothing is recorded."""
        return False

    @property
    def offline(self) -> bool:
        """Always True, since nothing leaves this machine by itself."""
        return True

    @property
    def entity(self) -> None:
        """There are no accounts."""
        return

    @property
    def url(self) -> None:
        """There is no server with an address that is known; ``nbtrack ui`` shows the run."""
        return

    project_url = sweep_id = sweep_url = url

    def log_model(
        self,
        path: str | os.PathLike[str],
        name: str | None = None,
        aliases: Sequence[str] | None = None,
    ) -> None:
        """Record a file or folder as an artifact of type ``model``; see :meth:`log_artifact`."""
        self.log_artifact(path, name, "model", aliases)

    def use_model(self, name: str) -> str:
        """The path of a model's file, or of its folder if it has several; see `use_artifact`."""
        artifact = self.use_artifact(name, "model")
        folder = artifact.download()
        entries = artifact.manifest.entries
        return os.path.join(folder, *entries) if len(entries) == 1 else folder

    def restore(
        self,
        name: str,
        run_path: str | None = None,
        replace: bool = False,
        root: str | None = None,
    ) -> TextIO | None:
        """Bring back a file that a run kept by ``save()``, and open it for reading.

        Args:
            name: Its path in the run's ``files/``.
            run_path: The run: ``id`` or ``project/id``; by default this one.
            replace: Take it again where there is a file of this name.
            root: The folder it is put into; by default the working directory.

        Returns:
            None if the run has no such file.

        Raises:
            InvalidArtifactError: The path leads out of the folder.
            InvalidRunIdError: ``run_path`` does not end with an id.
            OSError: It cannot be written.
        """
        check_path(name)
        run_dir = self._run_dir
        if run_path is not None:
            run_dir = Store(run_dir.path.parent.parent).run(run_path.rpartition("/")[2])
            check_run_id(run_dir.id)
        source, target = run_dir.files / name, Path(root or ".") / name
        if replace or not target.exists():
            inside = source.resolve().is_relative_to(run_dir.files.resolve())
            if not inside or not source.is_file():
                return None
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        return target.open(encoding="utf-8")

    def mark_preempting(self) -> None:
        """Does nothing: how a run ended is seen from outside."""
