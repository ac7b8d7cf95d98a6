"""clocks and reports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from domain.models.columns import Json, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "product_setting",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("value", Json, nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("product_setting")
