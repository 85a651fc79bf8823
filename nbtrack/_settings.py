"""The settings of nbtrack: one structure, filled from ``NBTRACK_*`` variables.

The only module that reads the environment.
"""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal

import msgspec

from ._errors import InvalidSettingError

PREFIX = "NBTRACK_"

Positive = Annotated[float, msgspec.Meta(gt=0)]
Size = Annotated[int, msgspec.Meta(ge=1 << 20)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set; the field ``x`` is the variable ``NBTRACK_X``.

    Attributes:
        dir: The store directory. Unset: the nearest ``.nbtrack`` above that this user owns, else a
            new one at the git root, else in the working directory.
        project: The project of runs that name none. Unset: the name of the folder with the store.
        mode: ``record``, or ``disabled``: every call works and nothing is written.
        fail_on: Which cell errors fail a run: those of ``tracked`` cells, of ``any``, or ``never``.
        quiet: Print nothing at all.
        sample_interval: Seconds between two samples of CPU, memory, disk, network and GPU.
        console: Record what is printed and shown below cells.
        console_limit: Characters of console output that a run keeps at most.
        journal: How rows reach the disk: ``mmap``, ``write``, or ``auto``, which maps where the
            file system can be mapped safely.
        journal_quota: Bytes of unsealed journal one process may leave on disk.
        overflow: What ``log()`` does at the quota: ``wait`` for the recorder, or ``drop`` the row
            and count it.
        recorder: ``process``, ``thread`` (inside the kernel; seals nothing), or ``off``.
        fault: Kills the process at a named point; for tests of crash safety.
    """

    dir: str | None = None
    project: str | None = None
    mode: Literal["record", "disabled"] = "record"
    fail_on: Literal["tracked", "any", "never"] = "tracked"
    quiet: bool = False
    sample_interval: Positive = 2.0
    console: bool = True
    console_limit: Size = 1 << 26
    journal: Literal["auto", "mmap", "write"] = "auto"
    journal_quota: Size = 1 << 30
    overflow: Literal["wait", "drop"] = "wait"
    recorder: Literal["process", "thread", "off"] = "process"
    fault: str | None = None

    @classmethod
    def from_environ(cls, **overrides: Any) -> Settings:
        """Settings from the environment; ``overrides`` that are not None win.

        Raises:
            InvalidSettingError: A variable or an override has a value that it cannot have.
        """
        values: dict[str, Any] = {}
        sources: dict[str, str] = {}
        for name in cls.__struct_fields__:
            variable = PREFIX + name.upper()
            text = os.environ.get(variable)
            if text:
                values[name], sources[name] = text, variable
        for name, value in overrides.items():
            if value is not None:
                values[name], sources[name] = value, name
        checked: dict[str, Any] = {}
        types = {field.name: field.type for field in msgspec.structs.fields(cls)}
        for name, value in values.items():
            try:
                checked[name] = msgspec.convert(value, types[name], strict=False)
            except msgspec.ValidationError as error:
                raise InvalidSettingError(
                    f"{sources[name]}={value!r} cannot be used: {error}",
                    operation="read the settings",
                ) from None
        return cls(**checked)


def notebook_hint() -> str | None:
    """The path of the notebook as the Jupyter server announced it to this kernel, if it did."""
    return os.environ.get("JPY_SESSION_NAME") or None
