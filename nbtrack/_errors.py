"""Everything nbtrack raises or warns with.

::

    NbtrackError                      what happened, to which path, what to do
    ├── UsageError (ValueError)       an argument cannot be used
    │   ├── ConfigError
    │   ├── InvalidRunIdError
    │   ├── InvalidKeyError (TypeError)
    │   ├── InvalidStepError (TypeError)
    │   ├── InvalidDataError (TypeError)
    │   ├── InvalidSettingError
    │   ├── InvalidQueryError
    │   ├── InvalidArtifactError
    │   └── NotOfferedError (AttributeError)
    ├── RunStateError (RuntimeError)  the run is not in a state to do this
    │   ├── RunFinishedError
    │   ├── NoRunError
    │   ├── RunExistsError
    │   └── ArtifactStateError
    ├── ProfileError                  a profile of IPython
    ├── SyncError                     an object store
    └── StoreError                    the files of a store
        ├── StoreNotWritableError
        ├── NewerFormatError
        ├── DamagedFileError
        ├── RestoreError
        ├── RunNotFoundError (LookupError)
        ├── AmbiguousRunError (LookupError)
        └── ArtifactNotFoundError (LookupError)

    NbtrackWarning (UserWarning)      recorded as far as it could be; here is what was left out
"""

from __future__ import annotations

import os
from typing import Any


class NbtrackError(Exception):
    """Base of every error of nbtrack.

    Attributes:
        operation: What nbtrack was doing, in a few words.
        path: The file or directory concerned, if there is one.
        hint: What to do about it.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str = "",
        path: str | os.PathLike[str] | None = None,
        hint: str = "",
    ) -> None:
        self.message = message
        self.operation = operation
        self.path = os.fspath(path) if path is not None else None
        self.hint = hint
        text = f"{operation}: {message}" if operation else message
        if self.path is not None:
            text += f" ({self.path})"
        if hint:
            text += f". {hint}"
        super().__init__(text)
        # The text tells what failed on the way here; a second traceback would only hide it.
        self.__suppress_context__ = True


class UsageError(NbtrackError, ValueError):
    """An argument cannot be used; nothing was recorded by the call that raised it."""


class ConfigError(UsageError):
    """A value of the config would become another one, which ``allow_val_change=False`` forbids."""


class InvalidRunIdError(UsageError):
    """A run id outside ``[A-Za-z0-9_-]{1,64}``."""


class InvalidKeyError(UsageError, TypeError):
    """A key of ``log()`` that is not a string."""


class InvalidStepError(UsageError, TypeError):
    """A step that is not an integer of 64 bits."""


class InvalidDataError(UsageError, TypeError):
    """Data that cannot be kept.

    ``log()`` was given something that is not a mapping, or a row too large for a segment; or media
    were made of arguments that do not fit.
    """


class InvalidSettingError(UsageError):
    """A setting or an ``NBTRACK_*`` variable with a value it cannot have."""


class InvalidQueryError(UsageError):
    """``runs(where=…)`` or ``sort=…`` cannot be evaluated over the runs of the store."""


class NotOfferedError(UsageError, AttributeError):
    """A name or an argument of another tracker's that nbtrack does not have; says what it has."""


class InvalidArtifactError(UsageError):
    """A name, an alias or a path that an artifact cannot have, or content that cannot be added."""


class ProfileError(NbtrackError):
    """A file of a profile of IPython cannot be read or written."""


class SyncError(NbtrackError):
    """An object store cannot be reached, read or written.

    Attributes:
        passing: It may work later, without anybody doing anything.
    """

    def __init__(self, message: str, *, passing: bool = False, **more: Any) -> None:
        super().__init__(message, **more)
        self.passing = passing


class RunStateError(NbtrackError, RuntimeError):
    """The run is not in a state in which this can be done."""


class RunFinishedError(RunStateError):
    """The run has ended: ``log()`` came after ``finish()``."""


class NoRunError(RunStateError):
    """There is no current run."""


class RunExistsError(RunStateError):
    """A run with this id exists, or is being recorded by another process."""


class ArtifactStateError(RunStateError):
    """The artifact was recorded, or not yet, or could not be."""


class StoreError(NbtrackError):
    """Something about the files of a store."""


class StoreNotWritableError(StoreError):
    """The store, or a file in it, cannot be written."""


class NewerFormatError(StoreError):
    """A file was written by a newer nbtrack, in a format that this one does not know."""


class DamagedFileError(StoreError):
    """A file whose bytes are not what was written."""


class RestoreError(StoreError):
    """The code of a run cannot be rebuilt: it was not recorded, or its commit is not to be had."""


class RunNotFoundError(StoreError, LookupError):
    """No run of this id or name in the store."""


class AmbiguousRunError(StoreError, LookupError):
    """Several runs have this name; use an id."""


class ArtifactNotFoundError(StoreError, LookupError):
    """No artifact of this name, or no such version of it."""


class NbtrackWarning(UserWarning):
    """Something could not be recorded as it was given; the rest was."""
