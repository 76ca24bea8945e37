"""Waiting for something a user would notice, instead of sleeping for a guessed time."""

import time
from typing import Callable, TypeVar

Found = TypeVar("Found")


def eventually(look: Callable[[], Found], seconds: float, expectation: str) -> Found:
    """Calls `look` until it gives something truthy and returns that.

    Fails with `expectation` and the last thing seen once `seconds` have passed.
    """
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() >= deadline:
            raise AssertionError(f"after {seconds:g} s still not true: {expectation} (last seen: {seen!r})")
        time.sleep(0.05)


def let_time_pass(seconds: float, subject: str) -> None:
    """Lets the clock run where the clock itself is under test; `subject` says which clock."""
    assert subject, "say which clock this waits for"
    time.sleep(seconds)
