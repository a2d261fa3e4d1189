"""Credentials and presentations as claims of a JWT (VCDM 1.1, 6.3.1): `vc` or `vp`, and what JWT says beside it.

What a registered claim says and what the document says must be one: a contradiction is refused, never resolved.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from protocols.errors import ProtocolError
from protocols.jose import jwt
from protocols.vcdm.credential import (
    V1,
    holder_of,
    identifier_of,
    require_credential,
    valid_from,
    valid_until,
    version_of,
)
from protocols.vcdm.form import InvalidCredential, require
from protocols.vcdm.presentation import InvalidPresentation, require_presentation

_TIMES = (("nbf", "issuanceDate", valid_from), ("exp", "expirationDate", valid_until))


def encode_credential(credential: Mapping[str, Any]) -> dict[str, Any]:
    """The JWT's claims: the whole credential under `vc`, and beside it what JWT has a name for.

    Said twice, it is found by those who read JWTs and by those who read credentials; both are allowed (6.3.1).
    """
    claims: dict[str, Any] = {"iss": identifier_of(credential["issuer"])}
    subject = credential["credentialSubject"]
    named = {"sub": identifier_of(subject), "jti": credential.get("id")}
    moments = {name: read(credential) for name, _, read in _TIMES}
    claims |= {name: value for name, value in named.items() if value is not None}
    claims |= {name: int(moment.timestamp()) for name, moment in moments.items() if moment is not None}
    return {**claims, "vc": dict(credential)}


def decode_credential(claims: Mapping[str, Any]) -> dict[str, Any]:
    """The credential that a JWT's claims are. Raises InvalidCredential for a contradiction, and for another form."""
    found = claims.get("vc")
    if not isinstance(found, dict) or "vp" in claims or "@context" in claims:
        raise InvalidCredential("a vc claim and nothing like it")
    credential = dict(found)
    require(version_of(credential) == V1, "a vc claim holds a credential of version 1.1")
    require("proof" not in credential, "a proof within a JWT")
    _identified(credential, "issuer", claims, "iss")
    _identified(credential, "id", claims, "jti")
    _subject(credential, claims)
    for name, member, read in _TIMES:
        _timed(credential, member, claims, name, read)
    require_credential(credential)
    return credential


def encode_presentation(presentation: Mapping[str, Any], audience: str, nonce: str, now: datetime) -> dict[str, Any]:
    """The claims of a presentation to one verifier, good for five minutes."""
    moment = int(now.timestamp())
    return {
        "iss": holder_of(presentation),
        "aud": audience,
        "nonce": nonce,
        "iat": moment,
        "nbf": moment,
        "exp": moment + 300,
        "vp": dict(presentation),
    }


def decode_presentation(claims: Mapping[str, Any]) -> dict[str, Any]:
    """The presentation that a JWT's claims are; its credentials are JWTs, as they stand there.

    Raises InvalidPresentation for a contradiction, and for another form.
    """
    found = claims.get("vp")
    if not isinstance(found, dict) or "vc" in claims or "@context" in claims:
        raise InvalidPresentation("a vp claim and nothing like it")
    presentation = dict(found)
    require(version_of(presentation) == V1, "a vp claim holds a presentation of version 1.1")
    _identified(presentation, "holder", claims, "iss")
    _identified(presentation, "id", claims, "jti")
    require_presentation({name: value for name, value in presentation.items() if name != "verifiableCredential"})
    return presentation


def _identified(document: dict[str, Any], member: str, claims: Mapping[str, Any], name: str) -> None:
    """The claim and the document's member name one and the same."""
    if name not in claims:
        return
    require(isinstance(claims[name], str), name)
    stated = identifier_of(document.get(member)) if member in document else claims[name]
    require(stated == claims[name], f"{name} contradicts {member}")
    document.setdefault(member, claims[name])


def _subject(credential: dict[str, Any], claims: Mapping[str, Any]) -> None:
    """`sub` is the id of the one subject."""
    if "sub" not in claims:
        return
    subject = credential.get("credentialSubject")
    if isinstance(subject, list) and len(subject) == 1:
        subject = subject[0]
    require(isinstance(subject, dict), "sub of not one subject")
    subject = dict(subject or {})
    _identified(subject, "id", claims, "sub")
    credential["credentialSubject"] = subject


def _timed(credential: dict[str, Any], member: str, claims: Mapping[str, Any], name: str, read: Any) -> None:
    """A NumericDate and the document's time are of one second."""
    try:
        stated = jwt.time_of(claims, name)
    except ProtocolError:
        raise InvalidCredential(name) from None
    if stated is None:
        return
    written = read(credential)
    require(written is None or int(written.timestamp()) == int(stated.timestamp()), f"{name} contradicts {member}")
    credential.setdefault(member, stated.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
