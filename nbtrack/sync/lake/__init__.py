"""A team's tables in Delta Lake: copies of the rows of runs that have ended.

Each table has a root of its own, below which there is nothing but what nbtrack put there. What is
true stays in the runs: a table may be thrown away and made again.
"""
