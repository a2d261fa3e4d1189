"""Mobile documents as a wallet holds and shows them (ISO/IEC 18013-5; OpenID4VP 1.0, B.2), on the suite's own CBOR.

Every part is built from what it is given, true or not: a check changes one part, and signs the rest honestly.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from conformance.cbor import DATE_TIME, Raw, Tag, embedded, encode
from conformance.jose import Jwk, Key, b64u, unb64u

ES256 = -7
ALGORITHM, CHAIN = 1, 33
"""Labels of COSE headers (RFC 9052, 3.1; RFC 9360)."""


@dataclass(frozen=True, slots=True)
class Item:
    """One IssuerSignedItem; `encoded` is what the digest goes over, unless a check has other bytes shown."""

    digest_id: int
    element: str
    encoded: bytes

    @property
    def shown(self) -> Tag:
        return Tag(24, self.encoded)


def item(digest_id: int, element: str, value: Any) -> Item:
    members = {
        "digestID": digest_id,
        "random": secrets.token_bytes(24),
        "elementIdentifier": element,
        "elementValue": value,
    }
    return Item(digest_id, element, encode(members))


@dataclass(frozen=True, slots=True)
class Mdoc:
    """A document in the wallet: the items by namespace, the issuer's signature over their digests, the device's key."""

    doctype: str
    items: Mapping[str, tuple[Item, ...]]
    issuer_auth: Any
    key: Key

    def showing(self, namespace: str, *items: Item) -> "Mdoc":
        """With these items under a namespace, whatever was signed."""
        return replace(self, items={**self.items, namespace: items})


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs a security object, and which parts of it are not as they should be."""

    key: Key
    chain: tuple[bytes, ...]
    mso: Mapping[str, Any] = field(default_factory=dict)
    protected: Mapping[int, Any] = field(default_factory=lambda: {ALGORITHM: ES256})
    unprotected: Mapping[int, Any] = field(default_factory=dict)


def issue(
    doctype: str, elements: Mapping[str, Mapping[str, Any]], device: Key, signing: Signing, validity: tuple[int, int]
) -> Mdoc:
    """A document of these elements; `validity` are the seconds since 1970 between which it is valid."""
    numbered = iter(range(10_000))
    items = {
        namespace: tuple(item(next(numbered), name, value) for name, value in members.items())
        for namespace, members in elements.items()
    }
    begins, ends = map(date_time, validity)
    mso = {
        "version": "1.0",
        "digestAlgorithm": "SHA-256",
        "valueDigests": digests(items),
        "deviceKeyInfo": {"deviceKey": cose_key(device.jwk)},
        "docType": doctype,
        "validityInfo": {"signed": begins, "validFrom": begins, "validUntil": ends},
        **signing.mso,
    }
    chain = signing.chain[0] if len(signing.chain) == 1 else list(signing.chain)
    unprotected = {**({CHAIN: chain} if signing.chain else {}), **signing.unprotected}
    auth = sign1(signing.key, encode(embedded(mso)), signing.protected, unprotected)
    return Mdoc(doctype, items, auth, device)


def digests(items: Mapping[str, tuple[Item, ...]]) -> dict[str, dict[int, bytes]]:
    """valueDigests (9.1.2.4): SHA-256 over each IssuerSignedItemBytes."""
    return {
        namespace: {one.digest_id: hashlib.sha256(encode(one.shown)).digest() for one in members}
        for namespace, members in items.items()
    }


def date_time(moment: int) -> Tag:
    return Tag(DATE_TIME, datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def cose_key(jwk: Jwk) -> dict[int, Any]:
    """A P-256 key as COSE_Key (RFC 9053, 7.1)."""
    return {1: 2, -1: 1, -2: unb64u(jwk["x"]), -3: unb64u(jwk["y"])}


def sign1(
    key: Key,
    payload: bytes,
    protected: Mapping[int, Any],
    unprotected: Mapping[int, Any],
    *,
    detached: bool = False,
) -> list[Any]:
    """COSE_Sign1 (RFC 9052, 4.2), its payload left out when `detached`."""
    header = encode(dict(protected)) if protected else b""
    signature = key.sign(encode(["Signature1", header, b"", payload]))
    return [header, dict(unprotected), None if detached else payload, signature]


# Sessions (OpenID4VP 1.0, B.2.6)


def redirect_transcript(client_id: str, nonce: str, thumbprint: bytes | None, response_uri: str) -> bytes:
    """SessionTranscript of a redirect or a direct_post (B.2.6.1); `thumbprint` of the encryption key, if any."""
    return _transcript("OpenID4VPHandover", [client_id, nonce, thumbprint, response_uri])


def dc_api_transcript(origin: str, nonce: str, thumbprint: bytes | None) -> bytes:
    """SessionTranscript of the Digital Credentials API (B.2.6.2); `origin` without a prefix."""
    return _transcript("OpenID4VPDCAPIHandover", [origin, nonce, thumbprint])


def _transcript(name: str, info: list[Any]) -> bytes:
    return encode([None, None, [name, hashlib.sha256(encode(info)).digest()]])


@dataclass(frozen=True, slots=True)
class Shown:
    """How a document is shown: which elements by namespace (all of them when None), and what is not as it should be."""

    elements: Mapping[str, frozenset[str]] | None = None
    doctype: str | None = None
    signer: Key | None = None
    device_elements: Mapping[str, Any] = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=dict)
    copies: int = 1


def device_response(mdoc: Mdoc, transcript: bytes, shown: Shown | None = None) -> bytes:
    """A DeviceResponse whose device signed the session (8.3.2.1.2.2 and 9.1.3)."""
    how = shown or Shown()
    doctype = how.doctype or mdoc.doctype
    namespaces = embedded(dict(how.device_elements))
    signed = encode(embedded(["DeviceAuthentication", Raw(transcript), doctype, namespaces]))
    signature = sign1(how.signer or mdoc.key, signed, {ALGORITHM: ES256}, {}, detached=True)
    document = {
        "docType": doctype,
        "issuerSigned": {"nameSpaces": _shown(mdoc, how), "issuerAuth": mdoc.issuer_auth},
        "deviceSigned": {"nameSpaces": namespaces, "deviceAuth": {"deviceSignature": signature}},
    }
    return encode({"version": "1.0", "documents": [document] * how.copies, "status": 0, **how.members})


def _shown(mdoc: Mdoc, how: Shown) -> dict[str, list[Tag]]:
    chosen = {
        name: [one.shown for one in items if how.elements is None or one.element in how.elements.get(name, ())]
        for name, items in mdoc.items.items()
    }
    return {name: items for name, items in chosen.items() if items}


def encoded(response: bytes) -> str:
    """As it stands in a vp_token (B.2.5)."""
    return b64u(response)
