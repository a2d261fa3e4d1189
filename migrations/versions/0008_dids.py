"""What DIDs with a signed log, and the DIDs of peers, need beside the data model: docs/data-model.md, "DIDs"."""

from migrations.scripts import run

revision = "0008"
down_revision = "0005"


def upgrade() -> None:
    """New columns and tables, their fences and classes."""
    run("0008_dids.sql")


def downgrade() -> None:
    """Refused: a log that lost its witnesses' proofs could be resolved by nobody."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
