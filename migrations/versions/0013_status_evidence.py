"""What evidence of a verification, and waiting for one, need beside the data model: docs/data-model.md, "Verifying"."""

from migrations.scripts import run

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """A new table and a column, their fences and classes."""
    run("0013_status_evidence.sql")


def downgrade() -> None:
    """Refused: what evidence stands on is not thrown away."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
