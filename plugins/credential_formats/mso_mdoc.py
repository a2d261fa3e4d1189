"""Mobile documents, format `mso_mdoc` (ISO/IEC 18013-5; OpenID4VCI 1.0, appendix A.2; OpenID4VP 1.0, B.2)."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar

from cryptography.x509.oid import NameOID

from protocols import cose, mdoc
from protocols.claims_path import ClaimsPath
from protocols.encoding import b64url, parse_b64url
from protocols.errors import Malformed
from protocols.mdoc import Document, InvalidDeviceAuthentication, InvalidMdoc, PreparedIssuerSigned, PreparedResponse
from protocols.mdoc.mso import require_valid
from protocols.ports import (
    Binding,
    CredentialDraft,
    KeyReference,
    OpenedPresentation,
    PluginTools,
    StatusReference,
    ToBeSigned,
    VerifiedCredential,
)
from protocols.ports.keys import Jwk
from protocols.ports.trust import DocumentSigner
from protocols.x509 import load_certificate

FORMAT = "mso_mdoc"
# -8 and the identifiers of ISO/IEC 18013-5, table B.3, then those that name their curve (RFC 9864).
ALGORITHMS = (-7, -35, -36, -8, -9, -51, -52, -19)
LICENCE = "org.iso.18013.5.1"
MAX_TEXT = 2 * 1024 * 1024


class MsoMdoc:
    """Issues, holds and verifies mdocs. Claims are elements by namespace, typed by the type's JSON Schema."""

    identifier: ClassVar[str] = FORMAT
    supported: ClassVar[Mapping[str, Any]] = {
        "issuerauth_alg_values": list(ALGORITHMS),
        "deviceauth_alg_values": list(ALGORITHMS),
    }
    checks: ClassVar[tuple[str, ...]] = ("signature", "digests", "validity", "country")
    binding_checks: ClassVar[tuple[str, ...]] = ("session", "device_signature")
    signing_purpose: ClassVar[str] = "document_signer"
    signing_alg_values: ClassVar[Mapping[str, int]] = {"ES256": -7, "ES384": -35, "ES512": -36, "EdDSA": -8}

    def __init__(self, tools: PluginTools) -> None:
        self._statuses = tools.families.get("status_mechanisms", {})

    def metadata(self, type_name: str) -> Mapping[str, Any]:
        """What the issuer's metadata says of a type in this format."""
        return {"doctype": type_name}

    def prepare(self, draft: CredentialDraft) -> ToBeSigned:
        """The Sig_structure over the security object. Raises InvalidMdoc without a holder, a chain or an end."""
        if draft.holder is None or not draft.x5c or draft.expires_at is None:
            raise InvalidMdoc("an mdoc has a device key, a document signer and an end")
        if not all(isinstance(elements, Mapping) for elements in draft.claims.values()):
            raise InvalidMdoc("claims are elements by namespace")
        signer = load_certificate(draft.x5c[0])
        _require_country(draft.claims, _signer(draft.x5c[0])[1])
        # A document does not outlive the certificate that it is verified with.
        ends = min(draft.expires_at, signer.not_after)
        prepared = mdoc.prepare_issuer_signed(
            draft.type,
            mdoc.to_cbor(draft.claims, draft.schema),
            draft.holder,
            draft.x5c,
            draft.algorithm,
            (draft.issued_at, draft.not_before or draft.issued_at, ends),
            draft.entropy,
            self._statuses[draft.status.mechanism].claim(draft.status) if draft.status else None,
        )
        return ToBeSigned(prepared.issuer_auth.payload, draft.algorithm, prepared)

    def seal(self, prepared: ToBeSigned, signature: bytes) -> str:
        """IssuerSigned in base64url (OpenID4VCI 1.0, A.2.4)."""
        issued: PreparedIssuerSigned = prepared.context
        return b64url(mdoc.seal_issuer_signed(issued, signature))

    def open(self, presentation: Any) -> OpenedPresentation:
        """A DeviceResponse with its one document. Raises InvalidMdoc and what parsing raises."""
        documents = mdoc.parse_device_response(_octets(presentation))
        if len(documents) != 1:
            raise InvalidMdoc("more than one document")
        document, mso = documents[0], documents[0].issuer_signed.mso
        signer = DocumentSigner(document.issuer_signed.chain, mso.signed)
        issuer = KeyReference("iaca", signer, None, mso.doc_type)
        return OpenedPresentation(issuer, mso.doc_type, document, self._status(mso.status), bound=True)

    def verify(
        self, opened: OpenedPresentation, issuer_key: Jwk, algorithm: str | None, now: datetime, skew: int
    ) -> VerifiedCredential:
        """issuerAuth, digests, validity: in this order (ISO/IEC 18013-5, 9.3.1). Raises a ProtocolError."""
        document: Document = opened.content
        issued, mso, checks = document.issuer_signed, document.issuer_signed.mso, opened.checks
        # 1. the signature, by the key that was believed; docType was compared when the document was opened
        checks.begin("signature", ALGORITHMS, issued.issuer_auth.header.get(1))
        cose.verify(issued.issuer_auth, issuer_key, ALGORITHMS)
        # 2. each element as received is one that was signed
        elements = sum(len(items) for items in issued.namespaces.values())
        checks.begin("digests", mso.digest, {"elements": elements})
        mdoc.require_digests(issued)
        # 3. validity
        times = {"signed": mso.signed, "valid_from": mso.valid_from, "valid_until": mso.valid_until}
        checks.begin("validity", now, times)
        require_valid(mso, now, skew)
        # 4. the country that the document states is its signer's
        claims = {
            name: {item.element: mdoc.to_json(item.value) for item in items}
            for name, items in issued.namespaces.items()
        }
        issuer, countries = _signer(issued.chain[0])
        checks.begin("country", countries, claims.get(LICENCE, {}).get("issuing_country"))
        _require_country(claims, countries)
        return VerifiedCredential(
            format=FORMAT,
            type=opened.type,
            claims=claims,
            issuer=issuer,
            issued_at=mso.signed,
            expires_at=mso.valid_until,
            holder=KeyReference("jwk", mso.device_key),
            status=opened.status,
            checks=("signature", "digests", "validity"),
        )

    def verify_binding(self, opened: OpenedPresentation, holder: Jwk, binding: Binding, now: datetime) -> None:
        """deviceSignature over the session of this request. Raises InvalidDeviceAuthentication."""
        session = {"audience": binding.audience, "nonce": binding.nonce, "response_uri": binding.response_uri}
        opened.checks.begin("session", {**session, "origin": binding.origin})
        if binding.transaction_data:
            raise InvalidDeviceAuthentication("transaction data")
        transcript = _transcript(binding)
        opened.checks.begin("device_signature", ALGORITHMS)
        mdoc.verify_signature(opened.content, transcript, holder, ALGORITHMS)

    def disclose(
        self, credential: Any, paths: frozenset[ClaimsPath], binding: Binding, algorithm: str, now: datetime
    ) -> ToBeSigned:
        """DeviceAuthenticationBytes over the chosen elements. Raises InvalidMdoc when none is chosen."""
        elements = {(str(path[0]), str(path[1])) for path in paths if len(path) >= 2}
        prepared = mdoc.prepare_response(_octets(credential), elements, _transcript(binding), algorithm)
        return ToBeSigned(prepared.device_auth.payload, algorithm, prepared)

    def bind(self, prepared: ToBeSigned, signature: bytes) -> str:
        """The DeviceResponse in base64url."""
        response: PreparedResponse = prepared.context
        return b64url(mdoc.seal_response(response, signature))

    def _status(self, status: Mapping[str, Any] | None) -> StatusReference | None:
        """The status reference; a kind that nobody here reads is kept as unreadable, and so refused."""
        if status is None:
            return None
        for mechanism in self._statuses.values():
            if mechanism.member in status:
                reference: StatusReference = mechanism.reference(status)
                return reference
        return StatusReference("unknown", "", 0)


def _octets(text: Any) -> bytes:
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        raise Malformed("no base64url text")
    return parse_b64url(text)


def _transcript(binding: Binding) -> bytes:
    """The session that the request made (OpenID4VP 1.0, B.2.6): by redirect, or by the Digital Credentials API."""
    thumbprint = binding.encryption_key_thumbprint
    if binding.origin is not None:
        return mdoc.session_transcript(mdoc.dc_api_handover(binding.origin, binding.nonce, thumbprint))
    if binding.response_uri is None:
        raise InvalidDeviceAuthentication("a session without an address for its response")
    handover = mdoc.openid4vp_handover(binding.audience, binding.nonce, thumbprint, binding.response_uri)
    return mdoc.session_transcript(handover)


@lru_cache(maxsize=1024)
def _signer(certificate: bytes) -> tuple[str, tuple[str, ...]]:
    """What a document signer's certificate says: its authority's name, its own country."""
    signer = load_certificate(certificate)
    countries = tuple(str(one.value) for one in signer.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME))
    return signer.issuer.rfc4514_string(), countries


def _require_country(claims: Mapping[str, Any], countries: tuple[str, ...]) -> None:
    """issuing_country of a driving licence is the countryName of who signed it (ISO/IEC 18013-5, 9.3.1)."""
    stated = claims.get(LICENCE, {}).get("issuing_country")
    if stated is not None and (stated,) != countries:
        raise InvalidMdoc("issuing_country is not the document signer's")
