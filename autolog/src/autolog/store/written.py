"""What a writer of batches answers."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Written:
    """All of a batch was written if its run is active and no param changed; else nothing was."""

    lifecycle_stage: str | None
    """The run's; None if there is no such run."""
    changed: dict[str, str] = field(default_factory=dict)
    """The values that are there already, of the params that would have changed."""
