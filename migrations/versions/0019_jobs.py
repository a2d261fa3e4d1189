"""Jobs: docs/data-platform.md, "Jobs and schedules"."""

from migrations.scripts import run

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """The queue's own schema, and who may do what there."""
    run("0019_jobs_schema.sql", "0019_jobs.sql")


def downgrade() -> None:
    """Refused, as all are: jobs that wait would be lost."""
    raise RuntimeError("the revision is not undone: restore a backup instead")
