"""The commands and the rule of ``docs/sync.md`` do what it says, with a real server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrack.store.layout import Store
from nbtrack.sync.place import Place
from tests.docs import markdown
from tests.docs.test_examples import check_commands
from tests.recorder.processes import wait_for
from tests.s3 import S3
from tests.sync.test_push import record


def test_the_commands_of_the_page_run(tmp_path: Path, s3: S3) -> None:
    s3.put("bucket")
    record(Store(tmp_path / "store"), "first-steps")
    check_commands("docs/sync.md", tmp_path)
    assert "runs/first-steps/run.json" in Place("s3://bucket/team").sizes()


def test_the_rule_of_the_page_is_one(s3: S3) -> None:
    boto3 = pytest.importorskip("boto3", reason="comes with moto")
    s3.put("ruled")
    (rule,) = (block.text for block in markdown.blocks("docs/sync.md", "json"))
    client = boto3.client("s3", endpoint_url=s3.url)
    client.put_bucket_lifecycle_configuration(
        Bucket="ruled", LifecycleConfiguration=json.loads(rule)
    )
    (found,) = client.get_bucket_lifecycle_configuration(Bucket="ruled")["Rules"]
    assert found["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    client.close()


def test_the_script_of_the_page_is_synced_by_itself(
    tmp_path: Path, s3: S3, store_dir: Path
) -> None:
    s3.put("bucket")
    (block,) = markdown.blocks("docs/sync.md", "python")
    file = tmp_path / "script.py"
    file.write_text(block.text)
    done = subprocess.run(
        [sys.executable, str(file)],
        cwd=tmp_path,
        timeout=180,
        check=True,
        capture_output=True,
    )
    assert done.stdout + done.stderr == b""
    (run_dir,) = Store(store_dir).run_dirs()

    def arrived() -> bool:
        there = Place("s3://bucket/team").sizes(f"runs/{run_dir.id}/merged")
        return any(key.endswith(".json") for key in there)

    wait_for(arrived, "the run arrives")
