"""What went wrong at an MLflow server, in words for the person who has to mend it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from ..._errors import SyncError
from ...remote.mlflow_address import Address, without_user

_LONGEST = 300
_LATER = "Sync again later."
_MLFLOW_S_OWN = ("mlflow", "requests", "urllib3", "botocore", "boto3")


class Gone(Exception):
    """The run was deleted at the server while it was written to."""


class _Known(NamedTuple):
    pattern: re.Pattern[str]
    cause: str
    remedy: str
    passing: bool = False


def _known(pattern: str, cause: str, remedy: str, *, passing: bool = False) -> _Known:
    return _Known(re.compile(pattern, re.IGNORECASE), cause, remedy, passing)


# The first that is found in the text of the error.
_KNOWN = (
    _known(
        r"NameResolutionError|name or service not known|getaddrinfo|no address associated",
        "the host has no address",
        "Check the URL and the network's DNS.",
        passing=True,
    ),
    _known(
        "certificate|SSLError|tls handshake",
        "the server's certificate is not trusted",
        "Name the authority in MLFLOW_TRACKING_SERVER_CERT_PATH or REQUESTS_CA_BUNDLE.",
    ),
    _known(
        "ProxyError|tunnel connection failed",
        "the proxy did not connect",
        "Check HTTPS_PROXY, or name the host in NO_PROXY.",
        passing=True,
    ),
    _known(
        r"connection refused|NewConnectionError|network is unreachable|no route to host",
        "nobody answers at the server's address",
        "Check the URL, and that the server runs.",
        passing=True,
    ),
    _known(
        r"too many 429|\b429\b|REQUEST_LIMIT_EXCEEDED|RESOURCE_EXHAUSTED|too many requests",
        "the server asks to slow down",
        "Sync again later, or with a lower --concurrency.",
        passing=True,
    ),
    _known(
        r"too many 5\d\d|\b50[0234]\b|INTERNAL_ERROR|TEMPORARILY_UNAVAILABLE",
        "the server failed",
        f"{_LATER} Its log says why.",
        passing=True,
    ),
    _known(
        r"\b401\b|UNAUTHENTICATED|CUSTOMER_UNAUTHORIZED|not authenticated|unauthorized",
        "the server does not know who asks",
        "Credentials come from the environment: MLFLOW_TRACKING_USERNAME and"
        " MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.",
    ),
    _known(
        r"\b403\b|PERMISSION_DENIED|forbidden|permission denied",
        "these credentials may not do that",
        "They need to read and edit the experiment, or to make it.",
    ),
    _known(
        r"\b404\b|ENDPOINT_NOT_FOUND|is in the format of JSON|JSONDecodeError|Expecting value"
        r"|failed to be parsed|not of type",
        "what answers there is no MLflow server, or too old",
        "Check the URL; where MLflow is served below a path, the path belongs to it.",
    ),
    _known(
        r"timed out|timeout",
        "the server did not answer in time",
        "Sync again later, or set MLFLOW_HTTP_REQUEST_TIMEOUT to more seconds.",
        passing=True,
    ),
    _known(
        r"connection (aborted|reset|broken|closed)|RemoteDisconnected|ProtocolError|broken pipe"
        r"|IncompleteRead|prematurely|max retries exceeded",
        "the connection broke",
        _LATER,
        passing=True,
    ),
    _known(
        r"No module named '(boto3|azure|google)",
        "its artifacts lie in an object store that MLflow needs a package for",
        "Install that package here, or have the server serve artifacts (mlflow server"
        " --serve-artifacts).",
    ),
)
_DELETED = re.compile(r"must be in the '?active'? state|Run with id=\S+ not found", re.IGNORECASE)


@contextlib.contextmanager
def telling(address: Address, operation: str = "sync") -> Iterator[None]:
    """What MLflow raises as one error that says what to do.

    Raises:
        Gone: The run is deleted there.
        SyncError: Anything else.
    """
    try:
        yield
    except Exception as error:
        is_of_mlflow = type(error).__module__.partition(".")[0] in _MLFLOW_S_OWN
        if not (is_of_mlflow or isinstance(error, ModuleNotFoundError)):
            raise
        if _DELETED.search(str(error)):
            raise Gone from None
        raise explained(address, error, operation) from None


def explained(address: Address, error: BaseException, operation: str = "sync") -> SyncError:
    """The error for what MLflow raised."""
    # Addresses may have any words and numbers in them.
    text = re.sub(r"\w+://\S+|host='[^']*'|with url: \S+|port=\d+", "", str(error))
    said = _in_words(error)
    for known in _KNOWN:
        if known.pattern.search(f"{type(error).__name__}: {text}"):
            return SyncError(
                f"{known.cause}: {said}",
                path=address.url,
                operation=operation,
                hint=known.remedy,
                passing=known.passing,
            )
    return SyncError(said, path=address.url, operation=operation)


def _in_words(error: BaseException) -> str:
    """What MLflow says, in a line without passwords and queries."""
    text = re.sub(r"\?\S*", "", without_user(str(error)))
    text = re.sub(r"<[a-zA-Z!/][^>]*>", " ", text)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
