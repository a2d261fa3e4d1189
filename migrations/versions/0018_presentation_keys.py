"""A key for each presentation: docs/data-model.md, "Verifying"."""

from migrations.scripts import run

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Two columns, and what they refer to."""
    run("0018_presentation_keys.sql")


def downgrade() -> None:
    """Refused: presentations lie under these keys."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
