"""What deferred issuance and issuance policies need beside the data model: docs/data-model.md, "Issuance policies"."""

from migrations.scripts import run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """New columns and their classes."""
    run("0003_issuance_policy.sql")


def downgrade() -> None:
    """Refused: what was paid or approved would be so no more."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
