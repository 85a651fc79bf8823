"""What a tracker that is ahead of nbtrack in a figure pays for it elsewhere.

Measured prices come first: rows lost at a kill, and memory that grows with what is logged. What
they do not tell is said in words, for a row or for a tracker as such.
"""

from __future__ import annotations

from statistics import median

from benchmarks.report import Results

# Growth of the process over the row `memory`, in MiB, beyond which it is a price.
GROWN = 8.0

WORDS = {
    "wandb": "its files can be read at a server only",
    "trackio": "keeps no state of a run and waits in memory",
    "mlflow": "its calls take milliseconds, and a killed run says RUNNING for ever",
    "mlflow_async": "its queue has no bound, and a killed run says RUNNING for ever",
    "aim": "its calls take about a millisecond, a killed run stays active, and is indexed later",
    "tensorboardX": "keeps no state, no cells and no list of runs; rows wait in memory",
    "swanlab": "its files can be read at a server only; rows wait in memory",
    "dvclive": "its calls take milliseconds; keeps no state of a run",
    "jsonl": "a file and nothing else: no times, steps, checks, state, list or samples",
    "limit": "keeps nothing at all",
}

OF_ROWS = {
    ("read", "tensorboardX", "chart"): "points picked by chance: spikes go missing",
    ("runs", "trackio", ""): "names only: no states",
    ("images", "wandb", "kept"): "its loop waits for every picture, see calls",
    ("images", "trackio", "kept"): "its loop waits for every picture, see calls",
    ("artifact", "wandb", ""): "offline nothing says when it is done",
    ("artifact", "mlflow", ""): "copies every file each time and knows no versions",
}


def measured(results: Results, tracker: str) -> list[str]:
    """The prices that this very run has measured."""
    found = []
    lost = results.values.get(("kill", "kill", "lost", tracker))
    if lost and median(lost) > 0:
        found.append(f"loses {median(lost):,.0f} rows at SIGKILL")
    growth = results.values.get(("memory", "memory", "growth", tracker))
    if growth and median(growth) > GROWN:
        found.append(f"memory grows with what is logged ({median(growth):,.0f} MiB here)")
    return found


def price(results: Results, row: str, figure: str, tracker: str) -> str:
    """What a tracker pays; empty if nobody has said."""
    of_row = OF_ROWS.get((row, tracker, figure)) or OF_ROWS.get((row, tracker, ""))
    said = of_row or WORDS.get(tracker, "")
    return "; ".join([*measured(results, tracker), *([said] if said else [])])
