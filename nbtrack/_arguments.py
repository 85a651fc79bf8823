"""The arguments of ``log()`` that cannot be used, and what to say about them."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any, NoReturn

from ._errors import InvalidDataError, InvalidKeyError, InvalidStepError

FIRST_STEP, LAST_STEP = -(1 << 63), (1 << 63) - 1


def refuse_data(run_id: str, data: Any) -> None:
    """Say what is wrong with the data of a row, if anything is.

    Raises:
        InvalidDataError: It is not a mapping.
        InvalidKeyError: A key is not a string.
    """
    if not isinstance(data, Mapping):
        raise InvalidDataError(
            f"data={data!r:.80} is a {type(data).__name__}, not a mapping",
            operation=f"log to run {run_id}",
            hint='Give names to values: log({"loss": 0.1}).',
        )
    for key in data:
        if not isinstance(key, str):
            raise InvalidKeyError(
                f"the key {key!r} of data is of type {type(key).__name__}, not a string",
                operation=f"log to run {run_id}",
                hint=f"Nothing of this row was recorded; use {str(key)!r}.",
            )


def refuse_size(run_id: str, size: int) -> NoReturn:
    """A row that is larger than any segment."""
    raise InvalidDataError(
        f"data is a row of {size / 2**20:.1f} MiB; a row holds up to 16 MiB",
        operation=f"log to run {run_id}",
        hint="Nothing of it was recorded; log it in parts.",
    )


def checked_step(step: Any) -> int:
    """A step that is not a plain ``int``, as one.

    Raises:
        InvalidStepError: It is not an integer of 64 bits.
    """
    if not isinstance(step, bool):
        try:
            number = int(operator.index(step))
        except Exception:  # a foreign object may raise anything, an array of many numbers does
            number = LAST_STEP + 1
        if FIRST_STEP <= number <= LAST_STEP:
            return number
    raise InvalidStepError(
        f"step={step!r:.80} is not an integer of 64 bits",
        hint="Nothing of this row was recorded; other axes are keys of the row, such as 'epoch'.",
    )
