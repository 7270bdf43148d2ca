"""The order of a section: tier of evidence, then effort, then reactions, then age; never one opaque score."""

from __future__ import annotations

from bot.issuebash.report import Row


def order(row: Row) -> tuple[str, int, int, float, int]:
    """A key to sort by, best first: the surest, the cheapest, the most wanted, the oldest."""
    return row.hit.tier, row.hit.effort, -(row.reactions or 0), row.created_at.timestamp(), row.number
