"""The tables, in SQLAlchemy Core. Times are milliseconds since 1970 in UTC; lists are JSON text."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

# SQLite gives out row ids by itself only to a column that is exactly INTEGER.
_Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NO = sa.false()
_EMPTY_LIST = sa.text("'[]'")
_EMPTY_TEXT = sa.text("''")
_ZERO = sa.text("0")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=_EMPTY_TEXT)


def _list(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=_EMPTY_LIST)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=_NO)


def _time(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger)


deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", _Serial, primary_key=True),
    sa.Column("guid", sa.Text, nullable=False, unique=True),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("lane", sa.Text, nullable=False),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    # None once retention has taken it; the row stays longer, so that its GUID is still known.
    sa.Column("body", sa.LargeBinary),
    # What it says is in the mirror; the issue may still have to be looked at.
    _flag("applied"),
    # Given up, for the reason below.
    _flag("dead"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default=_ZERO),
    sa.Column("not_before", sa.BigInteger, nullable=False, server_default=_ZERO),
    _text("reason"),
    _time("finished_at"),
)
UNDONE = deliveries.c.finished_at.is_(None)
"""A delivery whose work is still to do; the partial index below holds exactly these."""
sa.Index("undone_by_lane", deliveries.c.lane, deliveries.c.id, sqlite_where=UNDONE, postgresql_where=UNDONE)
# How long the oldest has waited is asked at each scrape, also when a hundred thousand wait.
sa.Index("undone_by_age", deliveries.c.received_at, sqlite_where=UNDONE, postgresql_where=UNDONE)
DEAD = deliveries.c.dead.is_(True)
"""Given up. SQLite takes the index below only for a condition written as the index has it."""
_BODY = deliveries.c.body.is_not(None)
sa.Index("finished", deliveries.c.finished_at)
# Retention would else go through weeks of rows for the few whose bodies are still there.
sa.Index("finished_with_body", deliveries.c.finished_at, sqlite_where=_BODY, postgresql_where=_BODY)
sa.Index("dead_letters", deliveries.c.id, sqlite_where=DEAD, postgresql_where=DEAD)

lanes = sa.Table(
    "lanes",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    # True from the transaction that enqueues a run of this lane until that run's first transaction.
    _flag("queued"),
    _time("queued_at"),
    # Wake the lane then, even if nothing new arrives.
    _time("due_at"),
    # A limit of GitHub's or an outage: nothing can be done before the one, nothing that can wait before the other.
    sa.Column("paused_until", sa.BigInteger, nullable=False, server_default=_ZERO),
    sa.Column("background_until", sa.BigInteger, nullable=False, server_default=_ZERO),
    sa.Column("failures", sa.Integer, nullable=False, server_default=_ZERO),
)
_DUE = lanes.c.due_at.is_not(None)
sa.Index("lanes_due", lanes.c.due_at, sqlite_where=_DUE, postgresql_where=_DUE)
QUEUED = lanes.c.queued.is_(True)
"""SQLite takes the index below only for a condition written as the index has it."""
sa.Index("lanes_queued", lanes.c.id, sqlite_where=QUEUED, postgresql_where=QUEUED)

installations = sa.Table(
    "installations",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("account"),
    _time("installed_at"),
    _flag("suspended"),
    _flag("removed"),
)

repositories = sa.Table(
    "repositories",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("owner"),
    _text("name"),
    _text("html_url"),
    _text("default_branch"),
    _flag("is_public"),
    sa.Column("installation_id", sa.BigInteger),
    # When the App was given this repository; None where that delivery was never seen.
    _time("installed_at"),
    sa.Column("first_seen", sa.BigInteger, nullable=False),
    _flag("removed"),
    # The last policy that could be read, for when the present one is broken.
    sa.Column("good_policy", sa.LargeBinary),
    # What is wrong with the present one, a line each; empty when it is fine.
    _text("policy_problems"),
    # When a delivery last told that templates, policy or labels may have changed: what was read before is not kept on.
    sa.Column("files_changed_at", sa.BigInteger, nullable=False, server_default=_ZERO),
    sa.Column("labels_changed_at", sa.BigInteger, nullable=False, server_default=_ZERO),
)
sa.Index("repositories_by_installation", repositories.c.installation_id)
# Names are compared without case.
sa.Index("repositories_by_name", sa.func.lower(repositories.c.owner), sa.func.lower(repositories.c.name))

issues = sa.Table(
    "issues",
    metadata,
    sa.Column("repository_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    # The mirror: the newest that deliveries and reads have shown.
    _text("title"),
    _text("author"),
    _text("state"),
    _text("state_reason"),
    _list("labels"),
    _flag("locked"),
    _flag("is_pull_request"),
    _time("created_at"),
    _time("updated_at"),
    _time("closed_at"),
    _text("milestone"),
    _list("assignees"),
    sa.Column("reactions", sa.Integer, nullable=False, server_default=_ZERO),
    _time("last_human_at"),
    # Who has to say something next: `author`, `maintainers`, or empty where nobody has spoken yet.
    _text("waiting_on"),
    # The bot's own bookkeeping.
    _flag("opened_seen"),
    _flag("transferred_in"),
    _time("looked_at"),
    _time("edited_at"),
    # A sweep asked for the next look; and when one last did.
    _flag("swept"),
    _time("swept_at"),
    _time("next_look_at"),
    # What the bot was about to do to it, as JSON; empty once the outcome is known.
    _text("intent"),
    # The History.
    sa.Column("request_comment_id", sa.BigInteger),
    _text("request_node_id"),
    _text("request_body"),
    _flag("request_resolved"),
    _time("request_asked_at"),
    _list("labels_by_bot"),
    _list("labels_by_people"),
    _list("labels_removed_by_people"),
    _list("labels_by_other_bots"),
    _list("stale_labels"),
    _list("asked_fields"),
    _flag("needs_info_by_maintainer"),
    _flag("skipped"),
    _flag("closed_by_bot"),
    # A notice of the lifecycle stands.
    _flag("noticed"),
    _flag("pinned"),
    _text("settled"),
)
_LOOK_DUE = issues.c.next_look_at.is_not(None)
sa.Index("issues_next_look", issues.c.next_look_at, sqlite_where=_LOOK_DUE, postgresql_where=_LOOK_DUE)
sa.Index(
    "issues_next_look_by_repository",
    issues.c.repository_id,
    issues.c.next_look_at,
    sqlite_where=_LOOK_DUE,
    postgresql_where=_LOOK_DUE,
)

commands = sa.Table(
    "commands",
    metadata,
    # Stable over redelivery: comment id and line.
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("repository_id", sa.BigInteger, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("comment_id", sa.BigInteger, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    _text("login"),
    _flag("is_bot"),
    _text("association"),
    _text("name"),
    _list("arguments"),
    _time("said_at"),
    _time("done_at"),
)
_OPEN_COMMAND = commands.c.done_at.is_(None)
sa.Index(
    "open_commands",
    commands.c.repository_id,
    commands.c.number,
    sqlite_where=_OPEN_COMMAND,
    postgresql_where=_OPEN_COMMAND,
)

journal = sa.Table(
    "journal",
    metadata,
    sa.Column("id", _Serial, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    # The delivery that led to it; empty for a look that was due.
    _text("guid"),
    sa.Column("repository_id", sa.BigInteger, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    _text("because"),
    _text("detail"),
    # intended -> done | failed | unknown; or planned (a dry run) or noted (no action)
    sa.Column("state", sa.Text, nullable=False),
    _text("note"),
)
sa.Index("journal_by_issue", journal.c.repository_id, journal.c.number, journal.c.id)
sa.Index("journal_by_time", journal.c.at)

files = sa.Table(
    "files",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("stored_at", sa.BigInteger, nullable=False),
)

# What GraphQL or an export showed of an issue: read by reports and sweeps, written by the filling alone, so that it and
# the lane of the repository never write the same row. Where `issues` knows a newer state, this one waits for a refill.
threads = sa.Table(
    "threads",
    metadata,
    sa.Column("repository_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("read_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    # The Thread as JSON.
    sa.Column("details", sa.LargeBinary, nullable=False),
    # Taken from it, for those who go through all of a repository's issues.
    _flag("open"),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    _time("closed_at"),
    _flag("by_bot"),
    _flag("by_maintainer"),
    _flag("transferred_in"),
    sa.Column("last_human_at", sa.BigInteger, nullable=False),
    _text("waiting_on"),
    _time("first_response_at"),
    # A notice of the lifecycle stands among its comments.
    _flag("noticed"),
    # Earlier times of being closed, as JSON: [[closed at, reopened at], …].
    _list("closed_spells"),
    # The template it came from, and how many of its fields lacked an answer; None where that is not known.
    _text("template"),
    sa.Column("missing", sa.Integer),
)
sa.Index("threads_open", threads.c.repository_id, threads.c.open)
sa.Index("threads_by_human_activity", threads.c.repository_id, threads.c.last_human_at)

# Who was seen as an owner, member or collaborator: events of the timeline do not tell it.
maintainers = sa.Table(
    "maintainers",
    metadata,
    sa.Column("repository_id", sa.BigInteger, primary_key=True, autoincrement=False),
    # Lower case.
    sa.Column("login", sa.Text, primary_key=True),
)

# What full-text search looks into: issues, and pages of the documentation. The index over it is the database's own kind
# (`bot/store/search.py`).
texts = sa.Table(
    "texts",
    metadata,
    sa.Column("id", _Serial, primary_key=True),
    sa.Column("repository_id", sa.BigInteger, nullable=False),
    # The issue's number; 0 for a page.
    sa.Column("number", sa.Integer, nullable=False),
    # The page's path; empty for an issue.
    _text("path"),
    _text("title"),
    # What is searched beside the title: of an issue its error, of a page its headings.
    _text("words"),
    # Of the error that an issue shows.
    _text("signature"),
    _text("url"),
    _flag("open"),
    _flag("answered"),
    sa.UniqueConstraint("repository_id", "number", "path"),
)
_SHOWS_ERROR = texts.c.signature != sa.literal("", literal_execute=True)
sa.Index(
    "texts_by_signature",
    texts.c.repository_id,
    texts.c.signature,
    texts.c.number,
    sqlite_where=_SHOWS_ERROR,
    postgresql_where=_SHOWS_ERROR,
)

fills = sa.Table(
    "fills",
    metadata,
    sa.Column("repository_id", sa.BigInteger, primary_key=True, autoincrement=False),
    # Where a fill that was stopped goes on; empty when none is under way.
    _text("cursor"),
    # The fill under way began then: all that changed before is in once it ends.
    _time("began_at"),
    # All that changed before this is in the mirror; None before the first fill came to its end.
    _time("complete_until"),
    # The same for merged pull requests.
    _time("pulls_until"),
    # The pass under way reads all issues again, not only what changed; and when the last such pass began.
    _flag("whole"),
    _time("whole_at"),
)

schedules = sa.Table(
    "schedules",
    metadata,
    sa.Column("repository_id", sa.BigInteger, primary_key=True, autoincrement=False),
    # sweep, report, board …
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("next_at", sa.BigInteger, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False, server_default=_ZERO),
    # Where one that was stopped goes on, as JSON; empty for from the start.
    _text("state"),
)
sa.Index("schedules_due", schedules.c.next_at)

reports = sa.Table(
    "reports",
    metadata,
    sa.Column("repository_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    # The versioned JSON form, from which the page is made.
    sa.Column("content", sa.LargeBinary, nullable=False),
    # The issue it was posted as; None for one that is kept for the page alone.
    sa.Column("issue_number", sa.Integer),
)

bashes = sa.Table(
    "bashes",
    metadata,
    sa.Column("id", _Serial, primary_key=True),
    sa.Column("repository_id", sa.BigInteger, nullable=False),
    # The tracking issue; None until it is opened.
    sa.Column("issue_number", sa.Integer),
    # When the lane is to tend to it next; None once nothing more will come of it.
    _time("next_at"),
    # The Bash as JSON: its ledger.
    sa.Column("details", sa.LargeBinary, nullable=False),
    # As last written, so that what has not changed causes no edit.
    _text("issue_body"),
    sa.Column("board_comment_id", sa.BigInteger),
    _text("board_body"),
    _time("edited_at"),
    sa.Column("wrap_up_comment_id", sa.BigInteger),
    _text("wrap_up_body"),
    # Visits that GitHub refused, one after the other.
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
)
_TENDED = bashes.c.next_at.is_not(None)
sa.Index("bashes_by_repository", bashes.c.repository_id, bashes.c.issue_number)
sa.Index("bashes_due", bashes.c.next_at, sqlite_where=_TENDED, postgresql_where=_TENDED)

# Processes that share the work on one PostgreSQL: each holds a lease on its row (`bot/store/places.py`).
workers = sa.Table(
    "workers",
    metadata,
    # w0, w1, …
    sa.Column("name", sa.Text, primary_key=True),
    # Which taking of the place it is: raised each time that it changes hands.
    sa.Column("epoch", sa.BigInteger, nullable=False),
    # By the database's clock; None while the place is nobody's.
    _time("seen_at"),
    # Who has it, or had it last, for people.
    _text("host"),
    sa.Column("pid", sa.BigInteger),
    # How often its lease lapsed, so that others took over its work.
    sa.Column("lapses", sa.Integer, nullable=False, server_default=_ZERO),
)

# What each installation spent of GitHub's limits, by all processes (`bot/github/books.py`), and the least share left.
books = sa.Table(
    "books",
    metadata,
    sa.Column("installation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("content"),
    sa.Column("least_left", sa.Float, nullable=False, server_default=sa.text("1")),
    sa.Column("changed_at", sa.BigInteger, nullable=False, server_default=_ZERO),
)
