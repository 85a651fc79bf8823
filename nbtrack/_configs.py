"""What a person may give as a config, turned into what JSON can hold."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ._errors import InvalidSettingError
from ._values import fields, is_dataclass, plain_setting, unwrapped

_TAKEN = (
    "a mapping, a dataclass instance, parsed arguments, a config of OmegaConf or absl, an object"
    " with to_dict(), or the path of a YAML or JSON file"
)
# YAML 1.1 takes 1e-3 for text, since it has no point; nobody means that.
_FLOAT = re.compile(r"[-+]?(\d[\d_]*)(\.[\d_]*)?[eE][-+]?\d+$")


def plain_config(config: Any) -> dict[str, Any]:
    """A config as JSON holds it.

    Args:
        config: A mapping, a dataclass instance, parsed arguments, a config of OmegaConf or absl,
            an object with ``to_dict()``, or the path of a YAML or JSON file.

    Raises:
        TypeError: It is none of those.
        InvalidSettingError: The file cannot be read, or holds something else than a mapping.
    """
    if config is None:
        return {}
    found = _as_mapping(config)
    if not isinstance(found, Mapping):
        raise TypeError(f"config must be {_TAKEN}, not {type(config).__name__}")
    plain = plain_setting(found)
    assert isinstance(plain, dict), "a mapping stays one"
    return plain


def _as_mapping(config: Any) -> Any:
    if isinstance(config, str | os.PathLike):
        return _from_file(Path(config))
    config = unwrapped(config)
    if isinstance(config, Mapping):
        return config
    if is_dataclass(config):
        return fields(config)
    import argparse  # longer to import than all of this package

    if isinstance(config, argparse.Namespace):
        return vars(config)
    # absl's flags, then what Hugging Face's configs and many others have.
    for name in ("flag_values_dict", "to_dict"):
        convert = getattr(config, name, None)
        if callable(convert) and not isinstance(config, type):
            return convert()
    return config


def _from_file(path: Path) -> Mapping[Any, Any]:
    try:
        found = _parsed(path)
    except (OSError, ValueError) as error:
        raise _unusable(path, str(error)) from error
    if not isinstance(found, Mapping):
        raise _unusable(path, "it does not hold a mapping")
    # As in the files that W&B takes and writes: {"lr": {"desc": "the step", "value": 0.1}}.
    return {
        key: value["value"] if _is_described(value) else value
        for key, value in found.items()
        if key not in ("wandb_version", "_wandb")
    }


def _is_described(value: Any) -> bool:
    return isinstance(value, Mapping) and "value" in value and value.keys() <= {"desc", "value"}


def _parsed(path: Path) -> Any:
    if path.suffix == ".json":
        import json

        return json.loads(path.read_text(encoding="utf-8"))
    if path.suffix not in (".yaml", ".yml"):
        raise ValueError("a config file ends in .yaml, .yml or .json")
    import yaml  # type: ignore[import-untyped]

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """With numbers as people write them."""

    Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789"))
    try:
        # A SafeLoader, which makes plain values only.
        return yaml.load(path.read_text(encoding="utf-8"), Loader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _unusable(path: Path, why: str) -> InvalidSettingError:
    return InvalidSettingError(
        f"the file cannot be used: {why}",
        path=path,
        operation="read a config",
        hint="Nothing was recorded.",
    )
