"""The first tables.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

EMPTY_TEXT = sa.text("''")
EMPTY_LIST = sa.text("'[]'")


def upgrade() -> None:
    op.create_table(
        "commands",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("login", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("is_bot", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("association", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("name", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("arguments", sa.Text(), server_default=EMPTY_LIST, nullable=False),
        sa.Column("done_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "open_commands",
        "commands",
        ["repository_id", "number"],
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("guid", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("applied", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("dead", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("guid"),
    )
    op.create_index(
        "dead_letters",
        "deliveries",
        ["id"],
        sqlite_where=sa.text("dead IS 1"),
        postgresql_where=sa.text("dead IS true"),
    )
    op.create_index("finished", "deliveries", ["finished_at"])
    op.create_index(
        "finished_with_body",
        "deliveries",
        ["finished_at"],
        sqlite_where=sa.text("body IS NOT NULL"),
        postgresql_where=sa.text("body IS NOT NULL"),
    )
    op.create_index(
        "undone_by_lane",
        "deliveries",
        ["lane", "id"],
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "files",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "installations",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("installed_at", sa.BigInteger()),
        sa.Column("suspended", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("removed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "issues",
        sa.Column("repository_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("author", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("state", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("state_reason", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("labels", sa.Text(), server_default=EMPTY_LIST, nullable=False),
        sa.Column("locked", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_pull_request", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.BigInteger()),
        sa.Column("updated_at", sa.BigInteger()),
        sa.Column("last_human_at", sa.BigInteger()),
        sa.Column("waiting_on", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("opened_seen", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("transferred_in", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("looked_at", sa.BigInteger()),
        sa.Column("next_look_at", sa.BigInteger()),
        sa.Column("intent", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("request_comment_id", sa.BigInteger()),
        sa.Column("request_node_id", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("request_body", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("request_resolved", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("request_asked_at", sa.BigInteger()),
        sa.Column("labels_by_bot", sa.Text(), server_default=EMPTY_LIST, nullable=False),
        sa.Column("labels_by_people", sa.Text(), server_default=EMPTY_LIST, nullable=False),
        sa.Column("labels_removed_by_people", sa.Text(), server_default=EMPTY_LIST, nullable=False),
        sa.Column("asked_fields", sa.Text(), server_default=EMPTY_LIST, nullable=False),
        sa.Column("needs_info_by_maintainer", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("skipped", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("closed_by_bot", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("settled", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "number"),
    )
    op.create_index(
        "issues_next_look",
        "issues",
        ["next_look_at"],
        sqlite_where=sa.text("next_look_at IS NOT NULL"),
        postgresql_where=sa.text("next_look_at IS NOT NULL"),
    )
    op.create_index(
        "issues_next_look_by_repository",
        "issues",
        ["repository_id", "next_look_at"],
        sqlite_where=sa.text("next_look_at IS NOT NULL"),
        postgresql_where=sa.text("next_look_at IS NOT NULL"),
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("guid", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("detail", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("journal_by_issue", "journal", ["repository_id", "number", "id"])
    op.create_index("journal_by_time", "journal", ["at"])
    op.create_table(
        "lanes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("queued", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("queued_at", sa.BigInteger()),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("paused_until", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "lanes_due",
        "lanes",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "repositories",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("name", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("html_url", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("default_branch", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.Column("installation_id", sa.BigInteger()),
        sa.Column("installed_at", sa.BigInteger()),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("good_policy", sa.LargeBinary()),
        sa.Column("policy_problems", sa.Text(), server_default=EMPTY_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("repositories_by_installation", "repositories", ["installation_id"])


def downgrade() -> None:
    for table in ("commands", "deliveries", "files", "installations", "issues", "journal", "lanes", "repositories"):
        op.drop_table(table)
