"""``model.json``: the models that a run watched, layer by layer."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from . import documents
from .fetching import fetched
from .layout import RunDir, atomic_write
from .schema import FORMAT_VERSION

Framework = Literal["torch", "keras", "sklearn"]


class LayerInfo(msgspec.Struct, kw_only=True, omit_defaults=False):
    """A part of a model: a layer, a step of a pipeline, or an attribute that fitting made.

    Attributes:
        name: Its path in the model, such as ``encoder.0.linear``; empty for the model itself.
        type: The name of its class.
        depth: How many parts it lies in; 0 for the model itself.
        parameters: How many numbers it learns, with those of its parts. What a model uses twice
            counts once.
        trainable: How many of those are trained.
        output_shape: What it gave in the first pass: a list of sizes (of an attribute, its own
            shape); a list of such lists or a mapping to them where it gave several; None where
            that was not seen. In a shape, None is a size that may vary.
        size_bytes: What its parameters and buffers take in memory, with those of its parts.
    """

    name: str
    type: str
    depth: int
    parameters: int
    trainable: int
    output_shape: list[Any] | dict[str, Any] | None = None
    size_bytes: int | None = None


class ModelInfo(msgspec.Struct, kw_only=True, omit_defaults=False):
    """A model that was watched.

    Attributes:
        name: What it is called in the run; no two are called the same.
        framework: What it is made with.
        type: The name of its class.
        parameters, trainable, size_bytes: As in :class:`LayerInfo`, of all of it.
        layers: Its parts, each before those that lie in it. The first is the model itself.
        settings: The arguments that an estimator of scikit-learn was made with, as JSON.
        text: The model as it prints itself, cut where that is long.
    """

    name: str
    framework: Framework
    type: str
    parameters: int
    trainable: int
    size_bytes: int | None = None
    layers: list[LayerInfo] = []
    settings: dict[str, Any] = {}
    text: str = ""


class ModelDocument(msgspec.Struct, kw_only=True, omit_defaults=False):
    """What ``model.json`` holds: the models in the order in which they were first watched."""

    format: int = FORMAT_VERSION
    models: list[ModelInfo] = []


def of_layers(
    name: str,
    framework: Framework,
    layers: list[LayerInfo],
    *,
    text: str,
    settings: dict[str, Any] | None = None,
) -> ModelInfo:
    """A model of these layers, of which the first is the model itself."""
    whole = layers[0]
    return ModelInfo(
        name=name,
        framework=framework,
        type=whole.type,
        parameters=whole.parameters,
        trainable=whole.trainable,
        size_bytes=whole.size_bytes,
        layers=layers,
        settings=settings or {},
        text=text,
    )


def read_model(run_dir: RunDir) -> list[ModelInfo]:
    """The models that the run watched; none if it watched none.

    Raises:
        DamagedFileError: The file is not what was written.
        NewerFormatError: A newer nbtrack wrote it.
    """
    try:
        return documents.read_document(fetched(run_dir.model), ModelDocument).models
    except FileNotFoundError:
        return []


def keep_model(run_dir: RunDir, model: ModelInfo) -> None:
    """Put a model into the file, in the place of the one that had its name.

    Raises:
        OSError: The file cannot be written.
        DamagedFileError: There is one that is not what was written.
        NewerFormatError: A newer nbtrack wrote it.
    """
    models = {known.name: known for known in read_model(run_dir)}
    models[model.name] = model
    document = ModelDocument(models=list(models.values()))
    atomic_write(run_dir.model, msgspec.json.encode(document))
