"""people venues areas."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from domain.models.columns import Json, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "code_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("to_masked", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("provider", sa.String(length=24), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=True),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code_id", "number", name="code_message_once"),
    )
    with op.batch_alter_table("code_message", schema=None) as batch_op:
        batch_op.create_index("code_message_provider", ["provider_id"], unique=False)

    op.create_table(
        "errand",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("needs", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_until", UtcDateTime(), nullable=True),
        sa.Column("leased_by", sa.String(length=64), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("outcome", Json, nullable=False),
        sa.Column("input_key", sa.String(length=80), nullable=True),
        sa.Column("file_name", sa.String(length=160), nullable=False),
        sa.Column("storage_key", sa.String(length=80), nullable=True),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("flow_run_id", sa.Uuid(), nullable=True),
        sa.Column("task_run_id", sa.Uuid(), nullable=True),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    with op.batch_alter_table("errand", schema=None) as batch_op:
        batch_op.create_index(
            "errand_due",
            ["kind", "due_at"],
            unique=False,
            postgresql_where=sa.text("state IN ('pending', 'running')"),
            sqlite_where=sa.text("state IN ('pending', 'running')"),
        )
        batch_op.create_index("errand_maker", ["made_by", "made_at"], unique=False)
        batch_op.create_index("errand_settled", ["settled_at"], unique=False)

    op.create_table(
        "register_entry",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_role", sa.String(length=16), nullable=False),
        sa.Column("actor_name", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "seq"),
    )
    with op.batch_alter_table("register_entry", schema=None) as batch_op:
        batch_op.create_index("register_entry_actor", ["actor_id", "at"], unique=False)
        batch_op.create_index("register_entry_at", ["at"], unique=False)

    op.create_table(
        "register_head",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("chain_head", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id"),
    )
    with op.batch_alter_table("register_head", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_register_head_changed_at"), ["changed_at"], unique=False)

    op.create_table(
        "sign_in_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("sealed_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sign_in_code", schema=None) as batch_op:
        batch_op.create_index("sign_in_code_made", ["made_at"], unique=False)

    op.create_table(
        "area_boundary",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("geometry", Json, nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["area_id"],
            ["area.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("area_boundary", schema=None) as batch_op:
        batch_op.create_index("area_boundary_area", ["area_id"], unique=False)

    op.create_table(
        "area_lead",
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["area_id"],
            ["area.id"],
        ),
        sa.ForeignKeyConstraint(
            ["lead_id"],
            ["area.id"],
        ),
        sa.ForeignKeyConstraint(
            ["other_id"],
            ["area.id"],
        ),
        sa.PrimaryKeyConstraint("area_id", "other_id"),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("industry", sa.String(length=24), nullable=True),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["area_id"],
            ["area.id"],
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.create_index("organisation_area", ["area_id", "kind"], unique=False)

    op.create_table(
        "building",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("storeys_above", sa.Integer(), nullable=True),
        sa.Column("storeys_below", sa.Integer(), nullable=True),
        sa.Column("height_m", sa.Float(), nullable=True),
        sa.Column("area_m2", sa.Float(), nullable=True),
        sa.Column("fire_resistance", sa.String(length=8), nullable=False),
        sa.Column("use", sa.String(length=60), nullable=False),
        sa.Column("built_on", sa.Date(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["venue_id"],
            ["venue.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("building", schema=None) as batch_op:
        batch_op.create_index("building_venue", ["venue_id"], unique=False)

    op.create_table(
        "provider_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("provider_link", schema=None) as batch_op:
        batch_op.create_index("provider_link_account", ["account_id"], unique=False)
        batch_op.create_index("provider_link_subject", ["issuer", "subject"], unique=False)

    op.create_table(
        "recovery_code",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("digest"),
    )
    with op.batch_alter_table("recovery_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recovery_code_account_id"), ["account_id"], unique=False)

    op.create_table(
        "second_factor",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_table(
        "venue_code",
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["venue_id"],
            ["venue.id"],
        ),
        sa.PrimaryKeyConstraint("code"),
    )
    with op.batch_alter_table("venue_code", schema=None) as batch_op:
        batch_op.create_index("venue_code_venue", ["venue_id"], unique=False)

    op.create_table(
        "delegation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("from_person_id", sa.Uuid(), nullable=False),
        sa.Column("to_person_id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["from_person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["post.id"],
        ),
        sa.ForeignKeyConstraint(
            ["to_person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("delegation", schema=None) as batch_op:
        batch_op.create_index("delegation_from", ["from_person_id"], unique=False)
        batch_op.create_index("delegation_to", ["to_person_id"], unique=False)

    op.create_table(
        "document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("media_type", sa.String(length=60), nullable=False),
        sa.Column("storage_key", sa.String(length=80), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.ForeignKeyConstraint(
            ["venue_id"],
            ["venue.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.create_index("document_case", ["case_id"], unique=False)
        batch_op.create_index("document_venue", ["venue_id"], unique=False)

    op.create_table(
        "floor",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("building_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("use", sa.String(length=60), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["building_id"],
            ["building.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("floor", schema=None) as batch_op:
        batch_op.create_index("floor_building", ["building_id"], unique=False)

    op.create_table(
        "key_part",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("building_id", sa.Uuid(), nullable=True),
        sa.Column("floor_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("location", sa.String(length=120), nullable=False),
        sa.Column("responsible_id", sa.Uuid(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["building_id"],
            ["building.id"],
        ),
        sa.ForeignKeyConstraint(
            ["floor_id"],
            ["floor.id"],
        ),
        sa.ForeignKeyConstraint(
            ["responsible_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["venue_id"],
            ["venue.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    with op.batch_alter_table("key_part", schema=None) as batch_op:
        batch_op.create_index("key_part_venue", ["venue_id"], unique=False)

    op.create_table(
        "facility",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("venue_id", sa.Uuid(), nullable=False),
        sa.Column("building_id", sa.Uuid(), nullable=True),
        sa.Column("floor_id", sa.Uuid(), nullable=True),
        sa.Column("key_part_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("location", sa.String(length=120), nullable=False),
        sa.Column("model", sa.String(length=60), nullable=False),
        sa.Column("maker", sa.String(length=80), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=True),
        sa.Column("installed_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("responsible_id", sa.Uuid(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"],
            ["building.id"],
        ),
        sa.ForeignKeyConstraint(
            ["floor_id"],
            ["floor.id"],
        ),
        sa.ForeignKeyConstraint(
            ["key_part_id"],
            ["key_part.id"],
        ),
        sa.ForeignKeyConstraint(
            ["responsible_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["venue_id"],
            ["venue.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    with op.batch_alter_table("facility", schema=None) as batch_op:
        batch_op.create_index("facility_responsible", ["responsible_id"], unique=False)
        batch_op.create_index("facility_venue", ["venue_id", "kind", "number"], unique=False)

    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("initial_until", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("password_at", UtcDateTime(), nullable=True))

    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.add_column(sa.Column("scopes", sa.String(length=400), server_default="*", nullable=False))
        batch_op.add_column(sa.Column("expires_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("used_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("hint", sa.String(length=8), server_default="", nullable=False))
        batch_op.add_column(sa.Column("made_by", sa.Uuid(), nullable=True))

    with op.batch_alter_table("area", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ended_on", sa.Date(), nullable=True))

    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asked_at", UtcDateTime(), nullable=True))
        batch_op.create_index(
            "cases_asked",
            ["asked_at"],
            unique=False,
            postgresql_where=sa.text("asked_at IS NOT NULL"),
            sqlite_where=sa.text("asked_at IS NOT NULL"),
        )

    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index("person_name", ["name", "id"], unique=False)
        batch_op.create_index("person_phone", ["phone"], unique=False)

    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.add_column(sa.Column("organisation_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("industry", sa.String(length=24), nullable=True))

    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.add_column(sa.Column("way", sa.String(length=12), server_default="password", nullable=False))
        batch_op.add_column(sa.Column("address", sa.String(length=60), server_default="", nullable=False))
        batch_op.add_column(sa.Column("agent", sa.String(length=200), server_default="", nullable=False))
        batch_op.add_column(sa.Column("second_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("proven_at", UtcDateTime(), nullable=True))

    with op.batch_alter_table("venue", schema=None) as batch_op:
        batch_op.add_column(sa.Column("credit_code", sa.String(length=18), nullable=True))
        batch_op.add_column(sa.Column("industry", sa.String(length=24), nullable=True))
        batch_op.add_column(sa.Column("phone", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("hours", Json, server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("sizes", Json, server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("suspended_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("suspended_reason", sa.String(length=300), server_default="", nullable=False))
        batch_op.add_column(sa.Column("key_unit_since", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("key_unit_basis", sa.String(length=300), server_default="", nullable=False))
        batch_op.create_index(
            "venue_credit_code",
            ["credit_code"],
            unique=True,
            postgresql_where=sa.text("closed_on IS NULL AND credit_code IS NOT NULL"),
            sqlite_where=sa.text("closed_on IS NULL AND credit_code IS NOT NULL"),
        )
        batch_op.create_index("venue_name", ["name", "id"], unique=False)


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("venue", schema=None) as batch_op:
        batch_op.drop_index("venue_name")
        batch_op.drop_index(
            "venue_credit_code",
            postgresql_where=sa.text("closed_on IS NULL AND credit_code IS NOT NULL"),
            sqlite_where=sa.text("closed_on IS NULL AND credit_code IS NOT NULL"),
        )
        batch_op.drop_column("key_unit_basis")
        batch_op.drop_column("key_unit_since")
        batch_op.drop_column("suspended_reason")
        batch_op.drop_column("suspended_on")
        batch_op.drop_column("sizes")
        batch_op.drop_column("hours")
        batch_op.drop_column("phone")
        batch_op.drop_column("industry")
        batch_op.drop_column("credit_code")

    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.drop_column("proven_at")
        batch_op.drop_column("second_at")
        batch_op.drop_column("agent")
        batch_op.drop_column("address")
        batch_op.drop_column("way")

    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.drop_column("industry")
        batch_op.drop_column("organisation_id")

    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_index("person_phone")
        batch_op.drop_index("person_name")

    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index(
            "cases_asked",
            postgresql_where=sa.text("asked_at IS NOT NULL"),
            sqlite_where=sa.text("asked_at IS NOT NULL"),
        )
        batch_op.drop_column("asked_at")

    with op.batch_alter_table("area", schema=None) as batch_op:
        batch_op.drop_column("ended_on")

    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.drop_column("made_by")
        batch_op.drop_column("hint")
        batch_op.drop_column("used_at")
        batch_op.drop_column("expires_at")
        batch_op.drop_column("scopes")

    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_column("password_at")
        batch_op.drop_column("initial_until")

    with op.batch_alter_table("facility", schema=None) as batch_op:
        batch_op.drop_index("facility_venue")
        batch_op.drop_index("facility_responsible")

    op.drop_table("facility")
    with op.batch_alter_table("key_part", schema=None) as batch_op:
        batch_op.drop_index("key_part_venue")

    op.drop_table("key_part")
    with op.batch_alter_table("floor", schema=None) as batch_op:
        batch_op.drop_index("floor_building")

    op.drop_table("floor")
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.drop_index("document_venue")
        batch_op.drop_index("document_case")

    op.drop_table("document")
    with op.batch_alter_table("delegation", schema=None) as batch_op:
        batch_op.drop_index("delegation_to")
        batch_op.drop_index("delegation_from")

    op.drop_table("delegation")
    with op.batch_alter_table("venue_code", schema=None) as batch_op:
        batch_op.drop_index("venue_code_venue")

    op.drop_table("venue_code")
    op.drop_table("second_factor")
    with op.batch_alter_table("recovery_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recovery_code_account_id"))

    op.drop_table("recovery_code")
    with op.batch_alter_table("provider_link", schema=None) as batch_op:
        batch_op.drop_index("provider_link_subject")
        batch_op.drop_index("provider_link_account")

    op.drop_table("provider_link")
    with op.batch_alter_table("building", schema=None) as batch_op:
        batch_op.drop_index("building_venue")

    op.drop_table("building")
    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.drop_index("organisation_area")

    op.drop_table("organisation")
    op.drop_table("area_lead")
    with op.batch_alter_table("area_boundary", schema=None) as batch_op:
        batch_op.drop_index("area_boundary_area")

    op.drop_table("area_boundary")
    with op.batch_alter_table("sign_in_code", schema=None) as batch_op:
        batch_op.drop_index("sign_in_code_made")

    op.drop_table("sign_in_code")
    with op.batch_alter_table("register_head", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_register_head_changed_at"))

    op.drop_table("register_head")
    with op.batch_alter_table("register_entry", schema=None) as batch_op:
        batch_op.drop_index("register_entry_at")
        batch_op.drop_index("register_entry_actor")

    op.drop_table("register_entry")
    with op.batch_alter_table("errand", schema=None) as batch_op:
        batch_op.drop_index("errand_settled")
        batch_op.drop_index("errand_maker")
        batch_op.drop_index(
            "errand_due",
            postgresql_where=sa.text("state IN ('pending', 'running')"),
            sqlite_where=sa.text("state IN ('pending', 'running')"),
        )

    op.drop_table("errand")
    with op.batch_alter_table("code_message", schema=None) as batch_op:
        batch_op.drop_index("code_message_provider")

    op.drop_table("code_message")
