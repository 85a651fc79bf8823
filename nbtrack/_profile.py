"""IPython's profiles, from outside a kernel: what they say of nbtrack, and loading it in them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from . import _settings
from ._errors import ProfileError
from ._settings import FIELDS, Given

DEFAULT_PROFILE = "default"

_SECTION = "NbTrack"
_FILES = ("ipython_config", "ipython_kernel_config")
_STARTUP = "60-nbtrack.py"
_CONTENT = """\
# Written by `nbtrack enable`; `nbtrack disable` removes it.
# Kernels of an environment without nbtrack are left as they are.
def _load_nbtrack():
    import importlib.util

    if importlib.util.find_spec("nbtrack") is not None:
        get_ipython().extension_manager.load_extension("nbtrack")


_load_nbtrack()
del _load_nbtrack
"""


def read_configuration(profile: str = DEFAULT_PROFILE) -> dict[str, Given]:
    """What the configuration files of a profile set, with the file that did; the last one wins.

    Raises:
        ProfileError: One of them cannot be read.
    """
    found: dict[str, Given] = {}
    folders = [
        Path("/etc/ipython"),
        Path("/usr/local/etc/ipython"),
        Path(sys.prefix, "etc", "ipython"),
        profile_folder(profile),
    ]
    for folder in folders:
        for name in _FILES:
            for path in (folder / f"{name}.py", folder / f"{name}.json"):
                if path.is_file():
                    values = _load(path)
                    found |= {k: Given(v, str(path)) for k, v in values.items() if k in FIELDS}
    return found


def apply_configuration() -> None:
    """Have the settings of this process include those of the default profile.

    Raises:
        ProfileError: A configuration file cannot be read.
    """
    _settings.set_from_files(read_configuration())


def profile_folder(profile: str) -> Path:
    """The folder of a profile, whether it exists or not."""
    home = _settings.ipython_directory()
    return (Path(home).expanduser() if home else Path.home() / ".ipython") / f"profile_{profile}"


def startup_file(profile: str) -> Path:
    """The file that loads nbtrack in every kernel of a profile, whether it exists or not."""
    return profile_folder(profile) / "startup" / _STARTUP


def is_enabled(profile: str) -> bool:
    """Whether :func:`enable` was called for this profile."""
    return startup_file(profile).is_file()


def enable(profile: str = DEFAULT_PROFILE) -> Path:
    """Have every kernel of a profile load nbtrack when it starts. Returns the file that does it.

    Raises:
        ProfileError: The file cannot be written, or it is there and is not ours.
    """
    path = startup_file(profile)
    _refuse_edited(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_CONTENT, encoding="utf-8")
    except OSError as error:
        raise ProfileError(
            error.strerror or str(error), path=path, operation="enable nbtrack"
        ) from error
    return path


def disable(profile: str = DEFAULT_PROFILE) -> Path | None:
    """Take :func:`enable` back. Returns the file that was removed, None if there was none.

    Raises:
        ProfileError: The file cannot be removed, or somebody changed it.
    """
    path = startup_file(profile)
    if not path.is_file():
        return None
    _refuse_edited(path)
    try:
        path.unlink()
    except OSError as error:
        raise ProfileError(
            error.strerror or str(error), path=path, operation="disable nbtrack"
        ) from error
    return path


def _refuse_edited(path: Path) -> None:
    if path.is_file() and path.read_text(encoding="utf-8", errors="replace") != _CONTENT:
        raise ProfileError(
            "this file is not as nbtrack writes it",
            path=path,
            hint="Remove it by hand if it is not wanted.",
        )


def _load(path: Path) -> dict[str, Any]:
    from traitlets.config.loader import JSONFileConfigLoader, PyFileConfigLoader

    loader = PyFileConfigLoader if path.suffix == ".py" else JSONFileConfigLoader
    try:
        return dict(loader(path.name, str(path.parent)).load_config().get(_SECTION, {}))
    except Exception as error:  # the file is a program
        raise ProfileError(
            f"{type(error).__name__}: {error}",
            path=path,
            operation="read IPython's configuration",
            hint="IPython itself cannot use this file either.",
        ) from error
