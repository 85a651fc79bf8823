"""What cannot be recorded is named, and everything around it is kept; rows that are too large."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

from nbtrack import InvalidDataError, NbtrackWarning
from nbtrack._run import Run
from nbtrack.store.layout import RunDir
from tests.journals import cells_of_journal, new_run, view
from tests.values import Tensor, all_cells, everywhere, same


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = new_run(tmp_path / "store")
    yield made
    if not made.finished:
        made.finish()


class Evil:
    """Raises whatever it is asked."""

    @property
    def shape(self) -> tuple[int, ...]:
        raise RuntimeError("no shape")

    def item(self) -> float:
        raise SystemError("no item")

    def __float__(self) -> float:
        raise RuntimeError("no float")


class EvilMapping(Mapping[str, float]):
    def __getitem__(self, key: str) -> float:
        raise RuntimeError("no value")

    def __iter__(self) -> Iterator[str]:
        return iter(["a"])

    def __len__(self) -> int:
        return 1


class EvilKey:
    def __str__(self) -> str:
        raise RuntimeError("no text")


REFUSED: dict[str, tuple[Any, str]] = {
    "array": (numpy.arange(3), r"a ndarray of shape \(3,\) is not a number; log its mean, say"),
    "empty array": (numpy.array([]), r"a ndarray of shape \(0,\) is not a number"),
    "matrix": (numpy.ones((2, 3)), r"a ndarray of shape \(2, 3\) is not a number"),
    "tensor": (Tensor(None, (3,)), r"a Tensor of shape \(3,\) is not a number; log its mean, say"),
    "series": (pandas.Series([1, 2]), r"a Series of shape \(2,\) is not a number"),
    "frame": (pandas.DataFrame({"a": [1]}), r"a DataFrame of shape \(1, 1\) is not a number"),
    "missing": (pandas.NA, r"is not a number or text"),
    "complex": (1j, r"a builtins\.complex is not a number or text"),
    "complex64": (numpy.complex64(1j), r"a numpy\.complex64 is not a number or text"),
    "object": (object(), r"a builtins\.object is not a number or text"),
    "function": (print, r"is not a number or text"),
    "class": (int, r"a builtins\.type is not a number or text"),
    "signalling nan": (Decimal("sNaN"), r"a decimal\.Decimal is not a number or text"),
    "too large": (10**5000, r"an integer of 16610 bits is too large"),
    "list of objects": ([1, object()], r"a builtins\.object is not a number or text"),
    "evil": (Evil(), r"Evil is not a number or text"),
    "evil mapping": (EvilMapping(), r"EvilMapping is not a number or text"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_recorded_is_named_once_and_the_rest_is_kept(name: str, run: Run) -> None:
    value, reason = REFUSED[name]
    with pytest.warns(NbtrackWarning, match=rf"'the key' was not recorded: .*{reason}") as caught:
        run.log({"before": 1, "the key": value, "after": numpy.float32(0.5)})
    assert len(caught) == 1
    assert caught[0].filename == __file__, "the warning shows the person's line"
    run.log({"before": 2, "the key": value})  # a second warning would be an error
    with pytest.warns(NbtrackWarning, match=r"'another' was not recorded"):
        run.log({"another": value, "last": 3})
    run.finish()
    found = [(cell.step, cell.key, cell.value) for cell in cells_of_journal(RunDir(run.path))]
    assert sorted(found) == [
        (0, "after", 0.5),
        (0, "before", 1.0),
        (1, "before", 2.0),
        (2, "last", 3.0),
    ]


def test_what_cannot_be_recorded_in_a_nested_mapping_is_named_in_full(run: Run) -> None:
    with pytest.warns(NbtrackWarning, match=r"'train/grads/w' was not recorded: a ndarray"):
        run.log({"train": {"grads": {"w": numpy.arange(2), "b": 1}, "loss": 0.5}, "lr": 1})
    same(
        everywhere(run),
        {"train/grads/b": (1.0, None), "train/loss": (0.5, None), "lr": (1.0, None)},
    )


def test_every_refused_key_of_a_row_is_named(run: Run) -> None:
    with pytest.warns(NbtrackWarning) as caught:
        run.log({"a": numpy.arange(2), "b": object(), "c": 1.5})
    assert [str(warning.message).split("'")[1] for warning in caught] == ["a", "b"]
    same(everywhere(run), {"c": (1.5, None)})


def test_a_row_of_nothing_that_can_be_recorded_is_none(run: Run) -> None:
    with pytest.warns(NbtrackWarning, match="'a' was not recorded"):
        run.log({"a": object()})
    run.log({"b": 1})
    run.finish()
    assert view(run).rows == 1


def test_a_mapping_in_itself_is_cut_off(run: Run) -> None:
    data: dict[str, Any] = {"loss": 0.5}
    data["me"] = data
    with pytest.warns(NbtrackWarning, match=r"mappings nested more than 32 deep"):
        run.log(data)
    run.log({"after": 1})
    found = everywhere(run)
    assert found["loss"] == found["me/loss"] == (0.5, None)
    assert found["after"] == (1.0, None)


def test_a_list_in_itself_is_refused(run: Run) -> None:
    data: list[Any] = [1]
    data.append(data)
    with pytest.warns(NbtrackWarning, match=r"'list' was not recorded: lists nested more than 32"):
        run.log({"list": data, "loss": 0.5})
    same(everywhere(run), {"loss": (0.5, None)})


def test_a_nested_key_without_text_is_kept_under_some_name(run: Run) -> None:
    run.log({"outer": {EvilKey(): 1.5}})
    ((key, columns),) = everywhere(run).items()
    assert key.startswith("outer/")
    assert columns == (1.5, None)


def test_a_warning_that_is_an_error_refuses_that_row_alone(run: Run) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(NbtrackWarning, match="'array' was not recorded"):
            run.log({"loss": 0.5, "array": numpy.arange(3)})
        run.log({"loss": 0.25, "array": numpy.arange(3)})
    assert [(cell.step, cell.value) for cell in all_cells(run)] == [(0, 0.25)]


# -- size ------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["x" * (17 << 20), ["y" * (17 << 20)]], ids=["text", "list"])
@pytest.mark.parametrize("other", [1, numpy.float32(1)], ids=["quick", "slow"])
def test_a_row_over_16_mib_is_refused_whole(value: Any, other: Any, run: Run) -> None:
    run.log({"i": 0})
    with pytest.raises(
        InvalidDataError, match=r"data is a row of 17\.0 MiB; a row holds up to 16 MiB"
    ):
        run.log({"i": other, "large": value})
    assert run.step == 1, "a row that was refused takes no step"
    run.log({"i": 1})
    same_steps = [(cell.step, cell.value) for cell in all_cells(run)]
    assert sorted(same_steps, key=repr) == [(0, 0.0), (1, 1.0)]


def test_a_row_just_under_16_mib_is_kept(run: Run) -> None:
    text = "z" * ((16 << 20) - 1000)
    run.log({"large": text, "i": 1})
    assert everywhere(run) == {"large": (None, text), "i": (1.0, None)}


def test_a_row_of_many_keys(run: Run) -> None:
    row = {f"key {i}": i / 7 for i in range(20_000)}
    run.log(row)
    assert everywhere(run) == {key: (value, None) for key, value in row.items()}
