"""What may be logged, and how exactly it is read again from the journal, sealed and merged."""

from __future__ import annotations

import collections
import enum
import fractions
import math
import types
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtrack._run import Run
from nbtrack.store.layout import RunDir
from nbtrack.store.merge import merge
from nbtrack.store.seal import seal_run
from tests.journals import cells_of_journal, new_run, view
from tests.values import INFINITE, Columns, Tensor, all_cells, everywhere, same


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = new_run(tmp_path / "store")
    yield made
    if not made.finished:
        made.finish()


class OnlyFloat:
    def __float__(self) -> float:
        return 2.5


class OnlyIndex:
    def __index__(self) -> int:
        return 2**60 + 1


class FloatSubclass(float):
    pass


class IntSubclass(int):
    pass


class StrSubclass(str):
    pass


class DictSubclass(dict[str, Any]):
    pass


class Level(enum.IntEnum):
    HIGH = 7


class Choice(enum.Enum):
    FIRST = "first"


FINE: dict[str, tuple[Any, Columns]] = {
    "float": (0.1, (0.1, None)),
    "smallest": (5e-324, (5e-324, None)),
    "largest": (1.7976931348623157e308, (1.7976931348623157e308, None)),
    "minus zero": (-0.0, (-0.0, None)),
    "nan": (math.nan, (math.nan, None)),
    "infinite": (INFINITE, (INFINITE, None)),
    "minus infinite": (-INFINITE, (-INFINITE, None)),
    "true": (True, (1.0, None)),
    "false": (False, (0.0, None)),
    "none": (None, (None, None)),
    "string": ("wärm up 🌡", (None, "wärm up 🌡")),
    "empty string": ("", (None, "")),
    "string with nul": ("a\0b", (None, "a\0b")),
    "string like a number": ("1.5", (None, "1.5")),
    "lone surrogate": ("a\ud800b\udcff", (None, "a\\ud800b\\udcff")),
    # integers
    "zero": (0, (0.0, None)),
    "2**53": (2**53, (2.0**53, None)),
    "-2**53": (-(2**53), (-(2.0**53), None)),
    "2**53+1": (2**53 + 1, (2.0**53, "9007199254740993")),
    "-2**53-1": (-(2**53) - 1, (-(2.0**53), "-9007199254740993")),
    "2**63-1": (2**63 - 1, (2.0**63, "9223372036854775807")),
    "-2**63": (-(2**63), (-(2.0**63), "-9223372036854775808")),
    "-2**63-1": (-(2**63) - 1, (-(2.0**63), "-9223372036854775809")),
    "2**64-1": (2**64 - 1, (2.0**64, "18446744073709551615")),
    "2**64": (2**64, (2.0**64, "18446744073709551616")),
    "2**1023": (2**1023, (2.0**1023, str(2**1023))),
    "beyond float": (10**400, (INFINITE, "1" + "0" * 400)),
    "minus beyond float": (-(10**400), (-INFINITE, "-1" + "0" * 400)),
    "as long as Python reads": (10**4200, (INFINITE, "1" + "0" * 4200)),
    # numpy
    "float16": (numpy.float16(0.1), (0.0999755859375, None)),
    "float32": (numpy.float32(0.1), (0.10000000149011612, None)),
    "float64": (numpy.float64(0.1), (0.1, None)),
    "longdouble": (numpy.longdouble(0.5), (0.5, None)),
    "float32 nan": (numpy.float32(math.nan), (math.nan, None)),
    "float32 infinite": (numpy.float32(-INFINITE), (-INFINITE, None)),
    "int8": (numpy.int8(-5), (-5.0, None)),
    "int16": (numpy.int16(-500), (-500.0, None)),
    "int32": (numpy.int32(2**31 - 1), (2.0**31 - 1, None)),
    "int64": (numpy.int64(2**53 + 1), (2.0**53, "9007199254740993")),
    "uint8": (numpy.uint8(255), (255.0, None)),
    "uint16": (numpy.uint16(65535), (65535.0, None)),
    "uint32": (numpy.uint32(2**32 - 1), (2.0**32 - 1, None)),
    "uint64": (numpy.uint64(2**64 - 1), (2.0**64, "18446744073709551615")),
    "bool_": (numpy.bool_(True), (1.0, None)),
    "str_": (numpy.str_("x"), (None, "x")),
    "array of no dimensions": (numpy.array(1.5), (1.5, None)),
    "array of one": (numpy.array([2**53 + 1]), (2.0**53, "9007199254740993")),
    "series of one": (pandas.Series([1.5]), (1.5, None)),
    # like torch
    "tensor": (Tensor(0.25), (0.25, None)),
    "tensor of one": (Tensor(0.25, (1, 1)), (0.25, None)),
    "integer tensor": (Tensor(2**53 + 1), (2.0**53, "9007199254740993")),
    "bool tensor": (Tensor(True), (1.0, None)),
    "nan tensor": (Tensor(math.nan), (math.nan, None)),
    # other numbers
    "decimal": (Decimal("0.1"), (0.1, None)),
    "fraction": (fractions.Fraction(1, 3), (1 / 3, None)),
    "only __float__": (OnlyFloat(), (2.5, None)),
    "only __index__": (OnlyIndex(), (2.0**60, str(2**60 + 1))),
    "subclass of float": (FloatSubclass(1.5), (1.5, None)),
    "subclass of int": (IntSubclass(2**70), (2.0**70, str(2**70))),
    "subclass of str": (StrSubclass("s"), (None, "s")),
    "integer enum": (Level.HIGH, (7.0, None)),
    "enum": (Choice.FIRST, (None, "first")),
    # lists and moments
    "list": ([1, 2.5, "x", None], (None, '[1,2.5,"x",null]')),
    "empty list": ([], (None, "[]")),
    "list of numpy": ([numpy.float64(1.5), numpy.int64(3)], (None, "[1.5,3]")),
    "list of mappings": ([{"a": [True]}], (None, '[{"a":[true]}]')),
    "tuple": ((1, 2), (None, "[1,2]")),
    "set": ({3}, (None, "[3]")),
    "moment": (datetime(2026, 1, 31, 17, 45, tzinfo=UTC), (None, "2026-01-31T17:45:00+00:00")),
    "date": (date(2026, 1, 31), (None, "2026-01-31")),
}


def test_every_value_in_a_row_of_its_own(run: Run) -> None:
    for key, (value, _) in FINE.items():
        run.log({key: value})
    same(everywhere(run), {key: columns for key, (_, columns) in FINE.items()})


def test_every_value_in_one_row(run: Run) -> None:
    run.log({key: value for key, (value, _) in FINE.items()})
    found = all_cells(run)
    same(
        {cell.key: (cell.value, cell.text) for cell in found},
        {key: columns for key, (_, columns) in FINE.items()},
    )
    assert {(cell.seq, cell.step) for cell in found} == {(found[0].seq, 0)}


@pytest.mark.parametrize("name", FINE)
def test_every_value_twice_beside_a_number(name: str, run: Run) -> None:
    # The second time the type is known, and goes another way.
    value, columns = FINE[name]
    for _ in range(2):
        run.log({"before": 1.5, "it": value, "after": numpy.float32(0.5)})
    run.finish()
    found = cells_of_journal(RunDir(run.path))
    row = [("after", (0.5, None)), ("before", (1.5, None)), ("it", columns)]
    read = sorted(((cell.step, cell.key, (cell.value, cell.text)) for cell in found), key=repr)
    assert repr(read) == repr([(step, *entry) for step in (0, 1) for entry in row])


def test_the_summary_gives_integers_back_exactly(run: Run) -> None:
    large = {"a": 2**53 + 1, "b": numpy.uint64(2**64 - 1), "c": -(2**80), "d": 10**4200}
    run.log(large)
    run.finish()
    assert view(run).summary == large
    seal_run(RunDir(run.path))
    merge(RunDir(run.path))
    assert view(run).summary == large


def test_nested_mappings_are_flattened(run: Run) -> None:
    run.log(
        {
            "train": {"loss": 0.5, "by class": {"cat": 1, "dog": numpy.float32(0.25)}},
            "with/slash": {"x": 2**70},
            "numbers": {1: 1.5, None: 2.5, (1, 2): 3.5},
            "empty": {},
            "": {"": 1},
        }
    )
    same(
        everywhere(run),
        {
            "train/loss": (0.5, None),
            "train/by class/cat": (1.0, None),
            "train/by class/dog": (0.25, None),
            "with/slash/x": (2.0**70, str(2**70)),
            "numbers/1": (1.5, None),
            "numbers/None": (2.5, None),
            "numbers/(1, 2)": (3.5, None),
            "/": (1.0, None),
        },
    )


@pytest.mark.parametrize("value", [1.5, numpy.float32(1.5), 2**70], ids=type)
@pytest.mark.parametrize(
    "kind",
    [
        collections.OrderedDict,
        collections.UserDict,
        collections.ChainMap,
        types.MappingProxyType,
        DictSubclass,
        lambda data: collections.defaultdict(float, data),
        lambda data: pandas.Series(data).to_dict(into=collections.OrderedDict),
    ],
)
def test_other_mappings_are_mappings(kind: Any, value: Any, run: Run) -> None:
    run.log(kind({"a": value, "b": kind({"c": 1})}))
    run.log({"outer": kind({"a": 1})})
    found = everywhere(run)
    assert found.keys() == {"a", "b/c", "outer/a"}
    assert found["a"][0] == float(value)


def test_keys_of_every_kind(run: Run) -> None:
    keys = ["", " ", "a b", "löss", "🌡", "a/b", "'; DROP TABLE", "a.b", "x" * 300, "\n", "\ud800"]
    run.log(dict.fromkeys(keys, 1.5))
    run.log({StrSubclass("subclass"): 1.5})
    run.log(dict.fromkeys([numpy.str_("numpy")], 1.5))
    shown = {key.encode("utf-8", "backslashreplace").decode() for key in keys}
    assert everywhere(run).keys() == shown | {"subclass", "numpy"}


def test_what_logged_objects_become_later_is_not_seen(run: Run) -> None:
    row: dict[str, Any] = {"list": [1], "nested": {"a": 1.0}, "array": numpy.array([1.5])}
    run.log(row)
    row["list"].append(2)
    row["nested"]["a"] = 2.0
    row["array"][0] = 2.5
    same(
        everywhere(run),
        {"list": (None, "[1]"), "nested/a": (1.0, None), "array": (1.5, None)},
    )


# -- in general ------------------------------------------------------------------------------

numbers = st.floats() | st.integers() | st.booleans()
scalars = (
    numbers
    | st.none()
    | st.text(max_size=5)
    | st.floats(width=32).map(numpy.float32)
    | st.integers(-(2**63), 2**63 - 1).map(numpy.int64)
    | numbers.map(Tensor)
    | st.integers(-(10**400), 10**400)
)


def columns(value: Any) -> Columns:
    """The two columns of docs/format.md, said in another way than the code does."""
    plain = value.item() if hasattr(value, "item") else value
    if plain is None or isinstance(plain, str):
        return None, plain
    exact = isinstance(plain, float | bool) or abs(plain) <= 2**53
    try:
        number = float(plain)
    except OverflowError:
        number = INFINITE if plain > 0 else -INFINITE
    return number, None if exact else str(plain)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.dictionaries(st.text(max_size=4), scalars, min_size=1), min_size=1, max_size=8))
def test_whatever_rows_are_logged_are_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    run = new_run(tmp_path_factory.mktemp("run") / "store")
    for row in rows:
        run.log(row)
    expected = [
        repr((step, key, columns(value)))
        for step, row in enumerate(rows)
        for key, value in row.items()
    ]
    found = [repr((cell.step, cell.key, (cell.value, cell.text))) for cell in all_cells(run)]
    assert sorted(found) == sorted(expected)
