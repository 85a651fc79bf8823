"""Text as the rows that a person sees."""

from __future__ import annotations

import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tqdm import tqdm

from nbtrack._screen import RowChange, Screen
from tests.consoles import put_together

PIECES = [
    "a",
    "bcd",
    "\n",
    "\r",
    "\b",
    "\x1b[A",
    "\x1b[2A",
    "\x1b[B",
    "\x1b[K",
    "\x1b[2K",
    "x" * 30,
]


def shown(*chunks: str, rewrites: bool = True) -> str:
    screen = Screen()
    changes: list[RowChange] = []
    for chunk in chunks:
        screen.feed(chunk)
        changes += screen.changes(rewrites=rewrites)
    return put_together([*changes, *screen.changes(rewrites=True)])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\ntwo\n", "one\ntwo\n"),
        ("\n\n\nx", "\n\n\nx"),
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        (" 10%\r 20%\r100%\n", "100%\n"),
        ("longer\rshort", "shortr"),
        ("longer\r\x1b[Kshort", "short"),
        ("abc\b\bX", "aXc"),
        ("first\nsecond\x1b[A\rFIRST\x1b[B!", "FIRST\nsecon!"),
        ("gone\x1b[2K", ""),
        ("a\x1b[3Cb", "a   b"),
        ("abcdef\x1b[4D\x1b[1K", "  cdef"),
        ("abc\x1b[1Gx", "xbc"),
        ("\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\n"),
        ("\x1b[31mred\x1b[0m\rg", "ged\x1b[0m"),
        ("\x1b[31m100\x1b[0m\r\x1b[32m200\x1b[0m", "\x1b[32m200\x1b[0m"),
        ("a\x1b]0;title\x07b\x1b(Bc", "abBc"),
    ],
)
def test_what_a_terminal_shows(text: str, expected: str) -> None:
    assert shown(text) == expected


@given(st.lists(st.sampled_from(PIECES)), st.lists(st.integers(0, 100)), st.booleans())
def test_it_does_not_matter_in_which_pieces_text_comes(
    pieces: list[str], cuts: list[int], rewrites: bool
) -> None:
    text = "".join(pieces)
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    chunks = [text[a:b] for a, b in itertools.pairwise(places)]
    assert shown(*chunks, rewrites=rewrites) == shown(text)


@given(st.lists(st.text(alphabet="ab \n\t\x1b[31m"), max_size=30))
def test_text_that_moves_nothing_is_kept_as_it_is(lines: list[str]) -> None:
    text = "".join(lines).replace("\x1b", "\x1b[1m")
    assert shown(text) == text


def test_rows_far_above_stay_as_they_are() -> None:
    rows = [f"row {n}\n" for n in range(1000)]
    assert shown(*rows) == shown("".join(rows)) == "".join(rows)
    assert shown("".join(rows) + "\x1b[500A\rX" + "\x1b[500B").count("X") == 1


def test_a_cut_escape_waits_for_its_rest() -> None:
    assert shown("a\r\x1b", "[", "K", "b") == "b"


def test_a_rewritten_row_waits_until_rewrites_are_told() -> None:
    screen = Screen()
    screen.feed("10%")
    assert screen.changes(rewrites=False) == [RowChange(0, 0, "10%")]
    screen.feed("\r20%\nnext")
    assert screen.changes(rewrites=False) == [RowChange(1, 0, "next")]
    assert screen.has_changes
    assert screen.changes(rewrites=True) == [RowChange(0, 0, "20%")]
    assert not screen.has_changes


def test_a_growing_row_is_told_piece_by_piece() -> None:
    screen = Screen()
    told = []
    for text in ("load", "ing", "...", " done\n"):
        screen.feed(text)
        told += screen.changes(rewrites=False)
    assert told == [(0, 0, "load"), (0, 4, "ing"), (0, 7, "..."), (0, 10, " done\n")]


def test_nested_progress_bars_become_their_last_states() -> None:
    class Chunks(io.StringIO):
        def __init__(self) -> None:
            super().__init__()
            self.chunks: list[str] = []

        def write(self, text: str) -> int:
            self.chunks.append(text)
            return len(text)

    file = Chunks()
    shape = "{desc} {n}/{total}"
    for _ in tqdm(range(3), "outer", file=file, mininterval=0, bar_format=shape, position=0):
        for _ in tqdm(range(5), "inner", file=file, mininterval=0, bar_format=shape, position=1):
            pass
    text = shown(*file.chunks)
    assert "outer 3/3" in text
    assert "outer 2/3" not in text
    assert "inner 4/5" not in text
