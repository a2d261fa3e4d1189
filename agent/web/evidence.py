"""Pages where a person presents what is wanted before a credential is issued: by QR code, or in a wallet beside the
browser. They need no JavaScript: they load themselves again until it is done.

An answer from the same device has to come back to the browser that asked (OpenID4VP 1.0, 13.3), so that nobody has
another person present for a sign-in of theirs; the QR code, which can be relayed, is not shown where HAIP is on.
"""

from dataclasses import dataclass
from uuid import UUID

from agent.operations.issuing.evidence import (
    VERIFIED,
    WAITING,
    Evidence,
    Owner,
    ask_for_evidence,
    begun_with_evidence,
)
from agent.operations.verifying import secrets
from agent.operations.verifying.ask_in_browser import begin_in_browser, link_of
from agent.scope import Scope
from agent.scope.tenants import IssuancePolicy
from agent.web.pages import page, qr
from agent.web.presenting import browser_secret, cookie_name
from protocols import haip
from protocols.http import Call, Reply

_SECONDS = 3
_SAID = {
    "none": "",
    WAITING: "",
    "refused": "What was presented was not accepted.",
    "expired": "It took too long.",
    "mismatch": "What was presented is about somebody else, or from another wallet.",
}


@dataclass(frozen=True, slots=True)
class Asking:
    """For whom which policy wants something presented, how that stands, and where the page is."""

    owner: Owner
    policy: IssuancePolicy
    found: Evidence
    here: str
    csrf: str = ""
    may_deny: bool = False


async def show(scope: Scope, asking: Asking) -> Reply:
    """The page as it stands. Where nothing was asked yet it is asked now, for whichever wallet reads the code."""
    found = asking.found
    if found.state == "none" and not _same_device_only(scope):
        request, link = await ask_for_evidence(scope, asking.owner, asking.policy, None)
        found = Evidence(WAITING, request)
    else:
        link = await link_of(scope, found.request) or "" if found.request and found.state == WAITING else ""
    return _page(scope, asking, found, code=link, refresh=_SECONDS if found.state == WAITING else 0)


async def ask(scope: Scope, asking: Asking, call: Call) -> Reply:
    """Ask once more: by code, or of a wallet on this device, whose answer has to come back to this browser."""
    if call.form().get("how") != "here" and not _same_device_only(scope):
        await ask_for_evidence(scope, asking.owner, asking.policy, None)
        return Reply(303, headers={"Location": asking.here, "Cache-Control": "no-store"})
    request, _ = await ask_for_evidence(scope, asking.owner, asking.policy, asking.here)
    secret = browser_secret(call, scope)
    begun = await begin_in_browser(scope, secrets.reference(scope.vault, request, "browser"), secret)
    shown = _page(scope, asking, Evidence(WAITING, request), link=begun.link or "")
    return Reply(shown.status, shown.body, shown.media_type, shown.headers, {cookie_name(scope): secret})


def _same_device_only(scope: Scope) -> bool:
    return haip.PROFILE in scope.catalogue.verifier.profiles


def _page(scope: Scope, asking: Asking, found: Evidence, code: str = "", link: str = "", refresh: int = 0) -> Reply:
    return page(
        scope,
        "evidence.html",
        refresh=refresh,
        title="Present a credential first",
        action=f"{asking.here}/evidence" if asking.may_deny else asking.here,
        decision=f"{asking.here}/decision" if asking.may_deny else "",
        csrf=asking.csrf,
        state=found.state,
        said=_SAID.get(found.state, ""),
        qr=qr(code) if code else "",
        code=code,
        link=link,
    )


async def _offers_page(scope: Scope, call: Call) -> Asking | None:
    issuance, found = await begun_with_evidence(scope, call.path["reference"])
    here = f"{scope.tenant.base_url}/evidence/{call.path['reference']}"
    return next(
        (Asking(Owner(issuance=issuance), *one, here) for one in found if one[1].state != VERIFIED),
        None,
    )


async def show_for_offer(scope: Scope, call: Call) -> Reply:
    """GET /evidence/{reference}: what an offer wants presented before it is redeemed."""
    asking = await _offers_page(scope, call)
    return await show(scope, asking) if asking else _presented(scope)


async def ask_for_offer(scope: Scope, call: Call) -> Reply:
    """POST /evidence/{reference}."""
    asking = await _offers_page(scope, call)
    return await ask(scope, asking, call) if asking else _presented(scope)


def _presented(scope: Scope) -> Reply:
    return page(scope, "presented.html", title="Thank you")


def of_session(session: UUID, found: tuple[IssuancePolicy, Evidence], here: str, csrf: str) -> Asking:
    """Between sign-in and consent."""
    return Asking(Owner(session=session), *found, here, csrf, may_deny=True)
