"""URLs of MLflow servers: ``mlflow+http://host:port?experiment=name``."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit, urlunsplit

from .._errors import UsageError

_SCHEMES = ("mlflow+http", "mlflow+https")
# What stands before the host may be a password.
_USER = re.compile(r"(?<=//)[^/@\s]*@")


class Address(NamedTuple):
    """A server, and where runs go there.

    Attributes:
        url: As people may see it: without user and password.
        tracking: What MLflow calls it, with them.
        experiment: Where all runs go; None: each to one that is called like its project.
    """

    url: str
    tracking: str
    experiment: str | None


def is_mlflow(url: str) -> bool:
    """Whether an URL says that it is of MLflow."""
    return url.lower().startswith("mlflow+")


def parse(url: str) -> Address:
    """What an URL says.

    Raises:
        UsageError: It is not of an MLflow server.
    """
    shown = without_user(url).partition("?")[0]
    try:
        parts = urlsplit(url)
        asked = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise _no_server(shown) from None
    if parts.scheme not in _SCHEMES or not usable or parts.fragment:
        raise _no_server(shown)
    experiments = asked.pop("experiment", [None])
    if asked or len(experiments) > 1:
        raise _no_server(shown)
    scheme = parts.scheme.removeprefix("mlflow+")
    path = parts.path.rstrip("/")
    tracking = urlunsplit((scheme, parts.netloc, path, "", ""))
    (experiment,) = experiments
    named = f"?experiment={experiment}" if experiment else ""
    return Address(f"mlflow+{without_user(tracking)}{named}", tracking, experiment or None)


def without_user(text: str) -> str:
    """A text with the user and password of every address in it left out."""
    return _USER.sub("", text)


def _no_server(shown: str) -> UsageError:
    return UsageError(
        f"{shown!r} is not the URL of an MLflow server",
        hint="Use mlflow+http://host:port or mlflow+https://host, and ?experiment=name to choose"
        " where runs go.",
    )
