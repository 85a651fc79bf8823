"""Arrays of anybody as numpy arrays of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._errors import InvalidDataError

if TYPE_CHECKING:
    import numpy


def is_tensor(value: Any) -> bool:
    """Whether it is a tensor of torch, or of something that is like it."""
    return hasattr(value, "detach") and hasattr(value, "cpu")


def numbers(value: Any, what: str) -> numpy.ndarray[Any, Any]:
    """The numbers of an array, tensor or nested list; perhaps the caller's own memory.

    Raises:
        InvalidDataError: It holds something else.
    """
    import numpy

    try:
        if is_tensor(value):
            value = value.detach().cpu()
            if hasattr(value, "resolve_conj"):
                value = value.resolve_conj().resolve_neg()
            if str(getattr(value, "dtype", "")) in ("torch.bfloat16", "torch.float8_e4m3fn"):
                value = value.float()  # numpy has no such numbers
        elif not hasattr(value, "__array__") and hasattr(value, "numpy"):
            value = value.numpy()
        found = numpy.asarray(value)
    except Exception as error:  # a foreign object may raise anything
        raise InvalidDataError(
            f"it is no array: {error}", operation=f"make {what} of a {type(value).__name__}"
        ) from None
    if found.dtype.kind not in "biuf":
        raise InvalidDataError(
            f"an array of {found.dtype} holds no numbers", operation=f"make {what}"
        )
    return found


def own_copy(values: numpy.ndarray[Any, Any]) -> numpy.ndarray[Any, Any]:
    """A copy in one piece: whoever gave the array may use it for the next thing."""
    import numpy

    kind = values.dtype.newbyteorder("<")
    if kind.kind == "f" and kind.itemsize > 8:
        kind = numpy.dtype("<f8")
    return numpy.array(values, dtype=kind, order="C", copy=True)


def dtype_name(values: numpy.ndarray[Any, Any]) -> str:
    """The type of its numbers, such as ``|u1`` or ``<f4``."""
    return str(values.dtype.str)


def piece(values: numpy.ndarray[Any, Any]) -> memoryview:
    """The bytes of an array in one piece."""
    return values.reshape(-1).view("u1").data
