"""The three forms (VC-JOSE-COSE, 3.1 to 3.3): each made and taken apart, types checked before anything is believed."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from protocols import sd_jwt, vcdm
from protocols.claims_path import ClaimsPath
from protocols.cose import cbor, sign1
from protocols.encoding import parse_json_object, render_json
from protocols.errors import ProtocolError
from protocols.jose import jws, jwt
from protocols.jose.jwk import Jwk
from protocols.sd_jwt import SdJwt
from protocols.vc_jose_cose.document import KINDS, InvalidEnvelope, parted, require_document

FORMS = ("jwt", "sd-jwt", "cose")
ALGORITHMS = frozenset({"ES256", "ES384", "ES512", "EdDSA", "Ed25519"})
_COSE = frozenset({-7, -35, -36, -8, -9, -51, -52, -19})
_MOST = 512_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """`payload` is what the key store signs."""

    payload: bytes
    algorithm: str
    form: str
    context: Any


@dataclass(frozen=True, slots=True)
class Opened:
    """A secured document taken apart, nothing of it believed. `beside` is what the JWT says that is not the document,
    `kid` how the key is named."""

    form: str
    kind: str
    document: Mapping[str, Any]
    beside: Mapping[str, Any]
    kid: str | None
    content: Any


def prepare(
    form: str,
    kind: str,
    document: Mapping[str, Any],
    algorithm: str,
    kid: str,
    entropy: Callable[[int], bytes],
    disclosable: Iterable[ClaimsPath] = (),
    beside: Mapping[str, Any] | None = None,
) -> Prepared:
    """What signs a document in a form; `disclosable` are claims paths, for the form that knows them. `beside` says for
    whom a presentation is. Raises InvalidCredential."""
    require_document(document, kind)
    if form == "cose":
        if beside:
            raise InvalidEnvelope("in this form nothing stands beside the document")
        header = {
            sign1.CONTENT_TYPE: f"application/{kind}",
            sign1.KID: kid.encode(),
            sign1.TYP: f"application/{kind}+cose",
        }
        prepared = sign1.prepare(render_json(document), algorithm, protected=header)
        return Prepared(prepared.payload, algorithm, form, prepared)
    payload, disclosures = {**document, **(beside or {})}, None
    if form == "sd-jwt":
        payload, disclosures = sd_jwt.conceal(payload, disclosable, entropy)
    header_ = {"alg": algorithm, "typ": f"{kind}+{form}", "cty": kind, "kid": kid}
    return Prepared(jwt.render(header_, payload), algorithm, form, disclosures)


def seal(prepared: Prepared, signature: bytes) -> str:
    """The secured document as text; COSE in base64."""
    if prepared.form == "cose":
        item = cbor.encode(cbor.Tag(sign1.TAG, sign1.seal(prepared.context, signature)))
        return b64encode(item).decode().rstrip("=")
    token = jws.seal(prepared.payload, signature)
    return token if prepared.form == "jwt" else sd_jwt.assemble(token, prepared.context)


def open_secured(form: str, kind: str, text: str) -> Opened:
    """Take a secured document apart. Raises InvalidEnvelope, InvalidCredential, InvalidSdJwt, Malformed, and
    AlgorithmNotAllowed."""
    if form not in FORMS or kind not in KINDS or not isinstance(text, str) or len(text) > _MOST:
        raise InvalidEnvelope("form or length")
    return _opened_cose(kind, text) if form == "cose" else _opened_jose(form, kind, text)


def _opened_jose(form: str, kind: str, text: str) -> Opened:
    """Type and content type first (3.1.1, 3.2.1); a header that states none is as wrong as one that states another."""
    content: Any = sd_jwt.parse(text) if form == "sd-jwt" else jws.parse(text)
    if form == "sd-jwt" and content.key_binding is not None:
        raise InvalidEnvelope("bound to a request that nobody made here")
    header = content.header
    jwt.require_typ(header, f"{kind}+{form}")
    if header.get("cty", kind) != kind:
        raise InvalidEnvelope("cty")
    payload = sd_jwt.restore(content) if form == "sd-jwt" else parse_json_object(content.payload)
    return Opened(form, kind, *parted(payload, kind), header.get("kid"), content)


def _opened_cose(kind: str, text: str) -> Opened:
    """Type and content type of the protected header first (3.3.1)."""
    try:
        octets = b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True)
    except ValueError:
        raise InvalidEnvelope("not base64") from None
    content = sign1.open_sign1(octets)
    header = content.header
    if header.get(sign1.TYP) != f"application/{kind}+cose":
        raise InvalidEnvelope("typ")
    if header.get(sign1.CONTENT_TYPE, f"application/{kind}") != f"application/{kind}":
        raise InvalidEnvelope("content type")
    if content.payload is None:
        raise InvalidEnvelope("no payload")
    kid = header.get(sign1.KID)
    try:
        named = kid.decode() if isinstance(kid, bytes) else None
    except UnicodeDecodeError:
        raise InvalidEnvelope("kid") from None
    return Opened("cose", kind, *parted(parse_json_object(content.payload), kind), named, content)


def verify(opened: Opened, key: Jwk, now: datetime, skew: int) -> None:
    """Believe it with this key: signature, times of the signature, times of the credential. Raises a ProtocolError."""
    if opened.form == "cose":
        sign1.verify(opened.content, key, _COSE)
    else:
        signed = opened.content.jws if isinstance(opened.content, SdJwt) else opened.content
        jws.verify(signed, key, ALGORITHMS)
    jwt.require_times(opened.beside, now, skew=skew)
    if opened.kind == "vc":
        vcdm.require_validity(opened.document, now, skew)


def require_bound(opened: Opened, audience: str | None, nonce: str | None) -> None:
    """A presentation is for whom was said, and answers what was asked. Raises InvalidBinding."""
    if audience is not None and opened.beside.get("aud") not in (audience, [audience]):
        raise InvalidBinding("aud")
    if nonce is not None and opened.beside.get("nonce") != nonce:
        raise InvalidBinding("nonce")


class InvalidBinding(ProtocolError):
    """The presentation is for somebody else, or answers another request."""

    code = "INVALID_CHALLENGE_ERROR"
    problem_type = "https://w3id.org/security#INVALID_CHALLENGE_ERROR"
