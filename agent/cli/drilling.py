"""`chancery drill`: a server of its own loses real files and is brought back; what that takes is measured."""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path

import click

from agent.cli.client import FAILED, Client, json_flag, show
from agent.lifecycle.drills import SCENARIOS, Outcome


@click.command()
@click.argument("scenario", type=click.Choice([*SCENARIOS, "all"]))
@click.option("--record", is_flag=True, help="Keep the outcome as a compliance record of the server that runs.")
@click.option("--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Where it is done.")
@json_flag
def drill(scenario: str, record: bool, folder: Path | None, as_json: bool) -> None:
    """Destroy a server of the drill's own, bring it back, and measure: nothing of yours is touched."""
    outcomes = [run(name, folder) for name in (SCENARIOS if scenario == "all" else [scenario])]
    for outcome in outcomes if record else ():
        _record(outcome)
    lines = [
        f"{'ok   ' if one.well else 'WRONG'} {one.scenario:17} RTO {one.rto:6.1f} s  RPO {one.rpo:6.1f} s"
        f"  {one.lost} of {one.acknowledged} lost{''.join(f'; {fault}' for fault in one.faults)}"
        for one in outcomes
    ]
    show({"items": [{**one.evidence, "well": one.well} for one in outcomes]}, as_json, "\n".join(lines))
    if not all(one.well for one in outcomes):
        raise SystemExit(FAILED)


def run(scenario: str, folder: Path | None = None) -> Outcome:
    """One drill in a temporary folder. Raises click.ClickException without what it needs."""
    from agent.cli.drill_faults import drilled
    from agent.config import read
    from agent.storage.embedded import PostgresError

    try:
        with tempfile.TemporaryDirectory(prefix="chancery-drill-", dir=folder, ignore_cleanup_errors=True) as made:
            Path(made).chmod(0o755)
            return drilled(scenario, Path(made), read().pg_bin)
    except PostgresError as error:
        raise click.ClickException(str(error)) from None


def _record(outcome: Outcome) -> None:
    from agent.cli.drill_faults import record_of

    record = asdict(record_of(outcome))
    times = {name: record[name].isoformat() for name in ("assessed_at", "next_review")}
    Client().put("/compliance-records", json.dumps(record | times).encode(), "application/json")
