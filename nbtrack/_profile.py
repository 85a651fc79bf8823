"""IPython's profiles, from outside a kernel: what they say of nbtrack, and loading it in them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from . import _environment, _settings
from ._errors import ProfileError
from ._settings import FIELDS, SECTION, Given

if TYPE_CHECKING:
    from traitlets.config.loader import Config, FileConfigLoader

DEFAULT_PROFILE = "default"
# Every IPython of this machine reads it, whatever environment it is of.
MACHINE_FOLDER = Path("/etc/ipython")

# Of two files the later one counts. A kernel reads both, a terminal only the first.
_FILES = ("ipython_config", "ipython_kernel_config")
_APPLICATIONS = ("InteractiveShellApp", "IPKernelApp", "TerminalIPythonApp")
_STARTUP = "60-nbtrack.py"
_CONTENT = """\
# Written by `nbtrack enable`; `nbtrack disable` removes it.
# An environment without nbtrack is left as it is, and so are your names and other startup files.
if __import__("importlib.util").util.find_spec("nbtrack"):
    try:
        get_ipython().extension_manager.load_extension("nbtrack")
    except Exception:
        get_ipython().log.warning("nbtrack is not loaded: %s", __import__("sys").exc_info()[1])
"""


class Configuration(NamedTuple):
    """What the configuration files of a profile say of nbtrack.

    Attributes:
        settings: The values that count, each with its file.
        unknown: What is no setting, in words.
        broken: Why files could not be read; IPython does without these files too.
        loaded_by: The file that lists nbtrack among the extensions to load, if one does.
    """

    settings: dict[str, Given]
    unknown: list[str]
    broken: list[ProfileError]
    loaded_by: str | None


def read_configuration(profile: str = DEFAULT_PROFILE) -> Configuration:
    """Read the configuration files of a profile, as a kernel does, with the system's before it."""
    settings: dict[str, Given] = {}
    unknown: list[str] = []
    broken: list[ProfileError] = []
    loaded_by = None
    for path in _files(profile):
        try:
            configuration = _load(path)
        except ProfileError as error:
            broken.append(error)
            continue
        for name, value in configuration.get(SECTION, {}).items():
            if name in FIELDS:
                settings[name] = Given(value, str(path), f"c.{SECTION}.{name}")
            else:
                unknown.append(f"c.{_settings.no_setting(name)} ({path})")
        if _loads_nbtrack(configuration):
            loaded_by = str(path)
    return Configuration(settings, unknown, broken, loaded_by)


def apply_configuration() -> Configuration:
    """Have the settings of this process include those of the default profile."""
    found = read_configuration()
    _settings.set_from_files(found.settings)
    return found


def profile_folder(profile: str) -> Path:
    """The folder of a profile, whether it exists or not.

    Raises:
        ProfileError: It cannot be the name of a profile.
    """
    if not profile or any(sign in profile for sign in "/\\\0"):
        raise ProfileError(f"{profile!r} is not the name of a profile")
    return _environment.ipython_directory() / f"profile_{profile}"


def startup_file(folder: Path) -> Path:
    """The file that loads nbtrack in every kernel that reads a folder of IPython's.

    Args:
        folder: That of a profile, :func:`environment_folder` or :data:`MACHINE_FOLDER`.
    """
    return folder / "startup" / _STARTUP


def environment_folder() -> Path:
    """The folder of this Python environment's configuration of IPython, for all its users."""
    return Path(sys.prefix, "etc", "ipython")


def enabled_by(profile: str = DEFAULT_PROFILE) -> list[Path]:
    """The files that load nbtrack in every kernel of a profile, as :func:`enable` writes them."""
    found = map(startup_file, folders(profile))
    return [path for path in found if path.exists()]


def enable(folder: Path) -> Path:
    """Have every kernel that reads a folder load nbtrack when it starts.

    Args:
        folder: As for :func:`startup_file`. Outside a person's home everybody can read the file.

    Returns:
        The file that does it.

    Raises:
        ProfileError: The file cannot be written, or it is there and is not ours.
    """
    path = startup_file(folder)
    shared = folder in (environment_folder(), MACHINE_FOLDER)
    with _changing(path, "enable nbtrack"):
        if not _is_there(path):
            for missing in reversed([p for p in path.parents if not p.exists()]):
                missing.mkdir(exist_ok=True)
                if shared:
                    missing.chmod(0o755)
            path.write_text(_CONTENT, encoding="utf-8")
        if shared:
            # IPython passes in silence over what a strict umask of the administrator's has closed.
            path.chmod(0o644)
    return path


def disable(folder: Path) -> Path | None:
    """Take :func:`enable` back. Returns the file that was removed, None if there was none.

    Raises:
        ProfileError: The file cannot be removed, or somebody changed it.
    """
    path = startup_file(folder)
    with _changing(path, "disable nbtrack"):
        if not _is_there(path):
            return None
        path.unlink()
    return path


def _is_there(path: Path) -> bool:
    if not path.exists():
        return False
    if path.read_text(encoding="utf-8", errors="replace") != _CONTENT:
        raise ProfileError(
            "this file is not as nbtrack writes it, and is left as it is",
            path=path,
            hint="Remove it by hand if it is not wanted.",
        )
    return True


@contextlib.contextmanager
def _changing(path: Path, operation: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ProfileError(
            error.strerror or str(error), path=error.filename or path, operation=operation
        ) from error


def folders(profile: str) -> list[Path]:
    """The folders of configuration files, in the order in which IPython reads them."""
    system = [MACHINE_FOLDER, Path("/usr/local/etc/ipython")]
    environment = environment_folder()
    return [*system, *[environment] * (environment not in system), profile_folder(profile)]


def _files(profile: str) -> Iterator[Path]:
    """The configuration files that are there, in the order in which IPython reads them."""
    for name in _FILES:
        for folder in folders(profile):
            for path in (folder / f"{name}.py", folder / f"{name}.json"):
                if path.is_file():
                    yield path


def _load(path: Path) -> Config:
    try:
        # The file is a program, and standard output is for what was asked for.
        with contextlib.redirect_stdout(sys.stderr):
            return _loader(path).load_config()
    except Exception as error:
        raise ProfileError(
            f"{type(error).__name__}: {error}",
            path=path,
            operation="read IPython's configuration",
            hint="IPython itself cannot use this file either.",
        ) from error


def _loader(path: Path) -> FileConfigLoader:
    from traitlets.config.loader import JSONFileConfigLoader, PyFileConfigLoader

    class Loader(PyFileConfigLoader):
        # As IPython's own, which cannot be had without IPython.
        def load_subconfig(
            self, fname: str, path: str | None = None, profile: str | None = None
        ) -> None:
            folder = path if profile is None else str(profile_folder(profile))
            super().load_subconfig(fname, path=folder)

    loader = Loader if path.suffix == ".py" else JSONFileConfigLoader
    return loader(path.name, str(path.parent))


def _loads_nbtrack(configuration: Config) -> bool:
    for application in _APPLICATIONS:
        listed = configuration.get(application, {}).get("extensions", ())
        if hasattr(listed, "get_value"):  # c.InteractiveShellApp.extensions.append(…)
            listed = listed.get_value([])
        if "nbtrack" in listed:
            return True
    return False
