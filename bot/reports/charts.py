"""Charts as inline SVG: coloured by the page's style, and told in words to those who do not see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from markupsafe import Markup, escape

from bot.issuebash.numbers import Month, Response
from bot.reports import words

_WIDTH, _HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 12, 12, 28
_INNER_WIDTH, _INNER_HEIGHT = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
_MOST_LABELS = 5
_HALF_LABEL = 42
"""Of the width of a month's name as a phone shows it."""


def backlog(months: Sequence[Month]) -> Markup:
    """Open issues at the end of each month, as a line."""
    top = _nice(max((month.backlog for month in months), default=0))
    places = [(_across(at, len(months)), _up(month.backlog, top)) for at, month in enumerate(months)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    base = _up(0, top)
    area = f"{places[0][0]:.1f},{base:.1f} {line} {places[-1][0]:.1f},{base:.1f}"
    drawn = Markup('<polygon class="area" points="{}"/><polyline class="line" points="{}"/>').format(area, line)
    last = Markup('<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="4"/>').format(*places[-1])
    said = f"From {months[0].backlog:,} open issues in {_name(months[0].start)} to {months[-1].backlog:,} now."
    return _chart("Open issues at the end of each month", said, _grid(top), _months(months), drawn, last)


def flow(months: Sequence[Month]) -> Markup:
    """Opened and closed, two bars a month."""
    top = _nice(max((max(month.opened, month.closed) for month in months), default=0))
    step = _INNER_WIDTH / len(months)
    width = min(step * 0.38, 18)
    bars = []
    for at, month in enumerate(months):
        middle = _LEFT + step * (at + 0.5)
        for name, value, x in (("opened", month.opened, middle - width - 1), ("closed", month.closed, middle + 1)):
            y = _up(value, top)
            bars.append(
                Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
                    name, x, y, width, _up(0, top) - y
                )
            )
    opened, closed = sum(month.opened for month in months), sum(month.closed for month in months)
    said = f"In {words.counted(len(months), 'month')} {opened:,} issues were opened and {closed:,} closed."
    return _chart("Opened and closed each month", said, _grid(top), _months(months), *bars)


def waiting(response: Response, longest: timedelta = timedelta(days=90)) -> Markup:
    """The share of issues still without a maintainer's response, by the time since they were filed."""
    places, share = [(0.0, 1.0)], 1.0
    for time, after in response.curve:
        if time > longest:
            break
        x = time / longest
        places += [(x, share), (x, after)]
        share = after
    places.append((1.0, share))
    points = " ".join(f"{_LEFT + x * _INNER_WIDTH:.1f},{_TOP + (1 - y) * _INNER_HEIGHT:.1f}" for x, y in places)
    half = Markup('<line class="half" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
        _LEFT, _WIDTH - _RIGHT, _TOP + _INNER_HEIGHT / 2, _TOP + _INNER_HEIGHT / 2
    )
    ticks = Markup("").join(
        Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
            _LEFT + days / longest.days * _INNER_WIDTH,
            _HEIGHT - 8,
            "end" if days == longest.days else "middle",
            f"{days} d",
        )
        for days in (7, 30, 60, 90)
    )
    said = f"Half have a response after: {words.median(response)}. Within seven days: {words.rate(response)}."
    line = Markup('<polyline class="line" points="{}"/>').format(points)
    return _chart("Issues still without a maintainer's response", said, _grid(100, "%"), ticks, half, line)


def _chart(title: str, said: str, *parts: Markup) -> Markup:
    return Markup(
        '<svg class="chart" viewBox="0 0 {w} {h}" role="img" aria-label="{title}. {said}">'
        "<title>{title}</title><desc>{said}</desc>{parts}</svg>"
    ).format(w=_WIDTH, h=_HEIGHT, title=title, said=said, parts=Markup("").join(parts))


def _grid(top: int, unit: str = "") -> Markup:
    lines = []
    for at in range(5):
        value = top * at / 4
        y = _up(value, top)
        lines.append(
            Markup(
                '<line class="grid" x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}"/>'
                '<text class="tick" x="{}" y="{below:.1f}" text-anchor="end">{text}</text>'
            ).format(_LEFT, _WIDTH - _RIGHT, _LEFT - 6, y=y, below=y + 4, text=_short(value, top) + unit)
        )
    return Markup("").join(lines)


def _months(months: Sequence[Month]) -> Markup:
    """Names below the axis, as many as there is room for; the present month always."""
    every = -(-len(months) // _MOST_LABELS)
    labels = []
    for at, month in enumerate(months):
        if (len(months) - 1 - at) % every:
            continue
        x = _across(at, len(months))
        place, anchor = (_WIDTH - 1.0, "end") if x > _WIDTH - _HALF_LABEL else (x, "middle")
        labels.append(
            Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
                place, _HEIGHT - 8, anchor, escape(_name(month.start))
            )
        )
    return Markup("").join(labels)


def _short(value: float, top: int) -> str:
    """There is room for `8,000` beside the axis, and for `80k`."""
    return f"{value:,.0f}" if top < 10_000 else f"{value / 1000:,.0f}k"


def _name(month: date) -> str:
    return f"{month:%b %Y}"


def _across(at: int, count: int) -> float:
    return _LEFT + _INNER_WIDTH / count * (at + 0.5)


def _up(value: float, top: int) -> float:
    return _TOP + _INNER_HEIGHT * (1 - max(value, 0) / top)


def _nice(most: int) -> int:
    """The end of an axis: a round number that four steps divide."""
    scale = 1
    while True:
        for steps in (4, 8, 12, 20, 32):
            if steps * scale >= most:
                return steps * scale
        scale *= 10
