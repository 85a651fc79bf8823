"""What viewers see of a run for which nobody publishes it: made of its tables.

Of runs without a recorder, of copied and of cleaned up ones.
"""

from __future__ import annotations

from collections import deque
from hashlib import blake2b

import msgspec

from ..store import query, reader, series
from ..store.console import latest_outputs
from ..store.documents import read_info
from ..store.journal import now
from ..store.layout import RunDir
from ..store.position import read_position
from ..store.reader import Snapshot
from ..store.series import Across, Curve
from ..store.state import state
from ..store.tables import events_from_changes
from .card import Card
from .frame import MAX_SERIES, SYSTEM, VERSION, PackedFrame, PackedSeries, buckets_for
from .making import CONSOLE_LINES, MAX_ATTEMPTS, last_lines, make_card

_LIMITS = ("memory.limit.bytes", "memory.total.bytes")


def frame_of(run_dir: RunDir) -> PackedFrame:
    """A run as viewers see it now. The number of equal states is the same.

    Raises:
        StoreError: It cannot be read.
        FileNotFoundError: There is no such run.
    """
    return reader.read(run_dir, lambda taken: _made(run_dir, taken))


def _made(run_dir: RunDir, taken: Snapshot) -> PackedFrame:
    found = taken.fold
    # Every series and every clock takes memory of viewers too: of the latest attempts, so many.
    attempts = found.attempts[-MAX_ATTEMPTS:]
    attempts = [*([found.loose] if found.loose is not None else []), *attempts]
    wanted = [(one.n, key) for one in reversed(attempts) for key in one.keys]
    keys = series.system_keys(taken)[:MAX_SERIES]
    room = MAX_SERIES - len(keys)
    buckets = buckets_for(len(wanted[:room]) + len(keys))
    metrics = list(series.metrics(taken, wanted[:room], Across(), buckets))
    samples = list(series.system(taken, keys, None, None, buckets))
    clocks = []
    for one in attempts:
        longest = max(
            (curve for curve in metrics if curve.attempt == one.n),
            key=lambda curve: curve.rows,
            default=None,
        )
        if longest is not None:
            clocks.append(series.clock(taken, one.n, longest.key, buckets))
    limit = next(
        (int(curve.last[1]) for name in _LIMITS for curve in samples if curve.key == name), None
    )
    card = _card(run_dir, taken, wanted, limit, max(0, len(wanted) - room))
    frame = PackedFrame(
        VERSION,
        0,
        {},
        card.left_out,
        buckets,
        [_packed(curve) for curve in metrics if curve.rows]
        + [_packed(curve) for curve in samples if curve.rows],
        [_packed(curve) for curve in clocks],
        card,
    )
    digest = blake2b(msgspec.msgpack.encode(frame), digest_size=6).digest()
    stamped = msgspec.structs.replace(card, time=now())
    return msgspec.structs.replace(frame, number=int.from_bytes(digest), card=stamped)


def _card(
    run_dir: RunDir,
    taken: Snapshot,
    wanted: list[tuple[int, str]],
    memory_limit: int | None,
    left_out: int,
) -> Card:
    info = read_info(run_dir)
    found = taken.fold
    verdict = state(found.evidence(run_dir, info, now()))
    position = read_position(run_dir) if verdict.state == "running" else None
    if position is not None and found.owner and position.writer != found.owner.writer:
        position = None
    lines: deque[str] = deque(maxlen=CONSOLE_LINES)
    for output in latest_outputs(taken):
        if output.stream != "display":
            lines.extend(output.text.removesuffix("\n").split("\n"))
    return make_card(
        info,
        found,
        verdict,
        changes=events_from_changes(query.rows(taken.source("changes"))),
        keys=dict.fromkeys(key for _, key in wanted),
        rows=found.rows,
        position=position,
        console=last_lines(lines),
        memory_limit=memory_limit,
        left_out=left_out,
    )


def _packed(curve: Curve) -> PackedSeries:
    # Buckets of another number of rows are other buckets: so viewers get all of them anew.
    width = max(1, curve.rows)
    return PackedSeries(
        SYSTEM if curve.attempt < 0 else curve.attempt,
        curve.key,
        curve.rows,
        curve.nans,
        width,
        0,
        *curve.last,
        curve.points,
    )
