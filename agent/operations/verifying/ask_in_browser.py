"""A person's browser begins: from now on the transaction is this browser's (OpenID4VP 1.0, 13.3, and appendix A)."""

from dataclasses import dataclass
from uuid import UUID

from agent.operations.verifying import secrets
from agent.operations.verifying.authorization_requests import link_to, request_of, sign, sign_together, signer_of
from agent.operations.verifying.identity import UNSIGNED
from agent.operations.verifying.serve_request_object import RequestGone
from agent.scope import Scope
from agent.scope.verifying import OpenRequest
from protocols.openid4vp.authorization_request import DIGITAL, parameters
from protocols.openid4vp.digital_credentials import MULTISIGNED, SIGNED, DigitalCredentialRequest
from protocols.openid4vp.digital_credentials import UNSIGNED as UNSIGNED_PROTOCOL
from protocols.ports import RequestSigner


@dataclass(frozen=True, slots=True)
class BegunInBrowser:
    """How the page invokes the wallet: by a link, or by the Digital Credentials API."""

    link: str | None = None
    digital: DigitalCredentialRequest | None = None


async def begin_in_browser(scope: Scope, reference: str, secret: str) -> BegunInBrowser:
    """Bind the transaction to the browser whose cookie holds `secret`. Raises RequestGone, as for a second browser."""
    request_id = secrets.read_reference(scope.vault, reference, "browser")
    if request_id is None:
        raise RequestGone("not ours")
    async with scope.unit() as unit:
        browser = secrets.browser_hash(scope.vault, request_id, secret)
        found: OpenRequest | None = await unit.presentations.begin(request_id, browser)
        if found is None:
            raise RequestGone("gone, or begun elsewhere")
        await unit.commit()
    if found.response_mode in DIGITAL:
        return BegunInBrowser(digital=await _digital(scope, found))
    return BegunInBrowser(link=await _link(scope, found))


async def link_of(scope: Scope, request: UUID) -> str | None:
    """The link for a wallet, again; None when the request waits no more, or belongs to one browser."""
    async with scope.unit() as unit:
        found: OpenRequest | None = await unit.presentations.open(request)
    if found is None or found.terms.same_device or found.response_mode in DIGITAL:
        return None
    return await _link(scope, found)


async def digital_credential_request(scope: Scope, request: UUID) -> DigitalCredentialRequest:
    """What a page of the verifier's own passes to navigator.credentials.get. Raises RequestGone."""
    async with scope.unit() as unit:
        found: OpenRequest | None = await unit.presentations.fetch(request)
        if found is None or found.response_mode not in DIGITAL:
            raise RequestGone()
        await unit.commit()
    return await _digital(scope, found)


async def _digital(scope: Scope, found: OpenRequest) -> DigitalCredentialRequest:
    """Unsigned, signed, or signed by several (A.3)."""
    if found.client_id_prefix == UNSIGNED:
        return DigitalCredentialRequest(UNSIGNED_PROTOCOL, parameters(request_of(scope, found, RequestSigner(False))))
    if found.terms.prefixes:
        signers = [await signer_of(scope, found, prefix) for prefix in found.terms.prefixes]
        request = request_of(scope, found, signers[0][1])
        return DigitalCredentialRequest(MULTISIGNED, {"request": await sign_together(scope, request, found, signers)})
    _, signer = await signer_of(scope, found)
    token = await sign(scope, request_of(scope, found, signer), found, signer)
    return DigitalCredentialRequest(SIGNED, {"request": token})


async def _link(scope: Scope, found: OpenRequest) -> str:
    _, signer = await signer_of(scope, found)
    return link_to(scope, found, signer)
