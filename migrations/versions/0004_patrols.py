"""patrols."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from domain.models.columns import Json, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "checklist_template",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("zh", sa.String(length=80), nullable=False),
        sa.Column("en", sa.String(length=120), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=True),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column("venue_type", sa.String(length=24), nullable=False),
        sa.Column("frequency", sa.String(length=24), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["area_id"],
            ["area.id"],
        ),
        sa.ForeignKeyConstraint(
            ["venue_id"],
            ["venue.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    with op.batch_alter_table("checklist_template", schema=None) as batch_op:
        batch_op.create_index("checklist_template_venue", ["venue_id"], unique=False)

    op.create_table(
        "patrol_roster",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("cycle_days", sa.Integer(), nullable=False),
        sa.Column("turns", Json, nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["venue_id"],
            ["venue.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("patrol_roster", schema=None) as batch_op:
        batch_op.create_index("patrol_roster_venue", ["venue_id"], unique=False)

    op.create_table(
        "checklist_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("items", Json, nullable=False),
        sa.Column("is_signed", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["checklist_template.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("checklist_version", schema=None) as batch_op:
        batch_op.create_index("checklist_version_from", ["template_id", "from_on"], unique=False)
        batch_op.create_index("checklist_version_number", ["template_id", "number"], unique=True)

    op.create_table(
        "patrol_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("skew_seconds", sa.Float(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("doubts", Json, nullable=False),
        sa.Column("outcome", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("patrol_batch", schema=None) as batch_op:
        batch_op.create_index("patrol_batch_case", ["case_id"], unique=False)
        batch_op.create_index("patrol_batch_person", ["person_id", "received_at"], unique=False)

    op.create_table(
        "patrol_campaign",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column("criteria", Json, nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_reason", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["area_id"],
            ["area.id"],
        ),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["checklist_template.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "patrol_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("rule", Json, nullable=False),
        sa.Column("rule_key", sa.String(length=64), nullable=False),
        sa.Column("who", sa.String(length=8), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(length=16), nullable=True),
        sa.Column("roster_id", sa.Uuid(), nullable=True),
        sa.Column("is_late_allowed", sa.Boolean(), nullable=False),
        sa.Column("grace_minutes", sa.Integer(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["roster_id"],
            ["patrol_roster.id"],
        ),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["checklist_template.id"],
        ),
        sa.ForeignKeyConstraint(
            ["venue_id"],
            ["venue.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("patrol_plan", schema=None) as batch_op:
        batch_op.create_index("patrol_plan_series", ["series_id", "from_on"], unique=False)
        batch_op.create_index("patrol_plan_venue", ["venue_id"], unique=False)

    op.create_table(
        "patrol_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("point", sa.Integer(), nullable=False),
        sa.Column("point_id", sa.Uuid(), nullable=True),
        sa.Column("item", sa.String(length=24), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("value", Json, nullable=False),
        sa.Column("comment", sa.String(length=500), nullable=False),
        sa.Column("photos", Json, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("claimed_at", UtcDateTime(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.Column("against", sa.Uuid(), nullable=True),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("doubts", Json, nullable=False),
        sa.Column("rectification_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["patrol_batch.id"],
        ),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.ForeignKeyConstraint(
            ["rectification_id"],
            ["cases.id"],
        ),
        sa.ForeignKeyConstraint(
            ["venue_id"],
            ["venue.id"],
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["checklist_version.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("patrol_answer", schema=None) as batch_op:
        batch_op.create_index("patrol_answer_case", ["case_id"], unique=False)
        batch_op.create_index(
            "patrol_answer_failed",
            ["case_id", "item"],
            unique=False,
            postgresql_where=sa.text("stands AND outcome = 'fail'"),
            sqlite_where=sa.text("stands AND outcome = 'fail'"),
        )
        batch_op.create_index(
            "patrol_answer_point",
            ["point_id", "item", "at"],
            unique=False,
            postgresql_where=sa.text("stands"),
            sqlite_where=sa.text("stands"),
        )
        batch_op.create_index(
            "patrol_answer_venue",
            ["venue_id", "item", "at"],
            unique=False,
            postgresql_where=sa.text("stands"),
            sqlite_where=sa.text("stands"),
        )

    op.create_table(
        "patrol_check_in",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("point", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("how", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("claimed_at", UtcDateTime(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("doubts", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["patrol_batch.id"],
        ),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("patrol_check_in", schema=None) as batch_op:
        batch_op.create_index("patrol_check_in_case", ["case_id"], unique=False)

    op.create_table(
        "patrol_task",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.String(length=24), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("frequency", sa.String(length=24), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("miss_at", UtcDateTime(), nullable=False),
        sa.Column("remind_at", UtcDateTime(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(length=16), nullable=True),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("points_done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("doubts", sa.Integer(), nullable=False),
        sa.Column("conflicts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["area_id"],
            ["area.id"],
        ),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["patrol_plan.id"],
        ),
        sa.ForeignKeyConstraint(
            ["venue_id"],
            ["venue.id"],
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["checklist_version.id"],
        ),
        sa.PrimaryKeyConstraint("case_id"),
    )
    with op.batch_alter_table("patrol_task", schema=None) as batch_op:
        batch_op.create_index(
            "patrol_task_campaign",
            ["campaign_id"],
            unique=False,
            postgresql_where=sa.text("campaign_id IS NOT NULL"),
            sqlite_where=sa.text("campaign_id IS NOT NULL"),
        )
        batch_op.create_index("patrol_task_day", ["day", "area_id"], unique=False)
        batch_op.create_index(
            "patrol_task_holder",
            ["person_id", "due_at"],
            unique=False,
            postgresql_where=sa.text("person_id IS NOT NULL"),
            sqlite_where=sa.text("person_id IS NOT NULL"),
        )
        batch_op.create_index(
            "patrol_task_missed",
            ["miss_at"],
            unique=False,
            postgresql_where=sa.text("outcome = 'missed'"),
            sqlite_where=sa.text("outcome = 'missed'"),
        )
        batch_op.create_index(
            "patrol_task_open",
            ["venue_id", "due_at"],
            unique=False,
            postgresql_where=sa.text("outcome = ''"),
            sqlite_where=sa.text("outcome = ''"),
        )
        batch_op.create_index(
            "patrol_task_person",
            ["person_id", "due_at"],
            unique=False,
            postgresql_where=sa.text("outcome = ''"),
            sqlite_where=sa.text("outcome = ''"),
        )
        batch_op.create_index(
            "patrol_task_remind",
            ["remind_at"],
            unique=False,
            postgresql_where=sa.text("outcome = ''"),
            sqlite_where=sa.text("outcome = ''"),
        )
        batch_op.create_index(
            "patrol_task_rounds",
            ["miss_at"],
            unique=False,
            postgresql_where=sa.text("outcome = '' AND kind = 'rounds'"),
            sqlite_where=sa.text("outcome = '' AND kind = 'rounds'"),
        )
        batch_op.create_index("patrol_task_slot", ["series_id", "slot"], unique=True)
        batch_op.create_index("patrol_task_venue", ["venue_id", "due_at"], unique=False)
        batch_op.create_index(
            "patrol_task_warden",
            ["area_id", "due_at"],
            unique=False,
            postgresql_where=sa.text("role = 'warden'"),
            sqlite_where=sa.text("role = 'warden'"),
        )
        batch_op.create_index(
            "patrol_task_warden_open",
            ["area_id", "due_at"],
            unique=False,
            postgresql_where=sa.text("role = 'warden' AND outcome = ''"),
            sqlite_where=sa.text("role = 'warden' AND outcome = ''"),
        )

    op.create_table(
        "patrol_plan_point",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("facility_id", sa.Uuid(), nullable=True),
        sa.Column("key_part_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["facility_id"],
            ["facility.id"],
        ),
        sa.ForeignKeyConstraint(
            ["key_part_id"],
            ["key_part.id"],
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["patrol_plan.id"],
        ),
        sa.PrimaryKeyConstraint("plan_id", "seq"),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("cases_area"))
        batch_op.drop_index(batch_op.f("cases_assignee"))
        batch_op.drop_index(batch_op.f("cases_changed"))
        batch_op.drop_index(batch_op.f("cases_opened"))
        batch_op.drop_index(batch_op.f("cases_parent"))
        batch_op.drop_index(batch_op.f("cases_queue"))
        batch_op.drop_index(batch_op.f("cases_second_assignee"))
        batch_op.create_index(
            "cases_apart_area",
            ["area_id", "process"],
            unique=False,
            postgresql_where=sa.text("process <> 'patrol_task'"),
            sqlite_where=sa.text("process <> 'patrol_task'"),
        )
        batch_op.create_index(
            "cases_apart_changed",
            ["changed_at"],
            unique=False,
            postgresql_where=sa.text("process <> 'patrol_task'"),
            sqlite_where=sa.text("process <> 'patrol_task'"),
        )
        batch_op.create_index(
            "cases_apart_due",
            ["due_at", "id"],
            unique=False,
            postgresql_where=sa.text("closed_at IS NULL AND process <> 'patrol_task'"),
            sqlite_where=sa.text("closed_at IS NULL AND process <> 'patrol_task'"),
        )
        batch_op.create_index(
            "cases_apart_opened",
            ["opened_at", "id"],
            unique=False,
            postgresql_where=sa.text("process <> 'patrol_task'"),
            sqlite_where=sa.text("process <> 'patrol_task'"),
        )
        batch_op.create_index(
            "cases_apart_state",
            ["process", "state", "due_at"],
            unique=False,
            postgresql_where=sa.text("process <> 'patrol_task'"),
            sqlite_where=sa.text("process <> 'patrol_task'"),
        )
        batch_op.create_index(
            "cases_apart_venue",
            ["venue_id"],
            unique=False,
            postgresql_where=sa.text("closed_at IS NULL AND process <> 'patrol_task'"),
            sqlite_where=sa.text("closed_at IS NULL AND process <> 'patrol_task'"),
        )
        batch_op.create_index(
            "cases_assigned",
            ["assignee_id", "state"],
            unique=False,
            postgresql_where=sa.text("assignee_id IS NOT NULL"),
            sqlite_where=sa.text("assignee_id IS NOT NULL"),
        )
        batch_op.create_index(
            "cases_below",
            ["parent_id"],
            unique=False,
            postgresql_where=sa.text("parent_id IS NOT NULL"),
            sqlite_where=sa.text("parent_id IS NOT NULL"),
        )
        batch_op.create_index(
            "cases_routine_changed",
            ["changed_at"],
            unique=False,
            postgresql_where=sa.text("process = 'patrol_task'"),
            sqlite_where=sa.text("process = 'patrol_task'"),
        )
        batch_op.create_index(
            "cases_routine_due",
            ["due_at", "id"],
            unique=False,
            postgresql_where=sa.text("closed_at IS NULL AND process = 'patrol_task'"),
            sqlite_where=sa.text("closed_at IS NULL AND process = 'patrol_task'"),
        )
        batch_op.create_index(
            "cases_routine_opened",
            ["opened_at", "id"],
            unique=False,
            postgresql_where=sa.text("process = 'patrol_task'"),
            sqlite_where=sa.text("process = 'patrol_task'"),
        )
        batch_op.create_index(
            "cases_second_assigned",
            ["second_assignee_id", "state"],
            unique=False,
            postgresql_where=sa.text("second_assignee_id IS NOT NULL"),
            sqlite_where=sa.text("second_assignee_id IS NOT NULL"),
        )

    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("clock_open"), sqlite_where=sa.text("stopped_at IS NULL"))
        batch_op.drop_index(batch_op.f("clock_provisional"), sqlite_where=sa.text("provisional AND stopped_at IS NULL"))
        batch_op.drop_index(batch_op.f("clock_warned"), sqlite_where=sa.text("stopped_at IS NULL AND level = 1"))
        batch_op.create_index(
            "clock_apart_open",
            ["due_at", "case_id", "name"],
            unique=False,
            postgresql_where=sa.text("stopped_at IS NULL AND process <> 'patrol_task'"),
            sqlite_where=sa.text("stopped_at IS NULL AND process <> 'patrol_task'"),
        )
        batch_op.create_index(
            "clock_apart_provisional",
            ["due_at", "case_id", "name"],
            unique=False,
            postgresql_where=sa.text("provisional AND stopped_at IS NULL AND process <> 'patrol_task'"),
            sqlite_where=sa.text("provisional AND stopped_at IS NULL AND process <> 'patrol_task'"),
        )
        batch_op.create_index(
            "clock_apart_warned",
            ["due_at", "case_id", "name"],
            unique=False,
            postgresql_where=sa.text("stopped_at IS NULL AND level = 1 AND process <> 'patrol_task'"),
            sqlite_where=sa.text("stopped_at IS NULL AND level = 1 AND process <> 'patrol_task'"),
        )

    with op.batch_alter_table("photo", schema=None) as batch_op:
        batch_op.add_column(sa.Column("held_for", sa.Uuid(), nullable=True))
        batch_op.create_index(
            "photo_held",
            ["held_for"],
            unique=False,
            postgresql_where=sa.text("held_for IS NOT NULL AND case_id IS NULL"),
            sqlite_where=sa.text("held_for IS NOT NULL AND case_id IS NULL"),
        )
        batch_op.create_index("photo_original", ["original_sha256"], unique=False)

    with op.batch_alter_table("timeline_entry", schema=None) as batch_op:
        batch_op.create_index(
            "timeline_entry_actor",
            ["actor_id", "case_id"],
            unique=False,
            postgresql_where=sa.text("actor_id IS NOT NULL"),
            sqlite_where=sa.text("actor_id IS NOT NULL"),
        )


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("timeline_entry", schema=None) as batch_op:
        batch_op.drop_index(
            "timeline_entry_actor",
            postgresql_where=sa.text("actor_id IS NOT NULL"),
            sqlite_where=sa.text("actor_id IS NOT NULL"),
        )

    with op.batch_alter_table("photo", schema=None) as batch_op:
        batch_op.drop_index("photo_original")
        batch_op.drop_index(
            "photo_held",
            postgresql_where=sa.text("held_for IS NOT NULL AND case_id IS NULL"),
            sqlite_where=sa.text("held_for IS NOT NULL AND case_id IS NULL"),
        )
        batch_op.drop_column("held_for")

    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.drop_index(
            "clock_apart_warned",
            postgresql_where=sa.text("stopped_at IS NULL AND level = 1 AND process <> 'patrol_task'"),
            sqlite_where=sa.text("stopped_at IS NULL AND level = 1 AND process <> 'patrol_task'"),
        )
        batch_op.drop_index(
            "clock_apart_provisional",
            postgresql_where=sa.text("provisional AND stopped_at IS NULL AND process <> 'patrol_task'"),
            sqlite_where=sa.text("provisional AND stopped_at IS NULL AND process <> 'patrol_task'"),
        )
        batch_op.drop_index(
            "clock_apart_open",
            postgresql_where=sa.text("stopped_at IS NULL AND process <> 'patrol_task'"),
            sqlite_where=sa.text("stopped_at IS NULL AND process <> 'patrol_task'"),
        )
        batch_op.create_index(
            batch_op.f("clock_warned"),
            ["due_at", "case_id", "name"],
            unique=False,
            sqlite_where=sa.text("stopped_at IS NULL AND level = 1"),
        )
        batch_op.create_index(
            batch_op.f("clock_provisional"),
            ["due_at", "case_id", "name"],
            unique=False,
            sqlite_where=sa.text("provisional AND stopped_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("clock_open"),
            ["due_at", "case_id", "name"],
            unique=False,
            sqlite_where=sa.text("stopped_at IS NULL"),
        )

    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index(
            "cases_second_assigned",
            postgresql_where=sa.text("second_assignee_id IS NOT NULL"),
            sqlite_where=sa.text("second_assignee_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "cases_routine_opened",
            postgresql_where=sa.text("process = 'patrol_task'"),
            sqlite_where=sa.text("process = 'patrol_task'"),
        )
        batch_op.drop_index(
            "cases_routine_due",
            postgresql_where=sa.text("closed_at IS NULL AND process = 'patrol_task'"),
            sqlite_where=sa.text("closed_at IS NULL AND process = 'patrol_task'"),
        )
        batch_op.drop_index(
            "cases_routine_changed",
            postgresql_where=sa.text("process = 'patrol_task'"),
            sqlite_where=sa.text("process = 'patrol_task'"),
        )
        batch_op.drop_index(
            "cases_below",
            postgresql_where=sa.text("parent_id IS NOT NULL"),
            sqlite_where=sa.text("parent_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "cases_assigned",
            postgresql_where=sa.text("assignee_id IS NOT NULL"),
            sqlite_where=sa.text("assignee_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "cases_apart_venue",
            postgresql_where=sa.text("closed_at IS NULL AND process <> 'patrol_task'"),
            sqlite_where=sa.text("closed_at IS NULL AND process <> 'patrol_task'"),
        )
        batch_op.drop_index(
            "cases_apart_state",
            postgresql_where=sa.text("process <> 'patrol_task'"),
            sqlite_where=sa.text("process <> 'patrol_task'"),
        )
        batch_op.drop_index(
            "cases_apart_opened",
            postgresql_where=sa.text("process <> 'patrol_task'"),
            sqlite_where=sa.text("process <> 'patrol_task'"),
        )
        batch_op.drop_index(
            "cases_apart_due",
            postgresql_where=sa.text("closed_at IS NULL AND process <> 'patrol_task'"),
            sqlite_where=sa.text("closed_at IS NULL AND process <> 'patrol_task'"),
        )
        batch_op.drop_index(
            "cases_apart_changed",
            postgresql_where=sa.text("process <> 'patrol_task'"),
            sqlite_where=sa.text("process <> 'patrol_task'"),
        )
        batch_op.drop_index(
            "cases_apart_area",
            postgresql_where=sa.text("process <> 'patrol_task'"),
            sqlite_where=sa.text("process <> 'patrol_task'"),
        )
        batch_op.create_index(batch_op.f("cases_second_assignee"), ["second_assignee_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("cases_queue"), ["process", "state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("cases_parent"), ["parent_id"], unique=False)
        batch_op.create_index(batch_op.f("cases_opened"), ["opened_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("cases_changed"), ["changed_at"], unique=False)
        batch_op.create_index(batch_op.f("cases_assignee"), ["assignee_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("cases_area"), ["area_id", "process"], unique=False)

    op.drop_table("patrol_plan_point")
    with op.batch_alter_table("patrol_task", schema=None) as batch_op:
        batch_op.drop_index(
            "patrol_task_warden_open",
            postgresql_where=sa.text("role = 'warden' AND outcome = ''"),
            sqlite_where=sa.text("role = 'warden' AND outcome = ''"),
        )
        batch_op.drop_index(
            "patrol_task_warden", postgresql_where=sa.text("role = 'warden'"), sqlite_where=sa.text("role = 'warden'")
        )
        batch_op.drop_index("patrol_task_venue")
        batch_op.drop_index("patrol_task_slot")
        batch_op.drop_index(
            "patrol_task_rounds",
            postgresql_where=sa.text("outcome = '' AND kind = 'rounds'"),
            sqlite_where=sa.text("outcome = '' AND kind = 'rounds'"),
        )
        batch_op.drop_index(
            "patrol_task_remind", postgresql_where=sa.text("outcome = ''"), sqlite_where=sa.text("outcome = ''")
        )
        batch_op.drop_index(
            "patrol_task_person", postgresql_where=sa.text("outcome = ''"), sqlite_where=sa.text("outcome = ''")
        )
        batch_op.drop_index(
            "patrol_task_open", postgresql_where=sa.text("outcome = ''"), sqlite_where=sa.text("outcome = ''")
        )
        batch_op.drop_index(
            "patrol_task_missed",
            postgresql_where=sa.text("outcome = 'missed'"),
            sqlite_where=sa.text("outcome = 'missed'"),
        )
        batch_op.drop_index(
            "patrol_task_holder",
            postgresql_where=sa.text("person_id IS NOT NULL"),
            sqlite_where=sa.text("person_id IS NOT NULL"),
        )
        batch_op.drop_index("patrol_task_day")
        batch_op.drop_index(
            "patrol_task_campaign",
            postgresql_where=sa.text("campaign_id IS NOT NULL"),
            sqlite_where=sa.text("campaign_id IS NOT NULL"),
        )

    op.drop_table("patrol_task")
    with op.batch_alter_table("patrol_check_in", schema=None) as batch_op:
        batch_op.drop_index("patrol_check_in_case")

    op.drop_table("patrol_check_in")
    with op.batch_alter_table("patrol_answer", schema=None) as batch_op:
        batch_op.drop_index("patrol_answer_venue", postgresql_where=sa.text("stands"), sqlite_where=sa.text("stands"))
        batch_op.drop_index("patrol_answer_point", postgresql_where=sa.text("stands"), sqlite_where=sa.text("stands"))
        batch_op.drop_index(
            "patrol_answer_failed",
            postgresql_where=sa.text("stands AND outcome = 'fail'"),
            sqlite_where=sa.text("stands AND outcome = 'fail'"),
        )
        batch_op.drop_index("patrol_answer_case")

    op.drop_table("patrol_answer")
    with op.batch_alter_table("patrol_plan", schema=None) as batch_op:
        batch_op.drop_index("patrol_plan_venue")
        batch_op.drop_index("patrol_plan_series")

    op.drop_table("patrol_plan")
    op.drop_table("patrol_campaign")
    with op.batch_alter_table("patrol_batch", schema=None) as batch_op:
        batch_op.drop_index("patrol_batch_person")
        batch_op.drop_index("patrol_batch_case")

    op.drop_table("patrol_batch")
    with op.batch_alter_table("checklist_version", schema=None) as batch_op:
        batch_op.drop_index("checklist_version_number")
        batch_op.drop_index("checklist_version_from")

    op.drop_table("checklist_version")
    with op.batch_alter_table("patrol_roster", schema=None) as batch_op:
        batch_op.drop_index("patrol_roster_venue")

    op.drop_table("patrol_roster")
    with op.batch_alter_table("checklist_template", schema=None) as batch_op:
        batch_op.drop_index("checklist_template_venue")

    op.drop_table("checklist_template")
