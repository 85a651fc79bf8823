"""``run.config`` and ``run.summary``: mappings that record what is set in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

from ._values import plain_setting


class RecordedMapping(MutableMapping[str, Any]):
    """A mapping whose every change is recorded; keys are attributes too.

    Keys are strings; values are what JSON can hold, and anything else becomes its ``str()``. A key
    cannot be deleted: what was set stays part of the run's history.
    """

    def __init__(
        self, values: dict[str, Any], record: Callable[[str, Any], None], kind: str
    ) -> None:
        object.__setattr__(self, "_values", values)
        object.__setattr__(self, "_record", record)
        object.__setattr__(self, "_kind", kind)

    def __getitem__(self, key: str) -> Any:
        return self._all()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(key, str):
            raise TypeError(f"a {self._kind} key must be a string, not {key!r}")
        plain = plain_setting(value)
        self._record(key, plain)
        self._values[key] = plain

    def __delitem__(self, key: str) -> None:
        raise TypeError(f"{self._kind}[{key!r}] cannot be deleted; set it to None instead")

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"{self._kind} has no {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __repr__(self) -> str:
        return repr(self._all())

    def as_dict(self) -> dict[str, Any]:
        """A copy as a plain dictionary."""
        return dict(self._all())

    def recall(self, values: dict[str, Any]) -> None:
        """What is on disk already: known here, and not recorded again."""
        self._values.update(values)

    def _all(self) -> dict[str, Any]:
        values: dict[str, Any] = self._values
        return values


class Config(RecordedMapping):
    """The run's config: what was decided before, or is decided while, it goes on."""


class Summary(RecordedMapping):
    """The run's summary: each key's value in the last attempt that logged it, or as set here.

    Reading it reads the run's files, as :func:`nbtrack.open_run` does.
    """

    def __init__(
        self, record: Callable[[str, Any], None], read: Callable[[], dict[str, Any]]
    ) -> None:
        super().__init__({}, record, "summary")
        object.__setattr__(self, "_read", read)

    def _all(self) -> dict[str, Any]:
        values: dict[str, Any] = self._read()
        return values
