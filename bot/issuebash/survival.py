"""Kaplan and Meier's estimate: how long something takes when for some it has not happened yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

_HALF = 0.5 + 1e-9
"""A share is a product of many fractions: what should be a half may come out a little above it."""


def survival(times: Iterable[tuple[timedelta, bool]]) -> tuple[tuple[timedelta, float], ...]:
    """Of (time, whether it happened then) the curve: at which times the share still without it falls, and to what.

    Where it did not happen, the time is how long it has been watched: such an issue counts among those at risk until
    then. At equal times those it happened to come first, as is usual.
    """
    ordered = sorted(times, key=lambda it: it[0])
    at_risk, share = len(ordered), 1.0
    curve: list[tuple[timedelta, float]] = []
    start = 0
    while start < len(ordered):
        end, events = start, 0
        while end < len(ordered) and ordered[end][0] == ordered[start][0]:
            events += ordered[end][1]
            end += 1
        if events:
            share *= 1 - events / at_risk
            curve.append((ordered[start][0], share))
        at_risk -= end - start
        start = end
    return tuple(curve)


def median(curve: Iterable[tuple[timedelta, float]]) -> timedelta | None:
    """When half have it; None where the curve never falls so far."""
    return next((time for time, share in curve if share <= _HALF), None)
