"""Bitstring Status List 1.0: a credential of VCDM 2.0 itself, as `vc+jwt` or with a Data Integrity proof."""

import gzip
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from protocols.encoding import b64url, parse_b64url
from protocols.errors import Malformed
from protocols.jose import jws, jwt
from protocols.ports import PluginTools, StatusList, StatusReference, ToBeSigned
from protocols.status_list import InvalidStatusList, inflate
from protocols.status_list.credential import MIN_BYTES, CredentialStatusList
from protocols.vcdm import V2
from protocols.x509 import render_chain

ENTRY, LIST, CREDENTIAL = "BitstringStatusListEntry", "BitstringStatusList", "BitstringStatusListCredential"


class BitstringStatusList(CredentialStatusList):
    """`ports.StatusMechanism`."""

    name: ClassVar[str] = "bitstring_status_list"
    member: ClassVar[str] = ENTRY
    list_type: ClassVar[str] = LIST
    credential_type: ClassVar[str] = CREDENTIAL
    media_type: ClassVar[str] = "application/vc+jwt"
    proof_media_type: ClassVar[str] = "application/vc"
    signs_by_did: ClassVar[bool] = True
    purposes: ClassVar[tuple[str, ...]] = ("revocation", "suspension", "message")

    def __init__(self, _tools: PluginTools) -> None:
        pass

    def reference(self, claim: Mapping[str, Any]) -> StatusReference:
        """An entry of credentialStatus (section 2.1), with the size of its place. Raises Malformed."""
        size, messages = _size(claim)
        return replace(super().reference(claim), bits=size, messages=messages)

    def claim(self, reference: StatusReference) -> Mapping[str, Any]:
        """The entry of a credential, with what the values of its place mean."""
        entry, messages = super().claim(reference), reference.messages
        if not messages:
            return entry
        named = [{"status": hex(value), "message": message} for value, message in enumerate(messages)]
        return {**entry, "statusSize": reference.bits or 1, "statusMessage": named}

    def credential(self, status: StatusList, issuer: str) -> dict[str, Any]:
        """The list credential (section 2.2), not yet secured."""
        credential: dict[str, Any] = {
            "@context": [V2],
            "id": status.uri,
            "type": ["VerifiableCredential", CREDENTIAL],
            "issuer": issuer,
            "validFrom": _text(status.issued_at),
            "credentialSubject": {
                "id": f"{status.uri}#list",
                "type": LIST,
                "statusPurpose": next(iter(status.purposes), "revocation"),
                "encodedList": "u" + b64url(gzip.compress(status.packed, 9, mtime=0)),
            },
        }
        if status.expires_at:
            credential["validUntil"] = _text(status.expires_at)
        if status.ttl:
            credential["credentialSubject"]["ttl"] = status.ttl * 1000
        return credential

    def prepare(self, status: StatusList, algorithm: str, x5c: tuple[bytes, ...], kid: str | None) -> ToBeSigned:
        """The list credential's signing input. By a DID, or by who has the list's address."""
        by_did = kid is not None and kid.startswith("did:")
        credential = self.credential(status, str(kid).partition("#")[0] if by_did else status.uri.rsplit("/", 2)[0])
        header: dict[str, Any] = {"alg": algorithm, "typ": "vc+jwt", "cty": "vc"}
        if x5c:
            header["x5c"] = render_chain(x5c)
        if kid:
            header["kid"] = kid
        return ToBeSigned(jwt.render(header, credential), algorithm, None)

    def seal(self, prepared: ToBeSigned, signature: bytes) -> bytes:
        """The compact token."""
        return jws.seal(prepared.payload, signature).encode()

    def decode(self, encoded: Any) -> bytes:
        """Multibase base64url of GZIP (section 3.4). Raises InvalidStatusList, Malformed."""
        if not isinstance(encoded, str) or not encoded.startswith("u"):
            raise InvalidStatusList("encodedList")
        packed = inflate(parse_b64url(encoded[1:]), gzip=True)
        if len(packed) < MIN_BYTES:
            raise InvalidStatusList("shorter than a list may be")
        return packed


def _size(claim: Mapping[str, Any]) -> tuple[int | None, tuple[str, ...]]:
    """Bits of a place, and what its values mean. More than one bit without it is nobody's to understand (2.1)."""
    size, messages = claim.get("statusSize"), claim.get("statusMessage")
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= 8):
        raise Malformed("statusSize")
    if (size or 1) > 1 or claim.get("statusPurpose") == "message":
        fitting = isinstance(messages, list) and len(messages) == 1 << (size or 1)
        if not fitting or not all(
            isinstance(one, dict) and isinstance(one.get("status"), str) for one in messages or ()
        ):
            raise Malformed("statusMessage")
    return size, _messages(messages)


def _messages(found: Any) -> tuple[str, ...]:
    """In the order of their values, where each value has one; what is told without them is the number."""
    try:
        named = {int(one["status"], 16): one["message"] for one in found or ()}
    except (TypeError, KeyError, ValueError):
        return ()
    ordered = [named.get(value) for value in range(len(named))]
    texts = tuple(one for one in ordered if isinstance(one, str))
    return texts if len(texts) == len(ordered) else ()


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
