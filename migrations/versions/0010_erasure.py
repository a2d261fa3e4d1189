"""Erasing a person: docs/data-model.md, "A person's rights"."""

from migrations.scripts import run

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """A column and its class."""
    run("0010_erasure.sql")


def downgrade() -> None:
    """Refused: requests would forget whom they are about."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
