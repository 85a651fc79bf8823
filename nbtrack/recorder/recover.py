"""What the next nbtrack process does for runs whose kernel and recorder are both gone."""

from __future__ import annotations

import msgspec

from .._errors import StoreError
from .._process import liveness, this_process
from .._settings import Settings
from ..store import reader
from ..store.death import Death
from ..store.derived import write_derived
from ..store.documents import read_document
from ..store.encoding import encode_spool
from ..store.fold import Fold
from ..store.journal import Journal, now
from ..store.layout import RunDir, Store, new_writer_id
from ..store.merge import merge
from ..store.remains import add_remains, remove_remains
from ..store.removal import LEFTOVER_SECONDS, remove_leftovers
from ..store.saved import bring_all
from ..store.schema import Change, RunInfo, WriterInfo
from ..store.seal import seal_run
from ..store.spool import spooled
from ..store.tail import is_written_by

# What a dead owner wrote, it wrote not much later than it was last heard of.
_LAST_WRITES_SECONDS = 10.0


class Recovery(msgspec.Struct, kw_only=True):
    """What was done for one run.

    Attributes:
        id: The run.
        sealed: Segments that were sealed.
        encoded: Media that were encoded.
        rows: Rows that can be read now.
        damage: Damaged stretches, which stay as they are; everything around them can be read.
        problem: Why it could not be recovered, if it could not.
        silent: Seconds since its kernel, which cannot be seen from here, was last heard of; it
            counts as dead from now on. None where nothing of that kind was decided.
    """

    id: str
    sealed: int = 0
    encoded: int = 0
    rows: int = 0
    damage: list[str] = []
    problem: str | None = None
    silent: float | None = None


def recover(store: Store, *, quick: bool = False, silent: float | None = None) -> list[Recovery]:
    """Seal, merge and sum up every run of a store that nobody records any more.

    Args:
        quick: Look at two names of a run that is in order, as nearly all are; else what killed
            processes left in such runs is removed too.
        silent: Seconds after which a kernel that cannot be seen from here counts as dead, if
            nobody has heard of it: that of a container that is gone. Its run gets the word, for
            all who cannot see the kernel either, and keeps its segments, to which a kernel that
            lives all the same may write. None: such runs are left alone.

    Repeatable, and harmless beside kernels and recorders at work: what is alive is left alone. One
    run that cannot be recovered does not stop the others. Returns what was done, for the runs for
    which there was anything to do.
    """
    remove_leftovers(store, older_than=LEFTOVER_SECONDS)
    done = [_recover(run_dir, quick, silent) for run_dir in store.run_dirs()]
    return [recovery for recovery in done if recovery is not None]


def _recover(run_dir: RunDir, quick: bool, silent: float | None) -> Recovery | None:
    if quick and run_dir.status.exists() and not (run_dir.segments() or spooled(run_dir)):
        return None
    try:
        if silent is None and is_written_by(run_dir, "recorder"):
            return None
        before = reader.snapshot(run_dir)
        if is_recorded(before.fold):
            return _give_up(run_dir, before.fold, silent) if silent is not None else None
        remove_leftovers(run_dir, older_than=LEFTOVER_SECONDS)
        if not is_unfinished(before):
            return None
        encoded = len(spooled(run_dir))
        _record_death(run_dir, before.fold)
        _save_files(run_dir, before.fold)
        sealed = len(seal_run(run_dir))
        merge(run_dir)
        if not reader.select(run_dir).segments:
            reader.write_status(run_dir)
        write_derived(run_dir)
        failed = encode_spool(run_dir)
        after = reader.snapshot(run_dir)
    except (StoreError, OSError) as error:
        return Recovery(id=run_dir.id, problem=str(error))
    damage = [str(item) for item in after.damage]
    damage += [f"media/.spool/{name}: {why}" for name, why in failed.items()]
    if not (sealed or encoded or damage):
        return None
    return Recovery(
        id=run_dir.id,
        sealed=sealed,
        encoded=encoded - len(failed),
        rows=after.fold.rows,
        damage=damage,
    )


def _give_up(run_dir: RunDir, fold: Fold, silent: float) -> Recovery | None:
    """Leave word that a kernel elsewhere is dead, if it has been silent for so many seconds."""
    info = read_document(run_dir.info, RunInfo)
    seen = fold.evidence(run_dir, info, now())
    if seen.owner != "elsewhere" or seen.closing is not None or seen.last_seen is None:
        return None
    if seen.last_seen < silent:
        return None
    _record_death(run_dir, fold)
    return Recovery(id=run_dir.id, rows=fold.rows, silent=seen.last_seen)


def is_unfinished(taken: reader.Snapshot) -> bool:
    """Whether something of a run is left to seal, to merge, to encode or to sum up."""
    waits = taken.selection.segments or spooled(taken.run_dir)
    return bool(waits) or not taken.run_dir.status.exists()


def is_recorded(fold: Fold) -> bool:
    """Whether the owner, or a recorder that will see to it, may still be there."""
    return any(
        liveness(writer.process) != "dead"
        for writer in fold.writers
        if writer.role == "recorder" or writer.writer not in fold.closings
    )


def _save_files(run_dir: RunDir, fold: Fold) -> None:
    """Copy what the owner saved and nobody was left to copy, unless it was changed since.

    Only here, where the owner ran: elsewhere its paths would mean other files.
    """
    owner = fold.owner
    if owner is None or owner.writer in fold.closings or owner.writer in fold.died:
        return
    if liveness(owner.process) == "dead":
        files = [file for file in fold.saved.values() if file.policy != "now"]
        bring_all(run_dir, files, until=fold.last_seen / 1e6 + _LAST_WRITES_SECONDS)


def _record_death(run_dir: RunDir, fold: Fold) -> None:
    """Leave word that the owner is dead, for readers that cannot look up its process."""
    owner = fold.owner
    if owner is None or owner.writer in fold.closings or owner.writer in fold.died:
        return
    info = WriterInfo(
        run=run_dir.id,
        writer=new_writer_id("recorder"),
        role="recorder",
        process=this_process(),
        opened=now(),
    )
    journal = Journal(run_dir, info, Settings.load())
    death = add_remains(Death(), run_dir, owner.writer)
    try:
        journal.append(Change(journal.next_seq(), now(), 0, "owner_died", owner.writer, death))
    finally:
        journal.close()
    remove_remains(run_dir)
