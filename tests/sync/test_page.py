"""The commands of ``docs/sync.md`` do what it says, with a real server."""

from __future__ import annotations

from pathlib import Path

from nbtrack.store.layout import Store
from nbtrack.sync.place import Place
from tests.docs.test_examples import check_commands
from tests.s3 import S3
from tests.sync.test_push import record


def test_the_commands_of_the_page_run(tmp_path: Path, s3: S3) -> None:
    s3.put("bucket")
    record(Store(tmp_path / "store"), "first-steps")
    check_commands("docs/sync.md", tmp_path)
    assert "runs/first-steps/run.json" in Place("s3://bucket/team").sizes()
