"""`python -m benchmarks.runs DIR [--runs N] [--metrics N] [--rows N] [--processes N]`.

A store with many runs that ended, as they are when their recorders have gone: merged, summed up,
each with its live frame. A few are still running, a few crashed or failed.

Everything is written by nbtrack's own store, and `live.bin` holds what a recorder would have left.
What is different from real runs:

- The records come from no kernel. They go into the merged set at once, without a journal and a
  sealed set before it; only runs that are still running have a journal. Nothing is synced to the
  disk. The files are the same.
- There is one attempt, without cells; there are no pictures, `output.log` and `session.ipynb`, and
  samples and console only where they are asked for.
- Runs that are running say that the first process of this machine records them.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from nbtrack._process import ProcessIdentity, started_at, this_process
from nbtrack._settings import Settings
from nbtrack.live.card import AttemptCard, Card
from nbtrack.live.frame import LiveFrame
from nbtrack.store import parquet, registry
from nbtrack.store.death import Death
from nbtrack.store.documents import keep_status
from nbtrack.store.fold import fold
from nbtrack.store.journal import Journal
from nbtrack.store.layout import LAST_TABLE, RunDir, SegmentName, Store, atomic_write, set_name
from nbtrack.store.schema import (
    AttemptEnd,
    AttemptStart,
    Change,
    Closing,
    Console,
    Failure,
    Manifest,
    Record,
    Row,
    RunInfo,
    RunState,
    Sample,
    WriterInfo,
)
from nbtrack.store.seal import DIGEST_KEY, set_metadata
from nbtrack.store.tables import TableBuilder

# 2026-01-01 UTC; a run every eleven minutes.
_BEGIN = 1_767_225_600_000_000
_BETWEEN = 11 * 60_000_000
_PROJECTS = ("vision", "language", "speech", "ablations")
_MODELS = ("resnet18", "resnet50", "vit-small", "vit-base", "mlp", "gpt-tiny")
_TAGS = ("baseline", "sweep", "paper", "debug", "best", "long")
_WORDS = ("brisk", "calm", "deep", "eager", "fair", "keen", "lucid", "mild", "quick", "swift")
_ANIMALS = ("otter", "heron", "lynx", "wren", "ibex", "newt", "seal", "crane", "stoat", "tern")
_KINDS = ("train/loss", "val/loss", "grad/norm", "layer.attention")
_SAMPLED = (
    *("cpu.process.percent", "cpu.percent", "memory.process.bytes", "memory.used.bytes"),
    *("disk.read.bytes_per_second", "disk.write.bytes_per_second", "gpu.0.utilization.percent"),
    *("gpu.0.memory.used.bytes", "gpu.0.temperature.celsius", "gpu.0.power.watts"),
)
_RUNNING_EVERY = 2_000


def main() -> int:
    """Write the runs, and say how long that took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runs")
    parser.add_argument("directory", type=Path, metavar="DIR", help="the store")
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--metrics", type=int, default=20, help="metrics of each run")
    parser.add_argument("--rows", type=int, default=50, help="rows of each run")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    begin = time.perf_counter()
    generate(options.directory, options.runs, options.metrics, options.rows, options.processes)
    took = time.perf_counter() - begin
    print(f"{options.runs:,} runs in {took:.0f} s, {1e3 * took / options.runs:.1f} ms each")
    return 0


def generate(
    directory: Path,
    runs: int,
    metrics: int,
    rows: int,
    processes: int | None = None,
    *,
    around: bool = False,
) -> Store:
    """Write the runs into the store in ``directory``, and register it. The same every time.

    ``around``: With samples of the machine and what was printed.
    """
    store = Store(directory.absolute())
    store.create()
    registry.register(store)
    write = partial(write_run, store.path, metrics, rows, around=around)
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes or os.cpu_count(), _without_syncs) as pool:
        for _ in pool.imap_unordered(write, range(runs), chunksize=50):
            pass
    return store


def _without_syncs() -> None:
    """A store that is thrown away need not outlive a loss of power."""
    os.fsync = lambda fd: None


def run_id(number: int) -> str:
    """The id of a run."""
    created = time.gmtime((_BEGIN + number * _BETWEEN) // 1_000_000)
    return f"{time.strftime('%Y%m%d-%H%M%S', created)}-{number:05d}"


def write_run(
    directory: Path, metrics: int, rows: int, number: int, *, around: bool = False
) -> None:
    """Write one run; see :func:`generate`."""
    dice = random.Random(number)
    run_dir = Store(directory).create_run(run_id(number))
    created = _BEGIN + number * _BETWEEN
    state = _state(number, dice)
    info = RunInfo(
        id=run_dir.id,
        name=f"{dice.choice(_WORDS)}-{dice.choice(_ANIMALS)}-{number}",
        project=dice.choice(_PROJECTS),
        created=created,
        host=f"node{dice.randrange(8):02d}",
        user="bench",
        notebook=f"/home/bench/train-{dice.randrange(20)}.ipynb",
        python="3.12.3",
        tags=sorted(dice.sample(_TAGS, dice.randrange(4))),
        notes="looks promising" if dice.random() < 0.1 else None,
        group=f"sweep-{number // 100}",
        job_type=dice.choice(("train", "eval")),
    )
    atomic_write(run_dir.info, msgspec.json.encode(info), durable=False)
    config = _config(dice)
    writer = WriterInfo(
        run=run_dir.id,
        writer=f"o{number:010x}",
        role="owner",
        process=_process(state),
        opened=created,
    )
    records = list(_records(dice, config, state, created, metrics, rows, writer.writer))
    if around:
        last = records[-1]
        records += _around(dice, last.seq, created, last.time)
    if state == "running":
        journal = Journal(run_dir, writer, Settings())
        for record in records:
            journal.append(record)
        return  # no end: as if it still went on
    _write_merged(run_dir, writer, records)
    _write_frame(run_dir, info, state, records)


def _write_merged(run_dir: RunDir, writer: WriterInfo, records: list[Record]) -> None:
    """What merging leaves, and the sum of it."""
    source = str(SegmentName(writer.writer, 1))
    name = set_name([source])
    builder, by_key = TableBuilder(), TableBuilder()
    builder.add(writer.writer, records)
    tables = builder.finish()
    rows = [record for record in records if isinstance(record, Row)]
    for key in sorted(rows[0].data) if rows else ():
        cells = (Row(r.seq, r.time, r.attempt, r.step, {key: r.data[key]}) for r in rows)
        by_key.add(writer.writer, cells)
    tables["metrics"] = by_key.finish().get("metrics", [])
    metadata = set_metadata([writer])
    for table, batches in tables.items():
        extra = {DIGEST_KEY: builder.digest.to_json()} if table == LAST_TABLE else {}
        path = run_dir.merged_table(name, table)
        parquet.write(table, parquet.stream(table, batches), path, {**metadata, **extra})
    manifest = Manifest(name=name, tables=list(tables), replaces=[source])
    atomic_write(run_dir.manifest, msgspec.json.encode(manifest), durable=False)
    kinds = AttemptStart | AttemptEnd | Change
    events = [(writer.writer, record) for record in records if isinstance(record, kinds)]
    summed_up = fold([writer], events, builder.digest)
    summed_up.last_seen = summed_up.last_time
    keep_status(run_dir, [name], summed_up)


def _state(number: int, dice: random.Random) -> RunState:
    if number % _RUNNING_EVERY == _RUNNING_EVERY - 1:
        return "running"
    states: tuple[RunState, ...] = ("finished", "failed", "crashed")
    return dice.choices(states, (90, 7, 3))[0]


def _process(state: RunState) -> ProcessIdentity:
    """A process of this machine that lives, or one that is dead."""
    here = this_process()
    if state == "running":
        return msgspec.structs.replace(here, pid=1, started=started_at(1) or 0)
    return msgspec.structs.replace(here, started=here.started + 1)


def _config(dice: random.Random) -> dict[str, Any]:
    return {
        "lr": round(10 ** dice.uniform(-5, -1), 7),
        "batch_size": dice.choice((16, 32, 64, 128, 256)),
        "epochs": dice.choice((10, 50, 90)),
        "model": dice.choice(_MODELS),
        "optimizer": {"name": dice.choice(("adam", "adamw", "sgd")), "weight_decay": dice.random()},
        "dropout": dice.choice((0.0, 0.1, 0.2, 0.5)),
        "seed": dice.randrange(1000),
        "amp": dice.random() < 0.5,
        "dataset": dice.choice(("imagenet", "cifar10", "c4")),
        **({"warmup": dice.randrange(1000)} if dice.random() < 0.3 else {}),
    }


def _records(
    dice: random.Random,
    config: dict[str, Any],
    state: RunState,
    created: int,
    metrics: int,
    rows: int,
    writer: str,
) -> Iterator[Record]:
    at, seq = created, 0
    for key, value in config.items():
        seq += 1
        yield Change(seq, at, 0, "config", key, value)
    seq += 1
    yield AttemptStart(seq, at, 1, 1, None, None, None, [], "", config)
    names = ["loss", "val/acc", *(f"{_KINDS[n % len(_KINDS)]}-{n}" for n in range(2, metrics))]
    names = names[:metrics]
    speeds = [dice.uniform(0.5, 3.0) for _ in names]
    noise = dice.gauss
    for step in range(rows):
        seq += 1
        at += 1_500_000
        progress = (step + 1) / rows
        data = {
            name: math.exp(-speed * progress) + noise(0.0, 0.02)
            for name, speed in zip(names, speeds, strict=True)
        }
        yield Row(seq, at, 1, step, data)
    failure = None
    if state == "failed":
        failure = Failure(type="ValueError", message="loss is nan", traceback="", line=12)
    if state in ("finished", "failed"):
        outcome: Literal["finished", "failed"] = "finished" if failure is None else "failed"
        yield AttemptEnd(seq + 1, at, 1, outcome, failure, rows * 1.5, rows * 1.4)
        reason = "the script ended" if failure is None else "raised ValueError"
        closing = Closing(state=outcome, reason=reason, failure=failure)
        yield Change(seq + 2, at, 0, "closed", "", msgspec.to_builtins(closing))
    elif state == "crashed":
        yield Change(seq + 1, at, 0, "owner_died", writer, msgspec.to_builtins(Death(signal=9)))


def _around(dice: random.Random, seq: int, begin: int, end: int) -> Iterator[Record]:
    """A sample every two seconds and a line every ten, as a recorder and a kernel leave them."""
    for at in range(begin, end, 2_000_000):
        seq += 1
        yield Sample(seq, at, {name: 100 * dice.random() for name in _SAMPLED})
    for row, at in enumerate(range(begin, end, 10_000_000)):
        seq += 1
        text = f"epoch {row}: loss {dice.random():.4f}, accuracy {dice.random():.4f}\n"
        yield Console(seq, at, 0, "stdout", row, 0, text, 0)


def _write_frame(run_dir: RunDir, info: RunInfo, state: RunState, records: list[Record]) -> None:
    frame = LiveFrame()
    for record in records:
        if isinstance(record, Row):
            frame.add(record.attempt, record.step, record.data.items())
            frame.add_time(record.attempt, record.step, record.time)
    ended = records[-1].time
    attempt = AttemptCard(
        n=1,
        cell="script",
        cell_try=1,
        label="script",
        name=None,
        tags=[],
        state="crashed" if state == "crashed" else "failed" if state == "failed" else "finished",
        started=info.created,
        ended=ended,
        config={},
    )
    card = Card(
        id=info.id,
        name=info.name,
        project=info.project,
        tags=info.tags,
        state=state,
        reason="",
        started=info.created,
        ended=ended,
        attempts=[attempt],
        rows=sum(clock.count for clock in frame.clocks.values()),
        rate=None,
        progress=None,
        position=None,
        console=[],
        error=None,
        memory_limit=None,
        dropped=0,
        left_out=0,
        time=ended,
    )
    atomic_write(run_dir.live, frame.to_bytes(1, card), durable=False)


if __name__ == "__main__":
    sys.exit(main())
