"""The tenant's own credentials need no wallet: docs/data-model.md, "DIDComm relationships"."""

from migrations.scripts import run

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """One constraint says less."""
    run("0016_own_holdings.sql")


def downgrade() -> None:
    """Refused: credentials that are held are not thrown away."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
