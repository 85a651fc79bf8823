"""Names, values and paths as MLflow takes them.

What a name becomes depends on nothing but the name: so two who export the same run, or one who goes
on with it, agree on it.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

LONGEST_NAME = 250
LONGEST_PARAM = 6000
# MLflow 3.17 takes 8,000; others may take fewer.
LONGEST_TAG = 5000
_CUT = " […]"

_VALID = re.compile(r"[/\w.\- :]+")
_OTHER = re.compile(r"[^/\w.\- :]")
# A name of a file there goes into an address as it is.
_OTHER_IN_PATH = re.compile(r"[^\w.\- ()+,=@]")
_MAX_DEPTH = 16


def name(original: str) -> str:
    """A name of a metric, param or tag; one that MLflow refuses gets a suffix made of all of it."""
    if (
        _VALID.fullmatch(original)
        and len(original) <= LONGEST_NAME
        and posixpath.normpath(original) == original
        and not original.startswith(("/", ".."))
        and original != "."
    ):
        return original
    plain = "/".join(
        part for part in _OTHER.sub("_", original).split("/") if part not in ("", ".", "..")
    )
    return _with_suffix(plain.strip(" .") or "_", original, LONGEST_NAME)


def path(original: str) -> str:
    """The path of an artifact."""
    parts = [_OTHER_IN_PATH.sub("_", part).strip() for part in original.split("/")]
    plain = "/".join(part for part in parts if part not in ("", ".", ".."))
    if plain == original:
        return original
    stem, dot, ending = plain.rpartition(".")
    if not stem or "/" in ending:
        stem, dot, ending = plain, "", ""
    return f"{_with_suffix(stem.rstrip() or '_', original, 4 * LONGEST_NAME)}{dot}{ending}"


def cut(text: str, longest: int) -> str:
    """A text, cut with a mark if it is longer."""
    return text if len(text) <= longest else text[: longest - len(_CUT)] + _CUT


def flat(values: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Nested mappings as ``outer/inner``; a name that is there twice gets a suffix."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        whole = f"{prefix}{key}"
        if isinstance(value, dict) and value and depth < _MAX_DEPTH:
            for inner, one in flat(value, f"{whole}/", depth + 1).items():
                free = inner if inner not in found else _with_suffix(inner, f"{key}\n{inner}", 999)
                found[free] = one
        else:
            found[whole if whole not in found else _with_suffix(whole, f"\n{whole}", 999)] = value
    return found


def text(value: Any) -> str:
    """A value of a config as MLflow's own ``log_param()`` writes it; lists and dicts as JSON."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _with_suffix(plain: str, original: str, longest: int) -> str:
    suffix = "-" + blake2b(original.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return plain[: longest - len(suffix)].rstrip(" /") + suffix
