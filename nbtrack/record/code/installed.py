"""What is installed in this Python, as ``pip install -r`` takes it."""

from __future__ import annotations

import contextlib
import functools
from importlib import metadata
from typing import Any

import msgspec

from ..._decoding import from_json
from ..._masking import mask
from .remote import without_credentials


@functools.cache
def installed() -> tuple[dict[str, str], str]:
    """Name to version of every package, and the text of a ``requirements.txt``.

    What was installed from a repository, a folder or an address is named by that, without
    credentials; an editable folder as a comment, since it is not to be had elsewhere. Looked at
    once: whoever captures the code of many runs does it in one go.
    """
    packages: dict[str, str] = {}
    lines: dict[str, str] = {}
    for found in metadata.distributions():
        with contextlib.suppress(Exception):  # a damaged package says nothing of the others
            about = found.metadata  # parsed whenever it is asked for
            name, version = about["Name"], about["Version"]
            if not name or not version or name.lower() in lines:
                continue  # the first on the path is the one that is imported
            packages[name] = version
            lines[name.lower()] = _line(name, version, found.read_text("direct_url.json"))
    packages = dict(sorted(packages.items(), key=lambda item: item[0].lower()))
    return packages, mask("".join(f"{lines[name]}\n" for name in sorted(lines)))


def _line(name: str, version: str, origin: str | None) -> str:
    if origin:
        with contextlib.suppress(msgspec.DecodeError):
            return _from_origin(name, version, from_json(origin, dict[str, Any]))
    return f"{name}=={version}"


def _from_origin(name: str, version: str, origin: dict[str, Any]) -> str:
    """A line for a package that did not come from an index (PEP 610)."""
    url = without_credentials(str(origin.get("url", "")))
    vcs = origin.get("vcs_info")
    part = f"#subdirectory={origin['subdirectory']}" if origin.get("subdirectory") else ""
    if isinstance(vcs, dict):
        return f"{name} @ {vcs.get('vcs')}+{url}@{vcs.get('commit_id')}{part}"
    if isinstance(origin.get("dir_info"), dict):
        editable = "editable, " if origin["dir_info"].get("editable") else ""
        return f"# {name}=={version} ({editable}from {url})"
    return f"{name} @ {url}{part}"
