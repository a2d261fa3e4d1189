"""AnonCreds: docs/data-model.md, "AnonCreds"."""

from migrations.scripts import run

revision = "0019"
down_revision = "0009"


def upgrade() -> None:
    """New tables, their fences and classes."""
    run("0019_anoncreds.sql")


def downgrade() -> None:
    """Refused: a registry that is gone takes every credential of it along."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
