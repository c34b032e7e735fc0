"""Ctrl-C during training: taken note of at once, obeyed where the run can be left and gone on with later."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any


class Interruption:
    """While it is entered, the first Ctrl-C sets `asked`, and a second interrupts on the spot, as always.

    Only Python's own way to treat Ctrl-C is replaced, and only in the main thread, where signals arrive.
    """

    def __init__(self) -> None:
        self.asked = False
        self._replaces = False

    def __enter__(self) -> Interruption:
        self.asked = False
        main = threading.current_thread() is threading.main_thread()
        self._replaces = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._replaces:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: Any) -> None:
        if self._replaces:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            signal.default_int_handler(number, frame)
        self.asked = True
