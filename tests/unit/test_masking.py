"""Secrets are masked, and nothing else is."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys

import pytest

from nbtrack import _masking
from nbtrack._console import ConsoleWriter
from nbtrack._masked_rows import MaskedRows
from nbtrack._masking import RowTexts, mask, mask_value, masked_record, may_hold_secret
from nbtrack._names import ADJECTIVES, NOUNS
from nbtrack._screen import RowChange
from nbtrack._secrets import DETECTORS
from nbtrack.store.schema import AttemptStart, CellStart, Change, Closing, Failure, Record
from tests.secrets_like import ORDINARY, PEM_LINES, PICTURE, SECRETS, made, pem


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test found is not known in the next."""
    monkeypatch.setattr(_masking, "_known", _masking._Known())


def test_there_are_many_kinds() -> None:
    assert len(SECRETS) >= 25


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_masked_wherever_it_stands(name: str) -> None:
    text, secret = SECRETS[name]
    for around in ("{}", "before\n{}\nafter", "  {}  # why", "x = 1; {}"):
        given = around.replace("{}", text)
        masked = mask(given)
        assert secret not in masked
        assert secret[2:-2] not in masked
        assert "[secret: " in masked
        assert masked.count("\n") == given.count("\n")
        assert masked.split("\n")[0] == given.split("\n")[0] or "\n" not in around
        assert mask(masked) == masked, "masked text is looked at again, and stays"


@pytest.mark.parametrize("line", [line for line in ORDINARY.splitlines() if line])
def test_ordinary_text_is_left_alone(line: str) -> None:
    assert mask(line) == line


def test_ordinary_text_as_a_whole_and_pictures_are_left_alone() -> None:
    assert mask(ORDINARY) == ORDINARY
    assert mask(PICTURE) == PICTURE
    digits = random.Random(1)
    numbers = "\n".join(f"{digits.random()}:{digits.getrandbits(60)}" for _ in range(2000))
    assert mask(numbers) == numbers


def test_the_quick_look_sends_on_whatever_a_detector_may_find() -> None:
    for asked in DETECTORS:
        for hint in asked.hints:
            assert may_hold_secret(hint), (asked.detector.secret_type, hint)
    assert not may_hold_secret("KeyboardInterrupt KeyError sorted(x, key=f) keys")
    assert not may_hold_secret("Epoch 1/10: loss=0.23 accuracy=0.9")


@pytest.mark.parametrize("kind", ["RSA ", "", "OPENSSH ", "EC "])
def test_all_lines_of_a_private_key(kind: str) -> None:
    key = pem(kind)
    masked = mask(f"before\n{key}\nafter")
    assert not any(line in masked for line in PEM_LINES)
    assert masked.startswith("before\n")
    assert masked.endswith("\nafter")
    assert masked.count("\n") == key.count("\n") + 2
    in_json = mask(json.dumps({"type": "service_account", "private_key": key}))
    assert not any(line in in_json for line in PEM_LINES)


def test_a_secret_is_known_again() -> None:
    secret = made("again", 20)
    assert mask(f"the value is {secret}") == f"the value is {secret}"
    mask(f'api_key = "{secret}"')
    assert mask(f"the value is {secret}") == "the value is [secret: Keyword]"


def test_words_are_not_looked_for_everywhere() -> None:
    assert mask('password = "training"') == 'password = "[secret: Keyword]"'
    assert mask("training goes on") == "training goes on"


def test_values_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = made("env", 12)
    monkeypatch.setenv("MY_DB_PASSWORD", secret)
    monkeypatch.setenv("SOME_KEY", "/a/path/to.key")
    monkeypatch.setenv("OTHER_TOKEN", "short")
    assert mask(f"connected as me/{secret}") == (
        "connected as me/[secret: environment variable MY_DB_PASSWORD]"
    )
    assert mask("/a/path/to.key is short") == "/a/path/to.key is short"
    del os.environ["MY_DB_PASSWORD"]
    assert secret not in mask(secret), "a variable that was taken away is remembered"


def test_a_setting_is_masked_by_its_name() -> None:
    given = {
        "lr": 0.1,
        "model": "resnet18",
        "password": "swordfish",
        "api_key": "green-door",
        "tokenizer": "bert-base-uncased",
        "eos_token": "</s>",
        "max_tokens": 128,
        "db": {"user": "me", "secret": "open sesame", "port": 5432},
        "keys": ["a", "b"],
        "access_token": made("access", 32),
        "token": "hello",
        "api_key_file": "~/.key",
        "secret_key": None,
    }
    masked = mask_value(given)
    assert masked == {
        **given,
        "password": "[secret: Keyword]",
        "api_key": "[secret: Keyword]",
        "access_token": "[secret: Keyword]",
        "db": {"user": "me", "secret": "[secret: Keyword]", "port": 5432},
    }


def test_records_of_every_kind() -> None:
    text, secret = SECRETS["openai, project"]
    failure = Failure(type="E", message=text, traceback=f"line\n{text}")
    closing = Closing(state="failed", reason=f"because of {text}", failure=failure)
    records: list[Record] = [
        CellStart(1, 2, None, 3, text),
        AttemptStart(1, 2, 1, 1, None, 3, "name", ["a"], text, {"token": secret, "lr": 0.5}),
        Change(1, 2, 0, "config", "note", text),
        Change(1, 2, 0, "config", "service", {"password": secret, "deep": [{"a": text}]}),
        Change(1, 2, 0, "closed", "", closing),
    ]
    for record in records:
        cleaned = masked_record(record)
        assert type(cleaned) is type(record)
        assert secret not in repr(cleaned)
        assert "[secret: " in repr(cleaned)
    plain = AttemptStart(1, 2, 1, 1, None, 3, "name", ["a"], "x = 1", {"lr": 0.5})
    assert masked_record(plain) == plain


def test_texts_of_rows() -> None:
    texts = RowTexts(enabled=True)
    _, secret = SECRETS["github"]
    numbers = {"loss": 0.5, "accuracy": 1}
    assert texts.masked("lossaccuracy", numbers) is numbers
    assert texts.wordless == {"lossaccuracy"}, "rows of these keys are not looked at again"
    row = {"loss": 0.5, "note": f"see {secret}", "nested": {"list": [secret, 1]}}
    masked = texts.masked("lossnotenested", row)
    assert masked == {
        "loss": 0.5,
        "note": "see [secret: GitHub Token]",
        "nested": {"list": ["[secret: GitHub Token]", 1]},
    }
    assert texts.wordless == {"lossaccuracy"}
    assert row["note"] == f"see {secret}", "the person's own row stays as it is"


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("size", [1, 3, 17])
def test_console_text_in_pieces(name: str, size: int) -> None:
    text, secret = SECRETS[name]
    shown = Shown()
    for start in range(0, len(text), size):
        shown.write(text[start : start + size])
    shown.write("\nafter\n")
    assert secret not in shown.text
    assert secret not in "".join(shown.pieces)
    assert shown.text.endswith("\nafter\n")


def test_a_private_key_that_comes_line_by_line() -> None:
    shown = Shown()
    for line in ["before", *pem().split("\n"), "after"]:
        shown.write(f"{line}\n")
    assert not any(line in piece for line in PEM_LINES for piece in shown.pieces)
    rows = shown.text.split("\n")
    assert rows[0] == "before"
    assert rows[-2] == "after"
    assert len(rows) == len(pem().split("\n")) + 3


def test_console_text_without_secrets_is_recorded_as_it_comes() -> None:
    shown = Shown()
    pieces = ["a", "bc\n", "key: ", "value\n", "\r50%", "\r100%", "\n", "end"]
    for piece in pieces:
        shown.write(piece)
    assert shown.text == "abc\nkey: value\n100%\nend"


def test_a_row_that_is_set_again() -> None:
    _, secret = SECRETS["github"]
    rows = MaskedRows(mask)
    assert rows.take(RowChange(0, 0, "token ")) == (0, 0, "token ")
    assert rows.take(RowChange(0, 6, secret)) == (0, 6, "[secret: GitHub Token]")
    assert rows.take(RowChange(0, 6 + len(secret), " ok")) == (0, 28, " ok")
    assert rows.take(RowChange(0, 0, "gone")) == (0, 0, "gone")
    assert rows.take(RowChange(0, 4, "\nnext")) == (0, 4, "\nnext")


def test_the_end_of_too_much_text() -> None:
    _, secret = SECRETS["github"]
    pieces: list[str] = []

    def keep(cell: object, stream: str, row: int, start: int, text: str, lost: int) -> bool:
        pieces.append(text)
        return True

    writer = ConsoleWriter(keep, 1000, mask)
    for n in range(200):
        writer.write(None, "stdout", f"row {n}\n")
    writer.write(None, "stdout", f"at the end {secret}\n")
    writer.close()
    assert "[secret: GitHub Token]" in pieces[-1]
    assert secret not in "".join(pieces)


def test_no_name_that_a_run_is_given_is_looked_at_closely() -> None:
    names = [f"{first}-{second}-12" for first in ADJECTIVES for second in NOUNS]
    assert not [name for name in names if may_hold_secret(name)]


def test_a_detector_that_fails_lets_nothing_through(monkeypatch: pytest.MonkeyPatch) -> None:
    from nbtrack import _secrets

    def fail(text: str) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(_secrets, "find", fail)
    text, secret = SECRETS["github"]
    assert secret not in mask(f"a\n{text}")
    assert mask(f"a\n{text}").count("\n") == 1


WARNS = """
import logging, warnings
import nbtrack
from nbtrack._masking import mask

if {captured}:
    logging.basicConfig(format="logged: %(message)s")
    logging.captureWarnings(True)
assert mask({text!r}) != {text!r}
warnings.warn("look out")
"""


@pytest.mark.parametrize(
    ("captured", "said"), [(False, "UserWarning: look out"), (True, "logged:")]
)
def test_warnings_of_others_go_where_they_went(captured: bool, said: str) -> None:
    program = WARNS.format(captured=captured, text=SECRETS["aws access key"][0])
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr.count("look out") == 1
    assert said in done.stderr


def test_what_cannot_be_encoded_as_text_is_no_trouble() -> None:
    record = masked_record(CellStart(1, 2, None, 3, 'password = "hunter2!x" # \udce4'))
    assert isinstance(record, CellStart)
    assert record.source == 'password = "[secret: Keyword]" # \udce4'


class Shown:
    """A screen made of what a writer records, as a reader of the run makes it."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._rows: dict[int, str] = {0: ""}
        self._writer = ConsoleWriter(self._record, 1 << 20, mask)

    def write(self, text: str) -> None:
        self._writer.write(None, "stdout", text)

    @property
    def text(self) -> str:
        self._writer.close()
        return "\n".join(self._rows[row] for row in sorted(self._rows))

    def _record(
        self, cell: object, stream: str, row: int, start: int, text: str, lost: int
    ) -> bool:
        self.pieces.append(text)
        first, *others = text.split("\n")
        self._rows[row] = self._rows.get(row, "")[:start] + first
        for at, line in enumerate(others, row + 1):
            self._rows[at] = line
        return True
