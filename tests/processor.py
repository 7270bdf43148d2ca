"""What code costs the processor, however busy the machine is."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable


def seconds(work: Callable[[], object]) -> float:
    """Of this thread alone: others in this process may be at work as well.

    Without collecting garbage: among all that frameworks have loaded, that alone takes seconds.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        begun = time.thread_time()
        work()
        return time.thread_time() - begun
    finally:
        if collects:
            gc.enable()
