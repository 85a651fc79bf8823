"""``watch()`` of Keras models: layers, weights and output shapes."""

from __future__ import annotations

import os
from typing import Any

import pytest

import nbtrack
from tests import large
from tests.stores import models

large.library("torch")
os.environ.setdefault("KERAS_BACKEND", "torch")
keras: Any = large.library("keras")

pytestmark = pytest.mark.usefixtures("own_process")


def test_a_model_of_nested_layers() -> None:
    base = keras.Sequential(
        [keras.layers.Dense(3, name="d1"), keras.layers.BatchNormalization(name="norm")],
        name="base",
    )
    base.layers[0].trainable = False
    inputs = keras.Input((4,), name="in")
    hidden = base(inputs)
    model = keras.Model(inputs, [keras.layers.Dense(2, name="out")(hidden), hidden])
    run = nbtrack.init()
    run.watch(model)
    (info,) = models(run)
    assert (info.framework, info.type) == ("keras", "Functional")
    assert (info.parameters, info.trainable) == (model.count_params(), 6 + 8)
    assert info.size_bytes == 4 * info.parameters
    assert [(part.depth, part.name, part.type, part.output_shape) for part in info.layers] == [
        (0, "", "Functional", [[None, 2], [None, 3]]),
        (1, "in", "InputLayer", [None, 4]),
        (1, "base", "Sequential", [None, 3]),
        (2, "base.d1", "Dense", [None, 3]),
        (2, "base.norm", "BatchNormalization", [None, 3]),
        (1, "out", "Dense", [None, 2]),
    ]
    assert "BatchNormalization" not in info.text  # the summary does not go into nested models
    assert "Total params: 35" in info.text


def test_a_model_that_is_built_later() -> None:
    model = keras.Sequential([keras.layers.Dense(3)])
    run = nbtrack.init()
    run.watch(model)
    assert models(run)[0].parameters == 0
    model(keras.ops.zeros((8, 4)))
    run.finish()
    (info,) = models(run)
    assert info.parameters == 15
