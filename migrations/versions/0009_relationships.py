"""What DIDComm relationships need beside the data model: docs/data-model.md, "DIDComm"."""

from migrations.scripts import run

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """New columns and tables, their fences and classes."""
    run("0009_relationships.sql")


def downgrade() -> None:
    """Refused: peers know the DIDs that were made, and nobody could answer to them."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
