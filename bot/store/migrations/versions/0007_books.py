"""What was spent of GitHub's limits, for all processes; and lanes in which people's issues go before the rest.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "books",
        sa.Column("installation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("least_left", sa.Float(), server_default=sa.text("1"), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("installation_id"),
    )
    op.add_column("lanes", sa.Column("background_until", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
