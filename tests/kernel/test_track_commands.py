"""``%track``: looking after the run from a cell."""

from __future__ import annotations

import json

import pytest

from tests.kernel.kernels import PATIENCE, Kernel

pytestmark = pytest.mark.kernel


def complete(kernel: Kernel, code: str) -> list[str]:
    message = kernel.client.complete(code, len(code))
    while True:
        reply = kernel.client.get_shell_msg(timeout=PATIENCE)
        if reply["parent_header"].get("msg_id") == message:
            matches: list[str] = reply["content"]["matches"]
            return matches


def inspect(kernel: Kernel, code: str) -> str:
    message = kernel.client.inspect(code, len(code))
    while True:
        reply = kernel.client.get_shell_msg(timeout=PATIENCE)
        if reply["parent_header"].get("msg_id") == message:
            text: str = reply["content"]["data"].get("text/plain", "")
            return text


def test_the_card(notebook: Kernel) -> None:
    notebook.run("%%track --name fit\nfor n in range(3): nbtrack.log({'n': n})")
    notebook.run("%%track\n1 / 0")
    for source in ("%track", "%track status"):
        lines = notebook.run(source).text.splitlines()
        run = notebook.current_run()
        assert lines[0].split() == [run.name, "failed"]
        facts = {line[:11].strip(): line[11:] for line in lines[2:]}
        assert facts["reason"].endswith("raised ZeroDivisionError")
        assert facts["project"] == run.project
        assert facts["id"] == run.id
        assert facts["attempts"] == "2: 1 finished, 1 failed"
        assert facts["recorder"] == "at work"
        assert facts["path"] == str(run.path)
    loaded = notebook.value(
        "[n for n in ('duckdb', 'arro3', 'rich') if n in __import__('sys').modules]"
    )
    assert loaded == "[]"


def test_changing_what_is_said_about_the_run(notebook: Kernel) -> None:
    for line in (
        "name best so far",
        "tag a b c",
        "tag -d b",
        "note it's the first line",
        "note second",
        "config lr=0.1 flag=true text=x",
    ):
        cell = notebook.run(f"%track {line}")
        assert (cell.error, cell.text) == (None, "")
    run = notebook.current_run()
    assert (run.name, run.tags) == ("best so far", ["a", "c"])
    assert run.notes == "it's the first line\nsecond"
    assert run.config == {"lr": 0.1, "flag": True, "text": "x"}
    assert notebook.run("%track config").text == "lr = 0.1\nflag = True\ntext = 'x'\n"
    notebook.run("%track note --set only this")
    assert run.refresh().notes == "only this"


def test_finishing_and_starting_runs(kernel: Kernel) -> None:
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    kernel.run("nbtrack.log({'n': 1})\n%track finish")
    assert kernel.run("%track").text.startswith("there is no run")
    kernel.run("%track new --name second --tag t --config rate=2")
    kernel.run("nbtrack.log({'n': 2})")
    kernel.run("%track finish --failed 'not good enough'")
    kernel.run("nbtrack.log({'n': 3})")
    kernel.run("%track new --project elsewhere")
    kernel.run("nbtrack.log({'n': 4})")
    kernel.shutdown()
    first, second, third, fourth = kernel.runs()
    assert (first.state, first.reason) == ("finished", "%track finish was called")
    assert (second.name, second.tags, second.config) == ("second", ["t"], {"rate": 2})
    assert (second.state, second.reason) == ("failed", "not good enough")
    assert (third.state, third.summary) == ("finished", {"n": 3})
    assert (fourth.project, fourth.summary) == ("elsewhere", {"n": 4})


def test_discarding(kernel: Kernel) -> None:
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    kernel.run("nbtrack.log({'n': 1})")
    discarded = kernel.current_run()
    kernel.run("%track discard")
    assert kernel.runs() == []
    assert discarded.refresh().discarded
    assert discarded.rows == 1
    kernel.run("nbtrack.log({'n': 2})")
    assert [run.summary for run in kernel.runs()] == [{"n": 2}]


def test_showing_a_run(notebook: Kernel) -> None:
    notebook.run("%%track --name shown\nnbtrack.log({'loss': 0.5})")
    text = notebook.run(f"%track show {notebook.current_run().id}").text
    assert "shown" in text
    assert "loss" in text
    assert (
        "no run has the id or the name 'no-such-run'"
        in notebook.run("%track show no-such-run").text
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("finsh", "invalid choice: 'finsh'"),
        ("tag", "required: tags"),
        ("new --colour red", "unrecognized arguments: --colour red"),
        ("config novalue", "'novalue' is not of the form key=value"),
    ],
)
def test_what_cannot_be_done_changes_nothing(notebook: Kernel, line: str, words: str) -> None:
    notebook.run("nbtrack.log({'n': 1})")
    before = json.dumps(notebook.current_run().to_dict())
    cell = notebook.run(f"%track {line}")
    assert "UsageError" in cell.text
    assert words in cell.text
    assert json.dumps(notebook.current_run().to_dict()) == before


def test_completion_and_help(notebook: Kernel) -> None:
    assert {"status", "finish", "discard"} <= set(complete(notebook, "%track "))
    assert complete(notebook, "%track fi") == ["finish"]
    assert "--project" in complete(notebook, "%track new --p")
    assert "--name" in complete(notebook, "%%track --n")
    assert "finish [--failed [REASON]]" in inspect(notebook, "%track")
    assert "--config KEY=VALUE" in inspect(notebook, "%%track")


def test_unloading_takes_the_commands_away(kernel: Kernel) -> None:
    kernel.run("%load_ext nbtrack")
    kernel.run("%unload_ext nbtrack")
    assert "not found" in kernel.run("%track status").text
    assert "discard" not in complete(kernel, "%track d")
