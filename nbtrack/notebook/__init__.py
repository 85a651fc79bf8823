"""The notebook's side of tracking: one session per kernel, fed by IPython's cell hooks.

========== ======================================================================
extension  load, unload and attach; the one line that is printed
session    which run is current, when it begins, when it ends
hooks      the wiring into IPython, the kernel and the interpreter's exit
magics     ``%%track``: its options and its input transformer
cells      what is known of a cell, and how it ended
failures   the exception of a cell, as a run keeps it
labels     which cell a file name stands for
engines    engines of ipyparallel, which do work that is no cell
colab      what Google Colab needs besides
server     what a Jupyter server calls this kernel, and word for it of the runs
========== ======================================================================

All state is in the session's module: ``%reload_ext`` reloads ``nbtrack`` itself and nothing else.
"""
