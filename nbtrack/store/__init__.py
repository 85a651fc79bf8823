"""The store: the only package that knows a file name or a byte.

=============  =================================================================
layout         where every file of a store lies and what it is called
schema         the records of a journal and the documents of a run, as types
segment        one journal file, as its writer sees it
journal        a writer's sequence of segments
tail           one journal file, as a reader sees it
values         a logged value as the columns that hold it
parquet        the columns of the sealed tables; the only user of arro3
seal, merge    whole segments into Parquet; many sealed sets into one
reader         which files make up a run, and their rows
fold           what the records of a run add up to
state          running, finished, failed or crashed: a pure function
query          SQL over those files
view, catalog  a run, and all runs, as people read them
=============  =================================================================
"""
