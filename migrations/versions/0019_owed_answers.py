"""Answers that are owed to a peer: docs/data-model.md, "DIDComm relationships"."""

from migrations.scripts import run

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """One column: which message answers another on its connection."""
    run("0019_owed_answers.sql")


def downgrade() -> None:
    """Refused, as all are: who said something again would not be answered."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
