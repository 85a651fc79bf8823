"""A place that cannot be synced with is one warning, and the run is recorded all the same."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nbtrack import NbtrackWarning, UsageError
from nbtrack import _destination as destination
from nbtrack._destination import with_destination
from nbtrack._options import RunOptions
from nbtrack._settings import Settings
from nbtrack._start import start_run
from nbtrack.remote.addresses import check_address
from nbtrack.store.destinations import destinations
from nbtrack.store.layout import RunDir


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destination, "_warned", set())


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("bucket/folder", "no place to sync with"),
        ("http://host/folder", "no place to sync with"),
        ("file://host/folder", "no folder of this machine"),
        ("s3://name:hidden-one@bucket", "has a password"),
        ("s3://bucket/folder?X-Amz-Signature=hidden-one", "a query in it"),
        ("s3://[hidden-one", "no place to sync with"),
    ],
)
def test_a_url_that_is_no_place(url: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as raised:
        check_address(url)
    assert "hidden-one" not in str(raised.value)
    with pytest.warns(NbtrackWarning, match=why):
        assert with_destination(url, Settings()).sync is None
    # Said once: a second warning would be an error here.
    assert with_destination(None, Settings(sync=url)).sync is None


@pytest.mark.parametrize(
    "url", ["s3://bucket", "gs://b/a b", "az://c/f", "abfss://box@account/f", "file:///folder"]
)
def test_a_url_that_is_a_place(url: str) -> None:
    assert with_destination(f"{url}/", Settings()).sync == url


def test_a_server_of_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "mlflow+http://host:5000?experiment=mine"
    assert with_destination(url, Settings()).sync == url
    for wrong, why in (
        ("mlflow+http://ada:hidden-one@host", "MLFLOW_TRACKING_USERNAME"),
        ("mlflow+ftp://host", "not the URL of an MLflow server"),
    ):
        with pytest.warns(NbtrackWarning, match=why) as told:
            assert with_destination(wrong, Settings()).sync is None
        assert "hidden-one" not in str(told[0].message)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.warns(NbtrackWarning, match=r"pip install 'nbtrack\[mlflow\]'"):
        assert with_destination(url, Settings()).sync is None


def test_what_is_given_counts_before_the_setting() -> None:
    settings = Settings(sync="s3://a")
    assert with_destination(None, settings).sync == "s3://a"
    assert with_destination("s3://b", settings).sync == "s3://b"
    assert with_destination("", settings).sync is None


def test_what_cannot_ship_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.warns(NbtrackWarning, match="'recorder' is 'thread'"):
        assert with_destination("s3://b", Settings(recorder="thread")).sync is None
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.warns(NbtrackWarning, match=r"pip install 'nbtrack\[sync\]'"):
        assert with_destination("s3://b", Settings()).sync is None


def test_the_run_is_recorded_all_the_same_and_knows_where_it_is_to_be(tmp_path: Path) -> None:
    settings = Settings(dir=str(tmp_path / "store"), recorder="off")
    with pytest.warns(NbtrackWarning, match="recorded here and not synced"):
        run = start_run(RunOptions(sync="s3://b"), settings, cwd=tmp_path)
    run.log({"loss": 1})
    run.finish()
    assert destinations(RunDir(run.path)) == []
