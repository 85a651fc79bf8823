"""Settings that cannot be used, and names that are none."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from .. import _settings
from .._errors import InvalidSettingError
from .._profile import read_configuration
from .._settings import FIELDS, PREFIX, Settings
from .finding import Finding


def check_settings() -> Iterator[Finding]:
    """Values that cannot be used, and names that are none."""
    wrong = False
    for name, given in _settings.resolve().items():
        try:
            _settings.check(name, given)
        except InvalidSettingError as error:
            wrong = True
            why = "Nothing is recorded until it is mended."
            advice = f"{error.hint} {_settings.description(name)}".strip()
            yield Finding("settings", "problem", error.message, why, advice)
    known = [name.upper() for name in FIELDS]
    for variable in _settings.unknown_variables():
        wrong = True
        near = difflib.get_close_matches(variable.removeprefix(PREFIX), known, n=1)
        advice = f"Is {PREFIX}{near[0]} meant?" if near else "`nbtrack config` shows all settings."
        what = f"{variable} is no setting"
        yield Finding("settings", "warning", what, "It has no effect.", advice)
    for unknown in read_configuration().unknown:
        wrong = True
        advice = "`nbtrack config` shows all settings."
        yield Finding("settings", "warning", unknown, "It has no effect.", advice)
    if not wrong:
        yield Finding("settings", "ok", "every setting has a value that can be used")


def usable_settings() -> Settings:
    """The settings as they are, with the default for each that cannot be used."""
    values = {}
    for name, given in _settings.resolve().items():
        try:
            values[name] = _settings.check(name, given)
        except InvalidSettingError:
            continue
    return Settings(**values)
