"""What a tracker has to offer to be measured: one small adapter file per tracker.

An adapter is imported on both sides. The harness reads its class attributes (`requirements`,
`environment()`), so an adapter's module imports nothing but the standard library at its top. The
workloads, which run inside the tracker's own environment, make an instance and call its methods.

A row that a tracker has no part in is named in `without`, with the reason; the table shows a dash.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

# Every environment has these two at the same versions: they are the workloads' own tools.
COMMON_REQUIREMENTS = ("numpy==2.4.6", "psutil==7.2.2")

# In the order in which they are run and shown. The first is what the ratios refer to.
NAMES = (
    "nbtrack",
    "wandb",
    "trackio",
    "mlflow",
    "mlflow_async",
    "aim",
    "tensorboardX",
    "swanlab",
    "dvclive",
    "jsonl",
    "limit",
)
# Those of the quick comparison: the one most people have, and the fastest.
QUICK = ("nbtrack", "wandb", "trackio")

Log = Callable[[dict[str, Any]], object]


class Tracker(ABC):
    """One tracker, keeping all that it writes under `directory`."""

    name: ClassVar[str]
    #: Another tracker's environment that this one runs in, instead of one of its own.
    room: ClassVar[str] = ""
    #: The module whose import is timed; empty for what is no tracker.
    module: ClassVar[str] = ""
    #: What pip installs. A path (ending in a slash) is installed as a package, not editable.
    requirements: ClassVar[tuple[str, ...]]
    #: Rows that are not run for this tracker, and why. `chart` is a part of the row `read`; a name
    #: such as `loop-torch` is that of a case.
    without: ClassVar[Mapping[str, str]] = {}

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        #: What the next run is called, where runs have names.
        self.run = "run"

    @classmethod
    def environment(cls, directory: Path) -> Mapping[str, str]:
        """The variables that keep the tracker off the network and inside `directory`."""
        return {}

    @abstractmethod
    def start(self) -> Log:
        """Start a run and return the tracker's own `log`, without a wrapper around it."""

    @abstractmethod
    def finish(self) -> None:
        """End the run as a user would."""

    def rest(self) -> None:
        """Bring an ended run into the form in which it is kept; called in a fresh process.

        Most have nothing to do.
        """
        return

    def location(self) -> Path:
        """The file or directory that is the run, without caches and debug logs."""
        raise self._not_offered()

    def recorded(self, key: str) -> list[float]:
        """Every value of `key` that can be got back from the disk, by whatever means."""
        return [float(value) for value in self.series(key)]

    def series(self, key: str) -> Any:
        """All values of `key` as a numpy array, by the tracker's own reading interface."""
        raise self._not_offered()

    def chart(self, key: str, buckets: int) -> int:
        """Make what the tracker draws of `key` in so much detail; how many points that has."""
        raise self._not_offered()

    def state(self) -> str:
        """What the tracker says of the state of a run, in its own word; `-`: it keeps none."""
        return "-"

    def image(self, picture: Any, step: int) -> None:
        """Log a picture, an array of height x width bytes."""
        raise self._not_offered()

    def artifact(self, folder: Path) -> None:
        """Record a folder of files, and wait until that is done where one can wait for it."""
        raise self._not_offered()

    def runs(self) -> int:
        """List all runs with their names and states, as a person asks for them; how many."""
        raise self._not_offered()

    def _not_offered(self) -> LookupError:
        return LookupError(f"{self.name} does not offer this; name the row in its `without`")


def load(name: str) -> type[Tracker]:
    """The adapter class of the tracker called `name`; `ValueError` if there is none."""
    if name not in NAMES:
        raise ValueError(f"no tracker {name!r}; there are {', '.join(NAMES)}")
    module = importlib.import_module(f"benchmarks.trackers.{name}")
    adapter: type[Tracker] = module.Adapter
    return adapter
