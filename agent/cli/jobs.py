"""`chancery jobs`: what the worker does by schedule, what waits, what failed."""

import sys

import click

from agent.cli.client import FAILED, Client, json_flag, show


@click.group(invoke_without_command=True)
@click.option("--state", help="Only jobs of this state: todo, doing, succeeded, failed, cancelled or aborted.")
@json_flag
@click.pass_context
def jobs(context: click.Context, state: str | None, as_json: bool) -> None:
    """What comes round and when, and the newest jobs. Ends 1 when a schedule failed for good the last time."""
    if context.invoked_subcommand:
        return
    answer = Client(operator=True).get("/jobs" + (f"?state={state}" if state else ""))
    lines = [
        f"{one['task']:16} {one['cron']:14} next {one['next'][:16]}  last "
        + (f"{one['last']['at'][:16]} {one['last']['state']} {one['last']['reason'] or ''}" if one["last"] else "never")
        for one in answer["schedules"]
    ]
    lines += [
        f"{one['id']:>8}  {one['task']:20} {one['tenant'] or '-':12} {one['state']:9} "
        f"{one['attempts']} attempts  {one['reason'] or ''}"
        for one in answer["items"]
    ]
    show(answer, as_json, "\n".join(lines))
    if any(one["last"] and one["last"]["state"] == "failed" for one in answer["schedules"]):
        sys.exit(FAILED)


@jobs.command()
@click.argument("task")
def run(task: str) -> None:
    """Begin a schedule now, out of turn."""
    click.echo(f"job {Client(operator=True).post('/jobs', {'task': task})['id']}")


@jobs.command()
@click.argument("job", type=int)
def retry(job: int) -> None:
    """Try once more a job that failed for good."""
    click.echo(f"job {Client(operator=True).post(f'/jobs/{job}/retry', {})['id']}")
