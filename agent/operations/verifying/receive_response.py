"""An answer arrives and is judged (OpenID4VP 1.0, 8), by whichever way: posted by the wallet, or brought by a browser.

Who does not know the transaction's state has not seen the request: that answer changes nothing, and is noted.  An
answer that does know it ends the transaction, verified or refused, once.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agent.operations.verifying import secrets
from agent.operations.verifying.identity import answer_uri
from agent.operations.verifying.judge_presentations import judge
from agent.operations.verifying.settle_answer import Judgement, Settled, note_ignored, settle
from agent.operations.verifying.trail import Trail
from agent.scope import Conflict, Scope
from agent.scope.verifying import OpenRequest
from protocols.errors import ProtocolError
from protocols.openid4vp import response
from protocols.openid4vp.authorization_request import DIGITAL, ENCODINGS, ENCRYPTED, FRAGMENT, POSTED
from protocols.openid4vp.response import AuthorizationResponse, InvalidResponse, PostedResponse


class Refused(ProtocolError):
    """The presentation was not accepted."""

    code = "invalid_request"

    def __init__(self, detail: str, report: UUID) -> None:
        super().__init__(detail)
        self.report = report

    def members(self) -> dict[str, str]:
        """The report's id, for who wants to ask the verifier why; it says nothing by itself."""
        return {"report": str(self.report)}


class WalletDeclined(ProtocolError):
    """The wallet answered with an error."""

    code = "wallet_declined"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A response and how it came. `use` is of the reference in its URL, `modes` are those that come so; `origin` is
    what the browser says of the page, `browser` the secret in its cookie."""

    posted: PostedResponse
    use: str = "response"
    modes: frozenset[str] = POSTED
    origin: str | None = None
    browser: str | None = None


async def receive_response(scope: Scope, posted: PostedResponse) -> str | None:
    """POST /presentation-responses/{request}: as `receive`, from the wallet itself."""
    return await receive(scope, Arrival(posted))


async def receive_from_page(scope: Scope, presentation: UUID, origin: str, data: Mapping[str, Any]) -> None:
    """POST /presentation-requests/{presentation}/digital-credential: from the verifier's own page, by its server,
    which says of what origin that page is."""
    reference = secrets.reference(scope.vault, presentation, "response")
    await receive(scope, Arrival(response.read_data(reference, data), modes=DIGITAL, origin=origin))


async def receive_from_browser(scope: Scope, posted: PostedResponse, origin: str | None, browser: str) -> str | None:
    """From our own page, in the browser that began there: of the Digital Credentials API, or out of the fragment.
    Where the page goes on to, if anywhere."""
    modes = DIGITAL if origin is not None else frozenset({FRAGMENT})
    return await receive(scope, Arrival(posted, "browser", modes, origin, browser))


async def receive(scope: Scope, arrival: Arrival) -> str | None:
    """Where the wallet sends the person's browser, if anywhere. Raises InvalidResponse, Refused."""
    # 1. whose answer it says it is
    request_id = secrets.read_reference(scope.vault, arrival.posted.request, arrival.use)
    if request_id is None:
        raise InvalidResponse("not a request of ours")
    # 2. a request that waits for one
    trail = Trail()
    trail.checks.begin("request_waits", True)
    async with scope.unit() as unit:
        request: OpenRequest | None = await unit.presentations.open(request_id)
    if request is None:
        gone = InvalidResponse("unknown, answered or expired request")
        trail.checks.failed(gone)
        await note_ignored(scope, request_id, arrival.posted, "answer_late", trail)
        raise gone
    # 3. come the way it was asked for, opened, from who saw the request
    try:
        with trail.checks:
            _require_way(scope, request, arrival, trail)
            answer = _open(scope, request, arrival.posted, trail)
    except ProtocolError:
        await note_ignored(scope, request_id, arrival.posted, "answer_malformed", trail)
        raise
    # 4. an error instead of an answer
    if answer.error is not None:
        return await _declined(scope, request, arrival.posted, answer, trail)
    # 5. judged whole
    where = answer_uri(scope, request.id, request.response_mode)
    judgement = await judge(scope, request, answer.vp_token, arrival.origin, where, trail)
    # 6. settled, once
    settled = await _settle(scope, request, arrival.posted, judgement)
    if judgement.refusal is not None:
        raise Refused(f"{judgement.refusal.code}: {judgement.refusal.detail}", settled.report)
    return settled.redirect_uri


async def _settle(scope: Scope, request: OpenRequest, posted: PostedResponse, judgement: Judgement) -> Settled:
    """Raises InvalidResponse when another answer was first: this one is noted."""
    try:
        return await settle(scope, request, posted, judgement)
    except Conflict:
        second = InvalidResponse("another answer was first")
        judgement.trail.checks.begin("first_answer", True, False)
        judgement.trail.checks.failed(second)
        await note_ignored(scope, request.id, posted, "answer_second", judgement.trail)
        raise second from None


def _require_way(scope: Scope, request: OpenRequest, arrival: Arrival, trail: Trail) -> None:
    """The response mode, the origin and the browser that were agreed. Raises InvalidResponse."""
    trail.checks.begin("response_mode", request.response_mode, sorted(arrival.modes))
    if request.response_mode not in arrival.modes:
        raise InvalidResponse("response mode")
    if request.response_mode in POSTED:
        return
    if request.response_mode in DIGITAL:
        trail.checks.begin("origin", request.terms.origins, arrival.origin)
    if request.response_mode in DIGITAL and arrival.origin not in request.terms.origins:
        raise InvalidResponse("origin")
    trail.checks.begin("browser")
    expected, secret = request.browser_hash, arrival.browser
    seen = None if secret is None else secrets.browser_hash(scope.vault, request.id, secret)
    if not hmac.compare_digest(expected or b"", seen or b""):
        raise InvalidResponse("another browser")


def _open(scope: Scope, request: OpenRequest, posted: PostedResponse, trail: Trail) -> AuthorizationResponse:
    """Decrypt where it was asked for, then the state, which the Digital Credentials API has not. Raises
    InvalidResponse."""
    trail.checks.begin("opened", {"encrypted": request.response_mode in ENCRYPTED})
    if request.response_mode in ENCRYPTED:
        if request.encryption_key is None:
            raise InvalidResponse("the key is gone")
        answer = response.decrypt(posted, request.encryption_key, frozenset(ENCODINGS))
    else:
        answer = response.in_clear(posted)
    if request.response_mode not in DIGITAL:
        trail.checks.begin("state")
        expected = secrets.state(scope.vault, request.id)
        if answer.state is None or not hmac.compare_digest(answer.state.encode(), expected.encode()):
            raise InvalidResponse("state")
    return answer


async def _declined(
    scope: Scope, request: OpenRequest, posted: PostedResponse, answer: AuthorizationResponse, trail: Trail
) -> str | None:
    """8.5: heard, so 200.  Where answers are encrypted, an error in clear may be anybody's who saw the state go by: it
    is noted and ends nothing."""
    if request.response_mode in ENCRYPTED and not answer.encrypted:
        await note_ignored(scope, request.id, posted, "wallet_declined_in_clear", trail)
        return None
    told = answer.error if answer.error in response.ERRORS else "other_error"
    trail.checks.begin("answered", "vp_token", told)
    trail.checks.failed(WalletDeclined())
    await _settle(scope, request, posted, Judgement(trail, WalletDeclined(), told))
    return None
