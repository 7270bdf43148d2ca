"""How far the mirror of a repository is filled: where a fill that was stopped goes on, and since when all is in."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.store.database import insert_into
from bot.store.tables import fills

if TYPE_CHECKING:
    from typing import Any


@dataclass(frozen=True, slots=True)
class Progress:
    """Times in milliseconds."""

    cursor: str = ""
    """Where to go on; empty for from the start."""
    began_at: int | None = None
    """When the pass under way began; None where none is."""
    complete_until: int | None = None
    """All that changed before then is in; None before the first pass came to its end."""
    pulls_until: int | None = None
    """The same of pull requests and the issues that they mention."""
    whole: bool = False
    """The pass under way reads all issues again."""
    whole_at: int | None = None
    """When the last such pass began."""

    @property
    def reads_all(self) -> bool:
        return self.whole or self.complete_until is None


_NAMES = tuple(item.name for item in fields(Progress))


def get(connection: sa.Connection, repository_id: int) -> Progress:
    row = connection.execute(
        sa.select(*(fills.c[name] for name in _NAMES)).where(fills.c.repository_id == repository_id)
    ).one_or_none()
    return Progress() if row is None else Progress(*row)


def put(connection: sa.Connection, repository_id: int, progress: Progress) -> None:
    values: dict[str, Any] = {name: getattr(progress, name) for name in _NAMES}
    statement = insert_into(connection.dialect.name, fills).values(repository_id=repository_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["repository_id"], set_=values))
