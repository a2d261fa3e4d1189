"""Moves between databases: docs/data-model.md, "Moves"."""

from migrations.scripts import run

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """A month by its name, and a fence around the writes of a tenant that moves."""
    run("0022_tenant_moves.sql")


def downgrade() -> None:
    """Refused: a move that is under way would lose its fence."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
