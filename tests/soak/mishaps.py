"""The service in a soak: its processes, whoever starts them again, and what happens to them."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.fakes.postgresql import Server
from tests.fakes.relay import Relay
from tests.faults.service import ServiceProcess

RESTARTED_AFTER = 1.0
"""Seconds, as systemd would be told."""


class Supervisor:
    """Starts again whatever ends, as systemd does; `ends` counts how they ended, by exit code."""

    def __init__(self, workers: list[ServiceProcess]) -> None:
        self.workers = workers
        self.ends: Counter[int] = Counter()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self) -> None:
        for worker in self.workers:
            worker.start()
        self._thread.start()

    def leave(self) -> None:
        """Watches no more."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(RESTARTED_AFTER):
            for worker in self.workers:
                if (code := worker.ended) is not None:
                    self.ends[code] += 1
                    worker.launch()


@dataclass(frozen=True, slots=True)
class Mishap:
    """`at`: the share of the deliveries by when it happens."""

    at: float
    name: str
    happen: Callable[[], None]


class Mishaps:
    """All that is to happen in a run, in order. What takes its time is undone by a timer."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._planned: list[Mishap] = []
        self._timers: list[tuple[threading.Timer, Callable[[], None]]] = []
        self.happened: Counter[str] = Counter()

    def kill(self, worker: ServiceProcess, times: int) -> None:
        for _ in range(times):
            self._plan("kill -9", lambda: worker.signal(signal.SIGKILL))

    def freeze(self, worker: ServiceProcess, times: int, longest: float) -> None:
        def for_a_while() -> None:
            seconds = self._chance.uniform(longest / 8, longest)
            self._for(seconds, lambda: worker.signal(signal.SIGSTOP), lambda: worker.signal(signal.SIGCONT))

        for _ in range(times):
            self._plan("freeze", for_a_while)

    def cut(self, line: Relay, times: int, seconds: float) -> None:
        for _ in range(times):
            self._plan("cut from the database", lambda: self._for(seconds, line.cut, line.mend))

    def restart(self, server: Server, times: int) -> None:
        def again() -> None:
            server.stop()
            server.start()

        for _ in range(times):
            self._plan("database killed", again)

    def other(self, name: str, happen: Callable[[], None], times: int) -> None:
        for _ in range(times):
            self._plan(name, happen)

    def until(self, done: float) -> None:
        """Lets happen what is due once this share of the deliveries has been sent."""
        self._planned.sort(key=lambda one: one.at)
        while self._planned and self._planned[0].at <= done:
            mishap = self._planned.pop(0)
            mishap.happen()
            self.happened[mishap.name] += 1

    def end(self) -> None:
        """Waits until what lasts is over."""
        for timer, _ in self._timers:
            timer.join()

    def break_off(self) -> None:
        for timer, undo in self._timers:
            if timer.is_alive():
                timer.cancel()
                undo()

    def _plan(self, name: str, happen: Callable[[], None]) -> None:
        # Neither before there is work nor after the last of it.
        self._planned.append(Mishap(self._chance.uniform(0.03, 0.97), name, happen))

    def _for(self, seconds: float, begin: Callable[[], None], undo: Callable[[], None]) -> None:
        begin()
        timer = threading.Timer(seconds, undo)
        timer.daemon = True
        self._timers.append((timer, undo))
        timer.start()


def wait_for(condition: Callable[[], bool], seconds: float, pause: float = 0.5) -> bool:
    """Whether it came true in time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(pause)
    return True
