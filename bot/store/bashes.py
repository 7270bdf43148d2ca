"""The bashes of each repository: their ledgers, and what was last written of them on GitHub."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import orjson
import sqlalchemy as sa
from pydantic import TypeAdapter

from bot.issuebash.event import Bash
from bot.store.tables import bashes, repositories

_BASH = TypeAdapter(Bash)
_KNOWN = frozenset(item.name for item in fields(Bash))


@dataclass(slots=True)
class Kept:
    """A row: the ledger, and how far GitHub shows it. `bot.work.bashes` changes it and saves it."""

    id: int
    repository_id: int
    bash: Bash
    next_at: int | None
    issue_number: int | None = None
    issue_body: str = ""
    board_comment_id: int | None = None
    board_body: str = ""
    edited_at: int | None = None
    wrap_up_comment_id: int | None = None
    wrap_up_body: str = ""
    failures: int = 0
    """Visits that GitHub refused, one after the other."""
    others: dict[str, Any] = field(default_factory=dict)
    """What a newer release keeps of the bash beside, for it to find again."""

    @property
    def is_running(self) -> bool:
        return self.bash.finished_at is None


def add(connection: sa.Connection, repository_id: int, bash: Bash, now: int) -> Kept:
    statement = bashes.insert().values(repository_id=repository_id, details=_BASH.dump_json(bash), next_at=now)
    (id_,) = connection.execute(statement.returning(bashes.c.id)).one()
    return Kept(id_, repository_id, bash, now)


def save(connection: sa.Connection, kept: Kept) -> None:
    statement = bashes.update().where(bashes.c.id == kept.id)
    connection.execute(
        statement.values(
            issue_number=kept.issue_number,
            next_at=kept.next_at,
            details=_details(kept),
            issue_body=kept.issue_body,
            board_comment_id=kept.board_comment_id,
            board_body=kept.board_body,
            edited_at=kept.edited_at,
            wrap_up_comment_id=kept.wrap_up_comment_id,
            wrap_up_body=kept.wrap_up_body,
            failures=kept.failures,
        )
    )


_ALIVE = (
    sa.select(bashes)
    .where(bashes.c.repository_id == sa.bindparam("repository"), bashes.c.next_at.is_not(None))
    .order_by(bashes.c.id)
)


def alive(connection: sa.Connection, repository_id: int) -> list[Kept]:
    """Those of which something may still come, oldest first: the running one, and past ones still followed up."""
    return [_kept(row) for row in connection.execute(_ALIVE, {"repository": repository_id})]


def wake(connection: sa.Connection, repository_id: int, now: int) -> None:
    """Have all that are alive tended to at once."""
    here = (bashes.c.repository_id == repository_id, bashes.c.next_at > now)
    connection.execute(bashes.update().where(*here).values(next_at=now))


def latest(connection: sa.Connection, repository_id: int) -> Kept | None:
    statement = sa.select(bashes).where(bashes.c.repository_id == repository_id).order_by(bashes.c.id.desc()).limit(1)
    row = connection.execute(statement).one_or_none()
    return None if row is None else _kept(row)


def of_issue(connection: sa.Connection, owner: str, name: str, number: int) -> Kept | None:
    """The one with this tracking issue, of a public repository."""
    statement = (
        sa.select(bashes)
        .join(repositories, repositories.c.id == bashes.c.repository_id)
        .where(
            sa.func.lower(repositories.c.owner) == owner.lower(),
            sa.func.lower(repositories.c.name) == name.lower(),
            repositories.c.removed.is_(False),
            repositories.c.is_public.is_(True),
            bashes.c.issue_number == number,
        )
    )
    row = connection.execute(statement.limit(1)).one_or_none()
    return None if row is None else _kept(row)


def _kept(row: sa.Row[Any]) -> Kept:
    return Kept(
        id=row.id,
        repository_id=row.repository_id,
        bash=_BASH.validate_json(row.details),
        next_at=row.next_at,
        issue_number=row.issue_number,
        issue_body=row.issue_body,
        board_comment_id=row.board_comment_id,
        board_body=row.board_body,
        edited_at=row.edited_at,
        wrap_up_comment_id=row.wrap_up_comment_id,
        wrap_up_body=row.wrap_up_body,
        failures=row.failures,
        others={name: value for name, value in orjson.loads(row.details).items() if name not in _KNOWN},
    )


def _details(kept: Kept) -> bytes:
    known = _BASH.dump_json(kept.bash)
    return orjson.dumps(kept.others | orjson.loads(known)) if kept.others else known
