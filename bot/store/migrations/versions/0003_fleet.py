"""Many processes on one database: who works on it.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger()),
        sa.Column("host", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("pid", sa.BigInteger()),
        sa.Column("lapses", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    queued = sa.text("queued IS 1" if op.get_bind().dialect.name == "sqlite" else "queued IS true")
    op.create_index("lanes_queued", "lanes", ["id"], sqlite_where=queued, postgresql_where=queued)
    undone = sa.text("finished_at IS NULL")
    op.create_index("undone_by_age", "deliveries", ["received_at"], sqlite_where=undone, postgresql_where=undone)
