"""Every table of the first release, and the trigger that makes the case log append-only.

Types are spelled out here, not imported from the models: a migration must not change when they do.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
moment = sa.DateTime(timezone=True)
digest = sa.String(64)  # SHA-256, hex
word = sa.String(16)


def upgrade() -> None:
    """Create everything in an empty database."""
    _create_runs()
    _create_seen()
    _create_cases()
    _create_alerts()
    _protect_case_log()


def _create_runs() -> None:
    op.create_table(
        "fetch_states",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("identity", digest, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("judged_by", sa.Text(), nullable=False),
        sa.Column("saved_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("source", "identity", name="pk_fetch_states"),
    )
    op.create_table(
        "runs",
        sa.Column("id", row_id, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("finished_at", moment, nullable=True),
        sa.Column("outcome", word, nullable=True),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.CheckConstraint("outcome IN ('ok', 'partial', 'failed', 'blocked')", name=op.f("ck_runs_outcome")),
        sa.CheckConstraint("(outcome IS NULL) = (finished_at IS NULL)", name=op.f("ck_runs_finished")),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_source_started_at", "runs", ["source", "started_at"], unique=False)


def _create_seen() -> None:
    op.create_table(
        "items",
        sa.Column("id", row_id, nullable=False),
        sa.Column("identity", digest, nullable=False),
        sa.Column("kind", word, nullable=False),
        sa.Column("platform", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("recorded_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_items"),
        sa.UniqueConstraint("identity", name="uq_items_identity"),
    )
    op.create_table(
        "pictures",
        sa.Column("sha256", digest, nullable=False),
        sa.Column("mime", sa.Text(), nullable=True),
        sa.Column("bytes", row_id, nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("hash", sa.Text(), nullable=True),
        sa.Column("rendition", digest, nullable=True),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.Column("saved_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_pictures"),
    )
    op.create_table(
        "item_versions",
        sa.Column("id", row_id, nullable=False),
        sa.Column("item_id", row_id, nullable=False),
        sa.Column("fingerprint", digest, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("recorded_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_item_versions_item_id"),
        sa.PrimaryKeyConstraint("id", name="pk_item_versions"),
        sa.UniqueConstraint("item_id", "fingerprint", name="uq_item_versions_item_id_fingerprint"),
    )
    op.create_table(
        "sightings",
        sa.Column("id", row_id, nullable=False),
        sa.Column("item_id", row_id, nullable=False),
        sa.Column("version_id", row_id, nullable=False),
        sa.Column("run_id", row_id, nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("visitor", sa.Text(), nullable=True),
        sa.Column("publisher_url", sa.Text(), nullable=True),
        sa.Column("seen_at", moment, nullable=False),
        sa.Column("recorded_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_sightings_item_id"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_sightings_run_id"),
        sa.ForeignKeyConstraint(["version_id"], ["item_versions.id"], name="fk_sightings_version_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sightings"),
    )
    op.create_index("ix_sightings_item_id_seen_at", "sightings", ["item_id", "seen_at"], unique=False)
    op.create_table(
        "verdicts",
        sa.Column("id", row_id, nullable=False),
        sa.Column("version_id", row_id, nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("judged_by", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("decision", word, nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("judged_at", moment, nullable=False),
        sa.CheckConstraint(
            "decision IN ('impersonation', 'suspicious', 'mention', 'official')", name=op.f("ck_verdicts_decision")
        ),
        sa.CheckConstraint("score >= 0 AND score <= 1", name=op.f("ck_verdicts_score")),
        sa.ForeignKeyConstraint(["version_id"], ["item_versions.id"], name="fk_verdicts_version_id"),
        sa.PrimaryKeyConstraint("id", name="pk_verdicts"),
        sa.UniqueConstraint("version_id", "brand", "judged_by", name="uq_verdicts_version_id_brand_judged_by"),
    )
    op.create_table(
        "version_pictures",
        sa.Column("version_id", row_id, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("sha256", digest, nullable=False),
        sa.ForeignKeyConstraint(
            ["sha256"], ["pictures.sha256"], name="fk_version_pictures_sha256", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(["version_id"], ["item_versions.id"], name="fk_version_pictures_version_id"),
        sa.PrimaryKeyConstraint("version_id", "number", name="pk_version_pictures"),
    )


def _create_cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", row_id, nullable=False),
        sa.Column("identity", digest, nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("opened_at", moment, nullable=False),
        sa.Column("state", word, nullable=False),
        sa.Column("snoozed_until", moment, nullable=True),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("decision", word, nullable=False),
        sa.Column("verdict_id", row_id, nullable=False),
        sa.CheckConstraint("(state = 'snoozed') = (snoozed_until IS NOT NULL)", name=op.f("ck_cases_snoozed")),
        sa.CheckConstraint("state IN ('open', 'confirmed', 'dismissed', 'snoozed')", name=op.f("ck_cases_state")),
        sa.ForeignKeyConstraint(["verdict_id"], ["verdicts.id"], name="fk_cases_verdict_id"),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.UniqueConstraint("identity", name="uq_cases_identity"),
    )
    op.create_index("ix_cases_state_score", "cases", ["state", "score"], unique=False)
    op.create_table(
        "case_items",
        sa.Column("case_id", row_id, nullable=False),
        sa.Column("item_id", row_id, nullable=False),
        sa.Column("version_id", row_id, nullable=False),
        sa.Column("verdict_id", row_id, nullable=False),
        sa.Column("added_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_items_case_id"),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_case_items_item_id"),
        sa.ForeignKeyConstraint(["verdict_id"], ["verdicts.id"], name="fk_case_items_verdict_id"),
        sa.ForeignKeyConstraint(["version_id"], ["item_versions.id"], name="fk_case_items_version_id"),
        sa.PrimaryKeyConstraint("case_id", "item_id", name="pk_case_items"),
    )
    op.create_index("ix_case_items_item_id", "case_items", ["item_id"], unique=False)
    op.create_table(
        "case_log",
        sa.Column("id", row_id, nullable=False),
        sa.Column("case_id", row_id, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", word, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_log_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_log"),
    )
    op.create_index("ix_case_log_case_id_id", "case_log", ["case_id", "id"], unique=False)


def _create_alerts() -> None:
    op.create_table(
        "receiver_states",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("disabled_at", moment, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_receiver_states"),
    )
    op.create_table(
        "alert_intents",
        sa.Column("id", row_id, nullable=False),
        sa.Column("case_id", row_id, nullable=False),
        sa.Column("reason", word, nullable=False),
        sa.Column("state", word, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("settled_at", moment, nullable=True),
        sa.Column("suppressed_by", row_id, nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'pending') = (settled_at IS NULL)", name=op.f("ck_alert_intents_settled")),
        sa.CheckConstraint("reason IN ('first', 'new_items', 'repeat')", name=op.f("ck_alert_intents_reason")),
        sa.CheckConstraint("state IN ('pending', 'routed', 'suppressed')", name=op.f("ck_alert_intents_state")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_alert_intents_case_id"),
        sa.ForeignKeyConstraint(["suppressed_by"], ["case_log.id"], name="fk_alert_intents_suppressed_by"),
        sa.PrimaryKeyConstraint("id", name="pk_alert_intents"),
    )
    op.create_index("ix_alert_intents_case_id", "alert_intents", ["case_id"], unique=False)
    op.create_index("ix_alert_intents_state_due_at", "alert_intents", ["state", "due_at"], unique=False)
    op.create_index(
        "uq_alert_intents_pending_items",
        "alert_intents",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("state = 'pending' AND reason <> 'repeat'"),
        postgresql_where=sa.text("state = 'pending' AND reason <> 'repeat'"),
    )
    op.create_index(
        "uq_alert_intents_pending_repeat",
        "alert_intents",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("state = 'pending' AND reason = 'repeat'"),
        postgresql_where=sa.text("state = 'pending' AND reason = 'repeat'"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column("intent_id", row_id, nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", word, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("next_at", moment, nullable=False),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("leased_until", moment, nullable=True),
        sa.Column("settled_at", moment, nullable=True),
        sa.CheckConstraint("(state = 'pending') = (settled_at IS NULL)", name=op.f("ck_deliveries_settled")),
        sa.CheckConstraint("state IN ('pending', 'sent', 'dead')", name=op.f("ck_deliveries_state")),
        sa.ForeignKeyConstraint(["intent_id"], ["alert_intents.id"], name="fk_deliveries_intent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("intent_id", "receiver", name="uq_deliveries_intent_id_receiver"),
    )
    op.create_index("ix_deliveries_state_next_at", "deliveries", ["state", "next_at"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("id", row_id, nullable=False),
        sa.Column("delivery_id", sa.String(length=30), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="fk_attempts_delivery_id"),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
    )
    op.create_index("ix_attempts_delivery_id", "attempts", ["delivery_id"], unique=False)


def _protect_case_log() -> None:
    """Refuse UPDATE, DELETE and, where it exists, TRUNCATE."""
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER case_log_no_{change.lower()} BEFORE {change} ON case_log "
                "BEGIN SELECT RAISE(ABORT, 'case_log is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION case_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'case_log is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER case_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON case_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION case_log_is_append_only()"
    )
