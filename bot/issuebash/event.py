"""A Bash: a sitting over frozen batches of issues, kept as a ledger of claims and of what became of each issue.

The ledger is what was said, in the order in which it was said, however it was heard: what comes late is put into its
place, and all that follows is gone through again.
"""

from __future__ import annotations

from bisect import bisect_right
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
class Said:
    """A command on the tracking issue, or (`comment_id` 0, names `closed` and `reopened`) what happened to an issue."""

    at: datetime
    name: str
    arguments: tuple[str, ...]
    """Lower case."""
    by: str
    comment_id: int = 0
    position: int = 0
    """In the comment."""
    number: int = 0
    """Of the issue that `closed` and `reopened` are about."""

    @property
    def place(self) -> tuple[datetime, int, int]:
        """What was said first: GitHub's times are whole seconds, and its numbers rise."""
        return self.at, self.comment_id, self.position


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
    said: tuple[Said, ...] = ()
    """All of which something came, in order."""
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


Answer = Literal["done", "partly", "refused", "unclear"]
"""`partly`: some of it is somebody else's; `refused`: all of it is, or the bash is over; `unclear`: it names nothing
that is there."""


def apply(bash: Bash, said: Said) -> tuple[Bash, Answer]:
    """The ledger with one thing more that was said. A second time it changes nothing more."""
    if said in bash.said:
        return bash, "done"
    at = bisect_right(bash.said, said.place, key=lambda one: one.place)
    later = bash.said[at:]
    # Heard late: people must get what they would have got, had it been heard in time.
    after, answer = _step(_replayed(bash, bash.said[:at]) if later else bash, said)
    if answer in {"refused", "unclear"}:
        return bash, answer
    for one in later:
        after, _ = _step(after, one)
    return after, answer


def finish(bash: Bash, by: str, now: datetime) -> Bash:
    """Ends it, as `/bash finish` does."""
    return apply(bash, Said(now, "bash", ("finish",), by))[0]


def _replayed(bash: Bash, said: Iterable[Said]) -> Bash:
    """The ledger as it was after these; what was looked up afterwards stays."""
    items = tuple(
        replace(item, claim=None, disposition=None, duplicate_of=None, by="", at=None, reopened_at=None)
        for item in bash.items
    )
    bash = replace(bash, items=items, finished_at=None, finished_by="", participants=frozenset(), said=())
    for one in said:
        bash, _ = _step(bash, one)
    return bash


def _step(bash: Bash, said: Said) -> tuple[Bash, Answer]:
    """What was said last, taken down if something comes of it."""
    after, answer = _heard(bash, said)
    if answer in {"refused", "unclear"}:
        return bash, answer
    people = after.participants | ({said.by} if said.by else frozenset())
    return replace(after, participants=people, said=(*bash.said, said)), answer


def _heard(bash: Bash, said: Said) -> tuple[Bash, Answer]:
    if said.name in {"closed", "reopened"}:
        after = _seen(bash, said)
        return after, "unclear" if after is bash else "done"
    if bash.finished_at is not None:
        return bash, "refused"
    match said.name, list(said.arguments):
        case "bash", ["finish"]:
            items = [replace(item, claim=None) for item in bash.items]
            return replace(_with(bash, items), finished_at=said.at, finished_by=said.by), "done"
        case "claim", words if items := _named(bash, words):
            return _take(bash, said, items)
        case "release", words if items := _named(bash, words):
            return _release(bash, said, items)
        case "done", [number, *words] if (items := _named(bash, [number])) and (end := _disposition(words)):
            return _dispose(bash, said, items[0], end)
        case _:
            return bash, "unclear"


def _seen(bash: Bash, said: Said) -> Bash:
    """What GitHub shows outweighs a word that it contradicts, be it `kept` or `closed`."""
    item = next((item for item in bash.items if item.number == said.number), None)
    if item is None:
        return bash
    is_closed, is_over = item.disposition in {"closed", "duplicate"}, bash.finished_at is not None
    if said.name == "closed":
        if item.reopened_at is not None:
            return _with(bash, [replace(item, reopened_at=None)])
        if is_over or is_closed or item.disposition == "fix":
            return bash
        return _with(bash, [replace(item, disposition="closed", by=said.by, at=said.at, claim=None)])
    if not is_closed or item.reopened_at is not None:
        return bash
    if is_over:
        return _with(bash, [replace(item, reopened_at=said.at)])
    return _with(bash, [replace(item, disposition=None, duplicate_of=None, by="", at=None)])


def _take(bash: Bash, said: Said, items: list[Item]) -> tuple[Bash, Answer]:
    """All that are free or one's own already; refused where none is."""
    free = [item for item in items if item.disposition is None and _is_free(item, said)]
    if not free:
        return bash, "refused"
    taken = [replace(item, claim=Claim(said.by, said.at + bash.lease)) for item in free]
    return _with(bash, taken), "done" if len(free) == len(items) else "partly"


def _is_free(item: Item, said: Said) -> bool:
    holder = item.held_by(said.at)
    return not holder or _same(holder, said.by)


def _release(bash: Bash, said: Said, items: list[Item]) -> tuple[Bash, Answer]:
    """One's own claims only."""
    held = [item for item in items if _same(item.held_by(said.at), said.by)]
    if not held:
        return bash, "refused"
    return _with(bash, [replace(item, claim=None) for item in held]), "done" if len(held) == len(items) else "partly"


def _dispose(bash: Bash, said: Said, item: Item, end: tuple[Disposition, int | None]) -> tuple[Bash, Answer]:
    """Needs no claim, yet respects somebody else's. Who is permitted may put right what was said before."""
    if not _is_free(item, said):
        return bash, "refused"
    disposition, duplicate_of = end
    if duplicate_of == item.number:
        return bash, "unclear"
    done = replace(item, disposition=disposition, duplicate_of=duplicate_of, by=said.by, at=said.at, claim=None)
    return _with(bash, [done]), "done"


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
