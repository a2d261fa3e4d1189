"""The name of who is to be erased, until they are: docs/data-model.md, "A person's rights"."""

from migrations.scripts import run

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Two columns and their classes."""
    run("0014_erasure_names.sql")


def downgrade() -> None:
    """Refused: what came after an open request would be forgotten by it."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
