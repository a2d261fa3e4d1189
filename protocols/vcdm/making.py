"""What every format that carries the data model needs to make a credential, and to name who holds it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from protocols.did import multikey, parse_did_url
from protocols.errors import Malformed
from protocols.vcdm.credential import V1, types_of
from protocols.vcdm.form import InvalidCredential

BASE_TYPE = "VerifiableCredential"


class ReservedName(InvalidCredential):
    """The claims use names of the format."""


def make(
    contexts: Sequence[str],
    type_name: str,
    issuer: str | None,
    subject: Mapping[str, Any],
    validity: tuple[datetime | None, datetime | None],
    octets: bytes,
    statuses: Sequence[Mapping[str, Any]] = (),
    schema: str | None = None,
) -> dict[str, Any]:
    """A credential not yet secured; `octets` are sixteen fresh bytes for its id, whole seconds in `validity`.

    Its version is that of the first context. Raises ReservedName for claims that are not plain data.
    """
    require_plain({name: value for name, value in subject.items() if name != "id"})
    names = ("issuanceDate", "expirationDate") if contexts[0] == V1 else ("validFrom", "validUntil")
    return {
        "@context": list(contexts),
        "id": urn_uuid(octets),
        "type": types_named(type_name),
        "issuer": issuer,
        **{
            name: moment.strftime("%Y-%m-%dT%H:%M:%SZ")
            for name, moment in zip(names, validity, strict=True)
            if moment is not None
        },
        "credentialSubject": dict(subject),
        **({"credentialSchema": {"id": schema, "type": "JsonSchema"}} if schema else {}),
        **({"credentialStatus": statuses[0] if len(statuses) == 1 else list(statuses)} if statuses else {}),
    }


def types_named(type_name: str) -> list[str]:
    """The `type` of a credential of this type."""
    return [BASE_TYPE] if type_name == BASE_TYPE else [BASE_TYPE, type_name]


def type_of(credential: Mapping[str, Any]) -> str:
    """The type that says more than that it is a credential."""
    return next((one for one in types_of(credential) if one != BASE_TYPE), BASE_TYPE)


def urn_uuid(octets: bytes) -> str:
    """A UUIDv4 of sixteen fresh bytes, as a URN."""
    text = (octets[:6] + bytes([octets[6] & 0x0F | 0x40, octets[7], octets[8] & 0x3F | 0x80]) + octets[9:]).hex()
    return f"urn:uuid:{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def holder_did(jwk: Mapping[str, Any], kid: str | None) -> str:
    """Who the credential is about: the DID under which the key was proved, else the key's own did:key."""
    return parse_did_url(kid).did if kid else f"did:key:{multikey.encode(jwk)}"


def method_of(did: str) -> str:
    """The DID URL of the one key of a DID that is a key. Raises Malformed for another method."""
    method, _, name = did.removeprefix("did:").partition(":")
    if method not in ("key", "jwk"):
        raise Malformed("holder is no did:key and no did:jwk")
    return f"{did}#{name if method == 'key' else '0'}"


def require_plain(value: Any, top: bool = True) -> None:
    """Claims are data: no keyword of JSON-LD, nor the subject's id. Raises ReservedName."""
    if isinstance(value, Mapping):
        if any(name.startswith("@") for name in value) or (top and "id" in value):
            raise ReservedName("claims")
        for member in value.values():
            require_plain(member, False)
    elif isinstance(value, list):
        for member in value:
            require_plain(member, False)
