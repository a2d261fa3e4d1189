"""`chancery statistics`: what happened, in numbers."""

from urllib.parse import urlencode

import click

from agent.cli.client import Client, json_flag, show


@click.command()
@click.option("--since", help="First day, as 2026-12-01; by default 29 days before the last one.")
@click.option("--until", help="Last day; today by default.")
@click.option("--metric", help="issued, verified, refused, revoked, ...; all by default.")
@click.option("--by", default="day,type,reason", show_default=True, help="What stays apart.")
@json_flag
def statistics(since: str | None, until: str | None, metric: str | None, by: str, as_json: bool) -> None:
    """Counts of what was issued, verified, refused and why, revoked: by day and type, never by person."""
    asked = {"since": since, "until": until, "metric": metric, "by": by}
    answer = Client().get("/statistics?" + urlencode({name: value for name, value in asked.items() if value}))
    lines = [
        f"{one['day']}  {one['metric']:<12} {one['amount']:>9}  {one['type']}  {one['reason']}".rstrip()
        for one in answer["items"]
    ]
    show(answer, as_json, "\n".join(lines))
