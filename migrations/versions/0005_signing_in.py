"""Identity providers of tenants: docs/data-model.md, "Signing in"."""

from migrations.scripts import run

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """One table, fenced, with the classes of its columns."""
    run("0005_signing_in.sql")


def downgrade() -> None:
    """Refused: people would have no way to sign in."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
