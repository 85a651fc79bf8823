"""First values and numbers of sealed rows, counted, where the digests of their sets lack them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from . import query
from .digest import AttemptDigest, Digest, Last, Numbers
from .result import ResultTable

_IS_NUMBER = f"FILTER (value IS NOT NULL AND NOT {query.is_nan('value')})"
_COUNT = f"""
    SELECT attempt, key, writer,
        first(struct_pack(seq := seq, time := time, step := step, value := value, text := text)
              ORDER BY seq) AS earliest,
        count(*) {_IS_NUMBER} AS numbers,
        sum(value) {_IS_NUMBER} AS total,
        min(value) {_IS_NUMBER} AS low,
        arg_min(step, (value, step)) {_IS_NUMBER} AS low_step,
        max(value) {_IS_NUMBER} AS high,
        arg_min(step, (-value, step)) {_IS_NUMBER} AS high_step
    FROM rows GROUP BY attempt, key, writer
"""


def with_parts(known: Digest, metrics: Sequence[Path]) -> Digest:
    """The same digest with the first values and numbers of all rows in these files."""
    found = Digest()
    for n, attempt in known.items():
        copy = found[n] = AttemptDigest(attempt.rows, attempt.max_step)
        copy.last = attempt.last
    source = query.Source("metrics", tuple(metrics), ())
    for row in ResultTable(query.fetch(source, _COUNT)).to_pylist():
        attempt = found.of(row["attempt"])
        earliest = row["earliest"]
        attempt.take_first(
            row["key"],
            Last(
                row["writer"],
                earliest["seq"],
                earliest["time"],
                earliest["step"],
                earliest["value"],
                earliest["text"],
            ),
        )
        if row["numbers"]:
            names = ("numbers", "total", "low", "low_step", "high", "high_step")
            attempt.take_numbers(row["key"], Numbers(*(row[name] for name in names)))
    return found
