"""The issued mobile document (OpenID4VCI 1.0, A.2; ISO/IEC 18013-5, 9.1.2 and annex B; HAIP 1.0, 6)."""

from cryptography import x509

from conformance import issued_mdoc
from conformance.issued_mdoc import ALGORITHMS, DIGESTS, IssuedMdoc
from conformance.jose import Unreadable
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import expect, skip
from conformance.wallet import Issuance, credential_of
from conformance.x509 import require_path, self_signed

RANDOM = 16
DOCUMENT_SIGNER = "1.0.18013.5.1.2"
STATUSES = frozenset({"status_list", "identifier_list"})
MDL = "org.iso.18013.5.1.mDL"
MANDATORY = frozenset(
    {"family_name", "given_name", "birth_date", "issue_date", "expiry_date", "issuing_country", "issuing_authority"}
    | {"document_number", "portrait", "driving_privileges", "un_distinguishing_sign"}
)


def _aimed(session: Session) -> Session:
    if session.target.issuing.mdoc is None:
        skip("the target file names no [issuer] mdoc")
    return session.aiming(session.target.issuing.mdoc)


async def _receive(session: Session) -> tuple[str, Issuance]:
    """A document as the credential response has it."""
    aimed = _aimed(session)
    if session.target.issuing.grant == "authorization_code":
        issuance = await Issuance.by_code(aimed)
    else:
        issuance = await Issuance.begin(aimed, "offer_mdoc")
        await issuance.authorize()
    answer = await issuance.post_credential(issuance.credential_request(await issuance.proof()))
    return credential_of(answer), issuance


async def _issued(session: Session) -> IssuedMdoc:
    async def make() -> IssuedMdoc:
        text, issuance = await _receive(session)
        return issued_mdoc.parse(text, issuance.key)

    return await session.once("mdoc", make)


async def _another(session: Session) -> IssuedMdoc:
    text, issuance = await _receive(session)
    return issued_mdoc.parse(text, issuance.key)


@check("issued-mdoc-encoding")
async def document_is_issuer_signed(session: Session) -> None:
    """base64url without padding of IssuerSigned: nameSpaces, and issuerAuth as an untagged COSE_Sign1."""
    assert await _issued(session)


@check("issued-mdoc-signature")
async def signature_is_the_signers(session: Session) -> None:
    """issuerAuth verifies with the key of the first certificate in x5chain, under the alg of the protected header."""
    document = await _issued(session)
    expect(document.signed(), "a signature of the document signer", f"alg {document.algorithm}, which does not verify")


@check("issued-mdoc-algorithm")
async def algorithm_is_announced(session: Session) -> None:
    """alg is one that ISO/IEC 18013-5 takes, and among credential_signing_alg_values_supported as a COSE number."""
    algorithm = (await _issued(session)).algorithm
    announced = (await _aimed(session).configuration()).get("credential_signing_alg_values_supported", [algorithm])
    expect(algorithm in ALGORITHMS and algorithm in announced, f"one of {announced}", algorithm)


@check("issued-mdoc-chain")
async def chain_leads_to_the_authority(session: Session) -> None:
    """x5chain of the unprotected header: a path to a configured root, valid now."""
    require_path((await _issued(session)).chain(), await session.anchors())


@check("issued-mdoc-chain-without-root")
async def chain_has_no_root(session: Session) -> None:
    """x5chain: no self-signed certificate, neither the root nor the leaf."""
    chain = (await _issued(session)).chain()
    expect(not any(map(self_signed, chain)), "no self-signed certificate", f"{len(chain)} certificates, one of them is")


@check("issued-mdoc-document-signer")
async def leaf_is_a_document_signer(session: Session) -> None:
    """The leaf's extended key usage is the document signer's alone, and it is no authority (annex B.1.4)."""
    leaf = (await _issued(session)).chain()[0]
    try:
        usages = [one.dotted_string for one in leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value]
    except x509.ExtensionNotFound:
        usages = []
    expect(usages == [DOCUMENT_SIGNER], f"extended key usage {DOCUMENT_SIGNER}", usages)
    try:
        authority = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        authority = False
    expect(not authority, "no authority", "one")


@check("issued-mdoc-doctype")
async def doctype_is_the_configurations(session: Session) -> None:
    """docType equals the doctype of the credential configuration."""
    wanted = (await _aimed(session).configuration()).get("doctype")
    found = (await _issued(session)).member("docType")
    expect(found == wanted, f"docType {wanted}", found)


@check("issued-mdoc-version")
async def security_object_is_of_version_one(session: Session) -> None:
    """version 1.0, and digestAlgorithm one of the three."""
    document = await _issued(session)
    expect(document.member("version") == "1.0", "version 1.0", document.member("version"))
    name = document.member("digestAlgorithm")
    expect(name in DIGESTS, f"digestAlgorithm of {', '.join(DIGESTS)}", name)


@check("issued-mdoc-digests")
async def every_element_has_its_digest(session: Session) -> None:
    """Each element's digest stands in valueDigests, under its namespace and digestID."""
    document = await _issued(session)
    known = document.member("valueDigests")
    for namespace, elements in document.namespaces.items():
        for one in elements:
            signed = known.get(namespace, {}).get(one.digest_id) if isinstance(known, dict) else None
            expect(signed == document.digest(one), f"the digest of {one.identifier}", "another, or none")


@check("issued-mdoc-digest-ids")
async def digest_ids_are_unique(session: Session) -> None:
    """No digestID twice in a namespace, and no element twice."""
    for namespace, elements in (await _issued(session)).namespaces.items():
        for found in ([one.digest_id for one in elements], [one.identifier for one in elements]):
            expect(len(set(found)) == len(found), f"each once in {namespace}", found)


@check("issued-mdoc-random")
async def elements_are_salted(session: Session) -> None:
    """random of each element: 16 bytes or more, all different."""
    values = [one.random for elements in (await _issued(session)).namespaces.values() for one in elements]
    expect(min(map(len, values), default=0) >= RANDOM, f"{RANDOM} bytes or more", [len(one) for one in values])
    expect(len(set(values)) == len(values), "values that are all different", "some again")


@check("issued-mdoc-unlinkable")
async def documents_share_no_random(session: Session) -> None:
    """Two documents for the same claims have no random and no digest in common."""
    documents = await _issued(session), await _another(session)
    first, second = (
        {one.random for elements in document.namespaces.values() for one in elements} for document in documents
    )
    expect(not first & second, "nothing in common", f"{len(first & second)} values of random")


@check("issued-mdoc-elements")
async def what_has_to_be_there_is_there(session: Session) -> None:
    """At least one element; of a driving licence every mandatory one (table 5)."""
    document = await _issued(session)
    found = {namespace: {one.identifier for one in elements} for namespace, elements in document.namespaces.items()}
    expect(any(found.values()), "elements", "none")
    if document.member("docType") == MDL:
        missing = sorted(MANDATORY - found.get("org.iso.18013.5.1", set()))
        expect(not missing, "every mandatory element", f"without {', '.join(missing)}")


@check("issued-mdoc-device-key")
async def device_key_is_the_proven_one(session: Session) -> None:
    """deviceKey is the key that made the proof."""
    document = await _issued(session)
    key = document.device_key()
    expect(key == document.key.jwk, "the key of the proof", key)


@check("issued-mdoc-validity")
async def validity_makes_sense(session: Session) -> None:
    """signed, validFrom and validUntil: tdates in this order, now among them, within the signer's own validity."""
    document = await _issued(session)
    signed, begins, ends = (document.moment(name) for name in ("signed", "validFrom", "validUntil"))
    leaf, now = document.chain()[0], session.now()
    expect(signed.timestamp() <= now + 60, "signed not in the future", signed)
    expect(signed <= begins < ends, "signed, validFrom, validUntil in this order", (signed, begins, ends))
    expect(begins.timestamp() <= now + 60 and ends.timestamp() > now, "valid now", (begins, ends))
    within = leaf.not_valid_before_utc <= signed <= leaf.not_valid_after_utc
    expect(within, "signed while the document signer's certificate is valid", signed)


@check("issued-mdoc-status")
async def status_is_of_a_known_kind(session: Session) -> None:
    """status, if any, holds status_list or identifier_list and nothing else."""
    try:
        status = (await _issued(session)).member("status")
    except Unreadable:
        return
    known = isinstance(status, dict) and status and status.keys() <= STATUSES
    expect(known, "status_list or identifier_list", status)
