"""What viewers show of a run besides its series: who it is, how it goes, what it said last.

The structures of this module are the wire's; the front end's types are generated from them.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ..store.position import Progress
from ..store.schema import Alert, AttemptState, RunState


class ErrorCard(msgspec.Struct, kw_only=True):
    """What a cell raised: in words, without escapes that colour.

    Attributes:
        cell: The label of the cell, ``[12]``.
        cell_id: Its id in the notebook, for a link to it.
        attempt: The attempt's number; None for a cell that was not tracked.
    """

    type: str
    message: str
    traceback: str
    cell: str
    cell_id: str | None
    line: int | None
    attempt: int | None


class AttemptCard(msgspec.Struct, kw_only=True):
    """One execution of a tracked cell.

    Attributes:
        n: Its number in the run.
        cell: The same for every execution of one cell.
        cell_try: Its number among the executions of its cell.
        label: What the notebook shows beside the cell, ``[12]``.
        config: What is special about it: the values that are not the same in all attempts, as
            text. All of them while there is but one attempt.
        started: Microseconds since 1970, as ``ended``.
    """

    n: int
    cell: str
    cell_try: int
    label: str
    name: str | None
    tags: list[str]
    state: AttemptState
    started: int
    ended: int | None
    config: dict[str, str]


class Card(msgspec.Struct, kw_only=True):
    """A run at one moment.

    Attributes:
        state: running, finished, failed or crashed; ``reason`` says why, in words.
        attempts: In order.
        rate: Rows in a second, of late; None while there are none.
        position: The line that runs, as far as that is known.
        console: The last lines below the cell that runs or ran last.
        error: What the latest try of a cell raised, if that failed.
        memory_limit: Bytes that this kernel may use.
        left_out: Series that nobody follows because there are too many.
        alerts: The last ones, in order.
        axes: Metrics for which another was defined to be across, and that one.
        hidden: Metrics that are not drawn unless somebody asks.
        time: When all this was so, in microseconds since 1970 on the recorder's clock.
    """

    id: str
    name: str
    project: str
    tags: list[str]
    state: RunState
    reason: str
    started: int
    ended: int | None
    attempts: list[AttemptCard]
    rows: int
    rate: float | None
    progress: Progress | None
    position: int | None
    console: list[str]
    error: ErrorCard | None
    memory_limit: int | None
    dropped: int
    left_out: int
    alerts: list[Alert] = []
    axes: dict[str, str] = {}
    hidden: list[str] = []
    time: int


class Part(msgspec.Struct, kw_only=True):
    """What came to one series.

    Attributes:
        kind: ``metric``: x is the step. ``clock``: the step, and as y the time of its row, in
            microseconds since 1970. ``system``: x is that time.
        attempt: 0 for rows that belong to none; -1 for ``system``.
        count: Values so far; ``nans`` of them were NaN.
        last_x, last_y: The newest value; None if it is not finite, which JSON cannot hold.
        start: The bucket from which on the viewer's points are replaced.
        buckets: How many follow, four numbers each: x and y of the bucket's two extremes in the
            order in which they came.
    """

    kind: Literal["metric", "clock", "system"]
    attempt: int
    key: str
    count: int
    nans: int
    last_x: float | None
    last_y: float | None
    start: int
    buckets: int


class Update(msgspec.Struct, kw_only=True):
    """One message to a viewer; the points of its parts follow it, in their order.

    Attributes:
        wire: The version of all this.
        number: Of this state of the run; rises.
        base: The state that this is the difference to; None: it is everything there is.
        kernel: What a Jupyter server says of the kernel, ``busy``, ``idle``, ``dead``; None where
            the kernel itself sends this.
    """

    wire: int
    number: int
    base: int | None
    kernel: str | None
    card: Card
    parts: list[Part]
