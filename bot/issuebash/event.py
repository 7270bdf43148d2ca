"""A Bash: a sitting over frozen batches of issues, kept as a ledger of claims and of what became of each issue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, get_args

from bot.issuebash.report import Suggestion

Disposition = Literal["kept", "closed", "asked", "duplicate", "fix"]
DISPOSITIONS: tuple[Disposition, ...] = get_args(Disposition)


@dataclass(frozen=True, slots=True)
class Claim:
    """A lease: somebody looks at the issue, until then."""

    by: str
    until: datetime
    comment_id: int
    """Where it was said: of two claims the one said first holds, whichever is heard first."""


@dataclass(frozen=True, slots=True)
class Item:
    """One issue of the snapshot."""

    number: int
    title: str
    url: str
    section: str
    """The rule's id."""
    suggestion: Suggestion
    batch: int
    """From 1."""
    claim: Claim | None = None
    disposition: Disposition | None = None
    duplicate_of: int | None = None
    by: str = ""
    """Who said what became of it; empty where the bot only saw it closed."""
    at: datetime | None = None
    reopened_at: datetime | None = None
    """After it was closed here."""
    fixed_at: datetime | None = None
    """After it was kept here as one to fix."""
    pull_request: str = ""
    """Where it is being fixed, or was: `owner/name#number`."""
    owner: str = ""
    """The assignee, as of the wrap-up or a later sweep."""

    def held_by(self, now: datetime) -> str:
        """Whose claim holds; empty where none does."""
        return self.claim.by if self.claim and self.claim.until > now else ""


@dataclass(frozen=True, slots=True)
class Bash:
    started_by: str
    started_at: datetime
    ends_at: datetime
    lease: timedelta
    items: tuple[Item, ...] = ()
    titles: tuple[tuple[str, str], ...] = ()
    """Section id -> its title, in the report's order."""
    open_before: int = 0
    open_after: int | None = None
    """None until it is over."""
    finished_at: datetime | None = None
    finished_by: str = ""
    """Empty where its time ran out."""
    participants: frozenset[str] = field(default_factory=frozenset)
    checks: tuple[int, ...] = ()
    """Days after the end at which what became of its issues was looked up."""

    @property
    def batches(self) -> dict[int, list[Item]]:
        found: dict[int, list[Item]] = {}
        for item in self.items:
            found.setdefault(item.batch, []).append(item)
        return found

    @property
    def undecided(self) -> list[Item]:
        return [item for item in self.items if item.disposition is None]

    def disposed(self, disposition: Disposition) -> list[Item]:
        return [item for item in self.items if item.disposition == disposition]


@dataclass(frozen=True, slots=True)
class Said:
    """A command on the tracking issue, or (`comment_id` 0, names `closed` and `reopened`) what happened to an issue."""

    name: str
    arguments: tuple[str, ...]
    """Lower case."""
    by: str
    comment_id: int
    number: int = 0
    """Of the issue that `closed` and `reopened` are about."""


Answer = Literal["done", "refused", "unclear"]
"""`refused`: somebody else was first, or it is over; `unclear`: it names nothing that is there."""


def apply(bash: Bash, said: Said, now: datetime) -> tuple[Bash, Answer]:
    """The ledger after one command. A second time it changes nothing more."""
    if said.name in {"closed", "reopened"}:
        return _seen(bash, said, now), "done"
    if bash.finished_at is not None:
        return bash, "refused"
    match said.name, list(said.arguments):
        case "bash", ["finish"]:
            return finish(bash, said.by, now), "done"
        case "claim", words if items := _named(bash, words):
            return _take(bash, said, items, now)
        case "release", words if items := _named(bash, words):
            return _release(bash, said, items, now)
        case "done", [number, *words] if (items := _named(bash, [number])) and (end := _disposition(words)):
            return _dispose(bash, said, items[0], end, now)
        case _:
            return bash, "unclear"


def finish(bash: Bash, by: str, now: datetime) -> Bash:
    items = tuple(replace(item, claim=None) for item in bash.items)
    return replace(bash, items=items, finished_at=now, finished_by=by, participants=bash.participants | _name(by))


def _seen(bash: Bash, said: Said, now: datetime) -> Bash:
    """Closed by hand counts as closed, by whoever did it; what was said before stays."""
    item = next((item for item in bash.items if item.number == said.number), None)
    if item is None:
        return bash
    if said.name == "closed":
        if item.reopened_at is not None:
            return _with(bash, [replace(item, reopened_at=None)])
        if item.disposition is not None or bash.finished_at is not None:
            return bash
        done = replace(item, disposition="closed", by=said.by, at=now, claim=None)
        return _with(replace(bash, participants=bash.participants | _name(said.by)), [done])
    if item.disposition in {"closed", "duplicate"} and item.reopened_at is None:
        return _with(bash, [replace(item, reopened_at=now)])
    return bash


def _take(bash: Bash, said: Said, items: list[Item], now: datetime) -> tuple[Bash, Answer]:
    """All that are free; refused where none is."""
    free = [item for item in items if item.disposition is None and _is_free(item, said, now)]
    if not free:
        return bash, "refused"
    until = now + bash.lease
    taken = [replace(item, claim=Claim(said.by, until, _first(item, said))) for item in free]
    return _with(replace(bash, participants=bash.participants | _name(said.by)), taken), "done"


def _is_free(item: Item, said: Said, now: datetime) -> bool:
    holder = item.held_by(now)
    return not holder or _same(holder, said.by) or (item.claim is not None and said.comment_id < item.claim.comment_id)


def _first(item: Item, said: Said) -> int:
    """A claim that is renewed holds since it was first said."""
    claim = item.claim
    return min(claim.comment_id, said.comment_id) if claim and _same(claim.by, said.by) else said.comment_id


def _release(bash: Bash, said: Said, items: list[Item], now: datetime) -> tuple[Bash, Answer]:
    """One's own claims only."""
    held = [item for item in items if _same(item.held_by(now), said.by)]
    return _with(bash, [replace(item, claim=None) for item in held]), "done" if held else "refused"


def _dispose(
    bash: Bash, said: Said, item: Item, end: tuple[Disposition, int | None], now: datetime
) -> tuple[Bash, Answer]:
    """Needs no claim, yet respects somebody else's. Who is permitted may put right what was said before."""
    if item.held_by(now) and not _same(item.held_by(now), said.by):
        return bash, "refused"
    disposition, duplicate_of = end
    if duplicate_of == item.number:
        return bash, "unclear"
    done = replace(item, disposition=disposition, duplicate_of=duplicate_of, by=said.by, at=now, claim=None)
    return _with(replace(bash, participants=bash.participants | _name(said.by)), [done]), "done"


def _disposition(words: list[str]) -> tuple[Disposition, int | None] | None:
    match words:
        case ["duplicate", *of, number] if of in ([], ["of"]) and (of_number := _number(number)):
            return "duplicate", of_number
        case [word] if word != "duplicate":
            return next(((known, None) for known in DISPOSITIONS if known == word), None)
    return None


def _named(bash: Bash, words: list[str]) -> list[Item]:
    """`#12`, several of them, or `batch 3`; nothing where one is none of this bash."""
    if words[:1] == ["batch"] and len(words) == 2:
        return bash.batches.get(_number(words[1]), [])
    numbers = {_number(word) for word in words}
    items = [item for item in bash.items if item.number in numbers]
    return items if len(items) == len(numbers) else []


def _number(word: str) -> int:
    """0 where it is none."""
    digits = word.removeprefix("#")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else 0


def _with(bash: Bash, changed: list[Item]) -> Bash:
    by_number = {item.number: item for item in changed}
    return replace(bash, items=tuple(by_number.get(item.number, item) for item in bash.items))


def _same(login: str, other: str) -> bool:
    return login.lower() == other.lower()


def _name(login: str) -> frozenset[str]:
    return frozenset({login}) if login else frozenset()


def batched(rows: Iterable[Item], size: int) -> tuple[Item, ...]:
    """Puts rows into batches that hold one section each, so that whoever takes one thinks of one kind of thing."""
    found: list[Item] = []
    batch, left, section = 0, 0, ""
    for item in rows:
        if left == 0 or item.section != section:
            batch, left, section = batch + 1, size, item.section
        found.append(replace(item, batch=batch))
        left -= 1
    return tuple(found)
