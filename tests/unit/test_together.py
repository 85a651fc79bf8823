"""Work that is done by several threads, of which none is idle while there is some."""

from __future__ import annotations

import threading

import pytest

from nbtrack.store.together import Crew, side_by_side

PATIENCE = 30.0


def test_results_are_in_order() -> None:
    assert side_by_side(lambda n: n * n, range(1_000), threads=5) == [n * n for n in range(1_000)]
    assert side_by_side(lambda n: n, [], threads=5) == []


def test_so_many_threads_work_and_no_more() -> None:
    all_there = threading.Barrier(3)
    seen: set[int] = set()

    def wait(_: int) -> None:
        seen.add(threading.get_ident())
        all_there.wait(PATIENCE)

    side_by_side(wait, range(30), threads=3)
    assert len(seen) == 3
    assert threading.get_ident() in seen


def test_who_is_idle_helps_with_the_work_that_other_work_brings() -> None:
    crew = Crew(4)
    all_there = threading.Barrier(4)

    def bring(_: str) -> list[int]:
        return crew.do(lambda n: all_there.wait(PATIENCE), range(4))

    (found,) = crew.do(bring, ["one"])
    assert sorted(found) == [0, 1, 2, 3]


def test_one_thread_does_all_of_it_itself() -> None:
    crew = Crew(1)
    found = crew.do(lambda n: crew.do(lambda m: (n, m, threading.get_ident()), "ab"), [1, 2])
    here = threading.get_ident()
    assert found == [[(n, m, here) for m in "ab"] for n in (1, 2)]


@pytest.mark.parametrize("threads", [1, 4])
def test_the_first_error_ends_it_and_the_crew_goes_on(threads: int) -> None:
    crew = Crew(threads)
    begun: list[int] = []

    def fail(n: int) -> None:
        begun.append(n)
        raise ValueError(n)

    with pytest.raises(ValueError, match=r"\d"):
        crew.do(fail, range(1_000))
    assert len(begun) <= threads
    assert crew.do(lambda n: n, range(9)) == list(range(9))
