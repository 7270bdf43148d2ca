"""The texts of a bash: tracking issue, board and wrap-up in Markdown, and the board as data for its page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.issuebash.event import DISPOSITIONS, Bash, Disposition, Item
from bot.issuebash.report import BASH_MARKER
from bot.reports import words
from bot.resources import resource
from bot.triage.escape import cell, escape

DONE: Final[dict[Disposition, str]] = {
    "kept": "kept open",
    "closed": "closed",
    "asked": "author asked",
    "duplicate": "duplicate",
    "fix": "to be fixed",
}
_TITLE = 100
_LONGEST = 60_000
"""Characters of a text; GitHub takes 65,536, and a tick makes a line a little longer."""
_ROWS = (200, 100, 50, 20)
"""Of a table of the wrap-up, at most: fewer where names and titles are long."""
_TEXTS = Environment(
    loader=FileSystemLoader(resource("templates") / "reports"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,  # noqa: S701 this is markdown: every value is escaped for it before it comes here
)


def marker(kind: str, id_: int, started_at: datetime) -> str:
    """The hidden first line, of this bash alone."""
    return BASH_MARKER.replace(" -->", f" {kind} {id_}-{started_at:%Y%m%d%H%M%S} -->")


def title(bash: Bash) -> str:
    return f"Issue bash of {words.day(bash.started_at)}"


def fitting(bash: Bash) -> Bash:
    """With as many of its first issues as the tracking issue has room for: titles may be long."""
    while len(issue(bash)) > _LONGEST:
        bash = replace(bash, items=bash.items[: len(bash.items) * 9 // 10])
    return bash


def none_begun(running: int | None) -> str:
    """Said where somebody asked for a bash. `running`: the issue of the one that is under way."""
    if running is None:
        return "Nothing was found that is worth a bash, so none was begun. That is good news.\n"
    return f"An issue bash is running already: #{running}. You are welcome to join it there.\n"


def issue(bash: Bash, *, for_anyone: bool = False) -> str:
    """The tracking issue's text. `for_anyone`: not for maintainers alone."""
    return _text(
        "bash_issue",
        for_anyone=for_anyone,
        ends=words.moment(bash.finished_at or bash.ends_at),
        over=bash.finished_at is not None,
        lease=round(bash.lease.total_seconds() / 60),
        batches=_batches(bash, bash.started_at),
    )


def board(bash: Bash, now: datetime) -> str:
    """The comment that follows."""
    left = len(bash.undecided)
    return _text(
        "bash_board",
        done=len(bash.items) - left,
        total=len(bash.items),
        left=left,
        over=bash.finished_at is not None,
        batches=_batches(bash, now),
    )


def wrap_up(bash: Bash) -> str:
    texts = (_wrap_up(bash, most) for most in _ROWS)
    return next((text for text in texts if len(text) <= _LONGEST), _wrap_up(bash, 0))


def _wrap_up(bash: Bash, most: int) -> str:
    end = bash.finished_at or bash.ends_at
    counts = [(DONE[word], len(bash.disposed(word))) for word in DISPOSITIONS]
    return _text(
        "bash_wrap_up",
        done=len(bash.items) - len(bash.undecided),
        total=len(bash.items),
        # GitHub's times are whole seconds, and its clock another one.
        duration=words.duration(max(end - bash.started_at, timedelta())),
        before=f"{bash.open_before:,}",
        after="not known" if bash.open_after is None else f"{bash.open_after:,}",
        counts=[*counts, ("undecided", len(bash.undecided))],
        fixes=[_row(item) for item in bash.disposed("fix")],
        undecided=[_row(item) for item in bash.undecided],
        most=most,
        reopened={days: _reopened(bash, end, days) for days in (14, 30)},
        thanks=", ".join(escape(login) for login in thanked(bash)),
    )


def thanked(bash: Bash) -> list[str]:
    """In alphabetical order: nobody is counted."""
    return sorted(bash.participants, key=str.lower)


def data(bash: Bash, now: datetime) -> dict[str, Any]:
    """The board as its page and the JSON endpoint have it."""
    left = len(bash.undecided)
    return {
        "over": bash.finished_at is not None,
        "started": words.moment(bash.started_at),
        "ends": words.moment(bash.finished_at or bash.ends_at),
        "done": len(bash.items) - left,
        "total": len(bash.items),
        "participants": thanked(bash),
        "batches": [
            {
                "number": number,
                "title": _title(bash, items),
                "done": sum(item.disposition is not None for item in items),
                "items": [_entry(item, now) for item in items],
            }
            for number, items in bash.batches.items()
        ],
    }


def _entry(item: Item, now: datetime) -> dict[str, Any]:
    return {
        "number": item.number,
        "title": item.title,
        "url": item.url,
        "suggestion": words.SUGGESTIONS[item.suggestion],
        "state": "done" if item.disposition else "claimed" if item.held_by(now) else "free",
        "word": _word(item) or (f"claimed by {item.held_by(now)}" if item.held_by(now) else "free"),
        "by": item.by if item.disposition else item.held_by(now),
    }


def _text(name: str, **values: object) -> str:
    return _TEXTS.get_template(f"{name}.md.j2").render(**values).strip() + "\n"


def _batches(bash: Bash, now: datetime) -> list[dict[str, object]]:
    return [
        {
            "number": number,
            "title": _title(bash, items),
            "rows": [_row(item) for item in items],
            "done": sum(item.disposition is not None for item in items),
            "claims": _claims(items, now),
        }
        for number, items in bash.batches.items()
    ]


def _title(bash: Bash, items: list[Item]) -> str:
    return dict(bash.titles).get(items[0].section, items[0].section)


def _row(item: Item) -> dict[str, str]:
    return {
        "link": f"[#{item.number}]({words.quiet_link(item.url)})",
        "title": escape(item.title, _TITLE),
        "cell": cell(item.title, _TITLE),
        "suggestion": words.SUGGESTIONS[item.suggestion],
        "word": escape(_word(item)),
        "by": escape(item.by),
        "owner": escape(item.owner),
        "pull_request": _pull_request(item),
        "fixed": words.day(item.fixed_at) if item.fixed_at else "",
    }


def _pull_request(item: Item) -> str:
    """Where it is fixed: in the issue's repository or another one on the same GitHub."""
    name, _, number = item.pull_request.rpartition("#")
    page = urlsplit(item.url)
    text = f"#{number}" if page.path.startswith(f"/{name}/") else f"{name}#{number}"
    return f"[{text}]({words.quiet_link(f'{page.scheme}://{page.netloc}/{name}/pull/{number}')})" if name else ""


def _word(item: Item) -> str:
    if item.disposition is None:
        return ""
    return f"duplicate of #{item.duplicate_of}" if item.disposition == "duplicate" else DONE[item.disposition]


def _claims(items: Iterable[Item], now: datetime) -> str:
    """`mona: 12, 14 until 10:45`, of all who hold something."""
    held: dict[str, list[Item]] = {}
    for item in items:
        if item.held_by(now):
            held.setdefault(item.held_by(now), []).append(item)
    return "; ".join(
        f"{escape(login)}: {', '.join(str(item.number) for item in mine)}"
        f" until {min(item.claim.until for item in mine if item.claim):%H:%M} UTC"
        for login, mine in held.items()
    )


def _reopened(bash: Bash, end: datetime, days: int) -> str:
    """Filled in when so many days are over."""
    if not any(checked >= days for checked in bash.checks):
        return f"looked up on {words.day(end + timedelta(days=days))}"
    closed = [item for item in bash.items if item.disposition in {"closed", "duplicate"}]
    soon = [item for item in closed if item.reopened_at and item.reopened_at <= end + timedelta(days=days)]
    return f"{len(soon)} of {len(closed)}" + (f": {', '.join(_row(it)['link'] for it in soon)}" if soon else "")
