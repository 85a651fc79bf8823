"""``%%track`` without a kernel: its options, its transformer, and how a cell's outcome is read."""

from __future__ import annotations

import asyncio
import inspect
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.error import UsageError
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import ExecutionInfo

from nbtrack._attempts import CellInfo
from nbtrack.notebook import magics
from nbtrack.notebook.cells import describe, outcome_of
from nbtrack.notebook.failures import failure_of
from nbtrack.notebook.magics import OptionError, find_options, parse_options, transform


def transformed(cell: str) -> str:
    manager = TransformerManager()
    manager.cleanup_transforms.append(transform)
    return manager.transform_cell(cell)


class TestOptions:
    def test_none(self) -> None:
        options = parse_options("")
        assert (options.name, options.tags, options.config) == (None, [], {})
        assert (options.project, options.new, options.widget) == (None, False, True)

    def test_all(self) -> None:
        options = parse_options(
            ' --name "my try" --tag a --tag b --config lr=0.1 --new --no-widget --project P '
        )
        assert options.name == "my try"
        assert options.tags == ["a", "b"]
        assert options.config == {"lr": 0.1}
        assert options.project == "P"
        assert options.new
        assert not options.widget

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("0.1", 0.1),
            ("10", 10),
            ("-3", -3),
            ("1e-3", 0.001),
            ("true", True),
            ("null", None),
            ("'\"10\"'", "10"),
            ("adam", "adam"),
            ("True", "True"),
            ("NaN", "NaN"),
            ("Infinity", "Infinity"),
            ("[1,2]", "[1,2]"),
            ("'{}'", "{}"),
            ("", ""),
            ("a=b", "a=b"),
            ("123456789012345678901234567890", 123456789012345678901234567890),
        ],
    )
    def test_config_values(self, text: str, value: Any) -> None:
        found = parse_options(f"--config key={text}").config["key"]
        assert found == value
        assert type(found) is type(value)

    @pytest.mark.parametrize(
        ("text", "named"),
        [
            ("--frob", "--frob"),
            ("--help", "--help"),
            ("--na x", "--na"),
            ("--name", "--name"),
            ("--config lr", "'lr'"),
            ("--config =1", "--config"),
            ("--no-widget=3", "--no-widget"),
            ("stray", "stray"),
            ('--name "open', "No closing quotation"),
        ],
    )
    def test_refused_by_name(self, text: str, named: str) -> None:
        with pytest.raises(OptionError, match=named):
            parse_options(text)
        with pytest.raises(UsageError, match=named):
            magics.track(text, "x = 1")

    def test_help_names_every_option(self) -> None:
        shown = inspect.getdoc(magics.track) or ""
        for action in magics._parser._actions:
            assert f"\n{action.option_strings[0]} " in shown

    def test_below_the_first_line_is_refused(self) -> None:
        with pytest.raises(UsageError, match="first line"):
            magics.track("--name x", "1")


class TestTransformer:
    @pytest.mark.parametrize(
        ("cell", "code"),
        [
            ("%%track\nx = 1\n", "# %%track\nx = 1\n"),
            ("%%track", "# %%track\n"),
            ("%%track --name a\n\n\nx\n", "# %%track --name a\n\n\nx\n"),
            ("\n\n%%track\nx\n", "# %%track\nx\n"),
            ("    %%track\n    x\n", "# %%track\nx\n"),
            ("%%tracked\nx\n", "get_ipython().run_cell_magic('tracked', '', 'x\\n')\n"),
            ("%%track\nawait f()\n", "# %%track\nawait f()\n"),
            ("%%track\nx = %pwd\n", "# %%track\nx = get_ipython().run_line_magic('pwd', '')\n"),
            (
                "%%track\n\n%%time\n\nx\n",
                "get_ipython().run_cell_magic('time', '', '\\nx\\n')\n",
            ),
            ("x = '''\n%%track\n'''\n", "x = '''\n%%track\n'''\n"),
            ("%%track --frob\nx\n", "get_ipython().run_cell_magic('track', '--frob', 'x\\n')\n"),
            ("%%track?\n", "get_ipython().run_line_magic('pinfo', '%%track')\n"),
        ],
    )
    def test_what_runs(self, cell: str, code: str) -> None:
        assert transformed(cell) == code

    def test_is_pure(self) -> None:
        lines = ["%%track --name a\n", "x\n"]
        once = transform(lines)
        assert lines == ["%%track --name a\n", "x\n"]
        assert transform(once) == once
        assert transform([]) == []

    def test_a_terminal_waits_for_the_cell(self) -> None:
        manager = TransformerManager()
        manager.cleanup_transforms.append(transform)
        assert manager.check_complete("%%track\n")[0] == "incomplete"
        assert manager.check_complete("%%track\nx = 1\n")[0] == "incomplete"
        assert manager.check_complete("%%track\nx = 1\n\n")[0] == "complete"

    @pytest.mark.parametrize(
        ("cell", "dropped"),
        [
            ("x", 0),
            ("%%track\nx", 0),
            ("\n\n%%track\nx", 2),
            ("%%track\n\n%%time\nx", 2),
            ("\n%%track\n%%time\nx", 2),
            ("", 0),
        ],
    )
    def test_lines_that_do_not_run(self, cell: str, dropped: int) -> None:
        assert magics.dropped_lines(cell) == dropped


class TestWhichCellsAreTracked:
    @pytest.mark.parametrize(
        "cell",
        [
            "%%track",
            "%%track --name a\nx",
            "\n  %%track --name a\nx",
            "%%time\n%%track --name a\nx",
            "%%capture out\n\n%%track --name a\nx",
            "%%track --name a\n%%time\nx",
        ],
    )
    def test_tracked(self, cell: str) -> None:
        options = find_options(cell)
        assert options is not None
        assert options.name == ("a" if "--name" in cell else None)

    @pytest.mark.parametrize(
        "cell",
        [
            "",
            "x = 1",
            "x = 1\n%%track",
            "%track",
            "%%track?",
            "%%track --frob\nx",
            "%%tracking\nx",
            "%%writefile notes.py\n%%track\nx",
            "%%time\nx\n%%track",
        ],
    )
    def test_not_tracked(self, cell: str) -> None:
        assert find_options(cell) is None

    def test_lines_above_the_timed_code(self) -> None:
        assert magics.leading_lines("%%track\n\n%%time\n\nx", below="time") == 4
        assert magics.leading_lines("%%time\nx", below="time") == 1
        assert magics.leading_lines("%%capture\nx", below="time") is None
        assert magics.leading_lines("x", below="time") is None


def result(before_exec: Any = None, in_exec: Any = None) -> Any:
    return SimpleNamespace(error_before_exec=before_exec, error_in_exec=in_exec)


class TestOutcome:
    def test_success(self) -> None:
        assert outcome_of(result(), None, None) == ("finished", None)

    def test_an_older_error_counts_for_nothing(self) -> None:
        old = ValueError("from an earlier cell")
        assert outcome_of(result(), old, old) == ("finished", None)

    def test_an_error_that_was_only_shown(self) -> None:
        shown = ValueError("in %%capture")
        assert outcome_of(result(), None, shown) == ("failed", shown)
        assert outcome_of(result(), ValueError("in %%capture"), shown) == ("failed", shown)

    @pytest.mark.parametrize(
        ("error", "outcome"),
        [
            (ValueError("x"), "failed"),
            (SyntaxError("x"), "failed"),
            (KeyboardInterrupt(), "interrupted"),
            (asyncio.CancelledError(), "interrupted"),
            (SystemExit(), "finished"),
            (SystemExit(0), "finished"),
            (SystemExit(1), "failed"),
            (SystemExit("no data"), "failed"),
        ],
    )
    def test_errors(self, error: BaseException, outcome: str) -> None:
        kept = None if outcome == "finished" else error
        assert outcome_of(result(in_exec=error), None, error) == (outcome, kept)
        assert outcome_of(result(before_exec=error), None, None) == (outcome, kept)
        assert outcome_of(result(), None, error) == (outcome, kept)

    def test_cancelled_before_there_was_a_result(self) -> None:
        assert outcome_of(None, None, None) == ("interrupted", None)


class TestCellId:
    def test_the_front_end_gives_it(self) -> None:
        info = ExecutionInfo("x", True, False, True, "abc")
        cell = describe(SimpleNamespace(info=info, number=3), None)  # type: ignore[arg-type]
        assert (cell.cell_id, cell.execution_count, cell.source) == ("abc", 3, "x")

    def test_else_the_source_decides(self) -> None:
        def cell_id(source: str) -> str | None:
            info = ExecutionInfo(source, True, False, True, None)
            return describe(SimpleNamespace(info=info, number=3), None).cell_id  # type: ignore[arg-type]

        assert cell_id("x") == cell_id("x") != cell_id("y")
        assert cell_id("\ud800")  # a lone surrogate is no reason to fail


class TestFailure:
    CELL = CellInfo(cell_id="c", execution_count=7, source="x")

    def caught(self, error: BaseException) -> BaseException:
        try:
            raise error
        except BaseException as same:
            return same

    def failure(self, error: BaseException) -> Any:
        return failure_of(self.caught(error), self.CELL, lambda file: None)

    def test_facts(self) -> None:
        failure = self.failure(KeyError("loss"))
        assert (failure.type, failure.message, failure.cell) == ("KeyError", "'loss'", "[7]")
        assert failure.traceback.startswith("Traceback (most recent call last):\n")
        assert failure.traceback.endswith("KeyError: 'loss'\n")
        assert failure.line is None

    def test_an_error_whose_text_raises(self) -> None:
        class Broken(Exception):
            def __str__(self) -> str:
                raise RuntimeError

        failure = self.failure(Broken())
        assert failure.type == "Broken"
        assert "cannot be shown" in failure.message

    def test_a_text_that_utf8_cannot_hold(self) -> None:
        failure = self.failure(
            FileNotFoundError(2, "none", b"caf\xe9".decode(errors="surrogateescape"))
        )
        assert "caf" in failure.message
        assert failure.message.encode()
        assert failure.traceback.encode()

    def test_an_error_that_cannot_even_be_shown(self) -> None:
        class Broken(Exception):
            @property
            def __cause__(self) -> Any:  # type: ignore[override]
                raise RuntimeError

        failure = self.failure(Broken("text"))
        assert (failure.type, failure.message) == ("Broken", "text")

    def test_a_huge_text_is_cut(self) -> None:
        failure = self.failure(ValueError("a" * 5_000_000 + "z"))
        assert len(failure.message) < 11_000
        assert failure.message.endswith("z")
        assert len(failure.traceback) < 110_000

    def test_a_long_chain(self) -> None:
        error: BaseException = ValueError("first")
        for n in range(2 * sys.getrecursionlimit()):
            following = ValueError(n)
            following.__cause__ = error
            error = following
        assert "first" in self.failure(error).traceback
