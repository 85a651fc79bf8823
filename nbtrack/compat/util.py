"""The one function of ``wandb.util`` that scripts call."""

from __future__ import annotations

import secrets
import string

_LETTERS = string.ascii_lowercase + string.digits


def generate_id(length: int = 8) -> str:
    """A random id for a run, such as one keeps in order to resume it: letters and digits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
