"""Jobs: docs/data-platform.md, "Jobs and schedules"."""

from migrations.scripts import run

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """The queue's own schema, and who may do what there."""
    run("0022_jobs_schema.sql", "0022_jobs.sql")


def downgrade() -> None:
    """Refused, as all are: jobs that wait would be lost."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
