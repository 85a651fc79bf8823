"""What is at a place of many runs, from few requests."""

from __future__ import annotations

import random

import pytest

from nbtrack.store.together import Crew
from nbtrack.sync import listing, place
from nbtrack.sync.listing import sizes_of_runs
from nbtrack.sync.place import Place
from tests.s3 import S3

# Some are the beginning of others, and "-" comes before "/", which comes before "0".
RUNS = [f"{begin}{end}" for begin in ("a", "a-b", "a0", "b", "c_1") for end in ("", "-", "0", "1")]


@pytest.fixture
def filled(bucket: str, s3: S3, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place with files of every second run, and pages shorter than one run has files."""
    monkeypatch.setattr(place, "_PAGE", 3)
    monkeypatch.setattr(listing, "_ROW", 7)
    names = [f"runs/{run}/{file}" for run in RUNS[::2] for file in ("run.json", "merged/m1", "x")]
    names += [f"runs/{RUNS[4]}/media/{n}" for n in range(7)]
    content = {f"team/{name}": bytes(at) for at, name in enumerate([*names, "artifacts/a", "z"])}
    s3.put(bucket.removeprefix("s3://"), content)
    return Place(f"{bucket}/team")


def test_it_is_what_each_run_has(filled: Place) -> None:
    order = random.Random(1)
    for wanted in (RUNS, RUNS[:1], RUNS[3:11], ["zz"], order.sample(RUNS, 9)):
        found = sizes_of_runs(filled, wanted, Crew(4))
        assert found == {run: filled.sizes(f"runs/{run}") for run in wanted}
        assert any(found.values()) == (wanted != ["zz"])


def test_requests_are_as_many_as_pages_and_not_as_runs(bucket: str, s3: S3) -> None:
    s3.put(bucket.removeprefix("s3://"), {f"runs/{n:04d}/run.json": b"" for n in range(0, 60, 2)})
    s3.asked()
    found = sizes_of_runs(Place(bucket), [f"{n:04d}" for n in range(60)], Crew(4))
    assert sum(map(len, found.values())) == 30
    assert len(s3.asked()) == 1


def test_nothing_is_said_of_a_place_that_has_no_order_or_does_not_answer(
    filled: Place, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sizes_of_runs(Place(f"file://{tmp_path}"), RUNS, Crew(4)) == {}

    def reversed_page(folder: str, behind: str) -> tuple[dict[str, int], bool]:
        page, more = page_of(folder, behind)
        return dict(reversed(page.items())), more

    page_of = filled.page
    monkeypatch.setattr(filled, "page", reversed_page)
    assert sizes_of_runs(filled, RUNS[:7], Crew(4)) == {}
    assert sizes_of_runs(Place("s3://there-is-none"), RUNS, Crew(4)) == {}
