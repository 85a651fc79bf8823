"""Imports go one way, and what one place owns is nowhere else."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nbtrack

ROOT = Path(nbtrack.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if "static" not in path.parts)

BASE = ("_decoding", "_environment", "_errors", "_process", "_settings", "_version")
# What a user's process does. One room in several files; they may import one another.
TRACKING = (
    "_arguments",
    "_attempts",
    "_cells",
    "_configs",
    "_console",
    "_current",
    "_destination",
    "_disabled",
    "_failure",
    "_family",
    "_mappings",
    "_masked_rows",
    "_masking",
    "_names",
    "_not_offered",
    "_options",
    "_progress",
    "_recording",
    "_resume",
    "_run",
    "_run_alerts",
    "_run_artifacts",
    "_run_endings",
    "_run_media",
    "_run_metrics",
    "_run_models",
    "_run_wandb",
    "_screen",
    "_script",
    "_secrets",
    "_stacks",
    "_start",
    "_succession",
    "_tee",
    "_timeline",
    "_values",
)
# The part of the store that a user's process loads while it tracks: nothing that reads tables.
STORE_FOR_TRACKING = (
    "store.alive",
    "store.artifact_paths",
    "store.artifact_schema",
    "store.code",
    "store.death",
    "store.destinations",
    "store.documents",
    "store.faults",
    "store.fetching",
    "store.fold",
    "store.frames",
    "store.journal",
    "store.layout",
    "store.removal",
    "store.locks",
    "store.metrics",
    "store.model",
    "store.owners",
    "store.position",
    "store.reader",
    "store.registry",
    "store.remains",
    "store.saved",
    "store.schema",
    "store.segment",
    "store.state",
    "store.view",
)

# Room (a package or a module at the top) -> what it may import of nbtrack: a room, or one module
# of a room. A room may always import its own modules.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "_decoding": (),
    "_errors": (),
    "_process": (),
    "_version": (),
    "_environment": (),
    "_settings": ("_environment", "_errors"),
    "store": BASE,
    # Object stores.
    "remote": BASE,
    "live": (*BASE, "store"),
    "recorder": (*BASE, "store", "live", "record", "remote", "sync"),
    # What a run can hold besides numbers.
    "record": (*BASE, "store", "remote", "_masking"),
    "sync": (*BASE, "store", "remote"),
    **dict.fromkeys(
        TRACKING,
        (
            *(*BASE, *TRACKING, *STORE_FOR_TRACKING),
            *("recorder.spawn", "record", "remote.addresses", "remote.mlflow_address"),
        ),
    ),
    "notebook": (*BASE, *TRACKING, "store", "live", "recorder.spawn", "sync.told"),
    # What code written for wandb calls besides.
    "compat": (*BASE, *TRACKING, "record", "store"),
    # The public functions and names, from wherever they are.
    "_api": (*BASE, *TRACKING, "compat", "notebook", "record"),
    # Frameworks, one file for each.
    "integrations": (*BASE, *TRACKING, *STORE_FOR_TRACKING, "_api", "plot", "record"),
    "server": (*BASE, "store", "live"),
    # The public functions that read.
    "_reading": (*BASE, "record", "store", "sync"),
    "__init__": (
        *BASE,
        *TRACKING,
        "_api",
        "_reading",
        "integrations",
        "notebook",
        "plot",
        "record",
        "server",
        "store",
    ),
    "plot": (*BASE, "record", "store.chart"),
    "_profile": BASE,
    "doctor": (*BASE, "store", "recorder", "_profile"),
    "_cli": (*BASE, "store", "record", "recorder", "server", "sync", "_profile", "doctor"),
    "__main__": ("_cli",),
}

HEAVY = (
    "arro3",
    "duckdb",
    "PIL",
    "blake3",
    "obstore",
    "wandb",
    "mlflow",
    "requests",
    "deltalake",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "rich",
    "IPython",
    "ipywidgets",
    "anywidget",
    "jupyter_server",
    "tornado",
    "wrapt",
    "sklearn",
    "torch",
    "tqdm",
)

# Names of files inside a run's directory, and the endings of those that are numbered.
FILE_NAMES = (
    "run.json",
    "merged.json",
    "status.json",
    "live.bin",
    "model.json",
    "recorder.log",
    "output.log",
    "session.ipynb",
    "position.json",
    "stack.txt",
    ".seg",
    ".parquet",
    ".nbtrack",
)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def name_of(path: Path) -> tuple[str, ...]:
    """``store/layout.py`` as ``("store", "layout")``; a package's own file keeps ``__init__``."""
    return path.relative_to(ROOT).with_suffix("").parts


def targets(path: Path) -> Iterator[tuple[int, str]]:
    """Every module of nbtrack that a file imports, also inside functions: (line, dotted name)."""
    package = name_of(path)[:-1]
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "nbtrack":
                    yield node.lineno, ".".join(alias.name.split(".")[1:]) or "__init__"
        elif isinstance(node, ast.ImportFrom):
            module = tuple(node.module.split(".")) if node.module else ()
            if node.level:
                base = (*package[: len(package) - node.level + 1], *module)
            elif module[:1] == ("nbtrack",):
                base = module[1:]
            else:
                continue
            for alias in node.names:
                yield node.lineno, dotted(base, alias.name)


def imported(node: ast.AST) -> list[str]:
    """The modules that an absolute import names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def dotted(base: tuple[str, ...], name: str) -> str:
    """What ``from base import name`` imports: a module of that name if there is one, else base."""
    folder = ROOT.joinpath(*base)
    if (folder / f"{name}.py").is_file() or (folder / name).is_dir():
        base = (*base, name)
    return ".".join(base) or "__init__"


def strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every string of a module that is not a docstring: (line, text)."""
    documentation = {
        id(node.value)
        for parent in ast.walk(tree)
        if isinstance(parent, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        for node in parent.body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in documentation
        ):
            yield node.lineno, node.value


def loaded_by(code: str) -> set[str]:
    """The modules in ``sys.modules`` after a fresh interpreter ran ``code``."""
    script = f"{code}\nimport json, sys\nprint()\nprint(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: "/".join(name_of(path)))
def test_imports_go_one_way(path: Path) -> None:
    room = name_of(path)[0]
    assert room in MAY_IMPORT, f"{room} has no row in this test's table"
    allowed = (room, *MAY_IMPORT[room])
    forbidden = [
        f"line {line}: {target}"
        for line, target in targets(path)
        if not any(target == name or target.startswith(f"{name}.") for name in allowed)
    ]
    assert not forbidden, f"{room} may not import these"


def test_the_table_names_only_rooms_that_exist() -> None:
    assert set(MAY_IMPORT) == {name_of(path)[0] for path in MODULES}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: "/".join(name_of(path)))
def test_no_module_holds_two_things(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_only_one_module_decodes_into_structures_that_threads_may_share() -> None:
    def decodes(node: ast.AST) -> bool:
        if not isinstance(node, ast.Call):
            return False
        called = ast.unparse(node.func)
        typed = any(keyword.arg == "type" for keyword in node.keywords)
        return called == "msgspec.convert" or (typed and called.endswith(".decode"))

    found = {name_of(path) for path in MODULES if any(map(decodes, ast.walk(parse(path))))}
    # Settings hold no structures, and that of records is known when its module is loaded.
    assert found == {("_decoding",), ("_settings",), ("store", "schema")}


def test_only_the_settings_read_the_environment() -> None:
    names = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
    readers = set()
    for path in MODULES:
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.Attribute) and node.attr in names:
                readers.add(name_of(path))
            if isinstance(node, ast.ImportFrom) and node.module == "os":
                readers.update(name_of(path) for alias in node.names if alias.name in names)
    assert readers == {("_settings",), ("_environment",)}


def test_only_the_layout_spells_file_names() -> None:
    spelled = {
        f"{'/'.join(name_of(path))}:{line}: {text!r}"
        for path in MODULES
        if name_of(path) != ("store", "layout")
        for line, text in strings(parse(path))
        if any(re.search(rf"{re.escape(name)}(?![\w-])", text) for name in FILE_NAMES)
    }
    assert not spelled


def test_arrow_stays_in_the_store_and_one_module_writes_it() -> None:
    users = {
        (name_of(path), module)
        for path in MODULES
        for node in ast.walk(parse(path))
        for module in imported(node)
        if module.split(".")[0] == "arro3"
    }
    assert {path[0] for path, _ in users} == {"store"}
    assert {path for path, module in users if module != "arro3.core"} == {("store", "parquet")}


def test_wandb_is_imported_by_one_process_alone() -> None:
    users = {
        name_of(path)
        for path in MODULES
        for node in ast.walk(parse(path))
        if any(module.split(".")[0] == "wandb" for module in imported(node))
    }
    assert users == {("sync", "wandb", "writer")}


def test_importing_loads_nothing_heavy() -> None:
    assert not loaded_by("import nbtrack").intersection(HEAVY)


@pytest.mark.usefixtures("store_dir")
def test_a_tracked_script_loads_nothing_heavy() -> None:
    loaded = loaded_by(
        "import nbtrack\n"
        "nbtrack.init(project='light', id='light', name='light', config={'rate': 0.1})\n"
        "nbtrack.define_metric('*', step_metric='epoch', summary='min')\n"
        "nbtrack.log({'loss': 0.5, 'nested': {'text': 'a'}})\n"
        "nbtrack.alert('done')\n"
        "nbtrack.finish()\n"
    )
    assert "nbtrack._run" in loaded
    assert not loaded.intersection(HEAVY)
