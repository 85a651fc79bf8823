"""Runs such as people have, for the pictures of the run table; see ``screenshots``.

The store is the one that ``NBTRACK_DIR`` names, their number the first argument.
"""

from __future__ import annotations

import math
import random
import sys

import nbtrack

STEPS = 120
MODELS = {"resnet18": 0.915, "resnet50": 0.935, "vit-small": 0.925, "convnext-tiny": 0.945}


def train(number: int) -> None:
    """One of them: its seed is its number."""
    chance = random.Random(number)
    model = chance.choice(list(MODELS))
    lr = chance.choice([0.3, 0.1, 0.03, 0.01, 0.003, 0.001])
    optimizer = chance.choice(["sgd", "adamw", "lion"])
    batch = chance.choice([64, 128, 256])
    diverges = lr >= 0.1 and optimizer != "sgd"
    best = MODELS[model] - 0.012 * abs(math.log10(lr) + 2) ** 2 - 0.01 * chance.random()
    speed = 9 + 12 * chance.random() + 4 * abs(math.log10(lr) + 2)
    tags = [
        tag for tag, is_so in (("baseline", number % 11 == 0), ("sweep-3", number > 18)) if is_so
    ]
    if best > 0.938:
        tags.append("best")
    nbtrack.init(
        name=f"{model}-{optimizer}-{number:02}",
        project="birds",
        tags=tags,
        config={
            "lr": lr,
            "batch": batch,
            "optimizer": optimizer,
            "model": model,
            "data": {"augment": chance.choice(["light", "strong"]), "size": 224},
        },
    )
    for step in range(STEPS):
        done = 1 - math.exp(-step / speed)
        noise = 0.012 * chance.gauss(0, 1)
        accuracy = min(0.999, 0.1 + (best - 0.1) * done + noise * (1.2 - done))
        loss = 2.3 * (1 - done) + 2.2 * (1 - best) + 0.05 * abs(noise) / 0.012
        if diverges and step > 20:
            loss *= 1.2 ** (step - 20)
            accuracy = 0.1
        nbtrack.log(
            {
                "train/loss": loss * (0.8 + 0.1 * chance.random()),
                "val/loss": loss,
                "train/accuracy": min(0.999, accuracy + 0.03 * done),
                "val/accuracy": accuracy,
                "lr": lr * 0.5 * (1 + math.cos(math.pi * step / STEPS)),
                "gradients/norm": 4 * (1 - done) + 0.3 * chance.random(),
            }
        )
        if diverges and step == 60:
            nbtrack.finish(exit_code=1)
            return
    nbtrack.finish()


if __name__ == "__main__":
    for run in range(int(sys.argv[1])):
        train(run)
