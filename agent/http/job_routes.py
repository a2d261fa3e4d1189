"""The admin API's rows for jobs, for who operates the server."""

from typing import Any

from marshmallow import fields, validate

from agent.http.admin_schemas import ClosedSchema
from agent.http.failures import NotFound
from agent.http.tenant_routes import control_of
from agent.operations.administering import scopes
from agent.operations.keeping.jobs import JobsAsked, JobsShown, retry_job, run_schedule, show_jobs
from agent.scope import Scope
from agent.scope.jobs import SCHEDULES
from protocols.errors import Malformed
from protocols.http import NO_STORE, Call, Reply, Route, json_reply

_STATES = ("todo", "doing", "succeeded", "failed", "cancelled", "aborted")


class JobBody(ClosedSchema):
    """POST /jobs: a schedule, begun out of turn."""

    task = fields.String(required=True, validate=validate.OneOf([one.task for one in SCHEDULES]))


def _asked(call: Call) -> JobsAsked:
    given = call.query_parameters()
    state, limit = given.get("state") or None, given.get("limit", "50")
    if state is not None and state not in _STATES:
        raise Malformed("state is one of " + ", ".join(_STATES))
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit) <= 1000:
        raise Malformed("limit is a number from 1 to 1000")
    return JobsAsked(state, int(limit))


async def _show(scope: Scope, asked: JobsAsked) -> JobsShown:
    return await show_jobs(control_of(scope), scope, asked)


def _shown(found: JobsShown) -> Reply:
    schedules: list[dict[str, Any]] = [
        {
            "task": one.schedule.task,
            "cron": one.schedule.cron,
            "what": one.schedule.what,
            "for_each_tenant": one.schedule.each,
            "next": one.next.isoformat(),
            "last": {"state": one.last.state, "at": one.last.at, "reason": one.last.reason} if one.last else None,
        }
        for one in found.schedules
    ]
    items = [
        {
            "id": one.id,
            "task": one.task,
            "tenant": one.tenant,
            "state": one.state,
            "attempts": one.attempts,
            "due": one.due,
            "at": one.at,
            "reason": one.reason,
        }
        for one in found.jobs
    ]
    return json_reply({"schedules": schedules, "items": items, "next": None}, headers=NO_STORE)


def _task(call: Call) -> str:
    return str(JobBody.read(call)["task"])


async def _run(scope: Scope, task: str) -> int:
    return await run_schedule(control_of(scope), scope, task)


def _begun(job: int) -> Reply:
    return json_reply({"id": job}, 202, NO_STORE)


def _number(call: Call) -> int:
    text = call.path["job"]
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise NotFound("not a number")
    return int(text)


async def _retry(scope: Scope, job: int) -> int:
    await retry_job(control_of(scope), scope, job)
    return job


ROWS = (
    Route("GET", "/jobs", scopes.JOBS_READ, _asked, _show, _shown),
    Route("POST", "/jobs", scopes.JOBS_WRITE, _task, _run, _begun),
    Route("POST", "/jobs/{job}/retry", scopes.JOBS_WRITE, _number, _retry, _begun),
)
"""Rows under the admin API's base."""
BODIES = {("POST", "/jobs"): JobBody}
