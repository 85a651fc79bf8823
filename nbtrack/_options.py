"""The arguments of ``init()``, checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from ._configs import plain_config
from ._decoding import convert
from ._errors import InvalidSettingError
from .store.layout import check_run_id

Resume = Literal["allow", "must", "never", "auto"]
Reinit = Literal["finish_previous", "create_new", "return_previous"]


class RunOptions(msgspec.Struct, kw_only=True):
    """The arguments of :func:`nbtrack.init`, which describes them."""

    project: str | None = None
    name: str | None = None
    id: str | None = None
    tags: list[str] = []
    notes: str | None = None
    group: str | None = None
    job_type: str | None = None
    config: dict[str, Any] = {}
    allow_val_change: bool = True
    dir: str | None = None
    resume: Resume | None = None
    reinit: Reinit = "finish_previous"
    mode: Literal["record", "disabled"] | None = None
    sync: str | None = None
    notebook: str | None = None
    command: list[str] | None = None


def make_options(
    *, config: Any = None, resume: Any = None, reinit: Any = None, id: Any = None, **others: Any
) -> RunOptions:
    """Check the arguments of ``init()``.

    Raises:
        InvalidRunIdError: The id is not one.
        InvalidSettingError: Another argument has a value that it cannot have.
    """
    if id is not None:
        check_run_id(id)
    if others.get("dir") is not None:
        others["dir"] = str(others["dir"])
    values = {name: value for name, value in others.items() if value is not None}
    if resume is not None and resume is not False:
        values["resume"] = "auto" if resume is True else resume
    if reinit is not None and reinit != "default":
        values["reinit"] = {True: "finish_previous", False: "return_previous"}.get(reinit, reinit)
    try:
        if "tags" in values:
            values["tags"] = _words(values["tags"])
        values["config"] = plain_config(config)
        return convert({"id": id, **values}, RunOptions)
    except (msgspec.ValidationError, TypeError) as error:
        raise InvalidSettingError(str(error), operation="init a run") from None


def _words(tags: Any) -> list[str]:
    if isinstance(tags, str):
        return [tags]
    if not isinstance(tags, Iterable):
        raise TypeError(f"tags must be strings, not {tags!r:.80}")
    return [str(tag) for tag in tags]
