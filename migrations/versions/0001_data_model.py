"""The data model: tables, fences, privileges and the class of every column."""

from alembic import op

from migrations.scripts import FOLDER, run

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Everything of docs/data-model.md but the roles, which an administrator makes before."""
    run(*sorted(path.name for path in FOLDER.glob("0001_*.sql")))
    op.execute("RESET ROLE")


def downgrade() -> None:
    """Refused: this would drop every tenant's data. Restore a backup instead."""
    raise RuntimeError("the first revision is not undone: it holds every tenant's data")
