"""Addresses of repositories and packages, without what opens them."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


def without_credentials(url: str) -> str:
    """``url`` without user and password, and without a query; ``git@host:path`` stays."""
    if "://" not in url:
        return url
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return ""
    # The user of ssh is part of the address, not a secret.
    user = parts.username if parts.scheme.endswith("ssh") and parts.username else ""
    netloc = f"{user}@{host}" if user else host
    return urlunsplit((parts.scheme, netloc, parts.path, "", parts.fragment))
