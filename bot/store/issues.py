"""The issue mirror, and what the bot remembers of each issue: its History, as far as GitHub does not show it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa

from bot.store.database import execute_many, insert_into
from bot.store.tables import issues
from bot.store.times import from_ms, to_ms
from bot.triage.issue import Command, History, Request

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from bot.triage.issue import Actor, Issue


@dataclass(slots=True)
class Intent:
    """What the bot was about to do to an issue; on record until the outcome is."""

    add: list[str] = field(default_factory=list)
    """Labels."""
    remove: list[str] = field(default_factory=list)
    post: bool = False
    """The Request comment."""
    notice: bool = False
    """A notice of the lifecycle."""
    close: bool = False
    known_until: int = 0
    """By GitHub's clock, in milliseconds: what was done to the issue until then was seen when this was decided."""
    others: dict[str, Any] = field(default_factory=dict)
    """What a newer release wrote of its own, for it to find again."""

    @classmethod
    def of(cls, text: str) -> Intent:
        """From what `text` gave."""
        said: dict[str, Any] = orjson.loads(text) if text else {}
        known = {name: said.pop(name) for name in _INTENT if name in said}
        return cls(**known, others=said)

    @property
    def text(self) -> str:
        """As it is kept; empty for nothing."""
        known = {name: getattr(self, name) for name in _INTENT}
        return orjson.dumps(known | self.others).decode() if self or self.others else ""

    def over(self) -> Intent:
        """Once the outcome is known."""
        return Intent(others=self.others)

    def __bool__(self) -> bool:
        return bool(self.add or self.remove or self.post or self.notice or self.close)


_INTENT = tuple(item.name for item in fields(Intent) if item.name != "others")


@dataclass(slots=True)
class Record:
    """One issue's row. The lane of its repository is the only one that changes it."""

    repository_id: int
    number: int
    title: str = ""
    author: str = ""
    state: str = ""
    state_reason: str = ""
    labels: tuple[str, ...] = ()
    locked: bool = False
    is_pull_request: bool = False
    created_at: int | None = None
    updated_at: int | None = None
    closed_at: int | None = None
    milestone: str = ""
    assignees: tuple[str, ...] = ()
    reactions: int = 0
    last_human_at: int | None = None
    waiting_on: str = ""
    opened_seen: bool = False
    transferred_in: bool = False
    looked_at: int | None = None
    next_look_at: int | None = None
    intent: Intent = field(default_factory=Intent)
    request_comment_id: int | None = None
    request_node_id: str = ""
    request_body: str = ""
    request_resolved: bool = False
    request_asked_at: int | None = None
    labels_by_bot: set[str] = field(default_factory=set)
    labels_by_people: set[str] = field(default_factory=set)
    labels_removed_by_people: set[str] = field(default_factory=set)
    labels_by_other_bots: set[str] = field(default_factory=set)
    stale_labels: set[str] = field(default_factory=set)
    asked_fields: tuple[str, ...] = ()
    needs_info_by_maintainer: bool = False
    skipped: bool = False
    closed_by_bot: bool = False
    noticed: bool = False
    pinned: bool = False
    edited_at: int | None = None
    swept: bool = False
    swept_at: int | None = None
    settled: str = ""

    def label_by_other(self, label: str, by: Actor, *, added: bool) -> None:
        """Somebody, not the bot itself, put it on or took it off; its name is in lower case."""
        now, before = self.labels_by_people, self.labels_removed_by_people
        if not added:
            now, before = before, now
        now.add(label)
        for others in (before, self.labels_by_bot, self.labels_by_other_bots, self.stale_labels):
            others.discard(label)
        if by.is_bot:
            self.labels_by_other_bots.add(label)

    def mirror(self, issue: Issue) -> bool:
        """Takes over what is newer; False where the issue is older than what is known."""
        updated_at = to_ms(issue.updated_at)
        if self.updated_at is not None and updated_at < self.updated_at:
            return False
        self.title, self.author = issue.title, issue.author.login
        self.state, self.state_reason, self.labels = issue.state, issue.state_reason, issue.labels
        self.locked, self.is_pull_request = issue.locked, issue.is_pull_request
        self.created_at, self.updated_at = to_ms(issue.created_at), updated_at
        self.closed_at = to_ms(issue.closed_at) if issue.closed_at else None
        self.milestone, self.assignees, self.reactions = issue.milestone, issue.assignees, issue.reactions
        return True

    @property
    def request(self) -> Request | None:
        if self.request_comment_id is None:
            return None
        return Request(
            comment_id=self.request_comment_id,
            node_id=self.request_node_id,
            body=self.request_body,
            resolved=self.request_resolved,
            asked_at=from_ms(self.request_asked_at),
        )

    @request.setter
    def request(self, request: Request | None) -> None:
        self.request_comment_id = request.comment_id if request else None
        self.request_node_id = request.node_id if request else ""
        self.request_body = request.body if request else ""
        self.request_resolved = bool(request and request.resolved)
        self.request_asked_at = to_ms(request.asked_at) if request else None

    def history(self, commands: Iterable[Command]) -> History:
        return History(
            request=self.request,
            labels_by_bot=frozenset(self.labels_by_bot),
            labels_by_people=frozenset(self.labels_by_people),
            labels_removed_by_people=frozenset(self.labels_removed_by_people),
            labels_by_other_bots=frozenset(self.labels_by_other_bots),
            stale_labels=frozenset(self.stale_labels),
            asked_fields=self.asked_fields,
            needs_info_by_maintainer=self.needs_info_by_maintainer,
            skipped=self.skipped,
            closed_by_bot=self.closed_by_bot,
            noticed=self.noticed,
            pinned=self.pinned,
            last_human_at=from_ms(self.last_human_at),
            edited_at=from_ms(self.edited_at),
            swept=self.swept,
            settled=self.settled,
            commands=tuple(commands),
        )


_AT_ONCE = 500
"""Repositories in one statement."""
_SETS = ("labels_by_bot", "labels_by_people", "labels_removed_by_people", "labels_by_other_bots", "stale_labels")
_TUPLES = ("labels", "assignees", "asked_fields")
_NAMES = tuple(item.name for item in fields(Record))
_VALUES = tuple(name for name in _NAMES if name not in {"repository_id", "number", "next_look_at", "swept", "swept_at"})
"""What `save` overwrites. The next look may be asked for from elsewhere, and has statements of its own."""


_OPEN_REQUEST = (
    issues.c.state == "open",
    issues.c.request_comment_id.is_not(None),
    issues.c.request_resolved.is_(False),
)
_HERE = issues.c.repository_id == sa.bindparam("repository")
_LOAD = sa.select(issues).where(_HERE, issues.c.number.in_(sa.bindparam("numbers", expanding=True)))
_DUE = (
    sa.select(issues.c.number)
    .where(_HERE, issues.c.next_look_at <= sa.bindparam("now"))
    .order_by(issues.c.next_look_at)
    .limit(sa.bindparam("most"))
)
_LOOKED = (
    issues.update()
    .where(
        _HERE, issues.c.number.in_(sa.bindparam("numbers", expanding=True)), issues.c.next_look_at <= sa.bindparam("at")
    )
    .values(next_look_at=None, swept=False)
)


@cache
def _save(dialect: str) -> Any:
    insert = insert_into(dialect, issues)
    return insert.on_conflict_do_update(
        index_elements=["repository_id", "number"], set_={name: insert.excluded[name] for name in _VALUES}
    )


def load(connection: sa.Connection, repository_id: int, numbers: Collection[int]) -> dict[int, Record]:
    """The known ones of these issues, by number."""
    rows = connection.execute(_LOAD, {"repository": repository_id, "numbers": list(numbers)}).mappings()
    found = (record_of(row) for row in rows)
    return {record.number: record for record in found}


def every(connection: sa.Connection, repository_id: int) -> list[Record]:
    """All known ones of a repository, by number."""
    rows = connection.execute(
        sa.select(issues).where(issues.c.repository_id == repository_id).order_by(issues.c.number)
    )
    return [record_of(row) for row in rows.mappings()]


def save(connection: sa.Connection, records: Iterable[Record]) -> None:
    """In one order everywhere, so that no two processes wait for each other's."""
    ordered = sorted(records, key=lambda it: (it.repository_id, it.number))
    execute_many(connection, _save(connection.dialect.name), list(map(_row, ordered)))


def due(connection: sa.Connection, repository_id: int, now: int, most: int) -> list[int]:
    """Numbers of the issues that are to be looked at though nothing new is known of them."""
    return list(connection.scalars(_DUE, {"repository": repository_id, "now": now, "most": most}))


def looked(connection: sa.Connection, repository_id: int, numbers: Collection[int], at: int) -> None:
    """Their time to be looked at has been kept; a later one stays."""
    if numbers:
        connection.execute(_LOOKED, {"repository": repository_id, "numbers": list(numbers), "at": at})


def look_at(connection: sa.Connection, repository_id: int, number: int, at: int) -> None:
    """Have this issue looked at then."""
    connection.execute(
        issues.update()
        .where(issues.c.repository_id == repository_id, issues.c.number == number)
        .values(next_look_at=at)
    )


def sweep_up(connection: sa.Connection, repository_id: int, numbers: Collection[int], at: int) -> None:
    """Have these looked at for a sweep, also those that no delivery ever told of."""
    asked = {"repository_id": repository_id, "next_look_at": at, "swept": True, "swept_at": at}
    execute_many(connection, _sweep_up(connection.dialect.name), [asked | {"number": it} for it in sorted(numbers)])


@cache
def _sweep_up(dialect: str) -> Any:
    insert = insert_into(dialect, issues)
    values = {name: insert.excluded[name] for name in ("next_look_at", "swept", "swept_at")}
    return insert.on_conflict_do_update(index_elements=["repository_id", "number"], set_=values)


def heard_until(connection: sa.Connection, repository_id: int, numbers: Collection[int]) -> dict[int, int]:
    """Until when (milliseconds) each of the known ones of these issues is known; 0 where nothing was heard yet."""
    columns = (issues.c.number, issues.c.updated_at)
    here = (issues.c.repository_id == repository_id, issues.c.number.in_(numbers))
    return {number: at or 0 for number, at in connection.execute(sa.select(*columns).where(*here))}


def with_open_request(connection: sa.Connection, repository_id: int, numbers: Collection[int]) -> set[int]:
    """Those of these issues that wait for an answer to the bot's Request."""
    here = (issues.c.repository_id == repository_id, issues.c.number.in_(numbers))
    return set(connection.scalars(sa.select(issues.c.number).where(*here, *_OPEN_REQUEST)))


def look_at_all(connection: sa.Connection, repository_id: int, numbers: Collection[int], at: int) -> None:
    """Have these looked at then, also those that no delivery ever told of."""
    asked = {"repository_id": repository_id, "next_look_at": at}
    execute_many(connection, _look_at_all(connection.dialect.name), [asked | {"number": it} for it in numbers])


@cache
def _look_at_all(dialect: str) -> Any:
    insert = insert_into(dialect, issues)
    values = {"next_look_at": insert.excluded.next_look_at}
    return insert.on_conflict_do_update(index_elements=["repository_id", "number"], set_=values)


def rename_label(connection: sa.Connection, repository_id: int, old: str, new: str) -> None:
    """A label was renamed: what is remembered of it goes on under its new name (both compared without case)."""
    columns = [issues.c[name] for name in _SETS]
    quoted = _json(old.lower())
    mentions = sa.or_(*(column.contains(quoted, autoescape=True) for column in columns))
    found = connection.execute(
        sa.select(issues.c.number, *columns).where(issues.c.repository_id == repository_id, mentions)
    )
    for number, *texts in found.all():
        values = {
            column.name: _json(sorted({new.lower() if it == old.lower() else it for it in orjson.loads(text)}))
            for column, text in zip(columns, texts, strict=True)
        }
        here = (issues.c.repository_id == repository_id, issues.c.number == number)
        connection.execute(issues.update().where(*here).values(**values))


def with_open_requests(connection: sa.Connection, repository_ids: Collection[int]) -> list[int]:
    """Those of these repositories that have any."""
    found: list[int] = []
    some = sorted(repository_ids)
    for start in range(0, len(some), _AT_ONCE):
        here = issues.c.repository_id.in_(some[start : start + _AT_ONCE])
        found += connection.scalars(sa.select(issues.c.repository_id).where(here, *_OPEN_REQUEST).distinct())
    return found


def look_again_at_open_requests(
    connection: sa.Connection, repository_ids: Collection[int], at: int, updated_since: int
) -> None:
    """For when templates or policy changed: the need of an open Request may have, too."""
    asked = (*_OPEN_REQUEST, issues.c.updated_at >= updated_since)
    some = sorted(repository_ids)
    for start in range(0, len(some), _AT_ONCE):
        here = issues.c.repository_id.in_(some[start : start + _AT_ONCE])
        # An update takes rows as they lie; lanes that save some of them do so in this order.
        ordered = sa.select(issues.c.number).where(here, *asked).order_by(issues.c.repository_id, issues.c.number)
        connection.execute(ordered.with_for_update())
        connection.execute(issues.update().where(here, *asked).values(next_look_at=at))


def record_of(row: Mapping[Any, Any]) -> Record:
    """From the values of all columns."""
    values: dict[str, Any] = dict(row)
    for name in _SETS:
        values[name] = set(orjson.loads(values[name]))
    for name in _TUPLES:
        values[name] = tuple(orjson.loads(values[name]))
    values["intent"] = Intent.of(values["intent"])
    return Record(**values)


def _row(record: Record) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(record, name) for name in _NAMES}
    for name in _SETS:
        values[name] = _json(sorted(values[name]))
    for name in _TUPLES:
        values[name] = _json(values[name])
    values["intent"] = record.intent.text
    return values


def _json(value: object) -> str:
    return orjson.dumps(value).decode() if value else "[]"
