"""The version of nbtrack."""

__version__ = "0.1.0"
