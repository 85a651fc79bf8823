"""The files that a script outside of a repository is made of."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

_MOST_FILES = 200


def imported_files(script: Path) -> list[Path]:
    """The script, and the modules in its folder that it imports, directly or through others.

    Read from the sources: nothing is executed. At most 200 files.
    """
    folder = script.parent
    found: dict[Path, None] = {script: None}
    waiting = [script]
    while waiting and len(found) < _MOST_FILES:
        for name in _imports(waiting.pop(), folder):
            for path in _files(folder, name):
                if path not in found and len(found) < _MOST_FILES:
                    found[path] = None
                    waiting.append(path)
    return list(found)


def _imports(path: Path, folder: Path) -> Iterator[str]:
    """The dotted names that a file imports, as seen from the script's folder."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    package = path.parent.relative_to(folder).parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *filter(None, [node.module])))
            yield module
            yield from (f"{module}.{alias.name}".lstrip(".") for alias in node.names)


def _files(folder: Path, name: str) -> Iterator[Path]:
    """The files that importing ``name`` would execute."""
    at = folder
    for part in filter(None, name.split(".")):
        module = at / f"{part}.py"
        at = at / part
        for path in (at / "__init__.py", module):
            if path.is_file() and not path.is_symlink():
                yield path
