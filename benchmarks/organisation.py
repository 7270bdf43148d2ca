"""A made-up organisation in PostgreSQL: as many repositories as wanted, by copying the issues of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.store.tables import metadata
from bot.store.times import to_ms
from bot.triage.issue import Repository
from tests.fakes.community import Community
from tests.fakes.community.scores import REPOSITORY, settle

if TYPE_CHECKING:
    from bot.store.database import Database

OWNER = "octo-org"
INSTALLATION = 77
LARGE = 1_000
"""Issues of one repository in a hundred, which holds a tenth of all; the others have 91."""
FIRST = 1_000_000
"""The id of the first repository, a large one; they count on from it."""

_DAY = 86_400_000
_WORDS = {
    "new": "generate_series(CAST(:first AS bigint), CAST(:last AS bigint) - 1) r",
    "size": f"CASE WHEN (r - {FIRST}) % 100 = 0 THEN {LARGE} ELSE 91 END",
    "first": FIRST,
    "owner": OWNER,
    "installation": INSTALLATION,
    "day": f"CAST({_DAY} AS bigint)",
}
_STATEMENTS = (
    """
    INSERT INTO repositories
        (id, owner, name, html_url, default_branch, is_public, installation_id, installed_at, first_seen)
    SELECT r, '{owner}', 'r' || lpad((r - {first})::text, 5, '0'), 'https://github.com/{owner}/x', 'main', true,
        {installation}, 0, 0
    FROM {new}
    """,
    "INSERT INTO lanes (id) SELECT 'repository:' || r FROM {new}",
    # Spread over the hour, the day and the week.
    """
    INSERT INTO schedules (repository_id, name, next_at)
    SELECT r, name, :now + mod(r * 7919, period) FROM {new},
        (VALUES ('sweep', 3600000), ('policy', 86400000), ('report', 604800000)) AS chores (name, period)
    """,
    """
    INSERT INTO fills (repository_id, complete_until, pulls_until, whole_at)
    SELECT r, :now - 1800000, :now - 1800000, CAST(:now AS bigint) - {day} FROM {new}
    """,
    # What the bot remembers: of each issue, and of every tenth an open Request. Few are to be looked at.
    """
    INSERT INTO issues (repository_id, number, title, author, state, created_at, updated_at, looked_at, next_look_at,
        request_comment_id, request_asked_at)
    SELECT r, number, 'A title', 'somebody', CASE WHEN open THEN 'open' ELSE 'closed' END, created_at, updated_at,
        updated_at, CASE WHEN open AND number % 50 = 0 THEN :now + {day} END,
        CASE WHEN number % 10 = 0 THEN number END, CASE WHEN number % 10 = 0 THEN updated_at END
    FROM {new} JOIN threads ON repository_id = :seed AND number <= {size}
    """,
    # A week's deliveries without their bodies, and a year's journal.
    """
    INSERT INTO deliveries (guid, event, lane, received_at, applied, finished_at)
    SELECT r || '-' || n, 'issues', 'repository:' || r, :now - n * {day} / 10, true, :now - n * {day} / 10 + 1000
    FROM {new}, generate_series(1, 70) n
    """,
    """
    INSERT INTO journal (at, guid, repository_id, number, kind, because, state)
    SELECT :now - n * {day}, r || '-' || n, r, n, 'add_labels', 'The template says so.', 'done'
    FROM {new}, generate_series(1, 91) n
    """,
)
_COPIED = ("threads", "texts", "maintainers")
"""Tables of the mirror."""


class Organisation:
    """In an empty database, with its tables; it only grows."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.size = 0
        self.community = Community(LARGE)
        self.now = to_ms(self.community.now)
        settle(database, self.community)

    def repository(self, place: int) -> Repository:
        """The first, and each hundredth after it, is large."""
        name = f"r{place:05}"
        return Repository(FIRST + place, OWNER, name, f"https://github.com/{OWNER}/{name}", is_public=True)

    @property
    def issues(self) -> int:
        large = -(-self.size // 100)
        return large * LARGE + (self.size - large) * 91

    def grow(self, repositories: int) -> None:
        """To so many."""
        some = {"first": FIRST + self.size, "last": FIRST + repositories, "now": self.now, "seed": REPOSITORY.id}
        with self.database.write() as connection:
            connection.execute(sa.text("SET LOCAL maintenance_work_mem = '256MB'"))
            whole = connection.scalar(sa.text("SELECT pg_get_indexdef('texts_index'::regclass)"))
            # Kept current with each row it would take most of the time.
            connection.execute(sa.text("DROP INDEX texts_index"))
            for statement in (*_STATEMENTS, *map(_copy, _COPIED)):
                connection.execute(sa.text(statement.format_map(_WORDS)), some)
            connection.exec_driver_sql(str(whole))
        engine = self.database.engine.execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text("VACUUM ANALYZE"))
        self.size = repositories


def _copy(table: str) -> str:
    names = [column.name for column in metadata.tables[table].columns if column.name not in {"id", "repository_id"}]
    numbered = "AND number <= {size}" if "number" in names else ""
    copied = "INSERT INTO {0} (repository_id, {1}) SELECT r, {1} FROM {{new}} JOIN {0} ON repository_id = :seed {2}"
    return copied.format(table, ", ".join(names), numbered)
