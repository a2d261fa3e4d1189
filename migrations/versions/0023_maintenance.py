"""Maintenance: docs/data-platform.md, "Maintenance"."""

from migrations.scripts import run

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Settings of tables as data, who may apply them, and what was done."""
    run("0023_maintenance.sql")


def downgrade() -> None:
    """Refused, as all are: the worker would fail each day."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
