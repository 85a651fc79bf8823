"""Which run a cell belongs to: init(), finish(), --new, --project, and all without %load_ext."""

from __future__ import annotations

import pytest

from tests.kernel.kernels import Kernel

pytestmark = pytest.mark.kernel


def attempts(kernel: Kernel) -> list[list[tuple[str | None, str, int]]]:
    """Cell, state and rows of every attempt, run by run."""
    return [[(a.cell_id, a.state, a.rows) for a in run.attempts] for run in kernel.runs()]


class TestWithoutLoadExt:
    def test_log_does_what_load_ext_does(self, kernel: Kernel) -> None:
        logging = kernel.run("import nbtrack\nnbtrack.log({'a': 1})", cell="a")
        assert logging.outputs == []
        assert kernel.only_run().state == "running"
        kernel.run("x = 1", cell="b")
        kernel.run("%%track\nnbtrack.log({'a': 2})\n1 / 0", cell="c")
        assert attempts(kernel) == [[("a", "finished", 1), ("c", "failed", 1)]]
        kernel.shutdown()
        assert kernel.only_run().state == "failed"

    def test_the_first_cell_counts_too(self, kernel: Kernel) -> None:
        kernel.run("1 / 0")
        cell = kernel.run("import nbtrack\n\nnbtrack.log({'a': 1})\nraise KeyError('a')", cell="a")
        run = kernel.only_run()
        assert run.state == "failed"
        assert run.exception is not None
        assert run.exception["type"] == "KeyError"
        assert (run.exception["cell"], run.exception["line"]) == (f"[{cell.number}]", 4)
        kernel.run("import nbtrack\n\nnbtrack.log({'a': 1})", cell="a")
        run = kernel.only_run()
        assert run.state == "running"
        assert [a.cell_try for a in run.attempts] == [1, 2]

    def test_in_the_cell_that_loads(self, kernel: Kernel) -> None:
        kernel.run("%load_ext nbtrack\nimport nbtrack\nnbtrack.log({'a': 1})", cell="a")
        assert attempts(kernel) == [[("a", "finished", 1)]]

    def test_in_an_async_cell_below_capture(self, kernel: Kernel) -> None:
        kernel.run("%%capture\nimport nbtrack\nnbtrack.log({'a': 1})\n1 / 0", cell="a")
        assert attempts(kernel) == [[("a", "failed", 1)]]
        kernel.run("%unload_ext nbtrack")
        kernel.run("import asyncio\nawait asyncio.sleep(0)\nnbtrack.log({'a': 1})", cell="b")
        assert attempts(kernel)[-1][-1] == ("b", "finished", 1)

    def test_from_a_thread(self, kernel: Kernel) -> None:
        kernel.run(
            "import nbtrack, threading\n"
            "thread = threading.Thread(target=nbtrack.log, args=({'a': 1},))\n"
            "thread.start()\nthread.join()"
        )
        run = kernel.only_run()
        assert (run.rows, run.state) == (1, "running")
        kernel.run("%%track\nnbtrack.log({'a': 2})", cell="b")
        run = kernel.only_run()
        assert run.rows == 2
        assert [a.cell_id for a in run.attempts] == ["b"]

    def test_from_a_thread_of_a_cell_that_logs_later(self, notebook: Kernel) -> None:
        notebook.run("nbtrack.init()\nnbtrack.finish()")
        notebook.run(
            "import threading\n"
            "thread = threading.Thread(target=nbtrack.log, args=({'a': 1},))\n"
            "thread.start()\nthread.join()\n"
            "attempts = nbtrack.open_run(nbtrack.run.id).attempts\n"
            "nbtrack.log({'a': 2})",
            cell="a",
        )
        assert notebook.value("attempts") == "[]"
        run = notebook.current_run()
        assert [(a.cell_id, a.rows) for a in run.attempts] == [("a", 1)]
        assert list(run.history("a").to_pandas()["attempt"]) == [0, 1]


class TestInit:
    def test_takes_over_an_empty_run(self, notebook: Kernel) -> None:
        before = len(notebook.run_directories())
        notebook.run(
            "run = nbtrack.init(name='mine', config={'lr': 1})\nrun.log({'a': 1})", cell="a"
        )
        run = notebook.current_run()
        assert (run.name, run.config) == ("mine", {"lr": 1})
        assert [(a.cell_id, a.state, a.rows) for a in run.attempts] == [("a", "finished", 1)]
        assert len(notebook.run_directories()) == before + 1

    def test_ends_a_run_with_rows(self, notebook: Kernel) -> None:
        notebook.run("%%track\nnbtrack.log({'a': 1})", cell="a")
        first = notebook.current_run()
        notebook.run("nbtrack.init()\nnbtrack.log({'a': 2})", cell="b")
        second = notebook.current_run()
        assert first.id != second.id
        assert notebook.open(first.id).state == "finished"
        assert second.state == "running"
        assert [(a.cell_id, a.rows) for a in second.attempts] == [("b", 1)]

    def test_inside_a_tracked_cell_the_attempt_moves(self, notebook: Kernel) -> None:
        notebook.run("%%track --name x\nnbtrack.init(name='moved')\nnbtrack.log({'a': 1})\n1 / 0")
        run = notebook.current_run()
        assert run.name == "moved"
        assert run.state == "failed"
        assert [(a.name, a.state, a.rows) for a in run.attempts] == [("x", "failed", 1)]
        assert sum(other.id == run.id for other in notebook.runs()) == 1

    def test_inside_a_cell_that_has_logged_both_keep_it(self, notebook: Kernel) -> None:
        notebook.run("%%track\nnbtrack.log({'a': 1})", cell="a")
        first = notebook.current_run()
        notebook.run(
            "%%track\nnbtrack.log({'a': 2})\nnbtrack.init()\nnbtrack.log({'a': 3})\n1 / 0", cell="b"
        )
        second = notebook.current_run()
        before = [(a.cell_id, a.state, a.rows) for a in notebook.open(first.id).attempts]
        assert before == [("a", "finished", 1), ("b", "finished", 1)]
        assert [(a.cell_id, a.state, a.rows) for a in second.attempts] == [("b", "failed", 1)]

    def test_without_a_row_it_is_an_attempt_all_the_same(self, notebook: Kernel) -> None:
        notebook.run("nbtrack.init()", cell="a")
        notebook.run("nbtrack.log({'a': 1})", cell="b")
        run = notebook.current_run()
        assert [(a.cell_id, a.rows) for a in run.attempts] == [("a", 0), ("b", 1)]

    def test_with_nests(self, notebook: Kernel) -> None:
        notebook.run("%%track\nnbtrack.log({'a': 1})", cell="a")
        outer = notebook.current_run().id
        notebook.run(
            "%%track\n"
            "with nbtrack.init() as inner:\n"
            "    nbtrack.log({'a': 2})\n"
            "    inner_id = inner.id\n"
            "nbtrack.log({'a': 3})",
            cell="b",
        )
        run = notebook.current_run()
        assert run.id == outer
        assert [(a.cell_id, a.state, a.rows) for a in run.attempts] == [
            ("a", "finished", 1),
            ("b", "finished", 1),
        ]
        inner = notebook.open(notebook.value("inner_id").strip("'"))
        assert inner.state == "finished"
        assert [(a.cell_id, a.state, a.rows) for a in inner.attempts] == [("b", "finished", 1)]

    def test_with_that_raises_fails_both(self, notebook: Kernel) -> None:
        notebook.run(
            "%%track\nnbtrack.log({'a': 1})\n"
            "with nbtrack.init() as inner:\n    nbtrack.log({'a': 2})\n    1 / 0"
        )
        assert notebook.current_run().state == "failed"
        assert notebook.open(notebook.value("inner.id").strip("'")).state == "failed"

    def test_two_open_runs_get_the_cell_both(self, notebook: Kernel) -> None:
        notebook.run("one = nbtrack.init(name='one')\none.log({'a': 1})", cell="a")
        notebook.run("two = nbtrack.init(name='two', reinit='create_new')", cell="b")
        notebook.run("one.log({'a': 2})\ntwo.log({'a': 2})\n1 / 0", cell="c")
        one = notebook.open(notebook.value("one.id").strip("'"))
        two = notebook.open(notebook.value("two.id").strip("'"))
        assert [(a.cell_id, a.state, a.rows) for a in one.attempts] == [
            ("a", "finished", 1),
            ("c", "failed", 1),
        ]
        assert [(a.cell_id, a.state, a.rows) for a in two.attempts] == [
            ("b", "finished", 0),
            ("c", "failed", 1),
        ]
        notebook.run("%unload_ext nbtrack")
        assert notebook.open(one.id).state == notebook.open(two.id).state == "failed"


class TestFinish:
    def test_the_next_row_starts_the_next_run(self, notebook: Kernel) -> None:
        notebook.run("%%track\nnbtrack.log({'a': 1})\nnbtrack.finish()", cell="a")
        first = notebook.runs()[-1]
        assert (first.state, first.reason) == ("finished", "finish() was called")
        assert notebook.value("nbtrack.run") == "None"
        directories = notebook.run_directories()
        notebook.run("x = 1")
        assert notebook.run_directories() == directories
        notebook.run("nbtrack.log({'a': 2})", cell="b")
        second = notebook.current_run()
        assert second.id != first.id
        assert [(a.cell_id, a.rows) for a in second.attempts] == [("b", 1)]

    def test_so_does_the_next_tracked_cell(self, notebook: Kernel) -> None:
        notebook.run("%%track\nnbtrack.log({'a': 1})\nnbtrack.finish()", cell="a")
        notebook.run("%%track\npass", cell="b")
        assert [a.cell_id for a in notebook.current_run().attempts] == ["b"]

    def test_an_error_after_it_is_not_the_runs(self, notebook: Kernel) -> None:
        notebook.run("%%track\nnbtrack.log({'a': 1})\nnbtrack.finish()\n1 / 0", cell="a")
        assert notebook.runs()[-1].state == "finished"


class TestOptions:
    def test_new(self, notebook: Kernel) -> None:
        notebook.run("%%track --new\nnbtrack.log({'a': 1})", cell="a")
        first = notebook.current_run()
        notebook.run("%%track --new --config lr=2\nnbtrack.log({'a': 2})", cell="a")
        second = notebook.current_run()
        assert first.id != second.id
        first = notebook.open(first.id)
        assert (first.state, first.reason) == ("finished", "%%track --new began the next run")
        assert (second.rows, second.config) == (1, {"lr": 2})
        assert [(a.cell_id, a.cell_try) for a in second.attempts] == [("a", 1)]

    def test_new_with_nothing_recorded_yet(self, notebook: Kernel) -> None:
        notebook.run("x = 1")
        before = notebook.current_run().id
        notebook.run("%%track --new\nnbtrack.log({'a': 1})")
        assert notebook.current_run().id == before

    def test_project(self, notebook: Kernel) -> None:
        notebook.run("%%track --project first\nnbtrack.log({'a': 1})")
        first = notebook.current_run()
        notebook.run("%%track --project first\nnbtrack.log({'a': 1})")
        assert notebook.current_run().id == first.id
        notebook.run("%%track --project second\nnbtrack.log({'a': 1})")
        second = notebook.current_run()
        assert (first.project, second.project) == ("first", "second")
        assert notebook.open(first.id).state == "finished"
        notebook.run("%%track\nnbtrack.log({'a': 1})")
        assert notebook.current_run().id == second.id

    def test_config_is_there_when_the_cell_begins(self, notebook: Kernel) -> None:
        cell = notebook.run("%%track --config lr=0.1 --config opt=adam\ndict(nbtrack.config)")
        assert cell.result == "{'lr': 0.1, 'opt': 'adam'}"
        notebook.run("%%track --config lr=0.2\npass")
        run = notebook.current_run()
        assert run.config == {"lr": 0.2, "opt": "adam"}
        assert [a.config["lr"] for a in run.attempts] == [0.1, 0.2]

    @pytest.mark.parametrize("option", ["--frob", "--config lr", "--name"])
    def test_an_option_that_cannot_be_used(self, notebook: Kernel, option: str) -> None:
        notebook.run("%%track\nx = 1")
        cell = notebook.run(f"%%track {option}\nx = 2")
        assert "UsageError" in cell.text
        assert option.split()[0] in cell.text
        assert notebook.value("x") == "1"
        run = notebook.current_run()
        assert run.state == "running"
        assert len(run.attempts) == 1

    def test_help(self, notebook: Kernel) -> None:
        pager = notebook.value("get_ipython().run_line_magic('pinfo', '%%track')")
        assert pager == "None"
        assert notebook.run("%%track?").error is None
        assert notebook.current_run().attempts == []
