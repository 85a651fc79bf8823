"""Opens object stores with what the environment says of them: credentials, endpoints, proxies."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from .._environment import variables_with

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore

# Scheme -> what the variables of its options begin with.
PREFIXES = {
    **dict.fromkeys(("s3", "s3a"), "AWS_"),
    "gs": "GOOGLE_",
    **dict.fromkeys(("az", "adl", "azure", "abfs", "abfss"), "AZURE_"),
}
# Options of the connection. obstore leaves those of the environment out once it is given any.
_CLIENT = (
    *("allow_http", "allow_invalid_certificates", "connect_timeout", "timeout", "read_timeout"),
    *("proxy_url", "proxy_ca_certificate", "proxy_excludes", "user_agent", "http1_only"),
)

# obstore's threads do not live on in a forked process, which would wait for them for ever.
_loaded_by: int | None = None


class UnavailableError(Exception):
    """obstore cannot be used here.

    Attributes:
        hint: What to do about it.
    """

    def __init__(self, text: str, hint: str) -> None:
        super().__init__(text)
        self.hint = hint


def obstore() -> Any:
    """The library.

    Raises:
        UnavailableError: It is not installed, or this process is a fork of one that used it.
    """
    global _loaded_by
    try:
        import obstore as found
    except ImportError:
        raise UnavailableError(
            "obstore is not installed", "`pip install 'nbtrack[sync]'` installs it."
        ) from None
    if _loaded_by is None:
        _loaded_by = os.getpid()
    elif _loaded_by != os.getpid():
        raise UnavailableError(
            "the process that this one was forked from has asked object stores already, and a"
            " fork of it cannot",
            "Do it there, or in a process that is started fresh (spawn).",
        )
    return found


def scheme_of(url: str) -> str:
    """What stands before ``://``."""
    return url.partition("://")[0].lower()


def proxy_for(url: str, prefix: str) -> str:
    """The host and the port of the proxy for an URL, going by the environment; empty if none is."""
    from urllib.request import getproxies_environment, proxy_bypass

    parts = urlsplit(url)
    found = variables_with(prefix).get("proxy_url", "")
    if not found and not proxy_bypass(parts.netloc.rpartition("@")[2]):
        proxies = getproxies_environment()
        found = proxies.get(parts.scheme) or proxies.get("all", "")
    return urlsplit(found).netloc.rpartition("@")[2] or found.rpartition("@")[2]


def opened(root: str, timeouts: dict[str, str], *, retries: int, patience: float) -> ObjectStore:
    """The store of an URL of ``s3://``, ``gs://`` or ``az://``; nothing is asked of it yet.

    Args:
        timeouts: Options of the connection; what the environment says wins.
        retries: How often a request is sent again, each time after a longer pause.
        patience: For how many seconds.

    Raises:
        UnavailableError: See :func:`obstore`.
        ValueError, obstore.exceptions.BaseError: The URL or an option cannot be used.
    """
    obstore()
    from obstore.store import from_url

    given = variables_with(PREFIXES[scheme_of(root)])
    _check_endpoint(given.get("endpoint_url") or given.get("endpoint"))
    options = {**timeouts, **{name: given[name] for name in _CLIENT if name in given}}
    return from_url(
        root,
        client_options=cast("ClientConfig", options),
        retry_config={"max_retries": retries, "retry_timeout": timedelta(seconds=patience)},
    )


def _check_endpoint(url: str | None) -> None:
    """obstore takes any text for an endpoint, and panics when it asks there."""
    if url is None:
        return
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("failed to parse the endpoint: it begins with https:// and has a host")


def as_options(
    url: str, timeouts: dict[str, str], *, retries: int, patience: float
) -> dict[str, str]:
    """The same for a library that takes everything as one table of texts, as Delta Lake's does.

    The names are those of the variables, and of obstore's options.
    """
    prefix = PREFIXES[scheme_of(url)]
    given = variables_with(prefix)
    return {
        **timeouts,
        "max_retries": str(retries),
        "retry_timeout": f"{patience:g}s",
        **{name: given[name] for name in _CLIENT if name in given},
        **{f"{prefix}{name}".upper(): value for name, value in given.items()},
    }
