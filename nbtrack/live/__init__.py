"""What viewers see of a run while it is recorded, and what stays of it in the notebook.

======== ========================================================================
frame    every series at a size that can be drawn, kept up to date row by row
card     what is shown besides: state, attempts, progress, the last lines, the error
making   cards, made of what the records of a run add up to
past     both, made of the tables of a run for which nobody publishes them
wire     the two as messages to viewers: whole, or the difference to what they have
picture  the two as a small SVG that needs neither kernel nor JavaScript
======== ========================================================================

The recorder makes them; the kernel and the server pass on what is in the run's directory.
"""
