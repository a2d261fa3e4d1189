"""Taken apart, strictly and within bounds; nothing is believed here (RFC 9901, 4 and 8)."""

from collections.abc import Mapping
from typing import Any

from protocols.encoding import parse_b64url, parse_json, parse_json_object
from protocols.jose import jws
from protocols.sd_jwt.concealing import assemble
from protocols.sd_jwt.values import RESERVED, Disclosure, InvalidSdJwt, SdJwt

MAX_BYTES = 512_000
MAX_DISCLOSURES = 1000


def parse(text: Any) -> SdJwt:
    """A compact SD-JWT or SD-JWT+KB (4). Raises InvalidSdJwt, Malformed, AlgorithmNotAllowed."""
    if not isinstance(text, str) or len(text) > MAX_BYTES or not text.isascii():
        raise InvalidSdJwt("not a string of ASCII of acceptable length")
    issuer_jwt, *rest = text.split("~")
    if not rest:
        raise InvalidSdJwt("no tilde")
    if len(rest) > MAX_DISCLOSURES:
        raise InvalidSdJwt("too many disclosures")
    opened = jws.parse(issuer_jwt)
    return SdJwt(
        jws=opened,
        payload=parse_json_object(opened.payload),
        disclosures=tuple(read_disclosure(one) for one in rest[:-1]),
        key_binding=rest[-1] or None,
        presented=text[: len(text) - len(rest[-1])],
    )


def parse_json_form(value: Mapping[str, Any]) -> SdJwt:
    """The flattened or general JWS JSON serialization (8.1), by way of the compact form; of several
    signatures the first, which carries the disclosures, counts. Raises InvalidSdJwt.
    """
    signatures = value.get("signatures", [value])
    if not isinstance(signatures, list) or not signatures or not isinstance(signatures[0], Mapping):
        raise InvalidSdJwt("no signature")
    one, header = signatures[0], signatures[0].get("header", {})
    parts: list[Any] = [one.get("protected"), value.get("payload"), one.get("signature")]
    disclosures = header.get("disclosures", []) if isinstance(header, Mapping) else None
    if not isinstance(disclosures, list) or not all(isinstance(part, str) for part in [*parts, *disclosures]):
        raise InvalidSdJwt("not as section 8.1 says")
    key_binding = header.get("kb_jwt", "")
    if not isinstance(key_binding, str) or any("~" in part for part in [*parts, *disclosures, key_binding]):
        raise InvalidSdJwt("not as section 8.1 says")
    return parse(assemble(".".join(parts), disclosures, key_binding))


def read_disclosure(text: str) -> Disclosure:
    """One disclosure (4.2). Raises InvalidSdJwt, Malformed."""
    parts = parse_json(parse_b64url(text))
    if not isinstance(parts, list) or len(parts) not in (2, 3) or not isinstance(parts[0], str):
        raise InvalidSdJwt("a disclosure is an array of two or three with a salt")
    if len(parts) == 2:
        return Disclosure(text, None, parts[1])
    if not isinstance(parts[1], str) or parts[1] in RESERVED:
        raise InvalidSdJwt("name of a disclosure")
    return Disclosure(text, parts[1], parts[2])
