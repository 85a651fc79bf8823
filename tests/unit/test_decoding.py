"""Decoding into structures for the first time, in several threads at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import msgspec
import pytest

from nbtrack import _decoding
from nbtrack._decoding import convert, from_json, from_msgpack

FIRST_TIMES = """
import faulthandler, sys, threading
import msgspec
from nbtrack._decoding import convert, from_json, from_msgpack

faulthandler.enable()
sys.setswitchinterval(1e-6)
VALUE = {"one": {"n": 1}, "many": [{"n": 1}], "named": {"a": {"n": 2}}}
JSON, MSGPACK = msgspec.json.encode(VALUE), msgspec.msgpack.encode(VALUE)
for number in range(300):
    inner = msgspec.defstruct(f"Inner{number}", [("n", int)])
    fields = [("one", inner), ("many", list[inner]), ("named", dict[str, inner])]
    outer = msgspec.defstruct(f"Outer{number}", fields)
    together, read = threading.Barrier(3), []

    def decode(function, given):
        together.wait()
        read.append(function(given, outer))

    threads = [
        threading.Thread(target=decode, args=each)
        for each in ((convert, VALUE), (from_json, JSON), (from_msgpack, MSGPACK))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read) == 3
    assert all(msgspec.to_builtins(one) == VALUE for one in read)
"""


class Point(msgspec.Struct):
    x: int
    y: int = 0


def test_the_first_time_in_several_threads() -> None:
    done = subprocess.run([sys.executable, "-c", FIRST_TIMES], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_values_and_errors_are_those_of_msgspec() -> None:
    assert convert({"x": 1}, Point) == from_json('{"x": 1}', Point) == Point(1)
    assert from_msgpack(msgspec.msgpack.encode({"x": 1, "y": 2}), Point) == Point(1, 2)
    assert convert([{"x": "1"}], list[Point], strict=False) == [Point(1)]
    with pytest.raises(msgspec.ValidationError, match=r"Expected `int`, got `str`"):
        convert({"x": "1"}, Point)
    with pytest.raises(msgspec.DecodeError):
        from_json(b"{", Point)
    with pytest.raises(msgspec.DecodeError):
        from_msgpack(b"\xc1", Point)


def test_a_forked_child_does_not_wait_for_a_thread_that_it_does_not_have() -> None:
    held, enough = threading.Event(), threading.Event()

    def hold() -> None:
        with _decoding._lock:
            held.set()
            enough.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    kind = msgspec.defstruct("Fresh", [("n", int)])
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            # A thread of its own would take the lock over if it got the number of the lost one.
            signal.alarm(30)
            code = convert({"n": 1}, kind).n - 1  # type: ignore[attr-defined]
        finally:
            os._exit(code)
    enough.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
