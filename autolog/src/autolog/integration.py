"""One framework's logging: its options, its patches, and the hook that waits for the framework to be imported."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import wrapt

from autolog.options import Options
from autolog.outcome import forget, harmless, in_force
from autolog.patching import Patches

Install = Callable[[Any, Patches], None]
"""Given the imported module, puts the patches on."""


class Integration:
    """Turned on and off as a whole. Turned on twice it is on once, with the options of the second time."""

    def __init__(self, targets: dict[str, Install]) -> None:
        self._targets = targets
        """Name of a module -> what is to be done once it is imported."""
        self._patches = Patches()
        self._lock = threading.RLock()
        self._waiting = False
        self.options: Options | None = None
        """None while it is off."""

    def enable(self, options: Options) -> None:
        with self._lock:
            self.options = in_force[id(self)] = options
            forget()
            for name in self._targets:
                if name in sys.modules:
                    self._install(name, sys.modules[name])
            if not self._waiting:
                # A hook cannot be taken back; while this integration is off, it does nothing.
                self._waiting = True
                for name in self._targets:
                    if name not in sys.modules:
                        wrapt.register_post_import_hook(lambda module: self._install(module.__name__, module), name)

    def disable(self) -> None:
        with self._lock:
            self.options = None
            in_force.pop(id(self), None)
            self._patches.remove()

    def _install(self, name: str, module: Any) -> None:
        with self._lock:
            if self.options is not None:
                _quietly(self._targets[name], module, self._patches)


@harmless("watch a framework")
def _quietly(install: Install, module: Any, patches: Patches) -> None:
    install(module, patches)
