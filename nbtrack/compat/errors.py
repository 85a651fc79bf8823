"""Names of wandb's exceptions, so that code which catches them runs."""

from __future__ import annotations

from .._errors import NbtrackError as Error
from .._errors import UsageError


class CommError(Error):
    """A server could not be reached. Never raised: there is none."""


class AuthenticationError(CommError):
    """A server refused an account. Never raised: there is none."""


__all__ = ["AuthenticationError", "CommError", "Error", "UsageError"]
