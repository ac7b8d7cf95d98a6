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
        "calendar_year",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("days", Json, nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("packaged", sa.Boolean(), nullable=False),
        sa.Column("imported_at", UtcDateTime(), nullable=False),
        sa.Column("imported_by", sa.Uuid(), nullable=True),
        sa.Column("replaced_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("calendar_year", schema=None) as batch_op:
        batch_op.create_index(
            "calendar_year_now",
            ["year"],
            unique=True,
            postgresql_where=sa.text("replaced_at IS NULL"),
            sqlite_where=sa.text("replaced_at IS NULL"),
        )

    op.create_table(
        "measured_day",
        sa.Column("process", sa.String(length=32), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("cases", sa.LargeBinary(), nullable=False),
        sa.Column("runs", sa.LargeBinary(), nullable=False),
        sa.Column("ids", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("process", "opened_on"),
    )
    op.create_table(
        "measured_name",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("value", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "value"),
    )
    op.create_table(
        "measured_until",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("looked_to", UtcDateTime(), nullable=True),
        sa.Column("looking_since", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "own_limit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=True),
        sa.Column("set_by", sa.Uuid(), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("own_limit", schema=None) as batch_op:
        batch_op.create_index("own_limit_rule", ["rule", "from_at"], unique=False)

    op.create_table(
        "product_setting",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("value", Json, nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "report_edition",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("reach", sa.Text(), nullable=False),
        sa.Column("asked", Json, nullable=False),
        sa.Column("numbers", Json, nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("files", Json, nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    with op.batch_alter_table("report_edition", schema=None) as batch_op:
        batch_op.create_index("report_edition_kind", ["kind", "from_on"], unique=False)
        batch_op.create_index("report_edition_made", ["made_at", "id"], unique=False)

    op.create_table(
        "report_subscription",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column("process", sa.String(length=32), nullable=True),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["area_id"],
            ["area.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("report_subscription", schema=None) as batch_op:
        batch_op.create_index("report_subscription_person", ["person_id"], unique=False)

    op.create_table(
        "case_measure",
        sa.Column("process", sa.String(length=32), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("venue_id", sa.Uuid(), nullable=True),
        sa.Column("industry", sa.String(length=24), nullable=True),
        sa.Column("hazard_code", sa.String(length=8), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("result", sa.String(length=16), nullable=True),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("measured_seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.PrimaryKeyConstraint("case_id"),
    )
    with op.batch_alter_table("case_measure", schema=None) as batch_op:
        batch_op.create_index(
            "case_measure_due",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("due_at IS NOT NULL"),
            sqlite_where=sa.text("due_at IS NOT NULL"),
        )
        batch_op.create_index(
            "case_measure_ended",
            ["ended_at", "process", "area_id"],
            unique=False,
            postgresql_where=sa.text("ended_at IS NOT NULL"),
            sqlite_where=sa.text("ended_at IS NOT NULL"),
        )
        batch_op.create_index("case_measure_from", ["from_at"], unique=False)
        batch_op.create_index(
            "case_measure_open",
            ["process", "area_id", "due_at"],
            unique=False,
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )
        batch_op.create_index("case_measure_opened", ["process", "opened_at"], unique=False)

    op.create_table(
        "case_measure_past",
        sa.Column("process", sa.String(length=32), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("venue_id", sa.Uuid(), nullable=True),
        sa.Column("industry", sa.String(length=24), nullable=True),
        sa.Column("hazard_code", sa.String(length=8), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("result", sa.String(length=16), nullable=True),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "seq"),
    )
    with op.batch_alter_table("case_measure_past", schema=None) as batch_op:
        batch_op.create_index("case_measure_past_opened", ["process", "opened_at"], unique=False)
        batch_op.create_index("case_measure_past_until", ["until_at"], unique=False)

    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("outbox_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index("notice_at", ["at"], unique=False)
        batch_op.create_index("notice_case", ["case_id"], unique=False)
        batch_op.create_index("notice_person", ["person_id", "id"], unique=False)
        batch_op.create_index(
            "notice_unread",
            ["person_id"],
            unique=False,
            postgresql_where=sa.text("read_at IS NULL"),
            sqlite_where=sa.text("read_at IS NULL"),
        )

    op.create_table(
        "stage_measure",
        sa.Column("process", sa.String(length=32), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("rule", sa.String(length=16), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("stopped_at", UtcDateTime(), nullable=True),
        sa.Column("fulfilled", sa.Boolean(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.String(length=24), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "stage", "run"),
    )
    with op.batch_alter_table("stage_measure", schema=None) as batch_op:
        batch_op.create_index(
            "stage_measure_not_met",
            ["due_at", "opened_at"],
            unique=False,
            postgresql_where=sa.text("stopped_at IS NULL OR stopped_at >= due_at"),
            sqlite_where=sa.text("stopped_at IS NULL OR stopped_at >= due_at"),
        )
        batch_op.create_index("stage_measure_opened", ["process", "opened_at"], unique=False)

    op.create_table(
        "stage_measure_past",
        sa.Column("process", sa.String(length=32), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("rule", sa.String(length=16), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("stopped_at", UtcDateTime(), nullable=True),
        sa.Column("fulfilled", sa.Boolean(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.String(length=24), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "stage", "run", "seq"),
    )
    with op.batch_alter_table("stage_measure_past", schema=None) as batch_op:
        batch_op.create_index(
            "stage_measure_past_not_met",
            ["due_at", "until_at"],
            unique=False,
            postgresql_where=sa.text("stopped_at IS NULL OR stopped_at >= due_at"),
            sqlite_where=sa.text("stopped_at IS NULL OR stopped_at >= due_at"),
        )
        batch_op.create_index("stage_measure_past_opened", ["process", "opened_at"], unique=False)
        batch_op.create_index("stage_measure_past_until", ["until_at"], unique=False)

    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index("cases_changed", ["changed_at"], unique=False)

    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.create_index(
            "clock_open",
            ["due_at", "case_id", "name"],
            unique=False,
            postgresql_where=sa.text("stopped_at IS NULL"),
            sqlite_where=sa.text("stopped_at IS NULL"),
        )
        batch_op.create_index(
            "clock_provisional",
            ["due_at", "case_id", "name"],
            unique=False,
            postgresql_where=sa.text("provisional AND stopped_at IS NULL"),
            sqlite_where=sa.text("provisional AND stopped_at IS NULL"),
        )
        batch_op.create_index(
            "clock_warned",
            ["due_at", "case_id", "name"],
            unique=False,
            postgresql_where=sa.text("stopped_at IS NULL AND level = 1"),
            sqlite_where=sa.text("stopped_at IS NULL AND level = 1"),
        )

    with op.batch_alter_table("timeline_entry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("decided", Json, server_default="{}", nullable=False))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("timeline_entry", schema=None) as batch_op:
        batch_op.drop_column("decided")

    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.drop_index(
            "clock_warned",
            postgresql_where=sa.text("stopped_at IS NULL AND level = 1"),
            sqlite_where=sa.text("stopped_at IS NULL AND level = 1"),
        )
        batch_op.drop_index(
            "clock_provisional",
            postgresql_where=sa.text("provisional AND stopped_at IS NULL"),
            sqlite_where=sa.text("provisional AND stopped_at IS NULL"),
        )
        batch_op.drop_index(
            "clock_open", postgresql_where=sa.text("stopped_at IS NULL"), sqlite_where=sa.text("stopped_at IS NULL")
        )

    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index("cases_changed")

    with op.batch_alter_table("stage_measure_past", schema=None) as batch_op:
        batch_op.drop_index("stage_measure_past_until")
        batch_op.drop_index("stage_measure_past_opened")
        batch_op.drop_index(
            "stage_measure_past_not_met",
            postgresql_where=sa.text("stopped_at IS NULL OR stopped_at >= due_at"),
            sqlite_where=sa.text("stopped_at IS NULL OR stopped_at >= due_at"),
        )

    op.drop_table("stage_measure_past")
    with op.batch_alter_table("stage_measure", schema=None) as batch_op:
        batch_op.drop_index("stage_measure_opened")
        batch_op.drop_index(
            "stage_measure_not_met",
            postgresql_where=sa.text("stopped_at IS NULL OR stopped_at >= due_at"),
            sqlite_where=sa.text("stopped_at IS NULL OR stopped_at >= due_at"),
        )

    op.drop_table("stage_measure")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index(
            "notice_unread", postgresql_where=sa.text("read_at IS NULL"), sqlite_where=sa.text("read_at IS NULL")
        )
        batch_op.drop_index("notice_person")
        batch_op.drop_index("notice_case")
        batch_op.drop_index("notice_at")

    op.drop_table("notice")
    with op.batch_alter_table("case_measure_past", schema=None) as batch_op:
        batch_op.drop_index("case_measure_past_until")
        batch_op.drop_index("case_measure_past_opened")

    op.drop_table("case_measure_past")
    with op.batch_alter_table("case_measure", schema=None) as batch_op:
        batch_op.drop_index("case_measure_opened")
        batch_op.drop_index(
            "case_measure_open", postgresql_where=sa.text("ended_at IS NULL"), sqlite_where=sa.text("ended_at IS NULL")
        )
        batch_op.drop_index("case_measure_from")
        batch_op.drop_index(
            "case_measure_ended",
            postgresql_where=sa.text("ended_at IS NOT NULL"),
            sqlite_where=sa.text("ended_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "case_measure_due",
            postgresql_where=sa.text("due_at IS NOT NULL"),
            sqlite_where=sa.text("due_at IS NOT NULL"),
        )

    op.drop_table("case_measure")
    with op.batch_alter_table("report_subscription", schema=None) as batch_op:
        batch_op.drop_index("report_subscription_person")

    op.drop_table("report_subscription")
    with op.batch_alter_table("report_edition", schema=None) as batch_op:
        batch_op.drop_index("report_edition_made")
        batch_op.drop_index("report_edition_kind")

    op.drop_table("report_edition")
    op.drop_table("product_setting")
    with op.batch_alter_table("own_limit", schema=None) as batch_op:
        batch_op.drop_index("own_limit_rule")

    op.drop_table("own_limit")
    op.drop_table("measured_until")
    op.drop_table("measured_name")
    op.drop_table("measured_day")
    with op.batch_alter_table("calendar_year", schema=None) as batch_op:
        batch_op.drop_index(
            "calendar_year_now",
            postgresql_where=sa.text("replaced_at IS NULL"),
            sqlite_where=sa.text("replaced_at IS NULL"),
        )

    op.drop_table("calendar_year")
