"""Keeps the books of all installations in the database, so that all processes keep to GitHub's limits together."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import sqlalchemy as sa

from bot.github.books import Books
from bot.github.errors import LimitReached
from bot.store import books
from bot.store.database import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.store.database import Database

_T = TypeVar("_T")

_ASKED_AGAIN = timedelta(seconds=5)
_HOUR = 3_600_000
_LOOKED_AT = 200
_MOST_SHOWN = 20
"""Installations, for a metric's label; all the others have more left."""


class SharedBooks:
    """One installation's; thread-safe. Never to be asked within a transaction: SQLite has one writer."""

    def __init__(self, database: Database, installation_id: int, clock: Callable[[], float] = time.time) -> None:
        """`clock` counts on SQLite; else the server's does."""
        self._database = database
        self._id = installation_id
        self._clock = clock

    def change(self, work: Callable[[Books, float], _T]) -> _T:
        """Raises LimitReached where the database is away, or others have this process's place."""
        try:
            with self._database.write() as connection:
                page = books.open_page(connection, self._id)
                at = self._clock() if page.at is None else page.at
                kept = Books.load(page.content)
                before = kept.dump()
                done = work(kept, at)
                content = kept.dump()
                if content != before:
                    least = min(kept.left(at).values(), default=1.0)
                    books.write_page(connection, self._id, content, least_left=least, changed_at=round(at * 1000))
                return done
        except (sa.exc.SQLAlchemyError, StoreError) as error:
            again = datetime.fromtimestamp(self._clock(), UTC) + _ASKED_AGAIN
            raise LimitReached("the database, which keeps the budget of all processes, is away", again) from error


def left(database: Database, clock: Callable[[], float] = time.time) -> dict[tuple[int, str], float]:
    """By installation and limit the share that is left, from 0 to 1: of the installations that have least."""
    now = clock()
    with database.read() as connection:
        found = books.scarcest(connection, round(now * 1000) - _HOUR, _LOOKED_AT)
    shares = {id_: Books.load(content).left(now) for id_, content in found}
    shown = sorted(shares, key=lambda id_: min(shares[id_].values(), default=1.0))[:_MOST_SHOWN]
    return {(id_, name): share for id_ in shown for name, share in shares[id_].items()}
