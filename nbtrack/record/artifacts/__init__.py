"""Artifacts: files that runs make and use, in versions."""

from .artifact import Artifact
from .entry import Entry, Manifest
from .listing import artifacts, open_artifact

__all__ = ["Artifact", "Entry", "Manifest", "artifacts", "open_artifact"]
