"""When a Status List Token that is kept for evidence was used last: docs/data-model.md, "Verifying"."""

from migrations.scripts import run

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """One column."""
    run("0015_status_evidence_use.sql")


def downgrade() -> None:
    """Refused: what evidence stands on is not thrown away."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
