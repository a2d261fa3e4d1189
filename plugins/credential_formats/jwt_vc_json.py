"""W3C credentials of VCDM 1.1 as JWTs, formats `jwt_vc_json` and `jwt_vc_json-ld` (OpenID4VCI 1.0, A.1.1 and A.1.3;
OpenID4VP 1.0, B.1.3.1).

The holder signs a presentation, a JWT too, whose nonce and audience are the request's. The signature covers the text:
contexts say what names mean and decide nothing about what is believed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from protocols import json_ld, vcdm
from protocols.claims_path import ClaimsPath
from protocols.did import parse_did_url
from protocols.encoding import parse_json_object
from protocols.errors import Malformed
from protocols.jose import jws, jwt
from protocols.jose.jwk import Jwk
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
from protocols.status_list import entries
from protocols.vcdm import V1, InvalidCredential, InvalidPresentation, making
from protocols.vcdm import jwt as vc_jwt
from protocols.x509 import parse_chain

FORMAT, JSON_LD = "jwt_vc_json", "jwt_vc_json-ld"
ALGORITHMS = ("ES256", "ES384", "ES512", "EdDSA", "Ed25519")
_EDDSA = frozenset({"EdDSA", "Ed25519"})
# VCDM 1.1, 6.3.1: typ is JWT where there is one. A token of another kind says so.
_TYPES = frozenset({None, "JWT"})
_MOST_BYTES = 512_000


class InvalidHolder(InvalidPresentation):
    """The presentation is not by whom the credential is about, for this request."""

    code = "invalid_key_binding"


@dataclass(frozen=True, slots=True)
class Opened:
    """A credential's JWT with what it says, and the presentation's around it, if there is one."""

    token: jwt.OpenedJwt
    credential: Mapping[str, Any]
    presentation: jwt.OpenedJwt | None = None
    holder: str | None = None


class JwtVcJson:
    """Issues, holds and verifies. Option of a configuration: `@context`, which begins with the data model's."""

    identifier: ClassVar[str] = FORMAT
    signs_by_did: ClassVar[bool] = True
    checks: ClassVar[tuple[str, ...]] = ("signature", "validity")
    binding_checks: ClassVar[tuple[str, ...]] = ("presentation", "nonce", "audience", "vp_time", "vp_signature")
    supported: ClassVar[Mapping[str, Any]] = {"alg_values": list(ALGORITHMS[:4])}

    def __init__(self, tools: PluginTools) -> None:
        self._statuses: Mapping[str, Any] = tools.families.get("status_mechanisms", {})
        self._contexts = tools.contexts

    def metadata(self, type_name: str, _options: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """The credential_definition of a type (OpenID4VCI 1.0, A.1.1.2)."""
        return {"credential_definition": {"type": making.types_named(type_name)}}

    # ------------------------------------------------------------------------------------------------------- issuing
    def prepare(self, draft: CredentialDraft) -> ToBeSigned:
        """The JWT's signing input. Raises InvalidCredential for claims that the format cannot carry."""
        making.require_plain(draft.claims)
        holder = {"id": making.holder_did(draft.holder, draft.holder_kid)} if draft.holder else {}
        status = entries(draft.status, self._statuses)
        # A mechanism of the data model has a type; one of JWTs is a claim of the JWT.
        beside = {"status": status[0]} if status and "type" not in status[0] else {}
        credential = making.make(
            draft.extra.get("@context", [V1]),
            draft.type,
            draft.issuer,
            {**holder, **draft.claims},
            (draft.not_before or draft.issued_at, draft.expires_at),
            draft.entropy(16),
            () if beside else status,
            draft.schema_uri,
        )
        vcdm.require_credential(credential)
        if vcdm.version_of(credential) != V1:
            raise InvalidCredential("a vc claim holds a credential of version 1.1")
        header = {"alg": draft.algorithm, "typ": "JWT", "kid": draft.kid}
        return ToBeSigned(jwt.render(header, {**vc_jwt.encode_credential(credential), **beside}), draft.algorithm, None)

    def seal(self, prepared: ToBeSigned, signature: bytes) -> str:
        """The compact JWT."""
        return jws.seal(prepared.payload, signature)

    # ----------------------------------------------------------------------------------------------------- verifying
    def open(self, presentation: Any) -> OpenedPresentation:
        """A presentation of one credential, or the credential alone. Raises InvalidPresentation, InvalidCredential."""
        opened = _open(presentation)
        type_name = making.type_of(opened.credential)
        bound = opened.presentation is not None
        reference = _issuer(opened, type_name)
        return OpenedPresentation(reference, type_name, opened, self._status(opened), bound)

    def verify(
        self, opened: OpenedPresentation, issuer_key: Jwk, algorithm: str | None, now: datetime, skew: int
    ) -> VerifiedCredential:
        """Signature, times of the JWT, times of the credential: in this order."""
        content: Opened = opened.content
        allowed, claims = _allowed(algorithm), content.token.claims
        opened.checks.begin("signature", allowed, content.token.header.get("alg"))
        jws.verify(content.token.jws, issuer_key, allowed)
        opened.checks.begin("validity", now, {name: claims[name] for name in ("nbf", "iat", "exp") if name in claims})
        jwt.require_times(claims, now, skew=skew)
        vcdm.require_validity(content.credential, now, skew)
        return VerifiedCredential(
            format=self.identifier,
            type=opened.type,
            claims=content.credential,
            issuer=vcdm.issuer_of(content.credential),
            issued_at=vcdm.valid_from(content.credential),
            expires_at=vcdm.valid_until(content.credential),
            holder=_holder(content),
            status=opened.status,
            checks=("signature", "validity"),
            types=(
                *vcdm.types_of(content.credential),
                *json_ld.type_iris(content.credential, self._contexts),
            ),
        )

    def verify_binding(self, opened: OpenedPresentation, holder: Jwk, binding: Binding, now: datetime) -> None:
        """nonce and aud are the request's, signed by whom the credential is about (B.1.3.1.2). Raises InvalidHolder."""
        content: Opened = opened.content
        opened.checks.begin("presentation")
        if content.presentation is None:
            raise InvalidHolder("no presentation of the holder")
        if binding.transaction_data:
            raise InvalidHolder("transaction data cannot be confirmed in this format")
        claims, checks = content.presentation.claims, opened.checks
        checks.begin("nonce", binding.nonce, claims.get("nonce"))
        if claims.get("nonce") != binding.nonce:
            raise InvalidHolder("nonce")
        checks.begin("audience", binding.audience, claims.get("aud"))
        if claims.get("aud") not in (binding.audience, [binding.audience]):
            raise InvalidHolder("aud")
        checks.begin("vp_time", now, {name: claims[name] for name in ("nbf", "iat", "exp") if name in claims})
        oldest = binding.max_age if "iat" in claims else None
        jwt.require_times(claims, now, skew=binding.skew, max_age=oldest)
        checks.begin("vp_signature", ALGORITHMS, content.presentation.header.get("alg"))
        jws.verify(content.presentation.jws, holder, frozenset(ALGORITHMS))

    def _status(self, opened: Opened) -> StatusReference | None:
        """The status references, of the document and of the JWT; a kind that nobody here reads is kept as unreadable,
        and so refused."""
        found = [self._read(entry.get("type"), entry) for entry in vcdm.statuses_of(opened.credential)]
        beside = opened.token.claims.get("status")
        if "status" in opened.token.claims:
            found.append(self._read(next(iter(beside)) if isinstance(beside, dict) and beside else None, beside))
        return replace(found[0], others=tuple(found[1:])) if found else None

    def _read(self, member: str | None, entry: Any) -> StatusReference:
        for mechanism in self._statuses.values():
            if mechanism.member == member:
                reference: StatusReference = mechanism.reference(entry)
                return reference
        return StatusReference("unknown", "", 0)

    # ------------------------------------------------------------------------------------------------------- holding
    def disclose(
        self, credential: Any, paths: frozenset[ClaimsPath], binding: Binding, algorithm: str, now: datetime
    ) -> ToBeSigned:
        """A presentation of the whole credential, for a holder who is a did:key or a did:jwk."""
        holder = vcdm.subjects_of(_open(credential).credential)[0] or ""
        presentation = {
            "@context": [V1],
            "type": ["VerifiablePresentation"],
            "holder": holder,
            "verifiableCredential": [credential],
        }
        header = {"alg": algorithm, "typ": "JWT", "kid": making.method_of(holder)}
        claims = vc_jwt.encode_presentation(presentation, binding.audience, binding.nonce, now)
        return ToBeSigned(jwt.render(header, claims), algorithm, None)

    def bind(self, prepared: ToBeSigned, signature: bytes) -> str:
        """The presentation with the holder's signature."""
        return jws.seal(prepared.payload, signature)


class JwtVcJsonLd(JwtVcJson):
    """Issues the same JWT, whose contexts the metadata names too; it is presented as jwt_vc_json."""

    identifier: ClassVar[str] = JSON_LD
    presented_as: ClassVar[str] = FORMAT

    def metadata(self, type_name: str, options: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """The credential_definition of a type, contexts included (OpenID4VCI 1.0, A.1.3.2)."""
        contexts = (options or {}).get("@context", [V1])
        return {"credential_definition": {"@context": list(contexts), "type": making.types_named(type_name)}}


def _open(presentation: Any) -> Opened:
    if not isinstance(presentation, str) or len(presentation) > _MOST_BYTES:
        raise InvalidPresentation("not a compact JWT of acceptable length")
    outer = _token(presentation)
    if "vp" not in outer.claims:
        return Opened(outer, vc_jwt.decode_credential(outer.claims))
    shown = vc_jwt.decode_presentation(outer.claims)
    credentials = shown.get("verifiableCredential")
    credentials = credentials if isinstance(credentials, list) else [credentials]
    if len(credentials) != 1 or not isinstance(credentials[0], str):
        raise InvalidPresentation("one credential, a JWT")
    inner = _token(credentials[0])
    return Opened(inner, vc_jwt.decode_credential(inner.claims), outer, vcdm.holder_of(shown))


def _token(text: str) -> jwt.OpenedJwt:
    opened = jws.parse(text)
    jwt.require_typ(opened.header, _TYPES)
    return jwt.OpenedJwt(opened.header, parse_json_object(opened.payload), opened)


def _issuer(opened: Opened, type_name: str) -> KeyReference:
    """How the credential names its issuer's key: a certificate, or a key of the DID that is the issuer."""
    header, issuer = opened.token.header, vcdm.issuer_of(opened.credential)
    if "x5c" in header:
        return KeyReference("x5c", parse_chain(header["x5c"]), issuer, type_name)
    if issuer.startswith("did:"):
        return KeyReference("did_url", _method(issuer, header.get("kid")), issuer, type_name)
    if issuer.startswith("https://"):
        return KeyReference("jwt_vc_issuer", header.get("kid"), issuer, type_name)
    raise InvalidPresentation("nothing leads to the issuer's key")


def _holder(content: Opened) -> KeyReference | None:
    """Whose key the presentation must be signed by: of the one whom the credential is about, and who presents."""
    if content.presentation is None:
        return None
    subjects = set(vcdm.subjects_of(content.credential))
    if len(subjects) != 1 or None in subjects or content.holder not in (None, *subjects):
        raise InvalidHolder("the holder is not whom the credential is about")
    did = str(subjects.pop())
    return KeyReference("did_url", _method(did, content.presentation.header.get("kid")), did)


def _method(did: str, kid: str | None) -> str:
    """The DID URL of a key: as it is named, within the DID where it is named by its fragment alone.

    Without a name it is the one key of a DID that is a key. Raises Malformed.
    """
    if kid is None:
        return making.method_of(did)
    if kid.startswith("did:"):
        if parse_did_url(kid).did != did:
            raise Malformed("a key of another DID")
        return kid
    return f"{did}#{kid.removeprefix('#')}"


def _allowed(algorithm: str | None) -> frozenset[str]:
    """Our list, narrowed to the believed key's algorithm; EdDSA and Ed25519 name one signature (RFC 9864, 2.2)."""
    if algorithm is None:
        return frozenset(ALGORITHMS)
    return (_EDDSA if algorithm in _EDDSA else frozenset({algorithm})) & frozenset(ALGORITHMS)
