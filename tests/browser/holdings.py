"""Runs that hold more than numbers, recorded by a script: media, a model, artifacts in and out."""

from __future__ import annotations

PREPARE = """
import json, sys, nbtrack
from pathlib import Path
here = Path(sys.argv[1])
(here / "data" / "images").mkdir(parents=True)
for at in range(12):
    (here / "data" / "images" / f"{{at:02}}.txt").write_text(f"picture {{at}}\\n" * (at + 1))
(here / "data" / "labels.json").write_text(json.dumps({{"classes": ["cat", "dog"]}}))
(here / "data" / "page.html").write_text("<script>document.title = 'data'</script><p>data</p>")
nbtrack.init(name="prepare data", project="vision")
data = nbtrack.Artifact("pets", type="dataset", description="Cats and dogs.",
                        metadata={{"classes": 2, "source": "<b>made up</b>"}})
data.add_dir(str(here / "data"))
nbtrack.log_artifact(data, aliases=["clean"])
"""

TRAIN = """
import sys, warnings, numpy as np, nbtrack
from pathlib import Path
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
here, bad = Path(sys.argv[1]), sys.argv[2]
random = np.random.default_rng(1)
nbtrack.init(name="train pets", project="vision", config={{"lr": 0.1}})
nbtrack.use_artifact("pets:clean")
x, y = random.normal(size=(200, 4)), random.integers(0, 2, 200)
model = make_pipeline(StandardScaler(), MLPClassifier((8, 4), max_iter=5))
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    model.fit(x, y)
nbtrack.watch(model)
for step in range(6):
    across, up = np.meshgrid(np.linspace(0, 1, 32), np.linspace(0, 1, 32))
    picture = np.stack([across, up, np.full_like(up, step / 6)], axis=2)
    row = {{
        "loss": 1 / (step + 1),
        "samples": [
            nbtrack.Image(np.roll(picture, 5 * at, axis=0), caption=f"sample {{at}} <b>{{bad}}")
            for at in range(3)
        ],
        "weights": nbtrack.Histogram(random.normal(step / 5, 1 + step / 10, 500)),
        "gradients/0.weight": nbtrack.Histogram(random.normal(0, 1 / (step + 1), 300)),
        "notes": nbtrack.Text(f"step {{step}}: {{bad}}"),
    }}
    if step % 2 == 0:
        row["tone"] = nbtrack.Audio(np.sin(np.arange(2000) * (0.1 + step / 20)), sample_rate=8000)
    nbtrack.log(row, step)
boxes = {{"found": {{"box_data": [
    {{"position": {{"minX": 0.1, "maxX": 0.5, "minY": 0.2, "maxY": 0.7}}, "class_id": 1}}],
    "class_labels": {{1: "dog"}}}}}}
mask = np.zeros((32, 32), dtype=np.uint8)
mask[8:20, 10:26] = 1
masks = {{"parts": {{"mask_data": mask, "class_labels": {{1: "dog"}}}}}}
table = nbtrack.Table(columns=["n", "word", "picture", bad])
for n in range(300):
    image = nbtrack.Image(picture[:8, :8]) if n < 3 else None
    table.add_data(n, f"word {{n % 7}}", image, bad)
frames = np.stack([np.roll(picture, 4 * at, axis=1) for at in range(4)])
html = "<p id=here>html</p><script>document.getElementById('here').textContent = 'it runs';" \\
    "try {{ parent.document.title = 'escaped' }} catch (e) {{ document.title = 'kept in' }}" \\
    "const tell = () => document.getElementById('here').textContent = 'it asked';" \\
    "fetch('/nbtrack/api/').then(tell, () => 0)" \\
    "</script>"
nbtrack.log({{
    "boxed": nbtrack.Image(picture, boxes=boxes, masks=masks, caption="a dog"),
    "rows": table,
    "film": nbtrack.Video(frames),
    "page": nbtrack.Html(html),
    "drawing": nbtrack.Figure({{"data": [{{"y": [1, 2, 3]}}], "layout": {{}}}}),
    "confusion": nbtrack.plot.confusion_matrix(y_true=y[:50], preds=1 - y[:50]),
    "roc": nbtrack.plot.roc_curve(y, np.stack([1 - y * 0.6, y * 0.6], axis=1)),
    "bars": nbtrack.plot.bar(nbtrack.Table(columns=["kind", "count"], data=[["a", 3], ["b", 5]]),
                             "kind", "count", title="how many"),
}}, step=6)
nbtrack.alert("it learns", "the loss is below " + bad, level="WARN")
(here / "model.txt").write_text("weights")
nbtrack.log_artifact(str(here / "model.txt"), name="classifier", type="model")
(here / "kept.md").write_text("# kept")
nbtrack.save(str(here / "kept.md"), base_path=str(here), policy="now")
"""

EVALUATE = """
import sys, nbtrack
nbtrack.init(name="evaluate", project="vision")
nbtrack.use_artifact("classifier:latest")
nbtrack.log({{"accuracy": 0.9}})
"""
