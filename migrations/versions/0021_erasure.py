"""Erasing a person: docs/data-model.md, "A person's rights"."""

from migrations.scripts import run

revision = "0021"
down_revision = "0015"


def upgrade() -> None:
    """A column and its class."""
    run("0021_erasure.sql")


def downgrade() -> None:
    """Refused: requests would forget whom they are about."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
