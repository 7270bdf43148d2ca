"""The best and the last model while training, as `.keras` files."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autolog.outcome import harmless, tell
from autolog.runs import Run


class Checkpoints:
    """Saves after each epoch. What was saved and not yet uploaded is replaced, not queued."""

    def __init__(self, model: Any, run: Run) -> None:
        self.options = run.options
        self._model = model
        self._run = run
        self._best: float | None = None
        self._written: dict[str, Path] = {}
        """By name, what was written last, whether or not that succeeded."""

    @harmless("save a checkpoint")
    def epoch_end(self, epoch: int, logs: Mapping[str, Any]) -> None:
        last = self._save("last.keras")
        self._keep_if_best(last, epoch, logs)
        self._send(last)  # once it is copied: what is uploaded is deleted

    @harmless("keep the best checkpoint")
    def _keep_if_best(self, last: Path, epoch: int, logs: Mapping[str, Any]) -> None:
        monitor = self.options.checkpoint_monitor
        if monitor not in logs:
            found = "the best checkpoint is the one with the lowest loss" if "loss" in logs else "none is the best"
            tell(
                f"autolog: there is no metric {monitor!r}, so {found}. The metrics are: {', '.join(logs)}.",
                silent=self.options.silent or (monitor == "val_loss" and "loss" in logs),
            )
            if "loss" not in logs:
                return
        value = float(logs.get(monitor, logs.get("loss")))
        lower = self.options.checkpoint_mode == "min" or monitor not in logs
        if self._best is None or (value < self._best if lower else value > self._best):
            self._best = value
            self._copy(last, "best.keras")
            self._run.tags({"autolog.best_epoch": epoch})

    def _save(self, name: str) -> Path:
        path = self._place_for(name)
        self._model.save(path)
        return path

    def _copy(self, path: Path, name: str) -> None:
        copy = self._place_for(name)
        shutil.copyfile(path, copy)
        self._send(copy)

    def _send(self, path: Path) -> None:
        self._run.file(path, "checkpoints")

    def _place_for(self, name: str) -> Path:
        """For a file that replaces the one before, if that is not on its way: the sender passes over what is gone."""
        before = self._written.pop(name, None)
        if before is not None:
            with contextlib.suppress(OSError):
                before.unlink()
                before.parent.rmdir()
        path = self._written[name] = self._run.box.journal.place_for(name)
        return path
