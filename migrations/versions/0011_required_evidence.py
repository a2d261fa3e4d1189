"""Presentations that a policy asks for before issuance: docs/data-model.md, "Evidence"."""

from migrations.scripts import run

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """One table, its fences and classes."""
    run("0011_required_evidence.sql")


def downgrade() -> None:
    """Refused: what was presented before an issuance could not be told any more."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
