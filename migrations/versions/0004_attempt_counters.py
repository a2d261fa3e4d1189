"""Counting tries: docs/data-model.md, "Counting tries"."""

from migrations.scripts import run

revision = "0004"
down_revision = "0002"


def upgrade() -> None:
    """One table, fenced as every other."""
    run("0004_attempt_counters.sql")


def downgrade() -> None:
    """Refused: what was guessed would be counted no more."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
