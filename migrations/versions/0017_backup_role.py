"""Logical exports: docs/data-platform.md, "Backup and recovery"."""

from migrations.scripts import run

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """The backup role reads the revision, too."""
    run("0017_backup_role.sql")


def downgrade() -> None:
    """Refused, as all are: exports of the new revision would not be made."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
