"""Many processes that keep what they have read: when it was last told to have changed.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for name in ("files_changed_at", "labels_changed_at"):
        column = sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)
        op.add_column("repositories", column)
    op.create_index("repositories_by_name", "repositories", [sa.text("lower(owner)"), sa.text("lower(name)")])
