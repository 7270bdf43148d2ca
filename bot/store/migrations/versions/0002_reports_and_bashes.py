"""Reports, sweeps and bashes: what was read of each issue, when to do what, and the ledger of a bash.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

EMPTY_TEXT = sa.text("''")
EMPTY_LIST = sa.text("'[]'")
ZERO = sa.text("0")


def upgrade() -> None:
    op.add_column("repositories", sa.Column("is_public", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("issues", sa.Column("closed_at", sa.BigInteger()))
    op.add_column("issues", sa.Column("milestone", sa.Text(), server_default=EMPTY_TEXT, nullable=False))
    op.add_column("issues", sa.Column("assignees", sa.Text(), server_default=EMPTY_LIST, nullable=False))
    op.add_column("issues", sa.Column("reactions", sa.Integer(), server_default=ZERO, nullable=False))
    op.add_column("issues", sa.Column("noticed", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("issues", sa.Column("edited_at", sa.BigInteger()))
    op.add_column("issues", sa.Column("swept", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("issues", sa.Column("swept_at", sa.BigInteger()))
    op.add_column("issues", sa.Column("pinned", sa.Boolean(), server_default=sa.false(), nullable=False))
    for name in ("labels_by_other_bots", "stale_labels"):
        op.add_column("issues", sa.Column(name, sa.Text(), server_default=EMPTY_LIST, nullable=False))
    op.add_column("commands", sa.Column("said_at", sa.BigInteger()))
    op.create_table(
        "bashes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("issue_number", sa.Integer()),
        sa.Column("next_at", sa.BigInteger()),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("issue_body", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("board_comment_id", sa.BigInteger()),
        sa.Column("board_body", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("edited_at", sa.BigInteger()),
        sa.Column("wrap_up_comment_id", sa.BigInteger()),
        sa.Column("wrap_up_body", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("failures", sa.Integer(), server_default=ZERO, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("bashes_by_repository", "bashes", ["repository_id", "issue_number"])
    tended = sa.text("next_at IS NOT NULL")
    op.create_index("bashes_due", "bashes", ["next_at"], sqlite_where=tended, postgresql_where=tended)
    op.create_table(
        "fills",
        sa.Column("repository_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cursor", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("began_at", sa.BigInteger()),
        sa.Column("complete_until", sa.BigInteger()),
        sa.Column("pulls_until", sa.BigInteger()),
        sa.Column("whole", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("whole_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("repository_id"),
    )
    op.create_table(
        "maintainers",
        sa.Column("repository_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "login"),
    )
    op.create_table(
        "reports",
        sa.Column("repository_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("issue_number", sa.Integer()),
        sa.PrimaryKeyConstraint("repository_id"),
    )
    op.create_table(
        "schedules",
        sa.Column("repository_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=ZERO, nullable=False),
        sa.Column("state", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "name"),
    )
    op.create_index("schedules_due", "schedules", ["next_at"])
    op.create_table(
        "texts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("title", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("words", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("signature", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("url", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("open", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("answered", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("repository_id", "number", "path"),
    )
    op.create_table(
        "threads",
        sa.Column("repository_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("open", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger()),
        sa.Column("by_bot", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("by_maintainer", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("transferred_in", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("last_human_at", sa.BigInteger(), nullable=False),
        sa.Column("waiting_on", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("first_response_at", sa.BigInteger()),
        sa.Column("noticed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("closed_spells", sa.Text(), server_default=EMPTY_LIST, nullable=False),
        sa.Column("template", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("missing", sa.Integer()),
        sa.PrimaryKeyConstraint("repository_id", "number"),
    )
    op.create_index("threads_open", "threads", ["repository_id", "open"])
    op.create_index("threads_by_human_activity", "threads", ["repository_id", "last_human_at"])
    op.execute(
        "INSERT INTO schedules (repository_id, name, next_at)"
        " SELECT id, 'policy', 0 FROM repositories WHERE NOT removed"
    )
    op.create_index(
        "texts_by_signature",
        "texts",
        ["repository_id", "signature", "number"],
        sqlite_where=sa.text("signature <> ''"),
        postgresql_where=sa.text("signature <> ''"),
    )
    _index_texts()


def _index_texts() -> None:
    """The full-text index over `texts`, kept current by the database itself."""
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            "CREATE INDEX texts_index ON texts USING gin"
            " ((setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', words), 'B')))"
        )
        return
    op.execute(
        "CREATE VIRTUAL TABLE texts_index USING fts5"
        " (title, words, content='texts', content_rowid='id', tokenize='porter unicode61')"
    )
    old = "INSERT INTO texts_index (texts_index, rowid, title, words) VALUES ('delete', old.id, old.title, old.words);"
    new = "INSERT INTO texts_index (rowid, title, words) VALUES (new.id, new.title, new.words);"
    for name, when, body in (
        ("added", "INSERT", new),
        ("removed", "DELETE", old),
        ("changed", "UPDATE OF title, words", old + new),
    ):
        op.execute(f"CREATE TRIGGER texts_{name} AFTER {when} ON texts BEGIN {body} END")
