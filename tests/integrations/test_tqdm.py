"""tqdm: readers see of the run's progress what its bars say, and its bars are drawn as ever."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from nbtrack import _progress
from nbtrack._progress import outermost
from nbtrack.store.layout import RunDir
from nbtrack.store.position import read_position
from tests.integrations.boosting import autologging
from tests.integrations.frameworks import framework
from tests.kernel.kernels import Kernel, wait_until

std: Any = framework("tqdm").std
integration: Any = import_module("nbtrack.integrations.tqdm")


@pytest.fixture(autouse=True)
def nothing_is_open() -> Iterator[None]:
    """No bar of an earlier test, and none for a later one."""
    assert outermost() is None
    yield
    assert outermost() is None


def seen() -> tuple[str, int, float | None] | None:
    """Label, count and total of what is shown as the run's progress."""
    shown = outermost()
    return (shown.label, shown.done, shown.total) if shown is not None else None


def makers() -> dict[str, Callable[..., Any]]:
    """Every kind of bar that tqdm has, and ours."""
    from tqdm.asyncio import tqdm as awaited
    from tqdm.auto import tqdm as auto
    from tqdm.contrib import tenumerate
    from tqdm.notebook import tqdm as notebook

    class Own(std.tqdm):  # as other libraries make theirs
        pass

    return {
        "std": std.tqdm,
        "auto": auto,
        "asyncio": awaited,
        "notebook": lambda *args, **kwargs: notebook(*args, display=False, **kwargs),
        "contrib": lambda *args, **kwargs: tenumerate(*args, tqdm_class=std.tqdm, **kwargs),
        "own": Own,
        "ours": integration.tqdm,
    }


@pytest.mark.parametrize("kind", sorted(makers()))
def test_every_kind_of_bar_is_followed(kind: str) -> None:
    with autologging("tqdm"):
        bar = makers()[kind]("abcd", desc="letters", mininterval=0, miniters=1)
        counts = [seen() for _ in bar]
    assert counts == [("letters", at, 4) for at in range(4)]
    assert outermost() is None


def test_a_bar_of_rich_is_followed() -> None:
    rich = pytest.importorskip("tqdm.rich")
    with autologging("tqdm"), pytest.warns(std.TqdmExperimentalWarning):
        counts = [seen() for _ in rich.tqdm(range(3), desc="r", mininterval=0, miniters=1)]
    assert counts == [("r", at, 3) for at in range(3)]


def test_without_autolog_ours_alone_are_followed() -> None:
    assert [seen() for _ in std.tqdm("ab")] == [None, None]
    assert [seen() for _ in integration.trange(1, 4, desc="n", mininterval=0, miniters=1)] == [
        ("n", at, 3) for at in range(3)
    ]


def test_what_is_drawn_is_what_tqdm_draws() -> None:
    def drawn(make: Callable[..., Any]) -> str:
        screen = io.StringIO()
        line = "{desc}{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}{postfix}"
        with make(total=8, desc="d", file=screen, bar_format=line, ncols=40, mininterval=0) as bar:
            for _ in range(4):
                bar.update(2)
                bar.set_postfix(loss=bar.n / 2)
        return screen.getvalue()

    plain = drawn(std.tqdm)
    assert "4/8" in plain
    assert drawn(integration.tqdm) == plain
    with autologging("tqdm"):
        assert drawn(std.tqdm) == plain


def test_of_nested_bars_it_is_the_outer_one() -> None:
    inner = []
    with autologging("tqdm"):
        for _ in std.trange(2, desc="epoch", mininterval=0, miniters=1):
            for _ in std.trange(2, desc="batch", leave=False):
                inner.append(seen())
    assert inner == [("epoch", epoch, 2) for epoch in (0, 0, 1, 1)]


def test_bars_of_threads() -> None:
    go = {name: threading.Event() for name in ("first", "second")}
    begun: list[str] = []

    def begin(thread: threading.Thread, before: int) -> None:
        thread.start()
        wait_until(lambda: len(begun) > before, "a bar")

    def count(name: str) -> None:
        for _ in std.trange(2, desc=name, mininterval=0, miniters=1):
            begun.append(name)
            assert go[name].wait(60)

    with autologging("tqdm"):
        threads = [threading.Thread(target=count, args=(name,)) for name in go]
        for before, thread in enumerate(threads):
            begin(thread, before)
        assert seen() == ("first", 0, 2)
        go["first"].set()
        threads[0].join()
        assert seen() == ("second", 0, 2)
        go["second"].set()
        threads[1].join()


def test_a_bar_that_is_never_closed_is_no_progress_of_later_cells() -> None:
    with autologging("tqdm"):
        left = std.tqdm(total=9, desc="left")
        left.update(3)
        assert seen() == ("left", 3, 9)
        _progress.begin_cell()
        assert seen() is None
        for _ in std.trange(1, desc="next"):
            assert seen() == ("next", 0, 1)
        left.update()  # a thread may go on with it
        assert seen() == ("left", 4, 9)
        del left
    assert seen() is None


@pytest.mark.parametrize(
    ("arguments", "update", "expected"),
    [
        ({"total": 5, "initial": 2}, 1, ("", 3, 5)),
        ({}, 4, ("", 4, None)),
        ({"total": float("inf")}, 1, ("", 1, None)),
        ({"total": 2.5, "desc": "hours: "}, 1.5, ("hours", 1, 2.5)),
    ],
)
def test_counts_of_other_kinds(arguments: Any, update: Any, expected: Any) -> None:
    with integration.tqdm(**arguments) as bar:
        bar.update(update)
        assert seen() == expected


def test_the_rate_is_what_tqdm_says() -> None:
    with integration.tqdm(total=100, mininterval=0) as bar:
        for _ in range(5):
            time.sleep(0.001)
            bar.update()
        shown = outermost()
        assert shown is not None
        assert shown.rate == pytest.approx(bar.format_dict["rate"])
        assert shown.seconds == pytest.approx(bar.format_dict["elapsed"], abs=0.5)


def test_a_bar_that_is_off_counts_nothing_and_is_not_followed() -> None:
    assert [seen() for _ in integration.tqdm("ab", disable=True)] == [None, None]
    with integration.tqdm(total=2) as bar:
        bar.reset(total=7)
        bar.update(6)
        assert seen() == ("", 6, 7)


CELL = """%%track
{imports}
for item in trange(8, desc="epoch", mininterval=0, miniters=1):
    if item == {stop}:
        while not go_on.exists():
            pass
go_on.unlink()
"""


@pytest.mark.kernel
def test_who_reads_the_run_sees_how_far_the_bar_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBTRACK_VIEW", "off")
    with Kernel(tmp_path) as kernel:
        kernel.run("%load_ext nbtrack\nimport nbtrack, pathlib\ngo_on = pathlib.Path('go')")
        ours = "from nbtrack.integrations.tqdm import trange"
        theirs = "nbtrack.autolog('tqdm')\nfrom tqdm.auto import trange"
        for stop, imports in enumerate((ours, theirs), 3):
            running = kernel.start(CELL.format(imports=imports, stop=stop))

            def progress(stop: int = stop) -> Any:
                for path in (kernel.store / "runs").glob("*"):
                    position = read_position(RunDir(path))
                    shown = position.progress if position is not None else None
                    if shown is not None and shown.done == stop:
                        return shown
                return None

            shown = wait_until(progress, "the progress")
            assert (shown.label, shown.done, shown.total) == ("epoch", stop, 8)
            (tmp_path / "go").touch()
            ended = running.wait()
            assert ended.error is None
            assert "HBox" in str(ended.outputs)  # what tqdm shows in a notebook
