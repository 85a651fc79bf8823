"""Runs as directories that ``wandb sync`` takes, written by wandb's SDK in a process of its own.

``plan`` says which runs of W&B a run becomes, ``export`` reads it and has them written, ``writer``
is the process that writes: the only one that imports wandb.
"""
