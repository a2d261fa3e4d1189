"""Moves between databases: docs/data-model.md, "Moves"."""

from migrations.scripts import run

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """A month by its name, and a fence around the writes of a tenant that moves."""
    run("0023_tenant_moves.sql")


def downgrade() -> None:
    """Refused: a move that is under way would lose its fence."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
