"""Media beside numbers: rows, keys, steps, limits, one copy of the same, and where it is read."""

from __future__ import annotations

import ast
import json
import os
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest

import nbtrack
from nbtrack import (
    DamagedFileError,
    Histogram,
    Html,
    Image,
    NbtrackWarning,
    RunFinishedError,
    Table,
    Text,
)
from nbtrack._run import Run
from nbtrack.recorder.recover import recover
from nbtrack.store.encoding import encode_spool
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.media import media_path
from nbtrack.store.spool import put_raw, spooled
from tests.journals import new_run, view
from tests.media import everywhere, told

PIXELS = numpy.arange(60, dtype=numpy.uint8).reshape(4, 5, 3)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = new_run(tmp_path / "store")
    yield made
    if not made.finished:
        made.finish()


def files(run: Run) -> list[str]:
    """The files of media, encoded and waiting."""
    return sorted(path.name for path in (run.path / "media").rglob("*") if path.is_file())


def test_numbers_and_media_of_a_row_have_its_step(run: Run) -> None:
    run.log({"loss": 1.0})
    run.log({"img": Image(PIXELS), "loss": 0.5, "nested": {"text": Text("a"), "x": 1}})
    run.log({"img": Image(PIXELS + 1)}, step=7)
    run.log({"loss": 0.25})
    found = everywhere(run)
    assert [(one.key, one.step, one.index) for one in found] == [
        ("img", 1, 0),
        ("img", 7, 0),
        ("nested/text", 1, 0),
    ]
    rows = view(run).history("loss").to_pylist()
    assert [(row["step"], row["value"]) for row in rows] == [(0, 1.0), (1, 0.5), (8, 0.25)]
    assert view(run).history("nested/x")["step"].tolist() == [1]
    assert view(run).rows == 4
    numpy.testing.assert_array_equal(found[1].read(), PIXELS + 1)


def test_the_values_beside_media_are_those_without(run: Run) -> None:
    plain = {"f": 0.1, "i": 2**70, "s": "x", "n": None, "np": numpy.float32(0.5), "l": [1, 2]}
    run.log(plain)
    run.log({**plain, "img": Image(PIXELS)})
    rows = [view(run).history(key).to_pylist() for key in plain]
    for first, second in rows:
        assert (first["value"], first.get("text")) == (second["value"], second.get("text"))


def test_a_list_of_media_is_numbered(run: Run) -> None:
    run.log({"imgs": [Image(PIXELS, caption=str(n)) for n in range(3)], "x": 1})
    found = everywhere(run)
    assert [(one.index, one.caption) for one in found] == [(0, "0"), (1, "1"), (2, "2")]


def test_keys_can_be_chosen_and_are_counted(run: Run) -> None:
    run.log({"a": Image(PIXELS), "b": [Text("x"), Text("y")], "c": Text("z")})
    run.finish()
    assert [one.key for one in view(run).media("b", "c")] == ["b", "b", "c"]
    assert [(one.key, one.kind, one.count) for one in view(run).media_counts()] == [
        ("a", "image", 1),
        ("b", "text", 2),
        ("c", "text", 1),
    ]


def test_a_run_of_media_alone_is_not_empty_and_goes_on_after_its_steps(
    own_process: None, store_dir: Path
) -> None:
    first = nbtrack.init(id="run")
    for _ in range(3):
        first.log({"img": Image(PIXELS)})
    first.finish()
    found = nbtrack.open_run("run")
    assert (found.rows, found.is_empty) == (3, False)
    again = nbtrack.init(id="run", resume="must")
    again.log({"img": Image(PIXELS)})
    again.finish()
    assert [one.step for one in nbtrack.open_run("run").media()] == [0, 1, 2, 3]


def test_the_same_content_is_kept_once(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("<p>")
    for _ in range(3):
        run.log({"a": Image(PIXELS), "b": [Image(PIXELS)], "h": Html("<p>"), "f": Html(path)})
    assert len(files(run)) == 2
    assert encode_spool(RunDir(run.path)) == {}
    run.log({"a": Image(PIXELS)})
    assert spooled(RunDir(run.path)) == []
    assert len(files(run)) == 2
    # The same pixels in another format are another content.
    run.log({"a": Image(PIXELS, file_type="bmp")})
    assert len(files(run)) == 3


def test_nothing_is_encoded_where_it_is_logged(run: Run) -> None:
    run.log({"a": Image(PIXELS), "t": Table(columns=["x"], data=[[1]])})
    assert len(spooled(RunDir(run.path))) == 2
    assert [path for path in (run.path / "media").iterdir() if path.is_file()] == []


@pytest.mark.usefixtures("store_dir")
def test_logging_a_picture_imports_no_encoder(store_dir: Path) -> None:
    from tests.crash.processes import run_python

    run_python(
        "import sys, numpy, nbtrack\n"
        "run = nbtrack.init()\n"
        "run.log({'a': nbtrack.Image(numpy.zeros((2, 2), 'u1')), 'h': nbtrack.Histogram([1.0])})\n"
        "run.finish()\n"
        "heavy = {'PIL', 'arro3', 'duckdb', 'pandas', 'matplotlib'} & sys.modules.keys()\n"
        "assert not heavy, heavy\n",
        NBTRACK_DIR=str(store_dir),
    )


def test_what_is_too_large_is_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store", media_limit=2048)
    large = tmp_path / "large.html"
    large.write_text("x" * 3000)
    with pytest.warns(NbtrackWarning, match="10,000 bytes are more than 2,048.*media_limit"):
        run.log({"img": Image(numpy.zeros((100, 100), numpy.uint8)), "loss": 1.0})
    with pytest.warns(NbtrackWarning, match="3,000 bytes are more than"):
        run.log({"page": Html(large), "small": Text("x")})
    run.finish()
    assert [one.key for one in view(run).media()] == ["small"]
    assert len(view(run).history("loss")) == 1
    assert files(run) == []


def test_where_nothing_can_be_written_numbers_are_kept_and_it_is_said_once(run: Run) -> None:
    (run.path / "media").write_text("in the way")
    with pytest.warns(NbtrackWarning, match="'img' was not recorded: it could not be kept"):
        run.log({"img": Image(PIXELS), "loss": 1.0})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run.log({"img": Image(PIXELS), "loss": 2.0})
    run.finish()
    assert view(run).history("loss")["value"].tolist() == [1.0, 2.0]
    assert view(run).media() == []


def test_media_among_other_things_in_a_list_are_refused(run: Run) -> None:
    with pytest.warns(NbtrackWarning, match="'mixed' was not recorded: a list holds media and"):
        run.log({"mixed": [Image(PIXELS), 3], "x": 1})
    run.finish()
    assert view(run).media() == []
    assert len(view(run).history("x")) == 1


def test_a_foreign_object_that_fails_is_named(run: Run) -> None:
    class Broken(nbtrack.Media):
        kind = "image"

        def keep(self, keeper: Any) -> Any:
            raise RuntimeError("broken")

    with pytest.warns(NbtrackWarning, match="'a' was not recorded: it could not be kept: broken"):
        run.log({"a": Broken(), "x": 1})
    run.finish()
    assert len(view(run).history("x")) == 1


def test_a_file_that_went_away_is_named(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text("<svg/>")
    image = Image(path)
    path.unlink()
    with pytest.warns(NbtrackWarning, match="No such file"):
        run.log({"a": image, "x": 1})


def test_a_run_that_has_ended_takes_no_media(run: Run) -> None:
    run.finish()
    with pytest.raises(RunFinishedError):
        run.log({"a": Image(PIXELS)})
    assert files(run) == []


def test_a_disabled_run_takes_media(own_process: None) -> None:
    run = nbtrack.init(mode="disabled")
    run.log({"a": Image(PIXELS), "h": Histogram([1])})
    run.finish()


def test_plain_rows_never_come_near_media(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def unexpected(*arguments: Any) -> Any:
        raise AssertionError("the slow path")

    scalars = {"x": numpy.float32(1.5), "y": numpy.int64(2)}
    run.log({"a": Image(PIXELS), **scalars})  # what converts to a number is learnt once
    monkeypatch.setattr(Run, "_take_media", unexpected)
    run.log(scalars)
    monkeypatch.setattr(Run, "_encode_slowly", unexpected)
    run.log({"x": 1, "y": 2.0, "z": "text", "n": {"a": True}})
    with pytest.raises(AssertionError, match="the slow path"):
        run.log({"a": Image(PIXELS)})


def test_threads_log_the_same_and_other_media(run: Run) -> None:
    def work(number: int) -> None:
        for at in range(20):
            run.log({f"t{number}": [Image(PIXELS), Image(PIXELS + number * 20 + at)]})

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = everywhere(run)
    assert len(found) == 160
    for number in range(4):
        mine = [one for one in found if one.key == f"t{number}"]
        for at in range(20):
            numpy.testing.assert_array_equal(mine[2 * at].read(), PIXELS)
            numpy.testing.assert_array_equal(mine[2 * at + 1].read(), PIXELS + number * 20 + at)


def test_recover_encodes_what_waits(run: Run) -> None:
    run.log({"a": Image(PIXELS), "t": Table(columns=["x"], data=[[1]])})
    run.finish()
    (done,) = recover(Store(run.path.parent.parent))
    assert (done.encoded, done.problem, done.damage) == (2, None, [])
    assert spooled(RunDir(run.path)) == []
    assert recover(Store(run.path.parent.parent)) == []
    numpy.testing.assert_array_equal(view(run).media("a")[0].read(), PIXELS)


def test_a_damaged_spool_is_said_once_and_left_as_it_is(run: Run) -> None:
    run.log({"a": Image(PIXELS), "b": Image(PIXELS + 1)})
    run.finish()
    damaged, whole = view(run).media()
    path = run.path / "media" / ".spool" / str(damaged.file)
    path.write_bytes(path.read_bytes()[:-1])
    (done,) = recover(Store(run.path.parent.parent))
    assert len(done.damage) == 1
    assert "not what was logged" in done.damage[0]
    assert path.with_name(f"{damaged.file}.damaged").exists()
    assert recover(Store(run.path.parent.parent)) == []
    numpy.testing.assert_array_equal(whole.read(), PIXELS + 1)
    with pytest.raises(FileNotFoundError):
        damaged.read()


def test_a_damaged_file_is_said(run: Run) -> None:
    run.log({"a": Image(PIXELS), "t": Table(columns=["x"], data=[[1]])})
    run.finish()
    for one in view(run).media():
        assert one.path is not None
        one.path.write_bytes(b"something else")
        with pytest.raises(DamagedFileError):
            one.read()


OUTSIDE = [
    "../run.json",
    "..",
    "",
    "/etc/passwd",
    "a.png",
    ".spool/" + "0" * 40 + ".png",
    "0" * 40 + ".png/../../run.json",
    "0" * 40 + ".png\n",
    "0" * 40,
    "0" * 40 + ".PNG",
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_no_name_leads_out_of_the_folder(run: Run, name: str) -> None:
    run.log({"a": Image(PIXELS)})
    with pytest.raises(DamagedFileError, match="is no name of a file of media"):
        media_path(RunDir(run.path), name)


def test_links_are_not_followed(run: Run, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    run.log({"a": Html("x"), "b": Image(PIXELS)})
    run.finish()
    page, image = view(run).media()
    media = run.path / "media"
    (media / str(page.file)).unlink()
    os.symlink(secret, media / str(page.file))
    spool = media / ".spool" / str(image.file)
    os.rename(spool, tmp_path / "raw")
    os.symlink(tmp_path / "raw", spool)
    for one in (page, image):
        with pytest.raises(FileNotFoundError):
            one.read()
    os.rename(media, tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", media)
    os.remove(tmp_path / "elsewhere" / str(page.file))
    (tmp_path / "elsewhere" / str(page.file)).write_text("secret")
    with pytest.raises(FileNotFoundError):
        page.read()


def test_links_and_other_things_are_not_copied_as_files(tmp_path: Path) -> None:
    fifo = tmp_path / "a.svg"
    os.mkfifo(fifo)
    with pytest.raises(nbtrack.InvalidDataError, match="it is no file"):
        Image(fifo)


def test_no_pickle_is_read(run: Run) -> None:
    header = {"encode": "pixels", "dtype": "|O", "shape": [1, 1], "format": "png"}
    run_dir = RunDir(run.path)
    put_raw(run_dir, "png", header, [b"\0" * 8])
    (problem,) = encode_spool(run_dir).values()
    assert "nothing can be made of it" in problem
    root = Path(nbtrack.__file__).parent
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
                assert not names & {"pickle", "shelve", "marshal", "dill", "cloudpickle"}, path
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert isinstance(node.value, ast.Constant), path
                assert node.value.value is False, path


def test_text_that_is_not_unicode_is_shown_escaped(run: Run) -> None:
    table = Table(columns=["\ud800"], data=[["a\ud801"]])
    run.log({"k\ud800": Text("b\ud802", caption="c\ud803"), "t": table})
    found = {one.key: one for one in everywhere(run)}
    assert found["k\\ud800"].read() == "b\\ud802"
    assert found["k\\ud800"].caption == "c\\ud803"
    assert found["t"].read().data == [["a\\ud801"]]


def test_the_table_of_media_is_what_the_records_say(run: Run) -> None:
    import duckdb

    run.log({"img": Image(PIXELS, caption="c"), "loss": 1.0})
    (one,) = everywhere(run)
    (path,) = (run.path / "merged").glob("*.media.parquet")
    rows = duckdb.execute(f"SELECT * FROM '{path}'").fetchall()
    names = [column[0] for column in duckdb.execute(f"DESCRIBE FROM '{path}'").fetchall()]
    row = dict(zip(names, rows[0], strict=True))
    assert len(rows) == 1
    assert json.loads(row.pop("info")) == one.info
    writer, seq = row.pop("writer"), row.pop("seq")
    assert {**row, "info": one.info} == told([one])[0]
    (metrics,) = (run.path / "merged").glob("*.metrics.parquet")
    # The numbers of the same call have the same number.
    assert duckdb.execute(f"SELECT writer, seq FROM '{metrics}'").fetchall() == [(writer, seq)]
