"""What the authorization code flow needs beside the data model: docs/data-model.md, "The authorization server"."""

from migrations.scripts import run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """New columns and their classes."""
    run("0002_authorization_server.sql")


def downgrade() -> None:
    """Refused: tokens that are bound would be bound no more."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
