"""Presentations are judged whole, whichever protocol brought them."""

from typing import Any

from agent import telemetry
from agent.operations.verifying.settle_answer import Judgement
from agent.operations.verifying.trail import Trail
from agent.operations.verifying.verify_presentations import verify_presentations
from agent.scope import Scope
from agent.scope.verifying import OpenRequest
from protocols.errors import ProtocolError


class CheckFailed(ProtocolError):
    """A check could not be made."""

    code = "error"


async def judge(
    scope: Scope, request: OpenRequest, vp_token: Any, origin: str | None, answer_uri: str, trail: Trail
) -> Judgement:
    """Every check, or the first that failed; one that broke has failed."""
    try:
        await verify_presentations(scope, request, vp_token, origin, answer_uri, trail)
    except ProtocolError as error:
        return Judgement(trail, error)
    except Exception:
        telemetry.failure("check failed", tenant=scope.tenant.name)
        return Judgement(trail, CheckFailed())
    return Judgement(trail)
