"""Media in the rows of a run: kept beside the numbers of the same ``log()`` call."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ._errors import InvalidDataError
from ._settings import Settings
from .store.faults import fault
from .store.journal import Journal
from .store.layout import RunDir
from .store.schema import Media

if TYPE_CHECKING:
    from .record.media import Keeper

# Of these libraries objects may be given as they are; while none is there, there are none.
_LIBRARIES = frozenset({"nbtrack.record.media", "PIL", "matplotlib", "plotly", "altair"})


class MediaRows:
    """The part of a run that takes media out of rows."""

    _finished: bool
    _journal: Journal
    _run_dir: RunDir
    _settings: Settings
    _refuse_finished: Callable[[str], Any]

    def _take_media(
        self, data: Mapping[Any, Any], place: tuple[int, int, int, int], refused: dict[str, str]
    ) -> tuple[Mapping[Any, Any], bool]:
        """Keep the media of a row, and leave a record of each.

        Args:
            place: The ``seq``, time, attempt and step of the row.
            refused: Takes the key and the reason of what could not be kept.

        Returns:
            The rest of the row, and whether there was any that was kept.

        Raises:
            RunFinishedError: The run has ended.
        """
        if _LIBRARIES.isdisjoint(sys.modules):
            return data, False
        from .record.media import Keeper, bare

        rest, found = bare.take(data, refused)
        if found and self._finished:
            self._refuse_finished("log")
        keeper = Keeper(self._run_dir, self._settings.media_limit)
        kept = [self._keep(one, place, keeper, refused) for one in found]
        return rest, any(kept)

    def _keep(
        self, found: Any, place: tuple[int, int, int, int], keeper: Keeper, refused: dict[str, str]
    ) -> bool:
        from .record.media.base import text_of

        key = text_of(found.key)
        try:
            kind, file, size, info = found.media.keep(keeper)
        except InvalidDataError as error:
            refused[key] = str(error)
            return False
        except Exception as error:  # a full disk, or whatever a foreign object raises
            refused[key] = f"it could not be kept: {str(error) or type(error).__name__}"
            return False
        seq, time, attempt, step = place
        fault("media.before_record")
        # What refers comes after what it refers to.
        self._journal.append(
            Media(seq, time, attempt, step, key, found.place, kind, file, size, info)
        )
        fault("media.after_record")
        return True
