"""Runs that hold pictures, tables, a model and artifacts, for the pictures of a run's page.

The store is the one that ``NBTRACK_DIR`` names, the first argument a folder for files.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import nbtrack

EPOCHS = 30
SHOWN = 12


def prepare(folder: Path) -> None:
    """A run that makes the data."""
    data = folder / "digits"
    (data / "train").mkdir(parents=True)
    digits = load_digits()
    for kind in range(10):
        numpy.save(data / "train" / f"{kind}.npy", digits.images[digits.target == kind])
    (data / "labels.json").write_text(json.dumps({"classes": list(range(10))}, indent=2))
    (data / "README.md").write_text("# Digits\n\n1,797 pictures of 8 x 8 pixels, by their class.\n")
    with nbtrack.init(name="prepare digits", project="digits"):
        artifact = nbtrack.Artifact(
            "digits",
            "dataset",
            description="Handwritten digits of 8 x 8 pixels, one file for each class.",
            metadata={"classes": 10, "pictures": len(digits.images), "scale": [0, 16]},
        )
        artifact.add_dir(str(data))
        nbtrack.log_artifact(artifact, aliases=["clean"])


def train(folder: Path) -> None:
    """A run that learns, and shows what it sees."""
    x, x_val, y, y_val = train_test_split(*load_digits(return_X_y=True), random_state=0)
    with nbtrack.init(
        name="digits, linear", project="digits", config={"alpha": 0.003, "components": 24}
    ) as run:
        run.use_artifact("digits:clean")
        first, second = StandardScaler().fit(x), PCA(24, random_state=0)
        second.fit(first.transform(x))
        last = SGDClassifier(loss="log_loss", alpha=0.003, random_state=0)
        steps = [second.transform(first.transform(part)) for part in (x, x_val)]
        for _ in range(EPOCHS):
            last.partial_fit(steps[0], y, classes=range(10))
            probabilities, guesses, right = _seen(last, steps[1], y_val)
            run.log(
                {
                    "val/loss": -float(numpy.log(right).mean()),
                    "val/accuracy": float((guesses == y_val).mean()),
                    "train/accuracy": last.score(steps[0], y),
                    "guesses": [
                        nbtrack.Image(
                            x_val[at].reshape(8, 8) / 16,
                            caption=f"{guesses[at]}, is {y_val[at]}",
                        )
                        for at in range(SHOWN)
                    ],
                    "confidence": nbtrack.Histogram(probabilities.max(axis=1)),
                    "parameters/sgdclassifier.coef_": nbtrack.Histogram(last.coef_),
                }
            )
        probabilities, guesses, right = _seen(last, steps[1], y_val)
        table = nbtrack.Table(columns=["picture", "is", "guess", "confidence"])
        for at in numpy.argsort(right)[:60]:
            table.add_data(
                nbtrack.Image(x_val[at].reshape(8, 8) / 16),
                int(y_val[at]),
                int(guesses[at]),
                round(float(probabilities[at].max()), 4),
            )
        run.log(
            {
                "confusion": nbtrack.plot.confusion_matrix(y_true=y_val, preds=guesses),
                "roc": nbtrack.plot.roc_curve(y_val, probabilities),
                "hardest": table,
            },
            step=EPOCHS - 1,
        )
        model = make_pipeline(first, second, last)
        run.watch(model)
        weights = folder / "weights.npy"
        numpy.save(weights, last.coef_)
        run.log_artifact(str(weights), name="linear", type="model", aliases=["best"])
        run.alert("accuracy above 94 %", "the linear model is as good as last week's")


def _seen(model: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
    """What a model makes of pictures: probabilities, guesses, and what it gives the right class."""
    probabilities = model.predict_proba(x)
    right = probabilities[range(len(y)), y].clip(1e-6)
    return probabilities, probabilities.argmax(axis=1), right


def evaluate() -> None:
    """A run that uses what was made."""
    with nbtrack.init(name="evaluate linear", project="digits") as run:
        run.use_artifact("linear:best")
        run.use_artifact("digits:clean")
        run.log({"accuracy": 0.94})


if __name__ == "__main__":
    here = Path(sys.argv[1])
    prepare(here)
    train(here)
    evaluate()
