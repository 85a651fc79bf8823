"""TensorBoard: what is written into event files is recorded too, and the files are as ever."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy
import pytest

import nbtrack
from nbtrack.integrations import FRAMEWORKS, _patching
from tests.integrations.frameworks import framework, is_installed

framework("tensorboard")
from nbtrack.integrations.tensorboard import mirror  # noqa: E402 - without it, all is skipped

WRITERS = [
    name
    for name in FRAMEWORKS["tensorboard"].packages
    if is_installed(name) and (name == "tensorboardX" or is_installed("tensorboard"))
]
pytestmark = pytest.mark.usefixtures("own_process", "logging")


@pytest.fixture(params=WRITERS)
def package(request: pytest.FixtureRequest) -> Any:
    """The package whose writers write."""
    return import_module(request.param)


def train(writer: Any, steps: int = 20) -> list[float]:
    """Fit a line with its loss written at each step; returns what was written."""
    random = numpy.random.default_rng(0)
    x = random.normal(size=64)
    y = 3 * x + random.normal(scale=0.1, size=64)
    slope, losses = 0.0, []
    for step in range(steps):
        error = slope * x - y
        losses.append(float(numpy.float32((error**2).mean())))
        writer.add_scalar("loss", losses[-1], step)
        slope -= 0.1 * float((error * x).mean())
    return losses


def events(folder: Path) -> Iterator[Any]:
    """The events of all files in a folder, as their format has them."""
    proto = import_module(
        "tensorboardX.proto.event_pb2"
        if is_installed("tensorboardX")
        else "tensorboard.compat.proto.event_pb2"
    )
    for file in sorted(folder.rglob("events.out.*")):
        data = file.read_bytes()
        at = 0
        while at < len(data):
            (size,) = struct.unpack_from("<Q", data, at)
            yield proto.Event.FromString(data[at + 12 : at + 12 + size])
            at += 16 + size


def written(folder: Path) -> list[tuple[str, int, float]]:
    """The plain scalars in the files of a folder."""
    return [
        (value.tag, event.step, value.simple_value)
        for event in events(folder)
        for value in event.summary.value
        if value.WhichOneof("value") == "simple_value"
    ]


def finished() -> nbtrack.RunView:
    """The current run, ended and read back."""
    run = nbtrack.run
    assert run is not None
    run.finish()
    return nbtrack.open_run(run.id)


def recorded(view: nbtrack.RunView, *names: str) -> list[tuple[str, int, float]]:
    return [
        (name, row["step"], row["value"])
        for name in names
        for row in view.history(name).to_pylist()
    ]


def test_what_is_in_the_file_is_in_the_run(package: Any, tmp_path: Path) -> None:
    mirror()
    with package.SummaryWriter(str(tmp_path)) as writer:
        losses = train(writer)
    assert recorded(finished(), "loss") == [("loss", at, loss) for at, loss in enumerate(losses)]
    assert written(tmp_path) == [("loss", at, loss) for at, loss in enumerate(losses)]


def test_tensorboard_reads_the_same(package: Any, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is installed in tests/install")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    mirror()
    with package.SummaryWriter(str(tmp_path)) as writer:
        train(writer)
        writer.add_histogram("weights", numpy.arange(100.0), 3)
        writer.add_image("picture", numpy.full((3, 4, 5), 0.5), 7)
        writer.add_text("note", "of the person", 2)
    view = finished()
    seen = EventAccumulator(str(tmp_path)).Reload()
    assert recorded(view, "loss") == [
        ("loss", event.step, event.value) for event in seen.Scalars("loss")
    ]
    (histogram,) = view.media("weights")
    (event,) = seen.Histograms("weights")
    counts, edges = histogram.read()
    assert histogram.step == event.step == 3
    assert sum(counts) == event.histogram_value.num == 100
    assert list(edges[1:]) == list(event.histogram_value.bucket_limit)[-len(counts) :]
    (picture,) = view.media("picture")
    (event,) = seen.Images("picture")
    assert picture.step == event.step == 7
    assert picture.path is not None
    assert picture.path.read_bytes() == event.encoded_image_string
    (note,) = view.media("note")
    (event,) = seen.Tensors("note/text_summary")
    assert (note.step, note.read()) == (2, event.tensor_proto.string_val[0].decode())


def test_media(package: Any, tmp_path: Path) -> None:
    mirror()
    writer = package.SummaryWriter(str(tmp_path))
    writer.add_histogram("values", numpy.array([-1.0, 0.0, 0.0, 2.0]), 4)
    writer.add_image("gray", numpy.zeros((1, 6, 8), dtype=numpy.uint8), 5)
    writer.add_images("many", numpy.zeros((4, 3, 6, 8), dtype=numpy.uint8), 6)
    writer.add_text("note", "Straße", 7)
    writer.close()
    view = finished()
    (values,) = view.media("values")
    counts, edges = values.read()
    assert (values.step, sum(counts), len(edges)) == (4, 4, len(counts) + 1)
    assert edges[0] <= -1.0 <= 2.0 <= edges[-1]
    assert list(edges) == sorted(edges)
    (gray,) = view.media("gray")
    assert (gray.step, gray.kind, gray.read().shape[:2]) == (5, "image", (6, 8))
    (many,) = view.media("many")
    assert (many.step, many.read().shape[0] * many.read().shape[1] >= 4 * 6 * 8) == (6, True)
    (note,) = view.media("note")
    assert (note.step, note.read()) == (7, "Straße")


def test_figures_are_pictures(package: Any, tmp_path: Path) -> None:
    pyplot: Any = pytest.importorskip("matplotlib.figure")
    pytest.importorskip("matplotlib.backends.backend_agg")
    mirror()
    figure = pyplot.Figure(figsize=(2, 1), dpi=50)
    figure.add_subplot().plot([1, 2])
    with package.SummaryWriter(str(tmp_path)) as writer:
        writer.add_figure("curve", figure, 3, close=False)
    (curve,) = finished().media("curve")
    assert (curve.step, curve.kind, curve.read().shape[:2]) == (3, "image", (50, 100))


def test_several_values_of_one_tag(package: Any, tmp_path: Path) -> None:
    mirror()
    with package.SummaryWriter(str(tmp_path)) as writer:
        for step in range(3):
            writer.add_scalars("loss", {"train": 1.0 / (1 + step), "val": 2.0}, step)
        writer.add_scalar("rate", 0.1, 3)
    view = finished()
    assert view.rows == 4
    assert [row["value"] for row in view.history("loss/train").to_pylist()] == [1.0, 0.5, 1 / 3]
    assert [row["step"] for row in view.history("loss/val").to_pylist()] == [0, 1, 2]
    assert set(view.summary) == {"loss/train", "loss/val", "rate"}


def test_hyperparameters_are_config(package: Any, tmp_path: Path) -> None:
    mirror()
    with package.SummaryWriter(str(tmp_path)) as writer:
        train(writer, 3)
        writer.add_hparams({"rate": 0.1, "depth": 3, "kind": "line"}, {"hparam/accuracy": 0.75})
    view = finished()
    assert view.config == {"rate": 0.1, "depth": 3, "kind": "line"}
    assert view.summary["hparam/accuracy"] == 0.75
    assert set(view.summary) == {"loss", "hparam/accuracy"}


def test_folders_are_told_apart(package: Any, tmp_path: Path) -> None:
    mirror()
    writers = [
        package.SummaryWriter(str(tmp_path / folder))
        for folder in ("runs/train", "runs/val", "runs/train/deep")
    ]
    for value, writer in enumerate(writers):
        writer.add_scalar("loss", value, 5)
        writer.close()
    assert finished().summary == {"loss": 0, "val/loss": 1, "deep/loss": 2}


def test_folders_have_the_names_that_tensorboard_gives_them(package: Any, tmp_path: Path) -> None:
    mirror(tmp_path / "runs")
    for value, folder in enumerate(("runs", "runs/train", "runs/val/fold-1")):
        with package.SummaryWriter(str(tmp_path / folder)) as writer:
            writer.add_scalar("loss", value, 5)
    assert finished().summary == {"loss": 0, "train/loss": 1, "val/fold-1/loss": 2}


def test_another_run_begins_with_its_own_folder(package: Any, tmp_path: Path) -> None:
    mirror()
    for rate in ("0.1", "0.2"):
        with nbtrack.init(name=rate), package.SummaryWriter(str(tmp_path / rate)) as writer:
            writer.add_scalar("rate", float(rate), 0)
    assert [set(run.summary) for run in nbtrack.runs()] == [{"rate"}, {"rate"}]


def test_a_writer_without_steps(package: Any, tmp_path: Path) -> None:
    mirror()
    with package.SummaryWriter(str(tmp_path)) as writer:
        for value in range(3):
            writer.add_scalar("loss", value)
    assert recorded(finished(), "loss") == [("loss", 0, 0.0), ("loss", 1, 1.0), ("loss", 2, 2.0)]
    assert [step for _, step, _ in written(tmp_path)] == [0, 0, 0]


def test_it_can_be_turned_off(package: Any, tmp_path: Path) -> None:
    nbtrack.autolog("tensorboard")
    with package.SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("loss", 1.0, 0)
        nbtrack.autolog("tensorboard", disable=True)
        writer.add_scalar("loss", 2.0, 1)
    assert recorded(finished(), "loss") == [("loss", 0, 1.0)]
    assert len(written(tmp_path)) == 2


def test_what_a_framework_reports_itself_is_not_recorded_twice(
    package: Any, tmp_path: Path, run: nbtrack.Run
) -> None:
    module: dict[str, Any] = {"__name__": "lightning.fabric.loggers.tensorboard"}
    exec("def write(writer, tag): writer.add_scalar(tag, 1.0, 0)", module)
    mirror()
    with package.SummaryWriter(str(tmp_path)) as writer:
        module["write"](writer, "first")
        _patching.logging.add("lightning")
        module["write"](writer, "second")
        writer.add_scalar("third", 1.0, 0)
    assert set(finished().summary) == {"first", "third"}


def test_a_fault_is_a_warning_and_the_file_is_written(
    package: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror()
    monkeypatch.setattr("nbtrack._api.current_run", lambda: 1 / 0)
    with package.SummaryWriter(str(tmp_path)) as writer:
        with pytest.warns(nbtrack.NbtrackWarning, match="what tensorboard did: ZeroDivisionError"):
            writer.add_scalar("loss", 1.0, 0)
        with pytest.warns(nbtrack.NbtrackWarning, match="what tensorboard did: ZeroDivisionError"):
            writer.add_hparams({"rate": 0.5}, {})
    assert written(tmp_path) == [("loss", 0, 1.0)]
