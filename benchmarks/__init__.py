"""nbtrack beside other trackers: the same loops, on the same machine, in one run.

`python -m benchmarks` runs every row for every tracker, `--quick` less of it for three of them, in
about two minutes. What each row means and how it is measured is said in `benchmarks.rows`; what the
trackers are and how they are kept off the network, in `benchmarks.trackers`; how the figures become
a page, in `benchmarks.performance`, and what a peer that is ahead pays, in `benchmarks.prices`.

How a figure comes about:

- Each tracker has a virtual environment of its own, with stated versions, kept in
  `benchmarks/.environments`. nbtrack is installed there from this repository as a wheel.
- Each measurement is a fresh process of that environment with an empty home directory, an
  environment made from nothing, the tracker's own offline settings, and proxies that refuse.
- Repetitions are interleaved (nbtrack, wandb, trackio, limit, nbtrack, …), and the next process
  starts when every helper of the one before has gone. A figure is the median of the repetitions.
- Times inside a process are `time.perf_counter_ns()` differences written to an array made
  beforehand. Nothing is subtracted; the `clock` row tells what the clock itself adds to each.
- Machines differ and are busy with other things: trust the ratios, not the seconds.
"""
