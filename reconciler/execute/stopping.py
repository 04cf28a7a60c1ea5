"""Being asked to stop: what only looks or thinks ends at once, what acts comes to its end first.

CI sends SIGINT, then SIGTERM, and kills within ten seconds. A call in flight is finished and its
outcome put on record; nothing new is begun.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Found = TypeVar("Found")
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """The run was asked to stop, and nothing is left half done that is not on record."""


class Stop:
    """Whether this run was asked to stop."""

    def __init__(self) -> None:
        """Begin unasked."""
        self.asked = False
        self._free = 0

    def ask(self, _number: int, _frame: FrameType | None) -> None:
        """Handle a signal: end at once what may be ended anywhere."""
        self.asked = True
        if self._free:
            raise Interrupted

    def heed(self) -> None:
        """Raise Interrupted if this run was asked to stop: nothing has been begun here."""
        if self.asked:
            raise Interrupted

    def free(self, function: Callable[Arguments, Found]) -> Callable[Arguments, Found]:
        """Return `function`, which changes nothing, so that it can be interrupted anywhere."""

        def called(*args: Arguments.args, **more: Arguments.kwargs) -> Found:
            self._free += 1
            try:
                self.heed()
                return function(*args, **more)
            finally:
                self._free -= 1

        return called

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen to the signals that ask a run to stop; only a main thread can."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = [(number, signal.signal(number, self.ask)) for number in SIGNALS]
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)
