"""Which models are known, without importing what they are made with."""

from __future__ import annotations

import sys
from typing import Any

from ..._errors import InvalidDataError
from ...store.model import Framework


def framework_of(model: Any) -> Framework:
    """What a model is made with.

    Raises:
        InvalidDataError: It is no model that nbtrack knows.
    """
    # Keras first: with torch behind it, its layers are torch modules too.
    keras, torch = sys.modules.get("keras"), sys.modules.get("torch")
    if keras is not None and isinstance(model, keras.layers.Layer):
        return "keras"
    if torch is not None and isinstance(model, torch.nn.Module):
        return "torch"
    sklearn = sys.modules.get("sklearn.base")
    if sklearn is not None and isinstance(model, sklearn.BaseEstimator):
        return "sklearn"
    kind = type(model)
    raise InvalidDataError(
        f"a {kind.__module__}.{kind.__qualname__} is not a model that can be watched",
        operation="watch a model",
        hint="These can: a torch.nn.Module, a model or layer of Keras 3, "
        "an estimator of scikit-learn; or a list of them.",
    )
