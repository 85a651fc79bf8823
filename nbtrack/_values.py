"""What a person may log, turned into what a journal can hold.

Only rows that the encoder refuses come here: numpy and torch scalars, integers beyond 64 bits,
other mappings than ``dict``, and things that cannot be recorded at all.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import msgspec

from .store.schema import BIG_INT, encode_record

_INT_MIN, _INT_MAX = -(1 << 63), (1 << 64) - 1
_MAX_DEPTH = 32
# 4,214 digits: Python turns up to 4,300 into an integer again.
_MAX_INTEGER_BITS = 14_000

_PLAIN: frozenset[type] = frozenset({float, int, bool, str, type(None)})
# Types seen to be floating-point scalars and nothing else, such as numpy.float32: float() will do.
_float_types: set[type] = {float}
# Plain types, and types seen to give one by item(), such as numpy.int64 and tensors of any kind.
_item_types: set[type] = set(_PLAIN)


class Unrecordable(Exception):
    """A value that cannot be recorded; says what it is."""


def quick_row(data: dict[str, Any]) -> dict[str, Any] | None:
    """The row with plain values, if ``float()`` or ``item()`` makes them of all; else None."""
    values = data.values()
    plain: list[Any]
    try:
        if _float_types.issuperset(map(type, values)):
            return dict(zip(data, map(float, values)))  # noqa: B905 - the same dict twice
        if not _item_types.issuperset(map(type, values)):
            return None
        plain = [value if type(value) in _PLAIN else value.item() for value in values]
    except Exception:  # a foreign object may raise anything, a tensor of many numbers does
        return None
    if not _PLAIN.issuperset(map(type, plain)):
        return None
    return dict(zip(data, plain))  # noqa: B905 - the same dict twice


def plain_row(data: Mapping[Any, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The row as the journal holds it, and what of it cannot be recorded: key to reason."""
    refused: dict[str, str] = {}
    return _plain_mapping(data, "", refused, 0), refused


def _plain_mapping(
    data: Mapping[Any, Any], prefix: str, refused: dict[str, str], depth: int
) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for key, value in data.items():
        name = _text(_name(key))
        try:
            if isinstance(value, Mapping):
                if depth == _MAX_DEPTH:
                    raise Unrecordable(f"mappings nested more than {_MAX_DEPTH} deep")
                row[name] = _plain_mapping(value, f"{prefix}{name}/", refused, depth + 1)
            else:
                row[name] = _plain(value)
        except Unrecordable as reason:
            refused[prefix + name] = str(reason)
        except Exception:  # a foreign mapping may raise anything; the others are kept
            refused[prefix + name] = _describe(value)
    return row


def _name(key: Any) -> str:
    try:
        return str(key)
    except Exception:  # a foreign key may raise anything
        return object.__repr__(key)


def _plain(value: Any, depth: int = 0) -> Any:
    kind = type(value)
    if kind is float or kind is bool or value is None:
        return value
    if kind is int:
        return _integer(value)
    if kind is str:
        return _text(value)
    scalar = _scalar(value)
    if scalar is not None:
        return scalar
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list | tuple | set | frozenset | Mapping):
        if depth == _MAX_DEPTH:
            raise Unrecordable(f"lists nested more than {_MAX_DEPTH} deep")
        if isinstance(value, Mapping):
            return {_text(str(key)): _plain(item, depth + 1) for key, item in value.items()}
        return [_plain(item, depth + 1) for item in value]
    try:
        encode_record(value)
    except Exception:  # whatever an encoder or a foreign object raises
        raise Unrecordable(_describe(value)) from None
    return value


def _scalar(value: Any) -> float | int | bool | str | msgspec.msgpack.Ext | None:
    """The number in a numpy, torch or other scalar; None if it holds none."""
    for convert in (_item, _as_integer, _as_float):
        try:
            found = convert(value)
        except Exception:  # a foreign object may raise anything
            continue
        if type(found) is complex:
            return None
        if convert is _item and type(found) in _PLAIN:
            _item_types.add(type(value))
            if type(found) is float and not hasattr(value, "__len__"):
                _float_types.add(type(value))
        if type(found) is float or type(found) is bool:
            return found
        if type(found) is int:
            return _integer(found)
        if type(found) is str:
            return _text(found)
    return None


def _item(value: Any) -> Any:
    return value.item()


def _as_integer(value: Any) -> Any:
    return operator.index(value)


def _as_float(value: Any) -> Any:
    return float(value) if hasattr(value, "__float__") else None


def _integer(value: int) -> int | msgspec.msgpack.Ext:
    if _INT_MIN <= value <= _INT_MAX:
        return value
    if value.bit_length() > _MAX_INTEGER_BITS:
        raise Unrecordable(f"an integer of {value.bit_length()} bits is too large")
    return msgspec.msgpack.Ext(BIG_INT, str(value).encode())


def _text(value: str) -> str:
    """Text that UTF-8 can hold; lone surrogates are shown escaped."""
    return value.encode("utf-8", "backslashreplace").decode()


def _describe(value: Any) -> str:
    try:
        shape = getattr(value, "shape", None)
    except Exception:  # a foreign object may raise anything
        shape = None
    if isinstance(shape, tuple) and shape:
        return f"a {type(value).__name__} of shape {shape} is not a number; log its mean, say"
    return f"a {type(value).__module__}.{type(value).__qualname__} is not a number or text"


def plain_setting(value: Any, depth: int = 0) -> Any:
    """One value of a config as JSON holds it; what JSON cannot hold becomes its ``str()``."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if _INT_MIN <= value <= _INT_MAX else _digits(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return _text(value)
    if depth < _MAX_DEPTH:
        value = unwrapped(value)
        if isinstance(value, Mapping):
            return {_text(str(k)): plain_setting(v, depth + 1) for k, v in value.items()}
        if is_dataclass(value):
            return plain_setting(fields(value), depth + 1)
        if isinstance(value, list | tuple | set | frozenset):
            return [plain_setting(item, depth + 1) for item in value]
    try:
        scalar = _scalar(value)
    except Unrecordable:
        scalar = None
    if scalar is None or isinstance(scalar, msgspec.msgpack.Ext):
        return _text(str(value))
    return scalar


def _digits(value: int) -> str:
    return str(value) if value.bit_length() <= _MAX_INTEGER_BITS else hex(value)


def unwrapped(value: Any) -> Any:
    """A config of OmegaConf as the containers in it, with what refers to others resolved."""
    if type(value).__module__.partition(".")[0] != "omegaconf":
        return value
    import omegaconf

    if not omegaconf.OmegaConf.is_config(value):
        return value
    try:
        return omegaconf.OmegaConf.to_container(value, resolve=True)
    except omegaconf.errors.OmegaConfBaseException:  # it refers to what is not there
        return omegaconf.OmegaConf.to_container(value, resolve=False)


def is_dataclass(value: Any) -> bool:
    """Whether it is an instance of a dataclass."""
    return hasattr(type(value), "__dataclass_fields__")


def fields(value: Any) -> dict[str, Any]:
    """The fields of an instance of a dataclass."""
    import dataclasses

    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
