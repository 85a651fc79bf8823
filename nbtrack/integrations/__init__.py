"""The frameworks that people train with: one file for each, imported by whoever uses it.

A file imports its framework, so that it has the framework's own classes; this one imports none.
"""

from __future__ import annotations

from typing import NamedTuple


class Framework(NamedTuple):
    """A framework with a file here.

    Attributes:
        packages: What people import; :func:`nbtrack.autolog` waits for the first of them.
        distribution: What pip calls it.
        oldest: The oldest release that is tested.
    """

    packages: tuple[str, ...]
    distribution: str
    oldest: str


FRAMEWORKS = {
    "catboost": Framework(("catboost",), "catboost", "1.2"),
    "keras": Framework(("keras",), "keras", "3.5"),
    "lightgbm": Framework(("lightgbm",), "lightgbm", "4.0"),
    "lightning": Framework(("lightning.pytorch", "pytorch_lightning"), "lightning", "2.4"),
    "optuna": Framework(("optuna",), "optuna", "3.6"),
    "sklearn": Framework(("sklearn",), "scikit-learn", "1.5"),
    "tensorboard": Framework(("torch.utils.tensorboard", "tensorboardX"), "tensorboardX", "2.6"),
    "torch": Framework(("torch",), "torch", "2.13"),
    "tqdm": Framework(("tqdm",), "tqdm", "4.66"),
    "transformers": Framework(("transformers",), "transformers", "4.46"),
    "xgboost": Framework(("xgboost",), "xgboost", "2.1"),
}
