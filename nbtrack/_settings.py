"""The settings of nbtrack: one structure, and where each of its values came from.

The only module that reads the environment. Where values come from, the first that has one:
arguments; what was set in this kernel with ``%config``; ``NBTRACK_*`` variables; IPython's
configuration files; the default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from ._errors import InvalidSettingError

PREFIX = "NBTRACK_"
IN_KERNEL = "%config in this kernel"
DEFAULT = "default"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set. Field ``x`` is the variable ``NBTRACK_X`` and the trait ``NbTrack.x``."""

    dir: Annotated[
        str | None,
        Meta(
            description="The store directory. Unset: the nearest `.nbtrack` above that this user"
            " owns, else a new one at the git root, else in the working directory."
        ),
    ] = None
    project: Annotated[
        str | None,
        Meta(
            description="The project of runs that name none. Unset: the name of the git root, else"
            " of the working directory."
        ),
    ] = None
    mode: Annotated[
        Literal["record", "disabled"],
        Meta(description="`disabled`: every call works and nothing is written."),
    ] = "record"
    fail_on: Annotated[
        Literal["tracked", "any", "never"],
        Meta(description="Which errors fail a run: those of tracked cells, of any cell, or none."),
    ] = "tracked"
    quiet: Annotated[bool, Meta(description="Print nothing at all.")] = False
    console: Annotated[bool, Meta(description="Record what is printed and shown below cells.")] = (
        True
    )
    console_limit: Annotated[
        int,
        Meta(ge=1 << 20, description="Characters of console output that a run keeps at most."),
    ] = 1 << 26
    sample_interval: Annotated[
        float,
        Meta(gt=0, description="Seconds between samples of CPU, memory, disk, network and GPU."),
    ] = 2.0
    recorder: Annotated[
        Literal["process", "thread", "off"],
        Meta(
            description="Who seals, samples and watches the kernel: a process of its own; a thread"
            " in the kernel, which samples and seals nothing; nobody."
        ),
    ] = "process"
    journal: Annotated[
        Literal["auto", "mmap", "write"],
        Meta(
            description="How rows reach the disk; `auto` maps the journal where the file system can"
            " be mapped safely."
        ),
    ] = "auto"
    journal_quota: Annotated[
        int,
        Meta(ge=1 << 20, description="Bytes of unsealed journal one process may leave on disk."),
    ] = 1 << 30
    overflow: Annotated[
        Literal["wait", "drop"],
        Meta(
            description="What `log()` does at that quota: wait for the recorder, or drop the row"
            " and count it."
        ),
    ] = "wait"
    fault: Annotated[
        str | None,
        Meta(description="Kills the process at a named point; for tests of crash safety."),
    ] = None

    @classmethod
    def load(cls, **overrides: Any) -> Settings:
        """The settings as they are now; ``overrides`` that are not None win.

        Raises:
            InvalidSettingError: One has a value that it cannot have.
        """
        return cls(
            **{
                name: check(name, given.value, given.source)
                for name, given in resolve(**overrides).items()
                if given.source != DEFAULT
            }
        )


class Given(NamedTuple):
    """A value as it was given, not checked yet, and by whom."""

    value: Any
    source: str


FIELDS = {field.name: field for field in msgspec.structs.fields(Settings)}

_from_files: dict[str, Given] = {}
_in_kernel: dict[str, Any] = {}


def resolve(**overrides: Any) -> dict[str, Given]:
    """The value of every setting, and where it came from."""
    found: dict[str, Given] = {}
    for name, field in FIELDS.items():
        variable = PREFIX + name.upper()
        text = os.environ.get(variable)
        if overrides.get(name) is not None:
            found[name] = Given(overrides[name], name)
        elif name in _in_kernel:
            found[name] = Given(_in_kernel[name], IN_KERNEL)
        elif text:
            found[name] = Given(text, variable)
        elif name in _from_files:
            found[name] = _from_files[name]
        else:
            found[name] = Given(field.default, DEFAULT)
    return found


def check(name: str, value: Any, source: str) -> Any:
    """The value of the setting ``name``, of the type that it has.

    Raises:
        InvalidSettingError: It cannot have this value.
    """
    try:
        return msgspec.convert(value, FIELDS[name].type, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidSettingError(
            f"{source}={value!r} cannot be used: {error}", operation="read the settings"
        ) from None


def set_from_files(values: Mapping[str, Given]) -> None:
    """What configuration files say, in place of what they said before."""
    _from_files.clear()
    _from_files.update(values)


def set_in_kernel(name: str, value: Any) -> None:
    """A setting was set by hand, for as long as this process lives."""
    _in_kernel[name] = value


def unset_in_kernel() -> None:
    """Forget what was set by hand."""
    _in_kernel.clear()


def description(name: str) -> str:
    """What a setting means, in a sentence or two."""
    kind: Any = Settings.__annotations__[name]
    if isinstance(kind, str):
        kind = FIELDS[name].type
    found = next(meta for meta in kind.__metadata__ if isinstance(meta, Meta))
    return found.description or ""


def unknown_variables() -> list[str]:
    """Variables that look like settings and are none."""
    known = {PREFIX + name.upper() for name in FIELDS}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)


def ipython_directory() -> str | None:
    """Where IPython keeps its profiles, if that was set."""
    return os.environ.get("IPYTHONDIR") or None


def notebook_hint() -> str | None:
    """The path of the notebook as the Jupyter server announced it to this kernel, if it did."""
    return os.environ.get("JPY_SESSION_NAME") or None
