"""A script for wandb: a classifier of handwritten digits, tracked as its users do it.

``python wandb_script.py train | resume | use`` runs one of three stages. Nothing in it knows of
nbtrack; the tests run it with another first import and, where wandb is there, as it is. What was
logged is kept beside the script in ``logged.json`` and ``logged.npz``, for whoever compares.
"""

import argparse
import dataclasses
import json
import pathlib
import sys

import numpy as np
import pandas as pd
import wandb
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss

try:
    import torch
except ImportError:
    torch = None

RUN_ID = "digits-baseline"
EPOCHS = 4


@dataclasses.dataclass
class Schedule:
    rate: float = 0.01
    decay: float = 0.5


def digits():
    images, labels = load_digits(return_X_y=True)
    return images[:1200] / 16, labels[:1200], images[1200:] / 16, labels[1200:]


def grey(row):
    return (row.reshape(8, 8) * 255).astype(np.uint8)


def train():
    arguments = argparse.Namespace(alpha=0.0001, layers=[64, 10], schedule="step")
    run = wandb.init(
        entity="a-team",
        project="digits",
        name="baseline",
        id=RUN_ID,
        notes="what the others are compared with",
        tags=["baseline", "linear"],
        group="linear models",
        job_type="train",
        config=arguments,
        mode="offline",
        settings=wandb.Settings(silent=True),
    )
    wandb.config.update({"epochs": EPOCHS, "schedule": "cosine"}, allow_val_change=True)
    run.config.setdefaults({"alpha": 9.0, "batch": 128})
    run.config["rates"] = dataclasses.asdict(Schedule())
    run.define_metric("epoch")
    run.define_metric("val/*", step_metric="epoch")
    run.define_metric("val/accuracy", step_metric="epoch", summary="max")
    run.define_metric("val/loss", step_metric="epoch", summary="min")

    train_x, train_y, val_x, val_y = digits()
    model = SGDClassifier(loss="log_loss", alpha=run.config.alpha, random_state=0)
    logged = {"loss": [], "val": [], "rows": []}
    arrays = {}
    for epoch in range(EPOCHS):
        for start in range(0, len(train_x), 400):
            part = slice(start, start + 400)
            model.partial_fit(train_x[part], train_y[part], classes=np.arange(10))
            loss = log_loss(train_y[part], model.predict_proba(train_x[part]), labels=np.arange(10))
            wandb.log({"train": {"loss": loss, "epoch": epoch}})
            logged["loss"].append(loss)
        guesses = model.predict(val_x)
        accuracy = np.float32((guesses == val_y).mean())
        val_loss = log_loss(val_y, model.predict_proba(val_x), labels=np.arange(10))
        image = grey(val_x[epoch])
        counts, edges = np.histogram(model.coef_, bins=16)
        run.log({"epoch": epoch, "val/accuracy": accuracy}, commit=False)
        run.log(
            {
                "val/loss": val_loss,
                "sample": wandb.Image(image, caption=f"{guesses[epoch]} for {val_y[epoch]}"),
                "weights": wandb.Histogram(np_histogram=(counts, edges)),
            }
        )
        logged["val"].append([epoch, float(accuracy), val_loss])
        arrays[f"sample-{epoch}"] = image
        arrays[f"counts-{epoch}"], arrays[f"edges-{epoch}"] = counts, edges

    table = wandb.Table(columns=["number", "digit", "guess", "sure"])
    sure = model.predict_proba(val_x).max(axis=1)
    for number in range(20):
        row = [number, int(val_y[number]), int(guesses[number]), float(sure[number])]
        table.add_data(*row)
        logged["rows"].append(row)
    frame = pd.DataFrame({"digit": range(10), "images": np.bincount(val_y, minlength=10)})
    gallery = [
        wandb.Image(Image.fromarray(grey(row)), caption=str(y))
        for row, y in zip(val_x[:3], val_y[:3])
    ]
    run.log(
        {
            "guesses": table,
            "per digit": wandb.Table(dataframe=frame),
            "gallery": gallery,
            "confusion": wandb.plot.confusion_matrix(
                y_true=val_y.tolist(), preds=guesses.tolist(), class_names=list("0123456789")
            ),
            "report": wandb.Html("<p>a <b>report</b></p>", inject=False),
        }
    )
    arrays["gallery"] = np.stack([grey(row) for row in val_x[:3]])
    arrays["images"] = frame["images"].to_numpy()

    if torch is not None:
        logged["watched"] = watch_a_network(run, train_x, train_y)

    if accuracy < 0.99:
        wandb.alert(title="accuracy", text=f"only {accuracy:.3f}", level=wandb.AlertLevel.WARN)
        logged["alert"] = f"only {accuracy:.3f}"
    run.summary["best guess"] = float(sure.max())
    wandb.run.summary.update({"classes": 10})
    logged["summary"] = {"best guess": float(sure.max()), "classes": 10}

    here = pathlib.Path("weights")
    here.mkdir(exist_ok=True)
    np.save(here / "coefficients.npy", model.coef_)
    (here / "classes.json").write_text(json.dumps(model.classes_.tolist()))
    artifact = wandb.Artifact(
        "digits-model", type="model", description="coefficients", metadata={"alpha": 0.0001}
    )
    artifact.add_dir(str(here))
    with artifact.new_file("notes/readme.txt") as file:
        file.write("trained on 1,200 images")
    run.log_artifact(artifact, aliases=["latest", "best"])
    pathlib.Path("notes.txt").write_text("kept with the run")
    run.save("notes.txt", policy="now")
    arrays["coefficients"] = model.coef_

    run.tags += ("done",)
    run.finish()
    pathlib.Path("logged.json").write_text(json.dumps(logged))
    np.savez("logged.npz", **arrays)


def watch_a_network(run, train_x, train_y):
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(64, 16), torch.nn.ReLU(), torch.nn.Linear(16, 10))
    run.watch(network, log="all", log_freq=1)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        output = network(torch.as_tensor(train_x, dtype=torch.float32))
        loss = torch.nn.functional.cross_entropy(output, torch.as_tensor(train_y))
        loss.backward()
        optimizer.step()
        run.log({"network loss": loss})
    run.unwatch(network)
    return [name for name, _ in network.named_parameters()]


def resume():
    with wandb.init(project="digits", id=RUN_ID, resume="allow", mode="offline") as run:
        for epoch in range(EPOCHS, EPOCHS + 2):
            run.log({"epoch": epoch, "val/accuracy": 0.5})
        print("resumed", run.id, run.name)
    wandb.finish()


def use():
    with wandb.init(project="digits", job_type="evaluate", mode="offline") as run:
        artifact = run.use_artifact("digits-model:best", type="model")
        folder = pathlib.Path(artifact.download())
        coefficients = np.load(folder / "coefficients.npy")
        readme = (folder / "notes" / "readme.txt").read_text()
        entry = artifact.get_entry("classes.json").download()
        classes = json.loads(pathlib.Path(entry).read_text())
        run.log({"checksum": float(coefficients.sum()), "classes": len(classes)})
        print("used", artifact.name, artifact.version, artifact.type, artifact.metadata, readme)


if __name__ == "__main__":
    {"train": train, "resume": resume, "use": use}[sys.argv[1]]()
