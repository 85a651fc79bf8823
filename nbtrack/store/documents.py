"""The JSON documents of a run. Light: needs neither Parquet nor a database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

import msgspec

from .._decoding import convert
from .._errors import DamagedFileError
from .fold import Fold
from .frames import newer_format
from .layout import RunDir, atomic_write
from .schema import FORMAT_VERSION, Edit, RunInfo

D = TypeVar("D", bound=msgspec.Struct)


def read_status(run_dir: RunDir) -> tuple[list[str], Fold] | None:
    """What ``status.json`` says a run adds up to, and the signature of the files that it did."""
    try:
        document = json.loads(run_dir.status.read_bytes())
        if document["format"] != FORMAT_VERSION:
            return None
        return document["signature"], convert(document["fold"], Fold)
    except (OSError, ValueError, KeyError, TypeError, msgspec.ValidationError):
        return None  # derived: absent, out of date or damaged, it is made again


def keep_status(run_dir: RunDir, signature: list[str], fold: Fold) -> None:
    """Write what :func:`read_status` reads.

    Raises:
        OSError: It cannot be written.
    """
    document = {
        "format": FORMAT_VERSION,
        "signature": signature,
        "fold": json.loads(fold.to_json()),
    }
    atomic_write(run_dir.status, json.dumps(document).encode(), durable=False)


def read_info(run_dir: RunDir) -> RunInfo:
    """``run.json`` with the edits that came later.

    Raises:
        DamagedFileError: It is not what was written.
        NewerFormatError: A newer nbtrack wrote it.
        FileNotFoundError: There is no such run.
    """
    info = read_document(run_dir.info, RunInfo)
    for path in run_dir.edit_files():
        edit = read_document(path, Edit)
        changes = {
            name: value
            for name in Edit.__struct_fields__
            if (value := getattr(edit, name)) is not msgspec.UNSET
        }
        info = msgspec.structs.replace(info, **changes)
    return info


def read_document(path: Path, kind: type[D]) -> D:
    """A JSON document of a run.

    Raises:
        DamagedFileError: It is not what was written.
        NewerFormatError: A newer nbtrack wrote it.
        FileNotFoundError: There is none.
    """
    content = path.read_bytes()
    try:
        raw = msgspec.json.decode(content)
        version = raw.get("format", FORMAT_VERSION)
        if version > FORMAT_VERSION:
            raise newer_format(str(path), version)
        return convert(raw, kind)
    except (msgspec.DecodeError, UnicodeDecodeError, AttributeError, TypeError) as error:
        raise DamagedFileError(
            f"not a readable {kind.__name__} document: {error}",
            path=path,
            operation="read the run",
            hint="The rows in journal/, sealed/ and merged/ are still readable.",
        ) from None
