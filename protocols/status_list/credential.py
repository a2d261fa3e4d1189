"""Lists that are credentials: Bitstring Status List 1.0, and StatusList2021 from which it came.

A list is secured as a JWT or by one Data Integrity proof; which of it is believed is for the caller to find out.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from protocols import data_integrity, json_ld, vc_jose_cose, vcdm
from protocols.data_integrity import Expectations
from protocols.encoding import parse_json_object
from protocols.errors import Malformed, ProtocolError
from protocols.jose import jws, jwt
from protocols.ports import KeyReference, StatusList, StatusReference
from protocols.ports.status import OpenedStatusList
from protocols.status_list.errors import InvalidStatusList
from protocols.status_list.packing import write_high_first
from protocols.vcdm import jwt as vc_jwt
from protocols.x509 import parse_chain

MIN_BYTES = 16_384
"""Below 131,072 places a list tells too much of who is asked about (Bitstring Status List 1.0, 2.2)."""
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
_MAX_INDEX = 2**31
_MOST = 1_000_000
_SKEW = 60
_JSON = ("application/vc", "application/vc+ld+json", "application/ld+json", "application/json")


@dataclass(frozen=True, slots=True)
class _Secured:
    """A list credential, whose key secures it, and the OpenedStatusList's own members about what was signed."""

    credential: Mapping[str, Any]
    signer: KeyReference
    algorithm: str
    signing_input: bytes = b""
    signature: bytes = b""
    by_proof: bool = False


class CredentialStatusList(ABC):
    """What both kinds have of `ports.StatusMechanism`: an entry, a list taken apart, places from the left."""

    name: ClassVar[str]
    member: ClassVar[str]
    list_type: ClassVar[str]
    credential_type: ClassVar[str]
    older: ClassVar[bool] = False
    """Whether the list may be a credential of VCDM 1.1 in a JWT."""
    reads: ClassVar[tuple[str, ...]] = _JSON

    @abstractmethod
    def decode(self, encoded: Any) -> bytes:
        """The bits of an encodedList. Raises InvalidStatusList, Malformed."""

    def reference(self, claim: Mapping[str, Any]) -> StatusReference:
        """An entry of credentialStatus (section 2.1). Raises Malformed."""
        index, uri, purpose = (claim.get(name) for name in ("statusListIndex", "statusListCredential", "statusPurpose"))
        if claim.get("type") != self.member or not isinstance(purpose, str) or not 1 <= len(purpose) <= 100:
            raise Malformed("status type or statusPurpose")
        if not isinstance(index, str) or not _INDEX.fullmatch(index) or int(index) >= _MAX_INDEX:
            raise Malformed("statusListIndex")
        if not isinstance(uri, str) or not 1 <= len(uri) <= 2048:
            raise Malformed("statusListCredential")
        return StatusReference(self.name, uri, int(index), purpose)

    def claim(self, reference: StatusReference) -> Mapping[str, Any]:
        """The entry of a credential."""
        return {
            "id": f"{reference.uri}#{reference.index}",
            "type": self.member,
            "statusPurpose": reference.purpose,
            "statusListIndex": str(reference.index),
            "statusListCredential": reference.uri,
        }

    def open(self, token: bytes, uri: str, now: datetime) -> OpenedStatusList:
        """Form, address, times, then bounded inflation (section 3.2). Raises InvalidStatusList."""
        try:
            return self._open(token.decode().strip(), uri, now)
        except InvalidStatusList:
            raise
        except (ProtocolError, UnicodeDecodeError) as error:
            raise InvalidStatusList(getattr(error, "detail", "") or type(error).__name__) from None

    def _open(self, text: str, uri: str, now: datetime) -> OpenedStatusList:
        if len(text) > _MOST:
            raise InvalidStatusList("too long")
        secured = _by_proof(text, now) if text.startswith("{") else self._by_jwt(text, now)
        credential = secured.credential
        if credential.get("id", uri) != uri or self.credential_type not in vcdm.types_of(credential):
            raise InvalidStatusList("id or type")
        vcdm.require_validity(credential, now, _SKEW)
        subject = credential["credentialSubject"]
        if not isinstance(subject, dict) or subject.get("type") != self.list_type:
            raise InvalidStatusList("credentialSubject")
        content = StatusList(
            uri,
            1,
            self.decode(subject.get("encodedList")),
            vcdm.valid_from(credential) or now,
            vcdm.valid_until(credential),
            _ttl(subject),
            purposes=_purposes(subject.get("statusPurpose")),
        )
        return OpenedStatusList(
            secured.signer,
            secured.algorithm,
            secured.signing_input,
            secured.signature,
            content,
            credential if secured.by_proof else None,
        )

    def _by_jwt(self, token: str, now: datetime) -> _Secured:
        """`vc+jwt`, which holds a credential of VCDM 2.0; without that type, one of 1.1 where there may be such."""
        signed = jws.parse(token)
        if self.older and signed.header.get("typ") in (None, "JWT"):
            beside = parse_json_object(signed.payload)
            credential: Mapping[str, Any] = vc_jwt.decode_credential(beside)
        else:
            opened = vc_jose_cose.open_secured("jwt", "vc", token)
            credential, beside = opened.document, dict(opened.beside)
        jwt.require_times(beside, now)
        header = signed.header
        signer = _signer(header, vcdm.issuer_of(credential))
        return _Secured(credential, signer, header["alg"], signed.signing_input, signed.signature)

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


def _by_proof(text: str, now: datetime) -> _Secured:
    """A credential with one proof, whose contexts are known ones: what names mean is nobody's to bring along."""
    credential = parse_json_object(text)
    json_ld.require_pinned(credential)
    vcdm.require_credential(credential)
    proofs = data_integrity.proofs_of(credential)
    if len(proofs) != 1:
        raise InvalidStatusList("more than one proof")
    data_integrity.require(proofs[0], Expectations("assertionMethod", now, skew=_SKEW))
    signer = KeyReference("did_url", proofs[0]["verificationMethod"], vcdm.issuer_of(credential))
    return _Secured(credential, signer, data_integrity.cryptosuite_of(proofs[0]), by_proof=True)


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


def _signer(header: Mapping[str, Any], issuer: str) -> KeyReference:
    """The key must be of whom the list names as its issuer."""
    if "x5c" in header:
        return KeyReference("x5c", parse_chain(header["x5c"]), issuer)
    kid = header.get("kid")
    if issuer.startswith("did:") and isinstance(kid, str):
        return KeyReference("did_url", kid if kid.startswith("did:") else f"{issuer}#{kid.removeprefix('#')}", issuer)
    return KeyReference("jwt_vc_issuer", kid, issuer)
