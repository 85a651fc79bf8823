"""Takes secrets out of text before it reaches the disk.

Every text of a run passes here in the process that records it: even one that is killed leaves no
secret behind. A cheap look decides whether a text can hold one; only then the detectors of
:mod:`nbtrack._secrets` are loaded and asked. A secret that was found is known again, so that the
value of ``api_key = "…"`` is masked where it is printed, too.
"""

from __future__ import annotations

import re
import time
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec

from ._decoding import convert
from ._environment import secret_variables
from .store.schema import (
    AttemptStart,
    Beat,
    Change,
    Console,
    Record,
    Sample,
    SegmentEnd,
    encode_any,
)

# What stands before "key" where that is a secret: neither KeyboardInterrupt nor sorted(key=…).
KEY_WORDS = (
    *("api", "access", "account", "auth", "client", "secret", "service", "private", "master"),
    *("license", "signing", "encryption"),
)
# Parts of the names of settings that are, or may be, secrets.
NAME_HINTS = ("secret", "passw", "pwd", "token", "passphrase", "credential")
# In lower case; each detector's matches contain one of these, or match _SHAPES.
HINTS = (
    *NAME_HINTS,
    *(f"{word}{sign}key" for word in KEY_WORDS for sign in ("", "_", "-", " ")),
    *("bearer", "://", "?key=", "&key=", "aws"),
    *("authorization", "wandb", "biases", "cl_", "cl-", "clou", "sl_", "sl-", "softlayer"),
    *("akia", "asia", "a3t", "abia", "acca", "akc", "aiza", "ya29.", "gocspx", "1//0", "sig="),
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "gldt-", "glft-", "hvs."),
    *("glsoat-", "glrt-", "gr1348941", "glcbt-", "glimt-", "glptt-", "glagent-", "gloas-", "eyj"),
    *("npm_", "sk-", "hf_", "api_org_", "r8_", "pplx-", "xai-", "nvapi-", "pypi-", "sg.", "xox"),
    *("xapp-", "hooks.slack", "sq0csp", "k_live_", "k_test_", "whsec_", "dapi", "dop_v1_", "shp"),
    *("glsa_", "lin_api_", "-us", "session", "signature=", "gsk_", "t3blbkfj"),
)


def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern of words, grouped by their first letters: re tries one group, not all words."""
    groups: dict[str, set[str]] = {}
    for word in words:
        groups.setdefault(word[0], set()).add(re.escape(word[1:]))
    return re.compile(
        "|".join(f"{re.escape(at)}(?:{'|'.join(sorted(groups[at]))})" for at in sorted(groups))
    )


_HINT = _any_of(HINTS)
_SHAPES = re.compile(
    r"\d{8,10}:[0-9A-Za-z_-]{35}|[MNO][A-Za-z\d_-]{23,25}\.[A-Za-z\d_-]{6}\.|(?:AC|SK)[a-z0-9]{32}"
)
_CANNOT_LOOK = "[left out: secrets could not be looked for]"
_MOST_KNOWN = 256
_MOST_ROWS = 1024
_SHORTEST_KNOWN = 8
_LOOK_AGAIN_SECONDS = 0.2
_MAX_DEPTH = 64

T = TypeVar("T")


class _Known:
    """Secrets of this process: values of its environment, and what was found so far."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, str] = OrderedDict()
        self._variables: dict[str, str] = {}
        self._look_at = 0.0

    def values(self) -> dict[str, str]:
        """Each secret with its kind, long ones first."""
        moment = time.monotonic()
        if moment >= self._look_at:
            self._look_at = moment + _LOOK_AGAIN_SECONDS
            for name, value in secret_variables().items():
                if len(value) >= _SHORTEST_KNOWN:
                    # Masked also after the variable was taken away.
                    self._variables[value] = f"environment variable {name}"
        if not self._found and not self._variables:
            return {}
        both = {**self._found, **self._variables}
        return {value: both[value] for value in sorted(both, key=len, reverse=True)}

    def add(self, value: str, kind: str) -> None:
        if value not in self._variables:
            self._found[value] = kind
            self._found.move_to_end(value)
            if len(self._found) > _MOST_KNOWN:
                self._found.popitem(last=False)


_known = _Known()


def may_hold_secret(text: str) -> bool:
    """Whether it is worth the while to look closely. Nothing secret is without this."""
    if _HINT.search(text.lower()) is not None:
        return True
    return _SHAPES.search(text) is not None or any(value in text for value in _known.values())


def mask(text: str) -> str:
    """``text`` with ``[secret: what it is]`` in place of each secret; rows stay rows."""
    if not may_hold_secret(text):
        return text
    try:
        _load_detectors()
        from . import _secrets

        for one in reversed(_secrets.find(text)):
            value = text[one.start : one.end]
            if one.remember:
                _known.add(value, one.kind)
            text = text[: one.start] + _mark(value, one.kind) + text[one.end :]
        for value, kind in _known.values().items():
            if value in text:
                text = text.replace(value, _mark(value, kind))
    except Exception:  # a secret must not come through because something went wrong here
        return "\n".join([_CANNOT_LOOK] * (text.count("\n") + 1))
    return text


def mask_value(value: Any, name: str = "") -> Any:
    """The same for what JSON can hold; ``name`` is the key under which a value stands."""
    return _masked(value, name, 0)


def masked_like(thing: T, kind: type[T]) -> T:
    """A structure with every text in it masked."""
    plain = msgspec.to_builtins(thing)
    masked = mask_value(plain)
    return thing if masked == plain else convert(masked, kind)


def _masked(value: Any, name: str, depth: int) -> Any:
    if isinstance(value, str):
        return _masked_setting(value, name) if name else mask(value)
    if depth >= _MAX_DEPTH:
        return value
    if isinstance(value, Mapping):
        return {
            mask(key) if isinstance(key, str) else key: _masked(item, str(key), depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_masked(item, name, depth + 1) for item in value]
    return value


def _masked_setting(value: str, name: str) -> str:
    lower = name.lower()
    if value and ("key" in lower or any(hint in lower for hint in NAME_HINTS)):
        try:
            _load_detectors()
            from . import _secrets

            sure = _secrets.is_secret_name(name)
            if sure is not False and _secrets.is_secret_value(value, sure=sure is True):
                if _secrets.is_worth_remembering(value):
                    _known.add(value, "Keyword")
                return _mark(value, "Keyword")
        except Exception:
            return _CANNOT_LOOK
    return mask(value)


@cache
def _load_detectors() -> None:
    """Load them, and leave warnings as they are: their library hands them all to ``logging``."""
    shows = warnings.showwarning
    from . import _secrets  # noqa: F401

    if warnings.showwarning is not shows:
        import logging

        logging.captureWarnings(False)


def _mark(value: str, kind: str) -> str:
    """What stands in place of ``value``, of as many rows; the ends of its rows stay."""
    mark = f"[secret: {kind}]"
    if "\n" not in value:
        return mark
    return "\n".join(mark if row.strip() else row for row in value.split("\n"))


def masked_record(record: Record) -> Record:
    """A record of a journal with every text in it masked, but for a :class:`Console`.

    Those were masked before, with a view to the rows that they belong to.
    """
    if isinstance(record, Console | Sample | Beat | SegmentEnd):
        return record
    if isinstance(record, Change):
        value = msgspec.to_builtins(record.value)
        name = record.key if record.kind in ("config", "summary") else ""
        changed = {"key": mask(record.key), "value": mask_value(value, name)}
        if changed == {"key": record.key, "value": value}:
            return record
        return msgspec.structs.replace(record, **changed)
    if isinstance(record, AttemptStart):
        record = msgspec.structs.replace(record, config=mask_value(record.config))
    if not may_hold_secret(encode_any(record).decode("utf-8", "replace")):
        return record
    return masked_like(record, type(record))


class RowTexts:
    """Looks after the texts of rows, at nearly no cost for those that hold numbers alone.

    Attributes:
        wordless: Keys, joined, whose values were no texts when they were first logged together.
            Rows with those keys are not looked at again.
    """

    def __init__(self, enabled: bool) -> None:
        self.wordless: set[str] = set()
        self._enabled = enabled

    def masked(self, keys: str, data: Mapping[str, Any]) -> Any:
        """A row whose ``keys`` are not among :attr:`wordless`."""
        try:
            if self._enabled and any(map(_may_be_text, data.values())):
                return {key: mask_logged(value, key) for key, value in data.items()}
        except Exception:  # a foreign mapping may raise anything; what is wrong is said later
            return data
        if len(self.wordless) >= _MOST_ROWS:
            self.wordless.clear()
        self.wordless.add(keys)
        return data


def mask_logged(value: Any, name: str, depth: int = 0) -> Any:
    """The value of one key of a row; what is neither text nor made of texts stays the object."""
    if isinstance(value, str):
        return _masked_setting(value, name)
    if depth < _MAX_DEPTH and isinstance(value, dict):
        return {key: mask_logged(item, str(key), depth + 1) for key, item in value.items()}
    if depth < _MAX_DEPTH and isinstance(value, list | tuple):
        return [mask_logged(item, name, depth + 1) for item in value]
    return value


def _may_be_text(value: Any) -> bool:
    return isinstance(value, str | Mapping | list | tuple)
