"""Runs are brought from a place, keep their ids, and go on here."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import nbtrack
from nbtrack import SyncError
from nbtrack.store import edits
from nbtrack.store.artifacts import versions
from nbtrack.store.fetching import Elsewhere
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.merge import merge, only_merger
from nbtrack.store.seal import seal_run
from nbtrack.store.view import RunView
from nbtrack.sync.mirror import Mirror
from nbtrack.sync.place import Place
from nbtrack.sync.pull import Pulled, Puller, pull_artifacts
from tests.s3 import S3
from tests.sync.recorded import begun, ended, filled, here, sent, version


@pytest.fixture
def mine(tmp_path: Path) -> Store:
    return Store(tmp_path / "mine")


@pytest.fixture
def theirs(tmp_path: Path) -> Store:
    return Store(tmp_path / "theirs")


def pull(store: Store, url: str, *runs: str) -> list[Pulled]:
    return Puller(store, Place(url)).pull(list(runs))


def same(first: Store, second: Store, run: str) -> bool:
    """Whether both hold the same of a run, in whatever sets it lies."""
    one, two = (RunView(store.run(run)) for store in (first, second))
    return (
        {**one.to_dict(), "path": ""} == {**two.to_dict(), "path": ""}
        and one.history().to_pylist() == two.history().to_pylist()
        and [media.file for media in one.media()] == [media.file for media in two.media()]
    )


@pytest.mark.parametrize("merged", [True, False])
def test_all_of_a_run(mine: Store, theirs: Store, url: str, merged: bool) -> None:
    run_dir = ended(begun(theirs, "one"), merged=merged)
    sent(theirs, url, "one")
    (outcome,) = pull(mine, url, "one")
    assert (outcome.run, outcome.problem) == ("one", "")
    assert same(mine, theirs, "one")
    copied = mine.run("one")
    for path in (run_dir.files / "model.bin", run_dir.media / "0f.png", run_dir.requirements):
        name = path.relative_to(run_dir.path)
        assert (copied.path / name).read_bytes() == path.read_bytes()
    assert copied.info.read_bytes() == run_dir.info.read_bytes()
    before = here(mine.path)
    assert pull(mine, url, "one") == [Pulled("one")]
    assert here(mine.path) == before


def test_a_run_resumed_elsewhere_is_the_same_run(mine: Store, theirs: Store, url: str) -> None:
    ended(begun(theirs, "one"))
    sent(theirs, url, "one")
    pull(mine, url, "one")
    code = (
        "import sys, nbtrack\n"
        "run = nbtrack.init(dir=sys.argv[1], id='one', resume='must')\n"
        "for step in range(5): run.log({'loss': 0.5})\n"
        "run.finish()\n"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(mine.path)],
        env={**os.environ, "NBTRACK_RECORDER": "off", "PYTHONPATH": str(Path(__file__).parents[2])},
        check=True,
    )
    run_dir = mine.run("one")
    seal_run(run_dir)
    merge(run_dir)
    sent(mine, url, "one")
    (outcome,) = pull(theirs, url, "one")
    assert outcome.problem == ""
    view = RunView(theirs.run("one"))
    assert (view.id, view.rows, len(view.parts)) == ("one", 25, 2)
    assert view.history("loss").to_pandas()["step"].tolist() == list(range(25))
    assert same(mine, theirs, "one")


def test_what_is_here_and_not_there_stays(mine: Store, theirs: Store, url: str) -> None:
    """A run that goes on here: nothing of it is replaced by the older copy."""
    run = begun(mine, "one")
    filled(run)
    sent(mine, url, "one")
    filled(run)
    rows = RunView(mine.run("one")).rows
    before = {name: (mine.path / name).stat().st_ino for name in here(mine.path)}
    assert pull(mine, url, "one") == [Pulled("one")]
    assert {name: (mine.path / name).stat().st_ino for name in here(mine.path)} == before
    assert RunView(mine.run("one")).rows == rows
    ended(run)
    assert pull(mine, url, "one") == [Pulled("one")], "sealed sets that the merge replaced"
    assert RunView(mine.run("one")).rows == rows


def test_a_table_that_is_missing_there(mine: Store, theirs: Store, tmp_path: Path) -> None:
    ended(begun(theirs, "one"))
    there = tmp_path / "there"
    sent(theirs, there.as_uri(), "one")
    (table,) = there.rglob("*.metrics.parquet")
    content = table.read_bytes()
    table.unlink()
    (outcome,) = pull(mine, there.as_uri(), "one")
    assert "some tables are missing there: metrics" in outcome.problem
    assert list(mine.run_dirs()) == []
    table.write_bytes(content)
    assert pull(mine, there.as_uri(), "one")[0].problem == ""
    assert same(mine, theirs, "one")


def test_a_merge_there_replaces_what_is_here(mine: Store, theirs: Store, url: str) -> None:
    run = begun(theirs, "one")
    filled(run)
    sent(theirs, url, "one")
    pull(mine, url, "one")
    assert len(mine.run("one").sealed_sets()) >= 1
    ended(run)
    sent(theirs, url, "one")
    assert pull(mine, url, "one")[0].problem == ""
    assert mine.run("one").sealed_sets() == []
    assert same(mine, theirs, "one")


def test_edits_come_along(mine: Store, theirs: Store, url: str) -> None:
    run_dir = ended(begun(theirs, "one"))
    sent(theirs, url, "one")
    pull(mine, url, "one")
    edits.edit(RunView(run_dir), name="renamed")
    edits.edit(RunView(mine.run("one")), tags=["kept"])
    sent(theirs, url, "one")
    assert pull(mine, url, "one") == [Pulled("one", 1, len(b'{"name":"renamed"}'))]
    view = RunView(mine.run("one"))
    assert (view.name, view.tags) == ("renamed", ["kept"])


def test_it_appears_in_one_step(mine: Store, theirs: Store, url: str) -> None:
    """What was brought before something failed is kept, and is no run until all is there."""

    class Losing(Place):
        """Loses a file between the list and the look."""

        def listing(self, folder: str = "") -> dict[str, Elsewhere]:
            return {**super().listing(folder), "runs/one/media/lost.png": Elsewhere(3, 0)}

    ended(begun(theirs, "one"))
    sent(theirs, url, "one")
    (outcome,) = Puller(mine, Losing(url)).pull(["one"])
    assert "lost.png" in outcome.problem
    assert list(mine.run_dirs()) == []
    left = {name for name in here(mine.path) if "pulled" in name}
    assert left
    (outcome,) = pull(mine, url, "one")
    assert outcome.problem == ""
    all_files = len(Place(url).sizes("runs/one")) - 1
    assert outcome.files + len(left) == all_files, "the list of a merged set is none of them"
    assert same(mine, theirs, "one")
    assert not any("pulled" in name for name in here(mine.path))


def test_killed_at_any_moment(mine: Store, theirs: Store, url: str) -> None:
    names = [f"run{n}" for n in range(6)]
    for name in names:
        ended(begun(theirs, name, rows=200))
    sent(theirs, url, *names)
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from nbtrack.store.layout import Store\nfrom nbtrack.sync.place import Place\n"
        "from nbtrack.sync.pull import Puller\n"
        "print('ready', flush=True)\n"
        "Puller(Store(Path(sys.argv[1])), Place(sys.argv[2])).pull(sys.argv[3:])\n"
    )
    dice = random.Random(9)
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(mine.path), url, *names],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.readline()
        try:
            process.wait(dice.uniform(0.02, 0.3))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.communicate()
        for run_dir in mine.run_dirs():
            assert same(mine, theirs, run_dir.id)
    assert [one.problem for one in pull(mine, url, *names)] == [""] * 6
    assert all(same(mine, theirs, name) for name in names)


def test_artifacts_have_numbers_of_this_store(
    mine: Store, theirs: Store, url: str, tmp_path: Path
) -> None:
    version(mine, b"of mine", run="other")
    version(mine, b"the same", run="other")
    ended(begun(theirs, "one"))
    version(theirs, b"of theirs", run="one")
    version(theirs, b"the same", run="one")
    sent(theirs, url, "one")
    copy = Mirror(Place(url), folder=tmp_path / "copy")
    copy.refresh()
    pull(mine, url, "one")
    told = pull_artifacts(mine, copy, ["one"])
    assert [(one.label, one.there, one.problem) for one in told] == [
        ("data:v0", "data:v2", ""),
        ("data:v1", "data:v1", ""),
    ]
    assert [one.version for one in versions(mine, "data")] == [0, 1, 2]
    got = Path(nbtrack.open_artifact("data:v2", dir=mine.path).download(tmp_path / "got"))
    assert (got / "a").read_bytes() == b"of theirs"
    assert pull_artifacts(mine, copy, ["nobody"]) == []


def test_what_is_refused(mine: Store, theirs: Store, url: str) -> None:
    ended(begun(theirs, "one"))
    ended(begun(theirs, "two"))
    sent(theirs, url, "one", "two")
    ended(begun(mine, "one"))
    one, two, three = pull(mine, url, "one", "two", "three")
    assert "another run of this id is here" in one.problem
    assert two.problem == ""
    assert "there is no such run" in three.problem
    with only_merger(mine.run("two")) as alone:
        assert alone
        (again,) = pull(mine, url, "two")
    assert "the run is being merged" in again.problem
    assert "Pull it again later." in again.problem


def test_a_run_that_went_on_at_both(mine: Store, theirs: Store, url: str) -> None:
    ended(begun(theirs, "one"))
    sent(theirs, url, "one")
    pull(mine, url, "one")
    for store in (mine, theirs):
        code = (
            "import sys, nbtrack\n"
            "run = nbtrack.init(dir=sys.argv[1], id='one', resume='must')\n"
            "run.log({'loss': 0.5})\nrun.finish()\n"
        )
        root = str(Path(__file__).parents[2])
        subprocess.run(
            [sys.executable, "-c", code, str(store.path)],
            env={**os.environ, "NBTRACK_RECORDER": "off", "PYTHONPATH": root},
            check=True,
        )
        seal_run(store.run("one"))
        merge(store.run("one"))
    sent(theirs, url, "one")
    before = here(mine.path)
    (outcome,) = pull(mine, url, "one")
    assert "went on here and elsewhere" in outcome.problem
    assert here(mine.path) == before
    assert RunView(mine.run("one")).rows == 21


def test_a_place_that_does_not_answer(mine: Store, s3: S3) -> None:
    with pytest.raises(SyncError, match="no such bucket"):
        pull(mine, "s3://no-such-bucket-here", "one")


def test_links_and_hidden_runs(mine: Store, theirs: Store, url: str) -> None:
    """A run that is half brought is no run for anybody."""
    ended(begun(theirs, "one"))
    sent(theirs, url, "one")
    pull(mine, url, "one")
    RunDir(mine.run("one").path).path.rename(mine.runs / ".one.pulled")
    assert list(nbtrack.runs(dir=mine.path)) == []
    assert pull(mine, url, "one")[0].problem == ""
    assert len(nbtrack.runs(dir=mine.path)) == 1
