"""An issued mobile document taken apart (ISO/IEC 18013-5, 8.3.2.1.2.2 and 9.1.2; OpenID4VCI 1.0, A.2): nothing believed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509

from conformance.cbor import DATE_TIME, Tag, decode, encode, unembedded
from conformance.jose import Jwk, Key, Unreadable, b64u, unb64u, verifies
from conformance.mdoc import ALGORITHM, CHAIN
from conformance.x509 import Chain, jwk_of_leaf

DIGESTS = {"SHA-256": hashlib.sha256, "SHA-384": hashlib.sha384, "SHA-512": hashlib.sha512}
ALGORITHMS = {
    -7: "ES256",
    -9: "ES256",
    -35: "ES384",
    -51: "ES384",
    -36: "ES512",
    -52: "ES512",
    -8: "EdDSA",
    -19: "EdDSA",
}
_CURVES = {1: "P-256", 2: "P-384", 3: "P-521"}


@dataclass(frozen=True, slots=True)
class Element:
    """One IssuerSignedItem; `octets` is the tagged byte string that its digest goes over."""

    digest_id: int
    random: bytes
    identifier: str
    value: Any
    octets: bytes


@dataclass(frozen=True, slots=True)
class IssuedMdoc:
    """IssuerSigned; `key` is the key of the proof it was given for."""

    namespaces: Mapping[str, tuple[Element, ...]]
    protected_octets: bytes
    protected: Mapping[Any, Any]
    unprotected: Mapping[Any, Any]
    payload: bytes
    signature: bytes
    mso: Mapping[str, Any]
    key: Key

    @property
    def algorithm(self) -> Any:
        return self.protected.get(ALGORITHM)

    def chain(self) -> Chain:
        found = self.unprotected.get(CHAIN)
        encoded = [found] if isinstance(found, bytes) else found
        if not isinstance(encoded, list) or not encoded or not all(isinstance(one, bytes) for one in encoded):
            raise Unreadable("no x5chain (33) in the unprotected header")
        try:
            return tuple(x509.load_der_x509_certificate(one) for one in encoded)
        except ValueError as error:
            raise Unreadable(f"x5chain holds no certificate: {error}") from error

    def signed(self) -> bool:
        """Whether the leaf's key signed this (RFC 9052, 4.4)."""
        message = encode(["Signature1", self.protected_octets, b"", self.payload])
        return verifies(jwk_of_leaf(self.chain()), ALGORITHMS.get(self.algorithm), message, self.signature)

    def digest(self, element: Element) -> bytes:
        name = self.mso.get("digestAlgorithm")
        if name not in DIGESTS:
            raise Unreadable(f"digestAlgorithm {name!r}")
        return DIGESTS[name](element.octets).digest()

    def device_key(self) -> Jwk:
        found = self.member("deviceKeyInfo", "deviceKey")
        if not isinstance(found, dict) or found.get(1) != 2 or found.get(-1) not in _CURVES:
            raise Unreadable("deviceKey is no EC2 COSE_Key")
        if not isinstance(found.get(-2), bytes) or not isinstance(found.get(-3), bytes):
            raise Unreadable("deviceKey has no coordinates")
        return {"kty": "EC", "crv": _CURVES[found[-1]], "x": b64u(found[-2]), "y": b64u(found[-3])}

    def moment(self, name: str) -> datetime:
        """One of validityInfo: tdate, without a fraction of a second (9.1.2.4)."""
        found = self.member("validityInfo", name)
        if not isinstance(found, Tag) or found.number != DATE_TIME or not isinstance(found.value, str):
            raise Unreadable(f"validityInfo has no {name} that is a tdate")
        try:
            return datetime.strptime(found.value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError as error:
            raise Unreadable(f"{name} {found.value!r} is not YYYY-MM-DDThh:mm:ssZ") from error

    def member(self, *path: str) -> Any:
        found: Any = self.mso
        for name in path:
            if not isinstance(found, dict) or name not in found:
                raise Unreadable(f"the MobileSecurityObject has no {'.'.join(path)}")
            found = found[name]
        return found


def parse(text: str, key: Key) -> IssuedMdoc:
    """The credential of a credential response: base64url of IssuerSigned, without padding. Raises Unreadable."""
    document = decode(unb64u(text))
    if not isinstance(document, dict) or not {"nameSpaces", "issuerAuth"} <= document.keys():
        raise Unreadable("no IssuerSigned with nameSpaces and issuerAuth")
    auth = document["issuerAuth"]
    if not isinstance(auth, list) or [type(one) for one in auth] != [bytes, dict, bytes, bytes]:
        raise Unreadable("issuerAuth is no untagged COSE_Sign1 with its payload in it")
    protected_octets, unprotected, payload, signature = auth
    protected, mso = decode(protected_octets), unembedded(decode(payload))
    if not isinstance(protected, dict) or not isinstance(mso, dict):
        raise Unreadable("a protected header or a MobileSecurityObject that is no map")
    namespaces = _namespaces(document["nameSpaces"])
    return IssuedMdoc(namespaces, protected_octets, protected, unprotected, payload, signature, mso, key)


def _namespaces(found: Any) -> Mapping[str, tuple[Element, ...]]:
    if not isinstance(found, dict) or not all(isinstance(items, list) for items in found.values()):
        raise Unreadable("nameSpaces is no map of arrays")
    return {name: tuple(_element(one) for one in items) for name, items in found.items()}


def _element(item: Any) -> Element:
    members = unembedded(item)
    if not isinstance(members, dict):
        raise Unreadable("an IssuerSignedItem that is no map")
    try:
        return Element(
            int(members["digestID"]),
            bytes(members["random"]),
            str(members["elementIdentifier"]),
            members["elementValue"],
            item.octets,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"an IssuerSignedItem without its members: {error}") from error
