"""Where the tables of a lake are, how deltalake gets there, and what its failures mean."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ..._errors import NbtrackError, SyncError, UsageError
from ...remote.failures import explained
from ...remote.opening import PREFIXES, as_options, scheme_of
from ..place import Place

_TIMEOUTS = {"connect_timeout": "5s", "read_timeout": "30s", "timeout": "7d"}
_RETRIES = 8
_PATIENCE = 60.0


def deltalake() -> Any:
    """The library.

    Raises:
        SyncError: It is not installed.
    """
    try:
        import deltalake as found
    except ImportError:
        raise SyncError(
            "deltalake is not installed",
            operation="open the lake",
            hint="`pip install 'nbtrack[lake]'` installs it.",
        ) from None
    return found


class Location:
    """A folder of tables, each in a folder of its own.

    Args:
        url: ``s3://bucket/folder``, ``gs://…``, ``az://…``, ``file:///folder``, or a path.

    Raises:
        UsageError: It is none of these.
    """

    def __init__(self, url: str) -> None:
        if "://" not in url:
            url = Path(url).expanduser().absolute().as_uri()
        self.url = url.rstrip("/")
        self._scheme = scheme_of(url)
        if self._scheme != "file" and self._scheme not in PREFIXES:
            raise UsageError(
                f"{self.url!r} is no place for tables",
                hint="Use s3://bucket/folder, gs://…, az://…, file:///folder or a path.",
            )

    def of(self, table: str) -> str:
        """The URL of a table's root, as people write it."""
        return f"{self.url}/{table}"

    def root(self, table: str) -> str:
        """A table's root, as deltalake wants to have it."""
        if self._scheme == "file":
            return unquote(urlsplit(self.of(table)).path)
        return self.of(table)

    def place(self, table: str) -> Place:
        """A table's root as a folder of objects.

        Raises:
            SyncError: obstore is not installed.
        """
        return Place(self.of(table))

    @property
    def options(self) -> dict[str, str]:
        """Credentials, endpoint, time limits and retries for deltalake."""
        if self._scheme == "file":
            return {}
        return as_options(self.url, _TIMEOUTS, retries=_RETRIES, patience=_PATIENCE)


@contextlib.contextmanager
def telling(url: str) -> Iterator[None]:
    """What deltalake raises as one error that says what to do."""
    try:
        yield
    except (NbtrackError, ImportError):
        raise
    except Exception as error:
        # Its own errors live in a module without a package.
        if not isinstance(error, OSError) and type(error).__module__ != "_internal":
            raise
        failure = explained(url, OSError(_in_a_line(str(error))))
        raise SyncError(
            failure.cause,
            path=url,
            operation="reach the lake",
            hint=failure.remedy,
            passing=failure.passing,
        ) from None


def _in_a_line(text: str) -> str:
    """A tree of causes, in colours and with arrows, as obstore writes the same."""
    text = re.sub(r"\x1b\[\d*m|↳", "", text).removeprefix("Kernel error -> ")
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"status code (\d{3}[^<{]*?) ?(?=[<{]|$)", r"status code: \1: ", text)
    return re.sub(r"(max_retries|retry_timeout) (?=\d)", r"\1: ", text)
