"""The code of a run: what is kept of it, how it is rebuilt, and how two runs differ."""
