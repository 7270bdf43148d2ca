"""What can be asked for, in MLflow's words wherever MLflow has the word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Options:
    """See docs/autolog/options.md for what each one does."""

    log_every_epoch: bool = True
    log_every_n_steps: int | None = None
    log_models: bool = True
    checkpoint: bool = False
    checkpoint_monitor: str = "val_loss"
    checkpoint_mode: str = "min"
    exclusive: bool = False
    nested: bool = False
    silent: bool = False
    run_name: str | None = None
    extra_tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        steps: Any = self.log_every_n_steps
        if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 1):
            raise ValueError(f"log_every_n_steps must be a whole number of at least 1, or None; it is {steps!r}")
        if self.checkpoint_mode not in {"min", "max"}:
            raise ValueError(f'checkpoint_mode must be "min" or "max"; it is {self.checkpoint_mode!r}')
        tags: Any = self.extra_tags
        if not isinstance(tags, Mapping):
            raise ValueError(f"extra_tags must be a dict of names and values; it is a {type(tags).__name__}")
