"""What code written for ``wandb`` asks of a run besides what is to be recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._not_offered import RUN, refuse
from ._timeline import Timeline


class WandbNames(Timeline):
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
        """Always True: nothing leaves this machine."""
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

    def mark_preempting(self) -> None:
        """Does nothing: how a run ended is seen from outside."""
