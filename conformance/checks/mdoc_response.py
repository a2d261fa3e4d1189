"""Mobile documents shown to a verifier, honest and not (ISO/IEC 18013-5, 9.1 and 9.3; OpenID4VP 1.0, B.2)."""

from dataclasses import replace
from typing import Any

from conformance import authority, mdoc
from conformance.authority import Wish, der
from conformance.cbor import encode
from conformance.jose import Key, thumbprint
from conformance.mdoc import ALGORITHM, ES256, Mdoc, Shown
from conformance.minting import DocumentDraft, certifying, document
from conformance.presenting import Presentation
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import skip

QUERY_ID = "document"
DAY = 86400


def query(session: Session) -> dict[str, Any]:
    """Every element that the suite's documents have, of one of them."""
    source = session.target.documents
    if source is None:
        skip("the target file has no [mdoc]")
    claims = [{"path": [namespace, name]} for namespace, members in source.elements.items() for name in members]
    meta = {"doctype_value": source.doctype}
    return {"credentials": [{"id": QUERY_ID, "format": "mso_mdoc", "meta": meta, "claims": claims}]}


async def begin(session: Session, mode: str | None = None) -> Presentation:
    return await Presentation.begin(session, mode, query=query(session))


async def _refused(
    session: Session, draft: DocumentDraft | Mdoc, shown: Shown | None = None, **transcript: Any
) -> None:
    """Refused: this document, shown this way, in a session that is another in these members."""
    presentation = await begin(session)
    held = draft.issue() if isinstance(draft, DocumentDraft) else draft
    response = mdoc.device_response(held, presentation.transcript(**transcript), shown)
    await _answered(presentation, mdoc.encoded(response))


async def _answered(presentation: Presentation, text: Any) -> None:
    token = {QUERY_ID: [text]}
    await presentation.expect_refused(await presentation.answer_with("", vp_token=token))


async def _accepted(presentation: Presentation, draft: DocumentDraft) -> None:
    response = mdoc.device_response(draft.issue(), presentation.transcript())
    token = {QUERY_ID: [mdoc.encoded(response)]}
    await presentation.expect_accepted(await presentation.answer_with("", vp_token=token))


async def _signed(session: Session, **signing: Any) -> None:
    await _refused(session, await document(session, **signing))


@check("mdoc-accepted")
async def honest_document_is_accepted(session: Session) -> None:
    """An honest document, in the clear where the verifier takes that."""
    await _accepted(await begin(session), await document(session))


@check("mdoc-accepted-encrypted")
async def honest_encrypted_document_is_accepted(session: Session) -> None:
    """An honest document by direct_post.jwt: the session has the thumbprint of the encryption key."""
    await _accepted(await begin(session, "direct_post.jwt"), await document(session))


# The session (B.2.6.1)


@check("mdoc-session-nonce")
async def nonce_is_of_the_session(session: Session) -> None:
    """A document whose device signed another nonce."""
    await _refused(session, await document(session), nonce="another-nonce-of-nobody")


@check("mdoc-session-client-id")
async def client_is_of_the_session(session: Session) -> None:
    """A document whose device signed for another verifier."""
    await _refused(session, await document(session), client_id="x509_san_dns:another-verifier.example")


@check("mdoc-session-client-id-unprefixed")
async def prefix_is_of_the_session(session: Session) -> None:
    """A document whose device signed for the client identifier without its prefix."""
    presentation = await begin(session)
    prefix, colon, rest = str(presentation.claims.get("client_id")).partition(":")
    if not colon or prefix in {"https", "http"}:
        skip("the client identifier has no prefix")
    response = mdoc.device_response((await document(session)).issue(), presentation.transcript(client_id=rest))
    await _answered(presentation, mdoc.encoded(response))


@check("mdoc-session-response-uri")
async def address_is_of_the_session(session: Session) -> None:
    """A document whose device signed for another response_uri."""
    await _refused(session, await document(session), response_uri="https://thief.example/response")


@check("mdoc-session-thumbprint")
async def key_is_of_the_session(session: Session) -> None:
    """A document by direct_post.jwt whose device signed for another encryption key."""
    presentation = await begin(session, "direct_post.jwt")
    other = presentation.transcript(thumbprint=thumbprint(Key().jwk))
    await _answered(presentation, mdoc.encoded(mdoc.device_response((await document(session)).issue(), other)))


@check("mdoc-session-thumbprint-missing")
async def key_is_in_the_session(session: Session) -> None:
    """A document by direct_post.jwt whose device signed a session without encryption."""
    presentation = await begin(session, "direct_post.jwt")
    other = presentation.transcript(thumbprint=None)
    await _answered(presentation, mdoc.encoded(mdoc.device_response((await document(session)).issue(), other)))


@check("mdoc-session-dc-api")
async def handover_is_of_the_redirect(session: Session) -> None:
    """A document whose device signed a session of the Digital Credentials API, in a response that is posted."""
    presentation = await begin(session)
    origin = "/".join(presentation.response_uri().split("/")[:3])
    other = mdoc.dc_api_transcript(origin, str(presentation.claims.get("nonce")), presentation.thumbprint())
    await _answered(presentation, mdoc.encoded(mdoc.device_response((await document(session)).issue(), other)))


@check("mdoc-session-of-another-request")
async def document_is_for_this_request(session: Session) -> None:
    """A document made for another request of the same verifier."""
    first, second = await begin(session), await begin(session)
    stolen = mdoc.device_response((await document(session)).issue(), first.transcript())
    await _answered(second, mdoc.encoded(stolen))


# The device (9.1.3)


@check("mdoc-device-key")
async def device_is_the_one_the_issuer_knew(session: Session) -> None:
    """A document that another key signed than the issuer put into it."""
    await _refused(session, await document(session), Shown(signer=Key()))


@check("mdoc-device-signature")
async def device_signature_is_looked_at(session: Session) -> None:
    """A document whose device signature is all zeros."""

    class Silent(Key):
        def sign(self, _message: bytes) -> bytes:
            return bytes(64)

    await _refused(session, await document(session), Shown(signer=Silent()))


@check("mdoc-device-elements")
async def device_signs_what_it_may(session: Session) -> None:
    """An element that the device signed without leave of the issuer."""
    source = session.target.documents
    if source is None:
        skip("the target file has no [mdoc]")
    elements = {next(iter(source.elements)): {"undefined_element": "x"}}
    await _refused(session, await document(session), Shown(device_elements=elements))


# What the issuer signed (9.1.2 and 9.3.1)


@check("mdoc-issuer-signature")
async def issuer_signature_is_looked_at(session: Session) -> None:
    """A document with one bit of the issuer's signature turned."""
    held = (await document(session)).issue()
    *head, signature = held.issuer_auth
    forged = bytes([*signature[:-1], signature[-1] ^ 1])
    await _refused(session, replace(held, issuer_auth=[*head, forged]))


@check("mdoc-issuer-other-key")
async def certified_key_signs(session: Session) -> None:
    """A document with a good chain, signed by another key."""
    draft = await document(session)
    await _refused(session, replace(draft, signing=replace(draft.signing, key=Key())))


def _first(held: Mdoc) -> tuple[str, tuple[mdoc.Item, ...]]:
    return next(iter(held.items.items()))


@check("mdoc-element-forged")
async def elements_fit_their_digests(session: Session) -> None:
    """An element with another value than the issuer signed."""
    held = (await document(session)).issue()
    namespace, (first, *more) = _first(held)
    forged = mdoc.item(first.digest_id, first.element, "forged")
    await _refused(session, held.showing(namespace, forged, *more))


@check("mdoc-element-unsigned")
async def elements_have_digests(session: Session) -> None:
    """An element beside the others that the issuer never signed."""
    held = (await document(session)).issue()
    namespace, items = _first(held)
    await _refused(session, held.showing(namespace, *items, mdoc.item(4242, "undefined_element", "x")))


@check("mdoc-element-twice")
async def elements_stand_once(session: Session) -> None:
    """One element shown twice."""
    held = (await document(session)).issue()
    namespace, items = _first(held)
    await _refused(session, held.showing(namespace, *items, items[0]))


@check("mdoc-element-of-another-namespace")
async def digests_are_of_a_namespace(session: Session) -> None:
    """The elements moved into a namespace that the issuer did not sign."""
    held = (await document(session)).issue()
    _, items = _first(held)
    await _refused(session, replace(held, items={"undefined.namespace": items}))


@check("mdoc-element-missing")
async def every_element_is_needed(session: Session) -> None:
    """A document with one element of the query held back."""
    held = (await document(session)).issue()
    shown = {namespace: frozenset(one.element for one in items[1:]) for namespace, items in held.items.items()}
    await _refused(session, held, Shown(elements=shown))


@check("mdoc-element-reencoded")
async def digests_go_over_the_bytes_received(session: Session) -> None:
    """An element whose bytes say the same in another way: the digest of the honest bytes does not fit them."""
    held = (await document(session)).issue()
    namespace, (first, *more) = _first(held)
    # The map's head with its length in a byte of its own, which no shortest encoding has.
    longer = replace(first, encoded=bytes([0xB8, first.encoded[0] & 0x1F]) + first.encoded[1:])
    await _refused(session, held.showing(namespace, longer, *more))


@check("mdoc-doctype")
async def doctype_is_the_one_signed(session: Session) -> None:
    """A document that calls itself what was asked for, under a security object of another type."""
    source = session.target.documents
    if source is None:
        skip("the target file has no [mdoc]")
    draft = replace(await document(session), doctype="org.example.another.1")
    await _refused(session, draft, Shown(doctype=source.doctype))


@check("mdoc-doctype-other")
async def doctype_is_the_one_asked_for(session: Session) -> None:
    """A document of another type, honest in itself."""
    await _refused(session, replace(await document(session), doctype="org.example.another.1"))


@check("mdoc-expired")
async def expired_document_is_refused(session: Session) -> None:
    """A document past its validUntil."""
    now = session.now()
    await _refused(session, replace(await document(session), validity=(now - DAY // 2, now - 3600)))


@check("mdoc-not-yet-valid")
async def early_document_is_refused(session: Session) -> None:
    """A document whose validFrom is in an hour."""
    now = session.now()
    validity = {
        "signed": mdoc.date_time(now - 60),
        "validFrom": mdoc.date_time(now + 3600),
        "validUntil": mdoc.date_time(now + DAY),
    }
    await _signed(session, mso={"validityInfo": validity})


@check("mdoc-signed-too-early")
async def signed_in_the_signers_time(session: Session) -> None:
    """A document signed before its signer was certified."""
    now = session.now()
    await _refused(session, replace(await document(session), validity=(now - 30 * DAY, now + DAY)))


@check("mdoc-digest-algorithm")
async def digest_algorithm_is_a_known_one(session: Session) -> None:
    """A document whose digests are by MD5."""
    await _signed(session, mso={"digestAlgorithm": "MD5"})


@check("mdoc-version")
async def version_is_a_known_one(session: Session) -> None:
    """A security object of version 9.0."""
    await _signed(session, mso={"version": "9.0"})


@check("mdoc-mso-incomplete")
async def security_object_is_whole(session: Session) -> None:
    """A security object without valueDigests."""
    await _signed(session, mso={"valueDigests": None})


@check("mdoc-algorithm-unprotected")
async def algorithm_is_protected(session: Session) -> None:
    """A document whose signature algorithm stands in the unprotected header alone."""
    await _signed(session, protected={}, unprotected={ALGORITHM: ES256})


@check("mdoc-algorithm-of-another-key")
async def algorithm_fits_the_key(session: Session) -> None:
    """A document that names EdDSA, signed by a P-256 key."""
    await _signed(session, protected={ALGORITHM: -8})


@check("mdoc-critical")
async def unknown_critical_header_is_refused(session: Session) -> None:
    """A document with a critical header parameter that nobody defined."""
    await _signed(session, protected={ALGORITHM: ES256, 2: ["undefined"], "undefined": 1})


# The chain (9.3.3 and annex B)


async def _under(session: Session, key: Key, *chain: bytes) -> None:
    draft = await document(session)
    await _refused(session, replace(draft, signing=replace(draft.signing, key=key, chain=chain)))


@check("mdoc-chain-untrusted")
async def stranger_is_refused(session: Session) -> None:
    """A document under an authority that nobody trusts."""
    key = Key()
    certificate = authority.create().certify(key, Wish("Signer", document_signer=True, dns=()))
    await _under(session, key, *der([certificate]))


@check("mdoc-chain-expired")
async def expired_signer_is_refused(session: Session) -> None:
    """A document whose signer's certificate expired yesterday."""
    key, wish = Key(), Wish("Signer", (-30, -1), document_signer=True, dns=())
    await _under(session, key, *der([(await certifying(session)).certify(key, wish)]))


@check("mdoc-chain-usage")
async def signer_is_a_document_signer(session: Session) -> None:
    """A document signed under a certificate that is not for documents: no extended key usage says so."""
    key = Key()
    await _under(session, key, *der([(await certifying(session)).certify(key, Wish("Signer", dns=()))]))


@check("mdoc-chain-country")
async def signer_is_of_its_authoritys_country(session: Session) -> None:
    """A document whose signer is of another country than its authority."""
    key, wish = Key(), Wish("Signer", document_signer=True, dns=(), country="FR")
    await _under(session, key, *der([(await certifying(session)).certify(key, wish)]))


@check("mdoc-chain-missing")
async def chain_is_required(session: Session) -> None:
    """A document without x5chain."""
    await _under(session, Key())


@check("mdoc-chain-root-inside")
async def own_root_is_not_believed(session: Session) -> None:
    """A document whose x5chain brings its own root."""
    own, key = authority.create(), Key()
    certificate = own.certify(key, Wish("Signer", document_signer=True, dns=()))
    await _under(session, key, *der([certificate, own.certificate]))


# The response (8.3.2.1.2.2)


@check("mdoc-response-status")
async def status_of_the_response_counts(session: Session) -> None:
    """A DeviceResponse whose status is an error."""
    await _refused(session, await document(session), Shown(members={"status": 10}))


@check("mdoc-response-version")
async def version_of_the_response_counts(session: Session) -> None:
    """A DeviceResponse of version 9.0."""
    await _refused(session, await document(session), Shown(members={"version": "9.0"}))


@check("mdoc-response-empty")
async def a_response_has_a_document(session: Session) -> None:
    """A DeviceResponse without documents."""
    await _refused(session, await document(session), Shown(members={"documents": []}))


@check("mdoc-response-two-documents")
async def a_presentation_is_one_document(session: Session) -> None:
    """A DeviceResponse with the same document twice."""
    await _refused(session, await document(session), Shown(copies=2))


async def _octets(session: Session, octets: bytes) -> None:
    await _answered(await begin(session), mdoc.encoded(octets))


@check("mdoc-cbor-garbage")
async def a_response_is_cbor(session: Session) -> None:
    """Bytes that are no CBOR."""
    await _octets(session, b"\xff\xff\xff\xff")


@check("mdoc-cbor-huge")
async def a_length_is_not_believed(session: Session) -> None:
    """CBOR that promises an array of 2^40 elements: refused, and the server lives."""
    await _octets(session, b"\x9b" + (1 << 40).to_bytes(8))


@check("mdoc-cbor-deep")
async def depth_is_bounded(session: Session) -> None:
    """CBOR of a hundred thousand arrays in one another: refused, and the server lives."""
    await _octets(session, b"\x81" * 100_000 + b"\xf6")


@check("mdoc-cbor-member-twice")
async def members_stand_once(session: Session) -> None:
    """A DeviceResponse with its status twice."""
    presentation = await begin(session)
    response = mdoc.device_response((await document(session)).issue(), presentation.transcript())
    doubled = bytes([response[0] + 1]) + response[1:] + encode("status") + encode(0)
    await _answered(presentation, mdoc.encoded(doubled))


@check("mdoc-cbor-trailing")
async def nothing_follows_the_response(session: Session) -> None:
    """A DeviceResponse with another byte behind it."""
    presentation = await begin(session)
    response = mdoc.device_response((await document(session)).issue(), presentation.transcript())
    await _answered(presentation, mdoc.encoded(response + b"\xf6"))


@check("mdoc-not-text")
async def a_presentation_is_text(session: Session) -> None:
    """A JSON object where a document's text belongs."""
    await _answered(await begin(session), {"documents": []})


@check("mdoc-padded")
async def text_is_base64url(session: Session) -> None:
    """A document in base64 with characters that no base64url has."""
    presentation = await begin(session)
    response = mdoc.device_response((await document(session)).issue(), presentation.transcript())
    await _answered(presentation, mdoc.encoded(response) + "+/==")


@check("mdoc-sd-jwt-instead")
async def formats_are_not_mixed(session: Session) -> None:
    """An SD-JWT where a document was asked for."""
    await _answered(await begin(session), Key().jws({"typ": "dc+sd-jwt"}, {"vct": "x"}) + "~")
