"""The settings as traits: ``c.NbTrack.project`` in a configuration file, ``%config`` in a cell.

Their names, types, defaults and meanings are those of :class:`nbtrack._settings.Settings`.
"""

from __future__ import annotations

import types
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from traitlets import Bool, Enum, Float, Int, TraitType, Unicode
from traitlets.config import Application, Config, Configurable

from .. import _settings
from .._errors import InvalidSettingError, NbtrackWarning
from .._settings import FIELDS, SECTION, Given

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


class _InForce:
    """Makes a trait show the value that is in force, wherever it was given; it keeps none."""

    name: str

    def get(self, obj: Any, cls: Any = None) -> Any:
        return _settings.in_force(self.name)

    def set(self, obj: Any, value: Any) -> None:
        obj.change({self.name: value})


def _trait(name: str) -> TraitType[Any, Any]:
    field = FIELDS[name]
    kind, *_ = get_args(field.type)
    base: Any
    arguments: dict[str, Any] = {}
    if choices := _settings.choices(name):
        base, arguments = Enum, {"values": list(choices)}
    elif get_origin(kind) in (Union, types.UnionType):
        base, arguments = Unicode, {"allow_none": True}
    else:
        base = {bool: Bool, int: Int, float: Float}[kind]
    # Helps and completions show the name of a trait's class.
    trait = type(base.__name__, (_InForce, base), {})(
        default_value=field.default, help=_settings.description(name), **arguments
    )
    return trait.tag(config=True)  # type: ignore[no-any-return]


class NbTrack(Configurable):
    """Settings of nbtrack."""

    vars().update({name: _trait(name) for name in FIELDS})

    def __init__(self, changed: Callable[[set[str]], None]) -> None:
        """``changed`` is told the names of settings that were set by hand."""
        super().__init__()
        self._changed = changed

    def update_config(self, config: Config) -> None:
        """What ``%config`` says: all of it, or nothing."""
        values = dict(config.get(SECTION, {}))
        try:
            self.change(values)
        except InvalidSettingError:
            # IPython's shell is told after us and keeps all that it hears.
            del config[SECTION]
            raise

    def change(self, values: dict[str, Any]) -> None:
        """Set settings by hand."""
        if values:
            _settings.set_in_kernel(values)
            self._changed(set(values))


def read(shell: InteractiveShell) -> None:
    """Take what the shell's configuration says. Repeatable.

    Raises:
        InvalidSettingError: ``%config`` was given something that cannot be used, before anybody
            was there to refuse it.
    """
    # What the shell was started with; its own configuration also holds what %config said.
    started = dict(getattr(shell.parent, "config", shell.config).get(SECTION, {}))
    now = dict(shell.config.get(SECTION, {}))
    for name in started.keys() - FIELDS.keys():
        warnings.warn(f"c.{_settings.no_setting(name)}", NbtrackWarning, stacklevel=2)
    source = _files()
    _settings.set_from_files(
        {n: Given(started[n], source, f"c.{SECTION}.{n}") for n in started.keys() & FIELDS.keys()}
    )
    _settings.set_in_kernel(
        {name: value for name, value in now.items() if started.get(name) != value}
    )


def add(shell: InteractiveShell, changed: Callable[[set[str]], None]) -> None:
    """Make the settings known to a shell's ``%config``, which tells ``changed``. Repeatable."""
    if _find(shell) is None:
        _configurables(shell).append(NbTrack(changed))


def remove(shell: InteractiveShell) -> None:
    """Take them off again, with what was set by hand."""
    found = _find(shell)
    if found is not None:
        _configurables(shell).remove(found)
    _settings.unset_in_kernel()


def _find(shell: InteractiveShell) -> NbTrack | None:
    return next((one for one in _configurables(shell) if isinstance(one, NbTrack)), None)


def _configurables(shell: InteractiveShell) -> list[Any]:
    return shell.configurables


def _files() -> str:
    """The configuration files of this application."""
    files = Application.instance().loaded_config_files if Application.initialized() else []
    return ", ".join(files) or "IPython's configuration"
