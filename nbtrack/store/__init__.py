"""The store: the only package that knows a file name or a byte.

=============== ================================================================
layout          where every file of a store lies and what it is called
schema          the records of a journal and the documents of a run, as types
frames          the bytes of a segment file
segment         one journal file, as its writer sees it
journal         a writer's sequence of segments
backlog, locks  what a journal does on a full disk, and between its threads
tail            one journal file, as a reader sees it
values, rows    logged values as the columns that hold them
tables          all other records as rows, and back
digest          what a stretch of rows adds up to
parquet         the columns of the sealed tables, and their encodings
seal, merge     whole segments into Parquet; many sealed sets into one
faults          points at which a test may kill the process
reader          which files make up a run, and their rows
fold            what the records of a run add up to
state           running, finished, failed or crashed: a pure function
query, result   SQL over those files, and the tables that it gives back
series, buckets curves of what was logged, at a size that can be drawn
view, catalog   a run, and all runs, as people read them
registry        the stores that this user has recorded into, and the runs of kernels
=============== ================================================================
"""
