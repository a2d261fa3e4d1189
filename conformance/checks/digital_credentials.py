"""The verifier's own page and the Digital Credentials API (OpenID4VP 1.0, A): the suite is the browser."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance import mdoc, sd_jwt
from conformance.checks.mdoc_response import QUERY_ID
from conformance.checks.mdoc_response import query as mdoc_query
from conformance.http import Answer
from conformance.jose import Jws, Unreadable, compact_json, encrypt, open_jws, thumbprint
from conformance.minting import document, draft
from conformance.presenting import Presentation, RequestUri, through, varied
from conformance.registry import check
from conformance.session import Session
from conformance.target import CreationFailed
from conformance.verdict import Blocked, expect, skip
from conformance.x509 import chain_of, jwk_of_leaf


@dataclass(frozen=True, slots=True)
class Page:
    """A request as the page has it, and how the answer goes back."""

    presentation: Presentation
    data: Mapping[str, Any]

    @property
    def origin(self) -> str:
        digital = self.presentation.session.target.digital
        assert digital
        return digital.origin

    async def answer(self, parameters: Mapping[str, Any], origin: str | None = None) -> bool:
        """Whether the verifier took it: by its result where that can be asked for, else by what its page was told."""
        session, digital = self.presentation.session, self.presentation.session.target.digital
        assert digital
        data: Mapping[str, Any] = parameters
        if self.presentation.claims.get("response_mode") == "dc_api.jwt":
            key = self.presentation.encryption_key()
            data = {"response": encrypt(key, self.presentation.encoding(), compact_json(parameters))}
        values = {"id": self.presentation.request.id, "origin": origin or self.origin, "data": data}
        try:
            await digital.answer.open(session.http, values)
            told = True
        except CreationFailed:
            told = False
        state = await self.presentation.state()
        return told if state is None else state in session.target.accepted


async def _page(
    session: Session, mode: str, query: Mapping[str, Any] | None = None, variant: str | None = None
) -> Page:
    begun = await _begun(session, mode, query or session.target.dcql_query, variant)
    data = await _data(session, begun)
    return Page(_read(session, begun, data), data)


async def _begun(session: Session, mode: str, query: Mapping[str, Any], variant: str | None) -> RequestUri:
    if session.target.digital is None:
        skip("the target file has no [verifier.digital]")
    return await through(session, varied(session, session.target.digital.request, variant), mode, query)


async def _data(session: Session, begun: RequestUri) -> Any:
    """What the browser is given."""
    digital = session.target.digital
    assert digital
    try:
        return (await digital.data.open(session.http, {"id": begun.id}))["data"]
    except (CreationFailed, Unreadable) as error:
        raise Blocked(f"the request for the browser: {error}") from error


def _read(session: Session, begun: RequestUri, data: Any) -> Presentation:
    signed = data.get("request") if isinstance(data, dict) else None
    answer = Answer("GET", "", 200, {}, b"")
    if isinstance(signed, str):
        jws = open_jws(signed)
        return Presentation(session, begun, answer, jws, jws.claims())
    if not isinstance(data, dict) or signed is not None:
        raise Blocked("neither an unsigned request nor one that one identity signed")
    return Presentation(session, begun, answer, Jws({}, b"", b"", b""), dict(data))


async def _shown(session: Session, page: Page, audience: str, **claims: Any) -> dict[str, Any]:
    presentation, credential = page.presentation, await draft(session)
    token = credential.token(presentation.wanted())
    bound = sd_jwt.bind(token, credential.holder, presentation.binding_claims(aud=audience, **claims))
    return {"vp_token": presentation.vp_token(bound)}


async def _sd_jwt(session: Session, mode: str, *, good: bool, audience: str | None = None, **claims: Any) -> None:
    page = await _page(session, mode)
    parameters = await _shown(session, page, audience or f"origin:{page.origin}", **claims)
    taken = await page.answer(parameters)
    expect(taken == good, "acceptance" if good else "a refusal", "acceptance" if taken else "a refusal")


@check("digital-request")
async def signed_request_is_of_its_page(session: Session) -> None:
    """A signed request: expected_origins has the page's; no state, and no address to answer to."""
    page = await _page(session, "dc_api.jwt")
    claims = page.presentation.claims
    origins = claims.get("expected_origins")
    expect(isinstance(origins, list) and page.origin in origins, f"expected_origins with {page.origin}", origins)
    found = [name for name in ("response_uri", "redirect_uri", "state") if name in claims]
    expect(not found, "no response_uri, redirect_uri, state", ", ".join(found))


@check("digital-request-signature")
async def signed_request_is_signed(session: Session) -> None:
    """typ and signature of a signed request."""
    jws = (await _page(session, "dc_api.jwt")).presentation.jws
    expect(jws.header.get("typ") == "oauth-authz-req+jwt", "typ oauth-authz-req+jwt", jws.header.get("typ"))
    jws.require_signature(jwk_of_leaf(chain_of(jws.header)))


@check("digital-unsigned")
async def unsigned_request_names_nobody(session: Session) -> None:
    """An unsigned request: response_type, nonce and query stand in the data; no signature, no expected_origins."""
    page = await _page(session, "dc_api.jwt", variant="unsigned")
    claims = page.presentation.claims
    expect(claims.get("response_type") == "vp_token", "response_type vp_token", claims.get("response_type"))
    missing = [name for name in ("nonce", "dcql_query") if name not in claims]
    expect(not missing, "nonce and dcql_query", f"no {', '.join(missing)}")
    found = [name for name in ("request", "expected_origins", "response_uri", "state") if name in page.data]
    expect(not found, "no request, expected_origins, response_uri, state", ", ".join(found))


@check("digital-unsigned-accepted")
async def answer_to_an_unsigned_request_is_accepted(session: Session) -> None:
    """An unsigned request: an honest answer, made for the origin."""
    page = await _page(session, "dc_api.jwt", variant="unsigned")
    taken = await page.answer(await _shown(session, page, f"origin:{page.origin}"))
    expect(taken, "acceptance", "a refusal")


@check("digital-multisigned")
async def each_identity_signs(session: Session) -> None:
    """A request that several identities sign: each has its client_id in its protected header, and its signature."""
    begun = await _begun(session, "dc_api.jwt", session.target.dcql_query, "multisigned")
    data = await _data(session, begun)
    signed = data.get("request") if isinstance(data, dict) else None
    signatures = signed.get("signatures") if isinstance(signed, dict) else None
    good = isinstance(signatures, list) and len(signatures) > 1
    expect(good, "request, a JWS with several signatures", type(signed).__name__)
    for one in signatures or []:
        jws = open_jws(".".join([one["protected"], data["request"]["payload"], one["signature"]]))
        expect(isinstance(jws.header.get("client_id"), str), "client_id in the header", jws.header.get("client_id"))
        jws.require_signature(jwk_of_leaf(chain_of(jws.header)))


@check("digital-request-encrypted")
async def encrypted_mode_has_a_key(session: Session) -> None:
    """dc_api.jwt: the mode, and a key in client_metadata."""
    page = await _page(session, "dc_api.jwt")
    mode = page.presentation.claims.get("response_mode")
    expect(mode == "dc_api.jwt", "response_mode dc_api.jwt", mode)
    page.presentation.encryption_key()


@check("digital-accepted")
async def honest_answer_is_accepted(session: Session) -> None:
    """dc_api: an honest answer, made for the origin."""
    await _sd_jwt(session, "dc_api", good=True)


@check("digital-accepted-encrypted")
async def honest_encrypted_answer_is_accepted(session: Session) -> None:
    """dc_api.jwt: an honest answer, made for the origin."""
    await _sd_jwt(session, "dc_api.jwt", good=True)


@check("digital-audience-client-id")
async def audience_is_the_origin(session: Session) -> None:
    """An answer made for the client identifier, as one that is posted."""
    page = await _page(session, "dc_api.jwt")
    parameters = await _shown(session, page, str(page.presentation.claims.get("client_id")))
    expect(not await page.answer(parameters), "a refusal", "acceptance")


@check("digital-audience-unprefixed")
async def origin_has_its_prefix(session: Session) -> None:
    """An answer made for the origin without its prefix."""
    page = await _page(session, "dc_api.jwt")
    expect(not await page.answer(await _shown(session, page, page.origin)), "a refusal", "acceptance")


@check("digital-audience-other")
async def audience_is_this_origin(session: Session) -> None:
    """An answer made for another page's origin."""
    await _sd_jwt(session, "dc_api.jwt", good=False, audience="origin:https://thief.example")


@check("digital-nonce")
async def nonce_is_of_this_request(session: Session) -> None:
    """An answer with another nonce."""
    await _sd_jwt(session, "dc_api.jwt", good=False, nonce="another-nonce-of-nobody")


@check("digital-origin-other")
async def page_is_one_of_those_expected(session: Session) -> None:
    """An answer that comes from a page of another origin, and was made for it."""
    page = await _page(session, "dc_api.jwt")
    thief = "https://thief.example"
    parameters = await _shown(session, page, f"origin:{thief}")
    expect(not await page.answer(parameters, thief), "a refusal", "acceptance")


async def _document(session: Session, *, good: bool, **session_members: Any) -> None:
    page = await _page(session, "dc_api.jwt", mdoc_query(session))
    key = page.presentation.encryption_key()
    members = {"origin": page.origin, "nonce": str(page.presentation.claims.get("nonce")), **session_members}
    transcript = mdoc.dc_api_transcript(members["origin"], members["nonce"], thumbprint(key))
    response = mdoc.device_response((await document(session)).issue(), transcript)
    taken = await page.answer({"vp_token": {QUERY_ID: [mdoc.encoded(response)]}})
    expect(taken == good, "acceptance" if good else "a refusal", "acceptance" if taken else "a refusal")


@check("digital-mdoc-accepted")
async def honest_document_is_accepted(session: Session) -> None:
    """dc_api.jwt: a document whose device signed the session of this origin."""
    await _document(session, good=True)


@check("digital-mdoc-origin")
async def document_is_for_this_origin(session: Session) -> None:
    """dc_api.jwt: a document whose device signed the session of another origin."""
    await _document(session, good=False, origin="https://thief.example")


@check("digital-mdoc-nonce")
async def document_is_for_this_nonce(session: Session) -> None:
    """dc_api.jwt: a document whose device signed another nonce."""
    await _document(session, good=False, nonce="another-nonce-of-nobody")
