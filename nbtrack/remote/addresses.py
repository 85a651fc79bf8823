"""Addresses of places that hold runs, and what a process needs from the environment to ask there.

Light: a kernel loads it, and nothing here asks anybody.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from .._environment import environment
from .._errors import UsageError
from .mlflow_address import is_mlflow, parse
from .opening import PREFIXES, scheme_of

_FORMS = "Use s3://bucket/folder, gs://…, az://… or file:///folder."
# What credentials, endpoints and proxies are called, whatever the case of their letters.
_BEGINNINGS = (
    *("AWS_", "GOOGLE_", "AZURE_", "CLOUDSDK_", "IDENTITY_", "MSI_", "SSL_CERT_"),
    *("MLFLOW_", "DATABRICKS_", "REQUESTS_CA_BUNDLE"),
)
_ENDINGS = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def check_address(url: str) -> None:
    """That runs can be copied to such an URL, as far as that can be seen without asking there.

    Raises:
        UsageError: They cannot, or it has something in it that nobody is to read. That is not
            repeated.
    """
    try:
        parts = urlsplit(url)
        secret = parts.password is not None or bool(parts.query)
    except ValueError:
        raise UsageError("this is no place to sync with", hint=_FORMS) from None
    if secret:
        raise UsageError(
            f"the {scheme_of(url)}:// URL to sync with has a password or a query in it",
            hint=f"Leave it out: credentials come from the environment. {_FORMS}",
        )
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
            raise UsageError(f"{url!r} is no folder of this machine", hint="Use file:///folder.")
    elif parts.scheme not in PREFIXES or not parts.netloc:
        raise UsageError(f"{url!r} is no place to sync with", hint=_FORMS)


def check_destination(url: str) -> str:
    """That runs can be brought to such an URL while they go on: a place, or an MLflow server.

    Returns how it is written where it is kept.

    Raises:
        UsageError: As :func:`check_address`.
    """
    if not is_mlflow(url):
        check_address(url)
        return url.rstrip("/")
    address = parse(url)
    if "@" in urlsplit(address.tracking).netloc:
        raise UsageError(
            "the mlflow+ URL to sync with has a user or a password in it",
            hint="Leave it out, and set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.",
        )
    return address.url


def place_variables() -> dict[str, str]:
    """The variables of this process that tell how to reach places, and as whom."""
    return {name: value for name, value in environment({}).items() if _is_of_places(name)}


def environment_with(variables: dict[str, str]) -> dict[str, str]:
    """The environment of this process with these in place of its own :func:`place_variables`."""
    own = environment({})
    kept = {name: value for name, value in own.items() if not _is_of_places(name)}
    return {**kept, **variables}


def _is_of_places(name: str) -> bool:
    return name.upper().startswith(_BEGINNINGS) or name.upper() in _ENDINGS
