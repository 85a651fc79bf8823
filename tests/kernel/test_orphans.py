"""Runs whose kernel and recorder died together are put in order by the next recorder."""

from __future__ import annotations

from pathlib import Path

import pytest

import nbtrack
from nbtrack.store.layout import Store
from tests.kernel.deaths import WAYS
from tests.kernel.kernels import wait_until
from tests.kernel.victims import LOAD, Case, victim

pytestmark = pytest.mark.kernel


def test_the_next_kernel_of_the_store_sees_to_them(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    with WAYS["kernel and recorder"].die(first) as case:
        assert isinstance(case, Case)
        kept = case.run().rows
    (run_dir,) = Store(first / "store").run_dirs()
    assert run_dir.segments()
    assert not run_dir.session.exists()
    with victim(second, NBTRACK_DIR=str(first / "store")) as next_one:
        next_one.kernel.run(LOAD)
        next_one.kernel.run("nbtrack.log({'a': 1})")
        wait_until(run_dir.session.exists, "session.ipynb")
        wait_until(run_dir.output_log.exists, "output.log")
        assert run_dir.segments() == []
        newer, orphan = nbtrack.runs(dir=first / "store")
        assert (orphan.state, orphan.rows) == ("crashed", kept)
        assert orphan.rows - case.counter.get() in (0, 1)
        assert newer.state == "running"
