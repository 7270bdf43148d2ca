"""Very many repositories to search in, each by itself.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("DROP INDEX texts_index")
    op.execute(
        "CREATE INDEX texts_index ON texts USING gin"
        " ((setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', words), 'B')"
        " || array_to_tsvector(ARRAY['#' || repository_id::text])))"
    )
