"""Bitstring Status List 1.0: a list that is a credential of VCDM 2.0 itself, secured as `vc+jwt`."""

import gzip
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from protocols import vc_jose_cose, vcdm
from protocols.encoding import b64url, parse_b64url
from protocols.errors import Malformed, ProtocolError
from protocols.jose import jws, jwt
from protocols.ports import KeyReference, PluginTools, StatusList, StatusReference, ToBeSigned
from protocols.ports.status import OpenedStatusList
from protocols.status_list import InvalidStatusList, inflate, write_high_first
from protocols.vcdm import V2
from protocols.x509 import parse_chain, render_chain

ENTRY, LIST, CREDENTIAL = "BitstringStatusListEntry", "BitstringStatusList", "BitstringStatusListCredential"
MIN_BYTES = 16_384
"""Below 131,072 places a list tells too much of who is asked about (section 2.2)."""
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
_MAX_INDEX = 2**31
_SKEW = 60


class BitstringStatusList:
    """`ports.StatusMechanism`."""

    name: ClassVar[str] = "bitstring_status_list"
    member: ClassVar[str] = ENTRY
    media_type: ClassVar[str] = "application/vc+jwt"
    signs_by_did: ClassVar[bool] = True

    def __init__(self, _tools: PluginTools) -> None:
        pass

    def reference(self, claim: Mapping[str, Any]) -> StatusReference:
        """An entry of credentialStatus (section 2.1). Raises Malformed."""
        index, uri, purpose = (claim.get(name) for name in ("statusListIndex", "statusListCredential", "statusPurpose"))
        if claim.get("type") != ENTRY or not isinstance(purpose, str) or not 1 <= len(purpose) <= 100:
            raise Malformed("status type or statusPurpose")
        if not isinstance(index, str) or not _INDEX.fullmatch(index) or int(index) >= _MAX_INDEX:
            raise Malformed("statusListIndex")
        if not isinstance(uri, str) or not 1 <= len(uri) <= 2048:
            raise Malformed("statusListCredential")
        return StatusReference(self.name, uri, int(index), purpose, _size(claim))

    def claim(self, reference: StatusReference) -> Mapping[str, Any]:
        """The entry of a credential."""
        return {
            "id": f"{reference.uri}#{reference.index}",
            "type": ENTRY,
            "statusPurpose": reference.purpose,
            "statusListIndex": str(reference.index),
            "statusListCredential": reference.uri,
        }

    def prepare(self, status: StatusList, algorithm: str, x5c: tuple[bytes, ...], kid: str | None) -> ToBeSigned:
        """The list credential's signing input (section 2.2). By a DID, or by who has the list's address."""
        by_did = kid is not None and kid.startswith("did:")
        credential: dict[str, Any] = {
            "@context": [V2],
            "id": status.uri,
            "type": ["VerifiableCredential", CREDENTIAL],
            "issuer": str(kid).partition("#")[0] if by_did else status.uri.rsplit("/", 2)[0],
            "validFrom": _text(status.issued_at),
            "credentialSubject": {
                "id": f"{status.uri}#list",
                "type": LIST,
                "statusPurpose": "revocation",
                "encodedList": "u" + b64url(gzip.compress(status.packed, 9, mtime=0)),
            },
        }
        if status.expires_at:
            credential["validUntil"] = _text(status.expires_at)
        if status.ttl:
            credential["credentialSubject"]["ttl"] = status.ttl * 1000
        header: dict[str, Any] = {"alg": algorithm, "typ": "vc+jwt", "cty": "vc"}
        if x5c:
            header["x5c"] = render_chain(x5c)
        if kid:
            header["kid"] = kid
        return ToBeSigned(jwt.render(header, credential), algorithm, None)

    def seal(self, prepared: ToBeSigned, signature: bytes) -> bytes:
        """The compact token."""
        return jws.seal(prepared.payload, signature).encode()

    def open(self, token: bytes, uri: str, now: datetime) -> OpenedStatusList:
        """Form, address, times, then bounded inflation (section 3.2). Raises InvalidStatusList."""
        try:
            return self._open(token.decode("ascii").strip(), uri, now)
        except InvalidStatusList:
            raise
        except (ProtocolError, UnicodeDecodeError) as error:
            raise InvalidStatusList(getattr(error, "detail", "") or type(error).__name__) from None

    def _open(self, token: str, uri: str, now: datetime) -> OpenedStatusList:
        opened = vc_jose_cose.open_secured("jwt", "vc", token)
        credential = opened.document
        if credential.get("id", uri) != uri or CREDENTIAL not in vcdm.types_of(credential):
            raise InvalidStatusList("id or type")
        jwt.require_times(opened.beside, now)
        vcdm.require_validity(credential, now, _SKEW)
        subject = credential["credentialSubject"]
        if not isinstance(subject, dict) or subject.get("type") != LIST:
            raise InvalidStatusList("credentialSubject")
        content = StatusList(
            uri,
            1,
            decode(subject.get("encodedList")),
            vcdm.valid_from(credential) or now,
            vcdm.valid_until(credential),
            _ttl(subject),
            purposes=_purposes(subject.get("statusPurpose")),
        )
        header, signed = opened.content.header, opened.content
        signer = _signer(header, vcdm.issuer_of(credential))
        return OpenedStatusList(signer, header["alg"], signed.signing_input, signed.signature, content)

    def read(self, status: StatusList, index: int) -> int:
        """The value at the index, most significant bit first, of any size (section 3.2). Raises InvalidStatusList."""
        first = index * status.bits
        if index < 0 or first + status.bits > len(status.packed) * 8:
            raise InvalidStatusList("index out of range")
        byte, end = first // 8, (first + status.bits + 7) // 8
        window = int.from_bytes(status.packed[byte:end], "big")
        return window >> (end * 8 - first - status.bits) & ((1 << status.bits) - 1)

    def write(self, packed: bytearray, bits: int, index: int, value: int) -> None:
        """Set one place. Raises ValueError for a value, InvalidStatusList for a place that does not fit."""
        write_high_first(packed, bits, index, value)


def decode(encoded: Any) -> bytes:
    """The bits of an encodedList: multibase base64url of GZIP (section 3.4). Raises InvalidStatusList, Malformed."""
    if not isinstance(encoded, str) or not encoded.startswith("u"):
        raise InvalidStatusList("encodedList")
    packed = inflate(parse_b64url(encoded[1:]), gzip=True)
    if len(packed) < MIN_BYTES:
        raise InvalidStatusList("shorter than a list may be")
    return packed


def _size(claim: Mapping[str, Any]) -> int | None:
    """Bits of a place. More than one says with what messages; a size without them is nobody's to understand (2.1)."""
    size, messages = claim.get("statusSize"), claim.get("statusMessage")
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= 8):
        raise Malformed("statusSize")
    if (size or 1) > 1 or claim.get("statusPurpose") == "message":
        fitting = isinstance(messages, list) and len(messages) == 1 << (size or 1)
        if not fitting or not all(
            isinstance(one, dict) and isinstance(one.get("status"), str) for one in messages or ()
        ):
            raise Malformed("statusMessage")
    return size


def _purposes(value: Any) -> tuple[str, ...]:
    found = value if isinstance(value, list) else [value]
    if not 1 <= len(found) <= 20 or not all(isinstance(one, str) for one in found):
        raise InvalidStatusList("statusPurpose")
    return tuple(found)


def _ttl(subject: Mapping[str, Any]) -> int | None:
    """Seconds, of milliseconds."""
    value = subject.get("ttl")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise InvalidStatusList("ttl")
    return max(1, value // 1000)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _signer(header: Mapping[str, Any], issuer: str) -> KeyReference:
    """The key must be of whom the list names as its issuer."""
    if "x5c" in header:
        return KeyReference("x5c", parse_chain(header["x5c"]), issuer)
    kid = header.get("kid")
    if issuer.startswith("did:") and isinstance(kid, str):
        return KeyReference("did_url", kid if kid.startswith("did:") else f"{issuer}#{kid.removeprefix('#')}", issuer)
    return KeyReference("jwt_vc_issuer", kid, issuer)
