"""The magics and their completion in one shell."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import commands, magics

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_HOOK = "complete_command"


class Registered:
    """``%track`` and ``%%track``. What had these names before comes back with :meth:`remove`."""

    def __init__(self, shell: InteractiveShell, run_command: Callable[[str], None]) -> None:
        self._shell = shell
        self._before: dict[str, Any] = {}

        def track_line(line: str = "") -> None:
            from IPython.core.error import UsageError

            try:
                run_command(line)
            except magics.OptionError as error:
                raise UsageError(f"%{magics.NAME}: {error}. See %{magics.NAME}?") from None

        track_line.__doc__ = f"Look after the kernel's run.\n\n{commands.usage()}"
        self._magics: dict[str, Callable[..., Any]] = {"line": track_line, "cell": magics.track}

    def install(self) -> None:
        """Make the magics known. May be repeated."""
        manager = self._shell.magics_manager
        for kind, magic in self._magics.items():
            known = manager.magics[kind].get(magics.NAME)
            if known is not magic:
                self._before[kind] = known
                manager.register_function(magic, kind, magics.NAME)
        for key, complete in self._completers():
            self._shell.set_hook(_HOOK, complete, str_key=key)

    def remove(self) -> None:
        """Take them off again."""
        manager = self._shell.magics_manager
        for kind, magic in self._magics.items():
            if manager.magics[kind].get(magics.NAME) is magic:
                del manager.magics[kind][magics.NAME]
                vars(manager.user_magics).pop(magics.NAME, None)
                before = self._before.pop(kind, None)
                if before is not None:
                    manager.register_function(before, kind, magics.NAME)
        known = self._shell.strdispatchers.get(_HOOK)
        for key, _ in self._completers():
            if known is not None:
                known.strs.pop(key, None)

    def _completers(self) -> tuple[tuple[str, Callable[..., list[str]]], ...]:
        return ((f"%{magics.NAME}", _complete_line), (f"%%{magics.NAME}", _complete_cell))


def _complete_line(shell: Any, event: Any) -> list[str]:
    return commands.complete(event.text_until_cursor)


def _complete_cell(shell: Any, event: Any) -> list[str]:
    return magics.complete(event.text_until_cursor)
