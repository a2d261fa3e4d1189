"""An mdoc made: items with random salts and ids, the security object over them (ISO/IEC 18013-5, 9.1.2)."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from protocols.cose.cbor import ENCODED, Tag, embed, encode
from protocols.cose.key import from_jwk
from protocols.cose.sign1 import X5CHAIN, PreparedSign1, prepare, seal
from protocols.mdoc.errors import InvalidMdoc
from protocols.mdoc.mso import DIGESTS
from protocols.mdoc.values import tdate

SALT = 32
DIGEST = "SHA-256"


@dataclass(frozen=True, slots=True)
class PreparedIssuerSigned:
    """`issuer_auth.payload` is what the key store signs; the items go into the credential."""

    issuer_auth: PreparedSign1
    namespaces: Mapping[str, Sequence[Any]]


def prepare_issuer_signed(
    doc_type: str,
    namespaces: Mapping[str, Mapping[str, Any]],
    device_key: Mapping[str, Any],
    x5c: Sequence[bytes],
    algorithm: str,
    validity: tuple[datetime, datetime, datetime],
    entropy: Callable[[int], bytes],
    status: Mapping[str, Any] | None = None,
) -> PreparedIssuerSigned:
    """Items and MSO. `namespaces` hold values for `encode`; `validity` is signed, validFrom, validUntil.

    Raises InvalidMdoc for an empty namespace, Malformed for a device key that is none.
    """
    if not namespaces or not all(namespaces.values()):
        raise InvalidMdoc("a namespace without elements")
    items = {name: _items(elements, entropy) for name, elements in namespaces.items()}
    signed, begins, ends = (tdate(moment) for moment in validity)
    security_object = {
        "version": "1.0",
        "digestAlgorithm": DIGEST,
        "valueDigests": {name: _digests(content) for name, content in items.items()},
        "deviceKeyInfo": {"deviceKey": from_jwk(device_key)},
        "docType": doc_type,
        "validityInfo": {"signed": signed, "validFrom": begins, "validUntil": ends},
        **({"status": dict(status)} if status else {}),
    }
    # RFC 9360, 2: one certificate stands alone, more in an array.
    unprotected = {X5CHAIN: x5c[0] if len(x5c) == 1 else list(x5c)}
    issuer_auth = prepare(embed(encode(security_object)), algorithm, unprotected=unprotected)
    return PreparedIssuerSigned(
        issuer_auth, {name: [Tag(ENCODED, one) for one in content] for name, content in items.items()}
    )


def _items(elements: Mapping[str, Any], entropy: Callable[[int], bytes]) -> list[bytes]:
    """In the order of their ids, which is a random one: neither says which element was left out."""
    shuffled = sorted(elements, key=lambda _name: entropy(16))
    return [
        encode(
            {
                "digestID": number,
                "random": entropy(SALT),
                "elementIdentifier": element,
                "elementValue": elements[element],
            }
        )
        for number, element in enumerate(shuffled)
    ]


def _digests(items: Sequence[bytes]) -> dict[int, bytes]:
    return {number: hashlib.new(DIGESTS[DIGEST], embed(one)).digest() for number, one in enumerate(items)}


def seal_issuer_signed(prepared: PreparedIssuerSigned, signature: bytes) -> bytes:
    """IssuerSigned, encoded."""
    return encode({"nameSpaces": dict(prepared.namespaces), "issuerAuth": seal(prepared.issuer_auth, signature)})
