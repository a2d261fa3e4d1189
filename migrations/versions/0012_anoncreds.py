"""AnonCreds: docs/data-model.md, "AnonCreds"."""

from migrations.scripts import run

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """New tables, their fences and classes."""
    run("0012_anoncreds.sql")


def downgrade() -> None:
    """Refused: a registry that is gone takes every credential of it along."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
