"""Tiers as data: docs/data-model.md, "Limits"."""

from migrations.scripts import run

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """A table of the operator's, read by every tenant."""
    run("0020_limits.sql")


def downgrade() -> None:
    """Refused: tenants would lose the limits of their tiers."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
