"""`chancery upgrade --rehearse`: a new major version of PostgreSQL, tried on a copy."""

import json
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from agent.cli.client import FAILED, Client, json_flag, show

_REVIEW = timedelta(days=365)


@click.command()
@click.option("--rehearse", is_flag=True, required=True, help="On a copy, which is thrown away: the only way there is.")
@click.option("--record", is_flag=True, help="Keep the outcome as a compliance record, for a year.")
@click.option("--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Where there is room.")
@json_flag
def upgrade(rehearse: bool, record: bool, folder: Path | None, as_json: bool) -> None:
    """Upgrade a copy of the embedded server, while it runs, to the newest PostgreSQL that is here, and measure.

    Ends 1 when a table has other rows afterwards.
    """
    from agent.config import ConfigurationError, read
    from agent.lifecycle.upgrading import newer_binaries
    from agent.lifecycle.upgrading import rehearse as rehearsed
    from agent.storage.embedded import EmbeddedPostgres, PostgresError, candidates

    try:
        config = read()
        server = EmbeddedPostgres(config.home, config.pg_bin, config.pg_user)
        server.locate()
        with tempfile.TemporaryDirectory(prefix="chancery-upgrade-", dir=folder, ignore_cleanup_errors=True) as made:
            place = Path(made)
            server.give(place)
            found = rehearsed(server, newer_binaries(server, candidates(config.pg_bin)), place)
    except (ConfigurationError, PostgresError, OSError) as error:
        raise click.ClickException(str(error)) from None
    steps = "  ".join(f"{name} {took} s" for name, took in found.seconds.items())
    plain = f"PostgreSQL {found.before} to {found.after}: {found.rows} rows of {found.tables} tables; {steps}"
    plain += "".join(f"\nDIFFERS: {name}" for name in found.differing)
    if record:
        now = datetime.now(UTC)
        kept = {
            "regulation": "business continuity",
            "requirement": f"major upgrade to PostgreSQL {found.after}",
            "status": "non_compliant" if found.differing else "compliant",
            "evidence": [{"kind": "upgrade", **asdict(found)}],
            "assessed_at": now.isoformat(),
            "next_review": (now + _REVIEW).isoformat(),
        }
        Client().put("/compliance-records", json.dumps(kept).encode(), "application/json")
    show({**asdict(found), "downtime": found.downtime}, as_json, plain)
    if found.differing:
        sys.exit(FAILED)
