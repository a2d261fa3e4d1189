"""DID rotation: the `from_prior` header (DIDComm Messaging 2.1, DID Rotation)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from protocols.did import parse_did, parse_did_url
from protocols.didcomm.signed import ALGORITHMS
from protocols.encoding import b64url, render_json
from protocols.errors import Malformed, ProtocolError
from protocols.jose import jws, jwt
from protocols.jose.jws import CompactJws


class InvalidRotation(ProtocolError):
    """The rotation of the sender's DID cannot be believed."""

    code = "e.p.did"


@dataclass(frozen=True, slots=True)
class FromPrior:
    """A claimed rotation from `iss` to `sub`; an empty `sub` ends the relationship. Nothing of it believed."""

    iss: str
    sub: str
    kid: str
    jws: CompactJws


def parse(token: str) -> FromPrior:
    """Take the JWT apart. Raises Malformed, InvalidDid, AlgorithmNotAllowed, WrongType."""
    opened = jwt.open_jwt(token, {"JWT", None})
    iss, sub, kid = opened.claims.get("iss"), opened.claims.get("sub", ""), opened.header.get("kid")
    if not isinstance(iss, str) or not isinstance(sub, str) or not isinstance(kid, str):
        raise Malformed("from_prior lacks iss or kid")
    parse_did(iss)
    return FromPrior(iss, sub, kid, opened.jws)


def prepare(iss: str, sub: str, kid: str, algorithm: str, issued_at: int) -> bytes:
    """What a key of the old DID's `authentication` signs; an empty `sub` says that the relationship ends."""
    claims = {"iss": iss, **({"sub": sub} if sub else {}), "iat": issued_at}
    return jws.signing_input({"typ": "JWT", "alg": algorithm, "kid": kid}, render_json(claims))


def seal(prepared: bytes, signature: bytes) -> str:
    """The JWT."""
    return f"{prepared.decode('ascii')}.{b64url(signature)}"


def verify(prior: FromPrior, jwk: Mapping[str, Any], sender: str) -> None:
    """Believe the rotation with a key of the old DID's `authentication`. Raises InvalidRotation, InvalidSignature."""
    if parse_did_url(prior.kid).did != prior.iss or prior.sub != sender or prior.iss == prior.sub:
        raise InvalidRotation("rotation is not of this sender")
    jws.verify(prior.jws, jwk, ALGORITHMS)
