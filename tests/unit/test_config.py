"""The config of a run: what may be given, what becomes of changes."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack import _current
from tests.journals import view

pytestmark = pytest.mark.usefixtures("own_process")


@dataclass
class Optimizer:
    name: str = "adam"
    betas: tuple[float, float] = (0.9, 0.99)


@dataclass
class Training:
    lr: float = 0.1
    optimizer: Optimizer = field(default_factory=Optimizer)


def recorded(config: Any) -> dict[str, Any]:
    """The config of a run that was started with it, read back from the disk."""
    run = nbtrack.init(config=config)
    run.finish()
    return view(run).config


def test_dataclasses_in_dataclasses() -> None:
    assert recorded(Training()) == {
        "lr": 0.1,
        "optimizer": {"name": "adam", "betas": [0.9, 0.99]},
    }


def test_parsed_arguments() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float)
    assert recorded(parser.parse_args(["--lr", "0.5"])) == {"lr": 0.5}


def test_a_config_of_omegaconf_is_resolved_at_every_depth() -> None:
    import omegaconf

    config = omegaconf.OmegaConf.create(
        {"lr": 0.1, "warm": {"lr": "${lr}", "steps": [1, "${lr}"]}, "deep": {"all": "${warm}"}}
    )
    warm = {"lr": 0.1, "steps": [1, 0.1]}
    assert recorded(config) == {"lr": 0.1, "warm": warm, "deep": {"all": warm}}
    assert recorded({"model": config.warm, "steps": config.warm.steps}) == {
        "model": warm,
        "steps": [1, 0.1],
    }


def test_a_config_of_omegaconf_that_refers_to_nothing_is_kept_as_it_stands() -> None:
    import omegaconf

    config = omegaconf.OmegaConf.create({"lr": "${nothing}", "batch": "???", "epochs": 3})
    assert recorded(config) == {"lr": "${nothing}", "batch": "???", "epochs": 3}


def test_flags_of_absl() -> None:
    from absl import flags

    values = flags.FlagValues()
    flags.DEFINE_float("lr", 0.1, "the step", flag_values=values)
    flags.DEFINE_list("layers", ["8", "4"], "sizes", flag_values=values)
    values(["program", "--lr=0.2"])
    found = recorded(values)
    assert (found["lr"], found["layers"]) == (0.2, ["8", "4"])


def test_objects_that_say_what_they_are_as_a_dictionary() -> None:
    class Pretrained:
        def to_dict(self) -> dict[str, Any]:
            return {"hidden_size": 8, "architectures": ["Bert"]}

    assert recorded(Pretrained()) == {"hidden_size": 8, "architectures": ["Bert"]}


def test_files(tmp_path: Path) -> None:
    yaml = tmp_path / "config.yaml"
    yaml.write_text(
        "wandb_version: 1\n"
        "lr: {desc: the step, value: 1e-3}\n"
        "epochs: {value: 10}\n"
        "model: {layers: [8, 4], dropout: .5}\n"
        "name: 1e-3x\n"
    )
    wanted = {
        "lr": 0.001,
        "epochs": 10,
        "model": {"layers": [8, 4], "dropout": 0.5},
        "name": "1e-3x",
    }
    assert recorded(str(yaml)) == wanted
    as_json = tmp_path / "config.json"
    as_json.write_text(json.dumps(wanted))
    assert recorded(as_json) == wanted


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("c.yaml", "a: [1", "flow sequence"),
        ("c.yaml", "- 1\n- 2\n", "does not hold a mapping"),
        ("c.json", "{", "Expecting"),
        ("c.toml", "a = 1", "ends in .yaml, .yml or .json"),
        ("c.yaml", "a: !!python/object/apply:os.getpid []", "could not determine a constructor"),
        ("missing.yaml", None, "No such file"),
    ],
)
def test_files_that_cannot_be_used_say_why(
    tmp_path: Path, name: str, text: str | None, why: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(nbtrack.InvalidSettingError, match=why) as caught:
        nbtrack.init(config=str(path))
    assert caught.value.path == str(path)
    assert _current.get_run() is None


def test_every_change_is_on_the_timeline_with_its_attempt() -> None:
    run = nbtrack.init(config={"lr": 0.1})
    run.config.lr = 0.01
    run.config["lr"] = 0.01  # the same again is no change
    run.config.update({"lr": 0.001, "epochs": 3})
    run.finish()
    found = view(run).config_changes
    assert [(one.key, one.old, one.new) for one in found] == [
        ("lr", None, 0.1),
        ("lr", 0.1, 0.01),
        ("lr", 0.01, 0.001),
        ("epochs", None, 3),
    ]
    assert [one.time for one in found] == sorted(one.time for one in found)
    assert view(run).config == {"lr": 0.001, "epochs": 3}


def test_changes_before_a_run_was_resumed_come_before_those_after() -> None:
    first = nbtrack.init(id="again", config={"lr": 0.1})
    first.log({"loss": 1})
    first.finish()
    second = nbtrack.init(id="again", resume="must", config={"lr": 0.2})
    second.log({"loss": 1})
    second.finish()
    found = view(second).config_changes
    assert [(one.key, one.old, one.new) for one in found] == [("lr", None, 0.1), ("lr", 0.1, 0.2)]


def test_a_config_that_may_not_change_refuses_and_stays() -> None:
    run = nbtrack.init(config={"lr": 0.1, "layers": [8, 4]}, allow_val_change=False)
    with pytest.raises(nbtrack.ConfigError, match=r"config\['lr'\] is 0.1 and may not become 0.2"):
        run.config["lr"] = 0.2
    with pytest.raises(nbtrack.ConfigError):
        run.config.lr = 0.2
    with pytest.raises(nbtrack.ConfigError):
        run.config.update({"epochs": 3, "lr": 0.2})
    run.config.update({"lr": 0.1, "layers": (8, 4), "seed": 1})  # no change, and a new key
    run.config.update({"lr": 0.3}, allow_val_change=True)
    run.finish()
    assert view(run).config == {"lr": 0.3, "layers": [8, 4], "seed": 1}


def test_a_single_update_may_be_refused_where_changes_are_allowed() -> None:
    run = nbtrack.init(config={"lr": 0.1})
    with pytest.raises(nbtrack.ConfigError):
        run.config.update({"lr": 0.2}, allow_val_change=False)
    assert run.config.lr == 0.1


def test_a_run_that_goes_on_with_another_config_is_refused_if_that_may_not_change() -> None:
    first = nbtrack.init(id="again", config={"lr": 0.1})
    first.log({"loss": 1})
    first.finish()
    with pytest.raises(nbtrack.ConfigError):
        nbtrack.init(id="again", resume="must", config={"lr": 0.2}, allow_val_change=False)
    assert view(first).config == {"lr": 0.1}
    assert view(first).state == "finished"


def test_the_ways_to_read_and_set_values() -> None:
    run = nbtrack.init(config={"lr": 0.1})
    run.config.setdefaults({"lr": 5, "epochs": 3})
    run.config.update(Optimizer())
    run.config.update(seed=7)
    run.config.update([("a", 1)])
    assert run.config.setdefault("lr", 9) == 0.1
    assert run.config.get("nothing", 4) == 4
    assert (
        run.config.as_dict()
        == dict(run.config)
        == {
            "lr": 0.1,
            "epochs": 3,
            "name": "adam",
            "betas": [0.9, 0.99],
            "seed": 7,
            "a": 1,
        }
    )
    assert nbtrack.config.lr == run.config["lr"]


def test_tags_notes_and_the_name_may_be_set() -> None:
    run = nbtrack.init(tags=["a"], notes="first", group="g", job_type="train")
    run.tags += ("b",)
    run.notes = "second"
    run.name = "renamed"
    with pytest.raises(AttributeError):
        run.group = "other"  # type: ignore[misc]
    run.log({"loss": 1})
    run.finish()
    found = view(run)
    assert (found.tags, found.notes, found.name) == (["a", "b"], "second", "renamed")
    assert (found.group, found.job_type) == ("g", "train")
    run.tags = "alone"
    assert view(run).tags == ["alone"]
