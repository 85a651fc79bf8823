"""A run that is resumed: here, after a kill, on another machine; what differs, and what is kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack.recorder.recover import recover
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.seal import seal_run
from tests.stores import losses

# Recorded where pids, boots and machines are others. The rest of a script follows.
OTHER_MACHINE = """
from nbtrack import _process
_process._machine = lambda: _process.Machine("node7", "f" * 32, "another boot", 1)
"""
# Rows enough for several segments, then the end that no code sees.
KILLED = """
import nbtrack, os, signal
nbtrack.init(id="one", config={"lr": 0.1})
for step in range(5000):
    nbtrack.log({"loss": step, "text": "to fill segments " * 4})
os.kill(os.getpid(), signal.SIGKILL)
"""
RESUMED = """
import nbtrack
run = nbtrack.init(id="one", resume="must")
assert run.step == 5000
for step in range(10):
    nbtrack.log({"loss": 5000 + step})
"""
AUTO = """
import nbtrack, sys
run = nbtrack.init(resume="auto")
nbtrack.log({"loss": 1})
print(run.id, file=sys.stderr)
"""


def python(
    folder: Path, text: str, *, returns: int = 0, name: str = "train.py", **environ: str
) -> str:
    """Run a script in ``folder``; what it wrote to stderr."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(textwrap.dedent(text))
    done = subprocess.run(
        [sys.executable, name],
        cwd=folder,
        env={**os.environ, "NBTRACK_RECORDER": "off", **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == returns, done.stderr
    return done.stderr


def check_all(store: Path) -> nbtrack.RunView:
    """Each of the rows that the scripts logged is there, once, with steps that go on."""
    found = nbtrack.open_run("one", dir=store)
    rows = [
        (row["attempt"], row["step"], row["value"]) for row in found.history("loss").to_pylist()
    ]
    first = [(1, step, float(step)) for step in range(5000)]
    assert rows == first + [(2, step, float(step)) for step in range(5000, 5010)]
    assert (found.rows, found.damage) == (5010, [])
    return found


@pytest.mark.parametrize("before", ["in the journal", "sealed", "merged"])
@pytest.mark.parametrize("after", ["in the journal", "merged"])
def test_nothing_is_lost_or_doubled(
    before: str, after: str, store_dir: Path, tmp_path: Path
) -> None:
    python(tmp_path, KILLED, returns=-9)
    if before == "sealed":
        assert seal_run(RunDir(store_dir / "runs" / "one"))
    elif before == "merged":
        recover(Store(store_dir))
        assert (store_dir / "runs" / "one" / "merged.json").exists()
    python(tmp_path, RESUMED)
    if after == "merged":
        recover(Store(store_dir))
    found = check_all(store_dir)
    assert [attempt.state for attempt in found.attempts] == ["crashed", "finished"]
    assert [part.state for part in found.parts] == ["crashed", "finished"]
    assert (found.state, found.config) == ("finished", {"lr": 0.1})


def test_a_run_goes_on_on_another_machine_after_a_copy(store_dir: Path, tmp_path: Path) -> None:
    python(tmp_path, KILLED, returns=-9)
    there = tmp_path / "there"
    shutil.copytree(store_dir / "runs" / "one", there / "runs" / "one")
    said = python(tmp_path, OTHER_MACHINE + RESUMED, NBTRACK_DIR=str(there))
    here = nbtrack.open_run("one").host
    assert f" is resumed; nobody ended it on {here}, last seen " in said
    assert "differs" not in said
    found = check_all(there)
    assert [(part.host, part.state) for part in found.parts] == [
        (here, "crashed"),
        ("node7", "finished"),
    ]
    # What was recorded is as it was, and the copy has grown by its own files alone.
    old, new = store_dir / "runs" / "one", there / "runs" / "one"
    kept = [old / "run.json", *(old / "journal").iterdir()]
    assert all((new / path.relative_to(old)).read_bytes() == path.read_bytes() for path in kept)
    # Back again, over what is there, and on.
    shutil.copytree(new, old, dirs_exist_ok=True)
    check_all(store_dir)
    recover(Store(store_dir))
    check_all(store_dir)


def can_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    command = ["unshare", "--uts", "--pid", "--fork", "--mount-proc", "hostname", "node8"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_unshare(), reason="namespaces cannot be made here")
def test_a_run_goes_on_in_another_container(store_dir: Path, tmp_path: Path) -> None:
    python(tmp_path, KILLED, returns=-9)
    (tmp_path / "go_on.py").write_text(RESUMED)
    inside = 'hostname node8 && exec "$0" go_on.py'
    command = ["unshare", "--uts", "--pid", "--fork", "--mount-proc", "sh", "-c", inside]
    subprocess.run([*command, sys.executable], cwd=tmp_path, timeout=120, check=True)
    found = check_all(store_dir)
    assert [part.host for part in found.parts][1:] == ["node8"]
    assert found.state == "finished"


def test_the_owner_is_who_came_last_whatever_the_clocks_say(
    store_dir: Path, tmp_path: Path
) -> None:
    ahead = """
    import nbtrack, time
    from nbtrack import _timeline
    _timeline.now = lambda: time.time_ns() // 1000 + 3_600_000_000
    nbtrack.init(id="one").log({"loss": 1})
    import sys; sys.exit(3)
    """
    python(tmp_path, ahead, returns=3)
    assert nbtrack.open_run("one").state == "failed"
    python(tmp_path, 'import nbtrack; nbtrack.init(id="one", resume="must").log({"loss": 2})')
    found = nbtrack.open_run("one")
    assert [part.state for part in found.parts] == ["failed", "finished"]
    assert (found.state, found.reason) == ("finished", "the script ended")
    assert losses("one") == [(1, 0, 1.0), (2, 1, 2.0)]


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_part_says_in_what_it_differs_from_the_first(store_dir: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    commits = []
    for text in ("a", "b"):
        (tmp_path / "file").write_text(text)
        git(tmp_path, "add", "file")
        git(tmp_path, "commit", "--quiet", "-m", text)
        commits.append(git(tmp_path, "rev-parse", "HEAD"))
    git(tmp_path, "checkout", "--quiet", commits[0])
    first = """
    import nbtrack, platform
    platform.python_version = lambda: "3.1.4"
    run = nbtrack.init(id="one", config={"lr": 0.1, "layers": [1, 2], "same": float("nan")})
    run.config["later"] = 1
    run.log({"loss": 1})
    """
    assert "resumed" not in python(tmp_path, first)
    git(tmp_path, "checkout", "--quiet", commits[1])
    second = """
    import nbtrack
    config = {"lr": 0.2, "layers": [1, 2], "same": float("nan"), "new": "x" * 100, "later": 1}
    nbtrack.init(id="one", resume="allow", config=config).log({"loss": 2})
    """
    said = python(tmp_path, second)
    version = ".".join(map(str, sys.version_info[:3]))
    assert said == (
        f"nbtrack: {nbtrack.open_run('one').name} is resumed; it differs from its first part: "
        f"config.lr 0.1 → 0.2, config.new {'x' * 23}… (new), Python 3.1.4 → {version}, "
        f"commit {commits[0][:10]} → {commits[1][:10]}\n"
    )
    # The third is as the first was, which is what it is compared with; the lr it has found.
    git(tmp_path, "checkout", "--quiet", commits[0])
    python(tmp_path, 'import nbtrack; nbtrack.init(id="one", resume="allow", config={"lr": 0.1})')
    for _ in range(2):
        parts = nbtrack.open_run("one").parts
        assert [[d.what for d in part.differences] for part in parts] == [
            [],
            ["config.lr", "config.new", "Python", "commit"],
            ["config.new", "Python"],
        ]
        assert parts[1].differences[0] == ("config.lr", 0.1, 0.2)
        assert [part.git_commit for part in parts] == [commits[0], commits[1], commits[0]]
        recover(Store(store_dir))
    quiet = python(
        tmp_path,
        'import nbtrack; nbtrack.init(id="one", resume="allow", config={"lr": 9})',
        NBTRACK_QUIET="1",
    )
    assert quiet == ""


@pytest.mark.parametrize(
    ("how", "goes_on"),
    [
        ("", False),
        ("import sys; sys.exit(2)", True),
        ("raise ValueError", True),
        ("import os; os.kill(os.getpid(), 9)", True),
        ("raise KeyboardInterrupt", False),
    ],
)
def test_auto_goes_on_with_what_did_not_finish(
    how: str, goes_on: bool, store_dir: Path, tmp_path: Path
) -> None:
    codes = {
        "": 0,
        "import sys; sys.exit(2)": 2,
        "raise ValueError": 1,
        "raise KeyboardInterrupt": -2,
    }
    returns = codes.get(how, -9)
    first = python(tmp_path, AUTO + how, returns=returns).splitlines()[0]
    second = python(tmp_path, AUTO).splitlines()[-1]
    assert (second == first) == goes_on
    assert python(tmp_path, AUTO).splitlines()[-1] not in (first, second)
    if goes_on:
        assert losses(first) == [(1, 0, 1.0), (2, 1, 1.0)]


def test_auto_takes_nothing_that_is_not_its_own(store_dir: Path, tmp_path: Path) -> None:
    failing = f"{AUTO}import sys; sys.exit(2)"
    first = python(tmp_path, failing, returns=2).strip()
    assert python(tmp_path, AUTO, name="other.py").strip() != first
    assert python(tmp_path / "folder", AUTO).strip() != first
    project = AUTO.replace("init(", 'init("elsewhere", ')
    assert python(tmp_path, project).strip() != first
    discard = ["-m", "nbtrack", "discard", first]
    subprocess.run([sys.executable, *discard], capture_output=True, check=True)
    assert python(tmp_path, AUTO).strip() != first
    subprocess.run([sys.executable, *discard, "--undo"], capture_output=True, check=True)
    # The last one counts, and that has finished.
    assert python(tmp_path, AUTO).strip() != first


def test_auto_with_an_id_is_allow(store_dir: Path, tmp_path: Path) -> None:
    text = 'import nbtrack; nbtrack.init(id="one", resume="auto").log({"loss": 1})'
    python(tmp_path, text)
    python(tmp_path, text)
    assert losses("one") == [(1, 0, 1.0), (2, 1, 1.0)]


LOOKED_AT = """
import nbtrack, time
run = nbtrack.init(id="one", resume="allow")
run.log({"loss": 1})
until = time.monotonic() + 60
while not all([info.done for info in nbtrack.open_run("one").code] or [False]):
    assert time.monotonic() < until, "nobody looked at the code"
    time.sleep(0.05)
"""


def test_packages_and_uncommitted_changes_differ_too(store_dir: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("/store\n/packages\n")
    (tmp_path / "train.py").write_text(LOOKED_AT)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "a")
    packages = tmp_path / "packages"
    search = os.pathsep.join([str(packages), *filter(None, [os.environ.get("PYTHONPATH")])])
    environ: dict[str, Any] = {
        "NBTRACK_RECORDER": "process",
        "NBTRACK_CODE": "true",
        "PYTHONPATH": search,
    }
    for version, text in (("1.0", LOOKED_AT), ("2.0", LOOKED_AT), ("2.0", f"{LOOKED_AT}\n# new")):
        shutil.rmtree(packages, ignore_errors=True)
        folder = packages / f"made_up-{version}.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: made-up\nVersion: {version}\n"
        )
        python(tmp_path, text, **environ)
    first, second, third = nbtrack.open_run("one").parts
    assert first.differences == []
    assert second.differences == [("package made-up", "1.0", "2.0")]
    assert str(second.differences[0]) == "package made-up 1.0 → 2.0"
    assert [difference.what for difference in third.differences] == ["package made-up", "patch"]
    assert third.differences[1].before is None
