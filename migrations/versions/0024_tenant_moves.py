"""Moves between databases: docs/data-model.md, "Moves"."""

from migrations.scripts import run

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """A month by its name, and a fence around the writes of a tenant that moves."""
    run("0024_tenant_moves.sql")


def downgrade() -> None:
    """Refused: a move that is under way would lose its fence."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
