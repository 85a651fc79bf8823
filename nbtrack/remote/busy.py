"""How long a store that asks for fewer requests wants to be left alone."""

from __future__ import annotations

import time
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from .opening import obstore

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_SECONDS = 5


def retry_after(store: ObjectStore, key: str) -> float | None:
    """The seconds of its ``Retry-After``, 0 if it is not busy any more; None if it does not say.

    obstore does not tell what stands in the headers of an answer. So it is asked once more, for the
    size of an object, with an address that obstore signs.
    """
    try:
        url = obstore().sign(store, "HEAD", key, timedelta(minutes=1))
        with urlopen(Request(url, method="HEAD"), timeout=_SECONDS):
            return 0.0
    except HTTPError as answer:
        said = answer.headers.get("Retry-After")
        answer.close()
        return seconds(said) if said else (None if answer.code in (429, 503) else 0.0)
    except Exception:
        # Not every store signs, and what is wrong with it is told by others.
        return None


def seconds(said: str) -> float | None:
    """What a ``Retry-After`` says, a number of seconds or a date; None if it is neither."""
    if said.isdecimal():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except ValueError:
        return None
