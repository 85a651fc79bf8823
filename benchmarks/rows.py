"""The rows of the benchmark: what is run for each, and what its figures mean.

A case that takes a tracker longer than half a minute is run once, all others in each repetition.

`clock`
    Two readings of the clock with nothing between them. Every latency below contains it once.
`import`
    A fresh process, its bytecode compiled before. `import` is the import statement; `start` is the
    tracker's `init()`; `first log` is the first call after it; `ready` is the three together.
`latency`
    `log()` back to back: one dict of fresh Python floats per call, made outside the timed part.
    1, 3, 10 and 100 scalars; 10 as `numpy.float64` and as `numpy.float32`; 3 while another thread
    of the process runs Python code without a pause. Each case in its own process. 200 calls come
    before the first one counted.
`memory`
    200,000 calls of 3 scalars, or as many as there are in a minute. `growth` is the highest
    resident memory of the logging process, looked at every 5,000 calls, less that before the first
    (`private`: without pages shared with other processes or with files). `helpers` is the highest
    resident memory, ever, of the processes that the tracker had started before `finish()`, added
    up; `later` that of the largest that it started afterwards. `finish` is the time that `finish()`
    took, `settled` how long after the end of the logging process its last helper was gone.
`loop`
    Steps of 1 ms of Python code, then `log()` of 3 scalars. `cost` is what tracking takes away:
    (median `log()` + CPU time of the tracker's threads per step) / the median step without it.
    `wall` is the whole loop against the mean of the same loop before `init()` and after `finish()`;
    `helpers` is CPU time of helper processes per wall time, which other cores can take.
    Three cases, by what fills the step: Python code, products of small numpy arrays, and batches of
    a small network of torch, each in one thread of the CPU. torch is run where `--torch` asks for
    it: all trackers find one that is installed once, behind everything of their own.
`kill`
    3 scalars after each wait of 1 ms (a tracker's threads have all the time they want), until the
    process is killed with SIGKILL, at a moment that differs between the repetitions. It counts its
    finished `log()` calls in a file mapped into memory, outside the tracker. `lost` are those calls
    of which nothing can be read afterwards, `doubled` those that are read more than once.
    `state` is what the tracker says of the run then, `-` where it says nothing or keeps none.
`disk`
    Bytes on disk per scalar once the run has ended and every helper is gone; 10 scalars a row,
    100,000 rows or as many as there are in half a minute.
    `mix` is what a training loop logs: a noisy loss, its smoothed copy, a gradient norm, an
    accuracy in multiples of 1/64, a learning rate on a cosine, a throughput rounded to float32, the
    epoch and the number of samples seen (integers), a constant, and a validation loss that changes
    every 100 rows. `random` is 10 independent uniform floats, which nothing can compress much.
`read`
    One metric of 1,000,000 points (of a run with this one metric) as a numpy array, by the
    tracker's own reading interface, in a fresh process; no figure where writing them takes longer
    than two minutes. `read` is the median of up to five reads after the first, none begun after
    half a minute, `first` the first one with what it has to import,
    `live` the first complete one in the logging process before the run has ended. `chart` is what
    the tracker draws of it in 1,000 points or buckets, from its files and not in a browser.
`notebook`
    `%load_ext` in a shell of IPython, with the import of the module; for what is an extension.
`images`
    Pictures of 256 x 256 random bytes, one a call. `calls` are those that return in a second;
    `kept` are those that are on the disk in a second of all the time until `finish()` has returned
    and the last helper is gone.
`artifact`
    A folder of files of 1 KiB: until it is recorded, where a tracker lets one wait for that, and
    the same folder once more; what `finish()` takes after them; and what all of it takes on the
    disk, caches included, as a multiple of what the files hold.
`growth`
    Runs of 3 scalars a row: the median `log()` of the last 1,000 rows, how much the process has
    grown, and one metric read in a fresh process, the imports included. A tracker that needs more
    than a minute, or 2 GiB, is stopped, has no figure, and no part in longer runs.
`runs`
    All runs of a store with their names and states, in a fresh process: the first time, with the
    imports, and the median of five more. One row in each; no figure where writing them takes longer
    than two minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One number of a case. `target` is the highest value that nbtrack is meant to have."""

    name: str
    label: str
    unit: str
    target: float | None = None
    #: The higher, the better; for all others it is the lower.
    more: bool = False
    #: Neither is better: it tells how much was done.
    neutral: bool = False


@dataclass(frozen=True)
class Stage:
    """One process: a function of `benchmarks.workloads` and what it is given.

    With `kill_after`, the process is killed so many seconds after its first acknowledged row. A
    `once` stage is run for the first repetition only, and the others find what it left.
    """

    workload: str
    parameters: dict[str, int | float | str] = field(default_factory=dict)
    kill_after: float | None = None
    once: bool = False


@dataclass(frozen=True)
class Case:
    """Stages run one after another in one directory, and the figures that they give together."""

    name: str
    stages: tuple[Stage, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Row:
    """Cases shown together in one table, and chosen together by `--only`."""

    name: str
    title: str
    cases: tuple[Case, ...]
    #: The only trackers it is for; empty: for all.
    only: tuple[str, ...] = ()
    #: Each case asks for more than the one before: who gives up in one has no part in the next.
    grows: bool = False


@dataclass(frozen=True)
class Scale:
    """How much is run: the sizes of the loops and the number of repetitions."""

    repetitions: int
    calls: int
    memory_rows: int
    steps: int
    disk_rows: int
    points: int
    kill_after: float
    seconds: float
    images: int
    files: int
    rows: tuple[int, ...]
    runs: tuple[int, ...]
    #: How long a run may take to write.
    patience: float
    torch: bool = False
    #: Leave out what is a variant of something else.
    brief: bool = False


FULL = Scale(
    repetitions=3,
    calls=20_000,
    memory_rows=200_000,
    steps=3_000,
    disk_rows=100_000,
    points=1_000_000,
    kill_after=3.0,
    seconds=2.5,
    images=500,
    files=10_000,
    rows=(10_000, 100_000, 1_000_000, 10_000_000),
    runs=(10, 100, 1_000, 10_000),
    patience=60.0,
)
QUICK = Scale(
    repetitions=1,
    calls=3_000,
    memory_rows=20_000,
    steps=1_000,
    disk_rows=5_000,
    points=50_000,
    kill_after=1.0,
    seconds=2.0,
    images=50,
    files=300,
    rows=(10_000,),
    runs=(10,),
    patience=15.0,
    brief=True,
)


def _latency(
    name: str,
    label: str,
    scale: Scale,
    parameters: dict[str, int | float | str],
    p50: float | None = None,
    p99: float | None = None,
) -> Case:
    return Case(
        name,
        (Stage("latency", {"calls": scale.calls, "seconds": scale.seconds, **parameters}),),
        (
            Figure("p50", f"{label}, p50", "µs", p50),
            Figure("p99", f"{label}, p99", "µs", p99),
            Figure("max", f"{label}, max", "µs"),
        ),
    )


def rows(scale: Scale) -> tuple[Row, ...]:
    """All rows, in the order in which they are run and shown."""
    clock = Case(
        "clock",
        (Stage("clock", {"calls": scale.calls}),),
        tuple(Figure(name, name, "µs", neutral=True) for name in ("p50", "p99", "max")),
    )
    imports = Case(
        "import",
        (Stage("imports"),),
        (
            Figure("import", "import", "ms", 60),
            Figure("start", "start", "ms"),
            Figure("first_log", "first log", "ms"),
            Figure("ready", "ready", "ms", 150),
        ),
    )
    latency: tuple[Case, ...] = (
        _latency("1", "1 scalar", scale, {"scalars": 1}, 1.5, 15),
        _latency("3", "3 scalars", scale, {"scalars": 3}, None, 15),
        _latency("10", "10 scalars", scale, {"scalars": 10}, 2, 15),
        _latency("100", "100 scalars", scale, {"scalars": 100}, 7, 15),
        _latency("10-float64", "10 float64", scale, {"scalars": 10, "values": "float64"}, 4, 15),
        _latency("10-float32", "10 float32", scale, {"scalars": 10, "values": "float32"}, 4, 15),
        _latency("3-busy", "3, busy thread", scale, {"scalars": 3, "threads": 1}, None, 50),
    )
    if scale.brief:
        latency = tuple(case for case in latency if case.name in ("3", "100", "3-busy"))
    memory = Case(
        "memory",
        (Stage("memory", {"rows": scale.memory_rows, "seconds": scale.patience}),),
        (
            Figure("growth", "growth", "MiB", 8),
            Figure("private", "growth, private", "MiB"),
            Figure("helpers_memory", "helpers", "MiB", 64),
            Figure("later", "later helpers", "MiB", 256),
            Figure("finish", "finish", "ms", 500),
            Figure("settled", "settled", "s"),
        ),
    )
    loops = tuple(
        Case(
            f"loop-{kind}",
            (Stage("loop", {"steps": scale.steps, "kind": kind}),),
            (
                Figure("cost", f"{kind}, cost", "%", 1),
                Figure("log", f"{kind}, median log()", "µs"),
                Figure("threads", f"{kind}, threads' CPU a step", "µs"),
                Figure("wall", f"{kind}, wall clock", "%", neutral=True),
                Figure("helpers", f"{kind}, helpers' CPU", "%"),
                Figure("step", f"{kind}, step without it", "µs", neutral=True),
            ),
        )
        for kind in (
            "python",
            *(() if scale.brief else ("numpy",)),
            *(("torch",) if scale.torch else ()),
        )
    )
    kill = Case(
        "kill",
        (Stage("victim", kill_after=scale.kill_after), Stage("survivors")),
        (
            Figure("lost", "lost", "rows", 0),
            Figure("doubled", "doubled", "rows", 0),
            Figure("acknowledged", "acknowledged", "rows", neutral=True),
            Figure("state", "state", "", neutral=True),
        ),
    )
    disk = tuple(
        Case(
            kind,
            (
                Stage(
                    "write",
                    {"rows": scale.disk_rows, "kind": kind, "seconds": scale.patience / 2},
                ),
                Stage("size", {"key": key}),
            ),
            (Figure("bytes", f"{kind}, per scalar", "B", target),),
        )
        for kind, key, target in (("mix", "train/loss", 6.0), ("random", "metric_0", 8.0))
        if kind == "mix" or not scale.brief
    )
    read = Case(
        "read",
        (
            Stage(
                "write",
                {"rows": scale.points, "kind": "one", "seconds": scale.patience * 2, "live": 1},
                once=True,
            ),
            Stage("rest", once=True),
            Stage("read", {"points": scale.points}),
            Stage("chart", {"points": scale.points}),
        ),
        (
            Figure("read", "read", "ms", 100),
            Figure("first", "first", "ms"),
            Figure("live", "live", "ms"),
            Figure("chart", "chart", "ms", 120),
            Figure("first_chart", "first chart", "ms"),
        ),
    )
    images = Case(
        "images",
        (Stage("images", {"count": scale.images}),),
        (
            Figure("calls", "calls", "/s", more=True),
            Figure("kept", "kept", "/s", more=True),
        ),
    )
    artifact = Case(
        "artifact",
        (Stage("artifact", {"files": scale.files}),),
        (
            Figure("first", "first time", "s"),
            Figure("second", "second time", "s"),
            Figure("finish", "finish", "s"),
            Figure("kept", "on disk", "x"),
        ),
    )
    growth = tuple(
        Case(
            f"growth-{count}",
            (
                Stage("grow", {"rows": count, "seconds": scale.patience}),
                Stage("grown", {"rows": count}),
            ),
            (
                Figure("p50", f"{count:,} rows, p50", "µs"),
                Figure("growth", f"{count:,} rows, growth", "MiB"),
                Figure("read", f"{count:,} rows, read", "ms"),
            ),
        )
        for count in scale.rows
    )
    listings = tuple(
        Case(
            f"runs-{count}",
            (
                Stage("many", {"runs": count, "seconds": scale.patience * 2}, once=True),
                Stage("listing", {"runs": count}),
            ),
            (
                Figure("first", f"{count:,} runs, first", "ms"),
                Figure("listing", f"{count:,} runs", "ms"),
            ),
        )
        for count in scale.runs
    )
    notebook = Case("load_ext", (Stage("load_ext"),), (Figure("load_ext", "%load_ext", "ms", 150),))
    return (
        Row("clock", "the clock's own time", (clock,)),
        Row("import", "import and start", (imports,)),
        Row("notebook", "%load_ext", (notebook,), only=("nbtrack",)),
        Row("latency", f"log() latency, {scale.calls:,} calls", latency),
        Row("memory", f"{scale.memory_rows:,} x 3 scalars", (memory,)),
        Row("loop", f"cost to a loop, {scale.steps:,} steps of 1 ms, 3 scalars", loops),
        Row("kill", f"rows at SIGKILL after about {scale.kill_after:g} s", (kill,)),
        Row("disk", f"at rest, {scale.disk_rows:,} x 10 scalars", disk),
        Row("read", f"one metric of {scale.points:,} points as numpy", (read,)),
        Row("images", f"{scale.images:,} pictures of 256 x 256", (images,)),
        Row("artifact", f"a folder of {scale.files:,} files of 1 KiB", (artifact,)),
        Row("growth", "how a run grows, 3 scalars a row", growth, grows=True),
        Row("runs", "how a list of runs grows", listings, grows=True),
    )
