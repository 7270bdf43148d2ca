"""The line between `triage serve --workers` and each process that it started: either end hears when the other is gone.

The system closes the ends of a process however it ended, so that not even kill -9 leaves anybody behind.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from contextlib import suppress


class Lifeline:
    """The started one's end. The descriptor stays open when the process starts anew by exec."""

    def __init__(self, descriptor: int) -> None:
        self._line = socket.socket(fileno=descriptor)
        threading.Thread(target=self._watch, name="triage-lifeline", daemon=True).start()

    def say_up(self) -> None:
        """Tells that this process serves; it is expected to be there from now on."""
        # Where nobody listens any more, the watch ends this process.
        with suppress(OSError):
            self._line.send(b"1")

    def _watch(self) -> None:
        """Ends this process as SIGTERM would, once nobody is there who could ask for it."""
        with suppress(OSError):
            while self._line.recv(1):
                pass
        os.kill(os.getpid(), signal.SIGTERM)
