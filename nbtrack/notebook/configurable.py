"""The settings as traits: ``c.NbTrack.project`` in a configuration file, ``%config`` in a cell.

Their names, types, defaults and meanings are those of :class:`nbtrack._settings.Settings`.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from traitlets import Bool, Enum, Float, Int, TraitError, TraitType, Unicode, validate
from traitlets.config import Configurable

from .. import _settings
from .._errors import InvalidSettingError
from .._settings import FIELDS, Given

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

SECTION = "NbTrack"
_SOURCE = "IPython's configuration"


def _trait(name: str) -> TraitType[Any, Any]:
    kind, *_ = get_args(FIELDS[name].type)
    default = FIELDS[name].default
    about: dict[str, Any] = {"help": _settings.description(name)}
    trait: TraitType[Any, Any]
    if get_origin(kind) is Literal:
        trait = Enum(list(get_args(kind)), default, **about)
    elif get_origin(kind) in (Union, types.UnionType):
        trait = Unicode(default, allow_none=True, **about)
    else:
        trait = {bool: Bool, int: Int, float: Float}[kind](default, **about)
    return trait.tag(config=True)


class _Adapter(Configurable):
    """Passes on what is set by hand."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.observe(self._on_change, names=list(FIELDS))

    @validate(*FIELDS)
    def _check(self, proposal: Any) -> Any:
        name = proposal["trait"].name
        try:
            return _settings.check(name, proposal["value"], f"{SECTION}.{name}")
        except InvalidSettingError as error:
            raise TraitError(str(error)) from None

    def _on_change(self, change: Any) -> None:
        _settings.set_in_kernel(change["name"], change["new"])


_CLASS = type(
    SECTION,
    (_Adapter,),
    {"__doc__": "Settings of nbtrack.", **{name: _trait(name) for name in FIELDS}},
)


def add(shell: InteractiveShell) -> None:
    """Make the settings known to a shell, and take what its configuration says. Repeatable.

    Raises:
        InvalidSettingError: The configuration gives one a value that it cannot have.
    """
    if _find(shell) is not None:
        return
    given = dict(shell.config.get(SECTION, {}))
    for name in given.keys() & FIELDS.keys():
        _settings.check(name, given[name], f"c.{SECTION}.{name}")
    _settings.set_from_files(
        {name: Given(value, _SOURCE) for name, value in given.items() if name in FIELDS}
    )
    try:
        shell.configurables.append(_CLASS(parent=shell))
    except TraitError as error:
        raise InvalidSettingError(str(error), operation="read the settings") from None


def remove(shell: InteractiveShell) -> None:
    """Take them off again."""
    found = _find(shell)
    if found is not None:
        shell.configurables.remove(found)
    _settings.unset_in_kernel()


def _find(shell: InteractiveShell) -> Any:
    return next((one for one in shell.configurables if type(one).__name__ == SECTION), None)
