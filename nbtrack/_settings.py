"""The settings of nbtrack: one structure, and where each of its values came from.

The only module that reads the environment. Where values come from, the first that has one:
arguments; what was set in this kernel with ``%config``; ``NBTRACK_*`` variables; IPython's
configuration files; the default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

import msgspec
from msgspec import Meta

from ._environment import RUN_VARIABLE
from ._errors import InvalidSettingError

PREFIX = "NBTRACK_"
SECTION = "NbTrack"
IN_KERNEL = "%config in this kernel"
DEFAULT = "default"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set. Field ``x`` is the variable ``NBTRACK_X`` and the trait ``NbTrack.x``."""

    dir: Annotated[
        str | None,
        Meta(
            description="The store directory. Unset: the nearest one at or above the working"
            " directory that this user owns, else a new one at the git root, else there."
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
    view: Annotated[
        Literal["live", "picture", "off"],
        Meta(
            description="What is shown below tracked cells: a live view and a picture that stays in"
            " the notebook; the picture alone; nothing."
        ),
    ] = "live"
    console: Annotated[bool, Meta(description="Record what is printed and shown below cells.")] = (
        True
    )
    console_limit: Annotated[
        int,
        Meta(ge=1 << 20, description="Characters of console output that a run keeps at most."),
    ] = 1 << 26
    mask_secrets: Annotated[
        bool, Meta(description="Leave keys, passwords and tokens out of all that is recorded.")
    ] = True
    code: Annotated[
        bool, Meta(description="Record the code of a run: git, changed files, packages, script.")
    ] = True
    code_limit: Annotated[
        int,
        Meta(
            ge=0,
            description="Bytes of changed and new files that are recorded with a run at most.",
        ),
    ] = 10 << 20
    sample_interval: Annotated[
        float,
        Meta(gt=0, description="Seconds between samples of CPU, memory, disk, network and GPU."),
    ] = 2.0
    memory_limit: Annotated[
        float,
        Meta(
            ge=0,
            description="Where memory gets short: a part of what may be used (of the control"
            " group's limit, else of the machine's memory), or bytes if above 1. 0: never.",
        ),
    ] = 0.95
    on_memory_limit: Annotated[
        Literal["warn", "interrupt", "ignore"],
        Meta(
            description="What happens there: a line below the cell when it ends and a note in the"
            " run's state; or the cell is interrupted as well, before the system kills the kernel."
        ),
    ] = "warn"
    media_limit: Annotated[
        int,
        Meta(
            ge=1 << 10,
            description="Bytes that one image, sound, video, table or other thing besides numbers"
            " may have; what is larger is named in a warning, and not kept.",
        ),
    ] = 1 << 28
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
    disk_warning: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="The part of the disk in use from which nbtrack warns: the doctor, and once"
            " in a kernel that records artifacts or saves files. 0: never.",
        ),
    ] = 0.8
    sync: Annotated[
        str | None,
        Meta(
            description="Where the recorder copies runs while they go on: s3://bucket/folder,"
            " gs://..., az://..., file:///folder or mlflow+http://host:port. Unset: nowhere."
        ),
    ] = None
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
        return cls(**{name: check(name, given) for name, given in resolve(**overrides).items()})


class Given(NamedTuple):
    """A value as it was given, not checked yet.

    Attributes:
        value: The value.
        source: Where it was given: a variable, a file, ``IN_KERNEL``, ``DEFAULT``, an argument.
        label: What to look for there.
    """

    value: Any
    source: str
    label: str


FIELDS = {field.name: field for field in msgspec.structs.fields(Settings)}

_from_files: dict[str, Given] = {}
_in_kernel: dict[str, Given] = {}


def resolve(**overrides: Any) -> dict[str, Given]:
    """The value of every setting, and where it came from."""
    found: dict[str, Given] = {}
    for name, field in FIELDS.items():
        variable = PREFIX + name.upper()
        text = os.environ.get(variable)
        if overrides.get(name) is not None:
            found[name] = Given(overrides[name], name, name)
        elif name in _in_kernel:
            found[name] = _in_kernel[name]
        elif text:
            found[name] = Given(text, variable, variable)
        elif name in _from_files:
            found[name] = _from_files[name]
        else:
            found[name] = Given(field.default, DEFAULT, name)
    return found


def check(name: str, given: Given) -> Any:
    """The value of the setting ``name``, of the type that it has.

    Raises:
        InvalidSettingError: It cannot have this value.
    """
    value = given.value
    if isinstance(value, str | os.PathLike):
        value = str(os.fspath(value))
    try:
        return msgspec.convert(value, FIELDS[name].type, strict=False)
    except msgspec.ValidationError as error:
        where = f" ({given.source})" if given.source != given.label else ""
        raise InvalidSettingError(
            f"{given.label}={given.value!r} cannot be used: {error}{where}",
            operation="read the settings",
            hint=f"It can be {' or '.join(choices(name))}." if choices(name) else "",
        ) from None


def in_force(name: str) -> Any:
    """The value of one setting as it is now.

    Raises:
        InvalidSettingError: It was given a value that it cannot have.
    """
    return check(name, resolve()[name])


def set_from_files(values: Mapping[str, Given]) -> None:
    """What configuration files say, in place of what they said before; None is not a value."""
    _from_files.clear()
    _from_files.update({n: given for n, given in values.items() if given.value is not None})


def set_in_kernel(values: Mapping[str, Any]) -> None:
    """Settings were set by hand, for as long as this process lives; None takes that back.

    Raises:
        InvalidSettingError: One of them cannot be used; then none of them is.
    """
    for name in values.keys() - FIELDS.keys():
        raise InvalidSettingError(no_setting(name), operation="change the settings")
    given = {n: Given(value, IN_KERNEL, f"{SECTION}.{n}") for n, value in values.items()}
    checked = {
        n: one._replace(value=check(n, one)) for n, one in given.items() if one.value is not None
    }
    for name in given.keys() - checked.keys():
        _in_kernel.pop(name, None)
    _in_kernel.update(checked)


def unset_in_kernel() -> None:
    """Forget what was set by hand."""
    _in_kernel.clear()


def description(name: str) -> str:
    """What a setting means, in a sentence or two."""
    found = next(meta for meta in FIELDS[name].type.__metadata__ if isinstance(meta, Meta))
    return found.description or ""


def choices(name: str) -> tuple[str, ...]:
    """The words that a setting can be; empty for one that is not a choice of words."""
    kind = get_args(FIELDS[name].type)[0]
    return get_args(kind) if get_origin(kind) is Literal else ()


def no_setting(name: str) -> str:
    """That there is no setting of this name, and which one may be meant."""
    from difflib import get_close_matches

    close = get_close_matches(name, FIELDS, n=1)
    meant = f"; did you mean {SECTION}.{close[0]}?" if close else ""
    return f"{SECTION}.{name} is no setting{meant}"


def unknown_variables() -> list[str]:
    """Variables that look like settings and are none."""
    known = {RUN_VARIABLE, *(PREFIX + name.upper() for name in FIELDS)}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
