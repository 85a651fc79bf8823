"""``%track``: looking after the kernel's run from a cell.

One parser gives the commands, the help and the completion.
"""

from __future__ import annotations

import argparse
import shlex
import time
from collections import Counter
from typing import TYPE_CHECKING

from .. import _current
from .._options import make_options
from .._run import Run
from ..recorder import spawn
from ..store.layout import RunDir
from ..store.state import Verdict
from . import asking
from .magics import OptionError, Parser, setting

if TYPE_CHECKING:
    from .session import Session

_SHOW_SECONDS = 120.0


def _make_parser() -> Parser:
    parser = Parser(prog="%track", add_help=False, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)

    def add(name: str, about: str) -> Parser:
        return commands.add_parser(name, help=about, add_help=False, allow_abbrev=False)

    add("status", "what is recorded now (also without a command)")
    show = add("show", "the live view of the current run; or everything about another, as text")
    show.add_argument("run", nargs="?", help="the id or name of another run")
    finish = add("finish", "end the run")
    finish.add_argument(
        "--failed", nargs="?", const="", metavar="REASON", help="say that it failed"
    )
    new = add("new", "end the run and start the next")
    for option in ("name", "project", "group", "notes"):
        new.add_argument(f"--{option}", help=f"the {option} of the next run")
    new.add_argument("--tag", action="append", dest="tags", help="a tag; may be repeated")
    new.add_argument("--config", action="append", metavar="KEY=VALUE", help="may be repeated")
    name = add("name", "call the run otherwise")
    name.add_argument("text", nargs="+")
    tag = add("tag", "put tags on the run")
    tag.add_argument("tags", nargs="+")
    tag.add_argument("-d", "--delete", action="store_true", help="take them off")
    note = add("note", "add a line to the run's notes")
    note.add_argument("text", nargs="+")
    note.add_argument("--set", action="store_true", help="in place of the notes there are")
    config = add("config", "set values of the config, or print it")
    config.add_argument("pairs", nargs="*", metavar="KEY=VALUE")
    add("discard", "end the run and put it out of sight; nothing is deleted")
    return parser


_parser = _make_parser()
_COMMANDS: dict[str, Parser] = next(
    action.choices for action in _parser._actions if isinstance(action, argparse._SubParsersAction)
)


def run_command(session: Session, line: str) -> None:
    """Do what ``%track line`` says.

    Raises:
        OptionError: The line cannot be understood, or asks for a run where there is none.
    """
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()  # an apostrophe in a note
    arguments = _parser.parse_args(words or ["status"])
    command = arguments.command
    if command == "status":
        print(status(session))  # noqa: T201
    elif command == "show":
        if arguments.run is None:
            _run("show")
            session.show()
        else:
            _show(arguments.run, _current.get_run())
    elif command == "new":
        _new(session, arguments)
    else:
        _change(_run(command), arguments)


def usage() -> str:
    """The help that ``%track?`` shows."""
    lines = ["%track [COMMAND]", ""]
    for action in _parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for choice in action._choices_actions:
                options = _COMMANDS[choice.dest].format_usage().split(choice.dest, 1)[1].split()
                left = " ".join([choice.dest, *options])
                lines.append(f"  {left}\n{'':<6}{choice.help}")
    return "\n".join(lines)


def complete(line: str) -> list[str]:
    """What can stand where ``line``, which begins with ``%track``, ends."""
    words = line.split()
    if len(words) < 2 or (len(words) == 2 and not line.endswith(" ")):
        return list(_COMMANDS)
    parser = _COMMANDS.get(words[1])
    return [] if parser is None else options_of(parser)


def options_of(parser: argparse.ArgumentParser) -> list[str]:
    """The options that a parser knows."""
    return [option for action in parser._actions for option in action.option_strings]


def status(session: Session) -> str:
    """The card of the current run."""
    run = _current.get_run()
    previous = [session.previous] if session.previous else []
    if run is None:
        return "\n".join([session.describe_waiting(), *previous])
    verdict = run.verdict
    counts = Counter(attempt.state for attempt in run.attempts)
    attempts = ", ".join(f"{n} {state}" for state, n in counts.items())
    seconds = time.time() - run.started / 1e6
    since = time.strftime("%H:%M:%S", time.localtime(run.started / 1e6))
    lines = [
        ("reason", verdict.reason),
        ("project", run.project),
        ("id", run.id),
        ("started", f"{since}, {_ago(seconds)} ago"),
        ("attempts", f"{len(run.attempts)}: {attempts}" if attempts else "none yet"),
        ("next step", str(run.step)),
        ("dropped", f"{run.dropped_rows:,} rows" if run.dropped_rows else ""),
        ("warning", session.memory),
        ("live view", session.views.failure),
        ("tags", ", ".join(run.tags)),
        *(("sync", line) for line in _synced(run)),
        ("recorder", "at work" if spawn.seals() else spawn.failure() or "not at work"),
        ("path", str(run.path)),
        ("more", f"%track show {run.id}, or nbtrack show {run.id}"),
    ]
    rows = [f"{name:<11}{text}" for name, text in lines if text]
    return "\n".join([f"{run.name}  {verdict.state}", "─" * 40, *rows, *previous])


def _synced(run: Run) -> list[str]:
    """How far it is at the places that it is copied to."""
    from ..sync.told import told

    found = told(RunDir(run.path))
    goes_on = "; the recorder goes on trying" if spawn.seals() else ""
    return [f"{one}{goes_on if one.problem else ''}" for one in found]


def _run(command: str) -> Run:
    run = _current.get_run()
    if run is None:
        raise OptionError(f"{command}: there is no run now; `%track new` starts one")
    return run


def _new(session: Session, arguments: argparse.Namespace) -> None:
    values = {
        name: getattr(arguments, name) for name in ("name", "project", "group", "notes", "tags")
    }
    config = dict(setting(pair) for pair in arguments.config or ())
    run = session.init(make_options(config=config, **values))
    run.settle()


def _change(run: Run, arguments: argparse.Namespace) -> None:
    match arguments.command:
        case "finish":
            reason = arguments.failed
            if reason is None:
                run.close("%track finish was called")
            else:
                run.close(
                    "", verdict=Verdict("failed", reason or "%track finish --failed was called")
                )
        case "name":
            run.name = " ".join(arguments.text)
        case "tag":
            kept = [tag for tag in run.tags if tag not in arguments.tags]
            run.tags = kept if arguments.delete else [*kept, *dict.fromkeys(arguments.tags)]
        case "note":
            text = " ".join(arguments.text)
            run.notes = text if arguments.set or not run.notes else f"{run.notes}\n{text}"
        case "config":
            run.config.update(dict(setting(pair) for pair in arguments.pairs))
            if not arguments.pairs:
                for key, value in run.config.as_dict().items():
                    print(f"{key} = {value!r}")  # noqa: T201
        case "discard":
            run.discard_later()


def _show(name: str, run: Run | None) -> None:
    """What the command line shows."""
    store = None if run is None else run.path.parent.parent
    done = asking.show(name, store=store, seconds=_SHOW_SECONDS)
    if done.returncode:
        raise OptionError(done.stderr.strip())
    print(done.stdout.rstrip())  # noqa: T201


def _ago(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
