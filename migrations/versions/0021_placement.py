"""Databases of tenants' own: docs/data-model.md, "Placement"."""

from migrations.scripts import run

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Where a tenant's rows lie is answered with its name; heads of records that lie elsewhere."""
    run("0021_placement.sql")


def downgrade() -> None:
    """Refused: tenants with a database of their own would not be found."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
