"""Running SQL files of several statements inside Alembic's transaction."""

from pathlib import Path

from alembic import op

FOLDER = Path(__file__).parent / "sql"


def run(*names: str) -> None:
    """Execute files of migrations/sql in order, in the transaction of the migration."""
    bind = op.get_bind()
    bind.exec_driver_sql("SELECT 1")  # begins the driver's transaction, which the raw calls below then share
    connection = bind.connection.dbapi_connection
    for name in names:
        text = (FOLDER / name).read_text(encoding="utf-8")
        connection.run_async(lambda raw, text=text: raw.execute(text))  # type: ignore[union-attr]  # asyncpg's adapter
