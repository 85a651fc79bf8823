"""``run.config`` and ``run.summary``: mappings that record what is set in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

from ._configs import plain_config
from ._errors import ConfigError
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

    def _all(self) -> dict[str, Any]:
        values: dict[str, Any] = self._values
        return values


class Config(RecordedMapping):
    """The run's config: what was decided before, or is decided while, it goes on.

    A value may be set again, and every change is recorded with its time and attempt; where
    ``init(allow_val_change=False)`` said so, that raises.
    """

    def __init__(
        self,
        values: dict[str, Any],
        record: Callable[[str, Any], None],
        kind: str = "config",
        *,
        allow_val_change: bool = True,
    ) -> None:
        super().__init__(values, record, kind)
        object.__setattr__(self, "_may_change", allow_val_change)

    def __setitem__(self, key: str, value: Any) -> None:
        self._refuse_changes({key: plain_setting(value)}, None)
        super().__setitem__(key, value)

    def update(
        self, values: Any = None, /, allow_val_change: bool | None = None, **more: Any
    ) -> None:
        """Set many values: all of them, or none if one of them is refused.

        Args:
            values: All that ``init(config=)`` takes: a mapping, a dataclass instance, parsed
                arguments, a config of OmegaConf or absl, an object with ``to_dict()``, the path of
                a YAML or JSON file; or pairs.
            allow_val_change: Whether a key may get another value than it has. By default as
                ``init(allow_val_change=)`` said, else yes.

        Raises:
            ConfigError: A key has another value and may not be changed.
            InvalidSettingError: The file cannot be read.
            TypeError: ``values`` is none of those.
        """
        if isinstance(values, list | tuple | zip):
            values = dict(values)
        new = {**plain_config(values), **plain_config(more)}
        self._refuse_changes(new, allow_val_change)
        for key, value in new.items():
            super().__setitem__(key, value)

    def setdefaults(self, values: Any) -> None:
        """Set those values of ``values`` whose keys have none yet."""
        known = self._all()
        self.update({k: v for k, v in plain_config(values).items() if k not in known})

    def _refuse_changes(self, new: dict[str, Any], allow: bool | None) -> None:
        if self._may_change if allow is None else allow:
            return
        refuse_changes(self._all(), new)


def refuse_changes(known: dict[str, Any], new: dict[str, Any]) -> None:
    """Where values of a config may not be changed.

    Raises:
        ConfigError: One has another value in ``new``.
    """
    for key, value in new.items():
        if key in known and known[key] != value:
            raise ConfigError(
                f"config[{key!r}] is {known[key]!r:.80} and may not become {value!r:.80}",
                operation="change the config",
                hint="Nothing was changed; config.update(..., allow_val_change=True) changes it.",
            )


class Entry(dict[str, Any]):
    """What a summary has of one metric, such as ``{"min": 0.1}``; its keys are attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the summary of this metric has no {name!r}") from None


class Summary(RecordedMapping):
    """The run's summary: each key's value in the last attempt that logged it, what
    ``define_metric()`` asked for, or as set here.

    Where that is more than a value it is a dictionary: ``summary["loss"]["min"]``,
    ``summary["loss"].min`` and ``summary["loss.min"]`` are the same. Reading reads the run's files,
    as :func:`nbtrack.open_run` does.
    """

    def __init__(
        self, record: Callable[[str, Any], None], read: Callable[[], dict[str, Any]]
    ) -> None:
        super().__init__({}, record, "summary")
        object.__setattr__(self, "_read", read)

    def _all(self) -> dict[str, Any]:
        values: dict[str, Any] = self._read()
        return {k: Entry(v) if type(v) is dict else v for k, v in values.items()}

    def __getitem__(self, key: str) -> Any:
        values = self._all()
        if key not in values and isinstance(key, str):
            name, _, aggregate = key.rpartition(".")
            if isinstance(values.get(name), dict):
                return values[name][aggregate]
        return values[key]
