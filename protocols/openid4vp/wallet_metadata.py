"""What a wallet says it can do (OpenID4VP 1.0, 10), and what of a request fits it (5.10)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from protocols.dcql.query import DcqlQuery
from protocols.encoding import parse_json_object
from protocols.errors import Malformed, ProtocolError
from protocols.jose import jwk as jwks
from protocols.openid4vp.authorization_request import ENCODINGS, ENCRYPTED, AuthorizationRequest

_LONGEST = 100
_LISTS = (
    "response_types_supported",
    "response_modes_supported",
    "client_id_prefixes_supported",
    "request_object_signing_alg_values_supported",
    "authorization_encryption_alg_values_supported",
    "authorization_encryption_enc_values_supported",
    "request_object_encryption_alg_values_supported",
    "request_object_encryption_enc_values_supported",
)


class UnfitWallet(ProtocolError):
    """The wallet cannot answer this request."""


@dataclass(frozen=True, slots=True)
class WalletMetadata:
    """What was stated, lists of texts by name; `encryption_key` is for the Request Object."""

    lists: Mapping[str, tuple[str, ...]]
    vp_formats_supported: Mapping[str, Mapping[str, Any]] | None
    encryption_key: Mapping[str, Any] | None


def read(text: str) -> WalletMetadata:
    """The JSON text. Unknown members are ignored. Raises Malformed, UnfitWallet when no key of its jwks can be used."""
    found = parse_json_object(text)
    lists = {name: _texts(found[name], name) for name in _LISTS if name in found}
    formats = found.get("vp_formats_supported")
    if formats is not None and not (
        isinstance(formats, dict) and all(isinstance(one, dict) for one in formats.values())
    ):
        raise Malformed("vp_formats_supported")
    return WalletMetadata(lists, formats, _encryption_key(found["jwks"]) if "jwks" in found else None)


def _texts(value: Any, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > _LONGEST or not all(isinstance(one, str) for one in value):
        raise Malformed(name)
    return tuple(value)


def _encryption_key(value: Any) -> Mapping[str, Any]:
    """The first P-256 key that is for encryption."""
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list) or len(keys) > _LONGEST or not all(isinstance(one, dict) for one in keys):
        raise Malformed("jwks")
    for key in keys:
        if key.get("crv") == "P-256" and key.get("use", "enc") == "enc" and key.get("alg", "ECDH-ES") == "ECDH-ES":
            kid = {"kid": key["kid"]} if isinstance(key.get("kid"), str) else {}
            return {**jwks.public(key), **kid}
    raise UnfitWallet("no key that the Request Object can be encrypted to")


def negotiate(
    request: AuthorizationRequest, query: DcqlQuery, prefix: str, algorithm: str, wallet: WalletMetadata
) -> AuthorizationRequest:
    """The request, narrowed to what the wallet can do. Raises UnfitWallet; what it does not state it is taken to do."""
    _require(wallet, "response_types_supported", "vp_token")
    _require(wallet, "response_modes_supported", request.response_mode)
    _require(wallet, "client_id_prefixes_supported", prefix)
    _require(wallet, "request_object_signing_alg_values_supported", algorithm)
    if wallet.vp_formats_supported is not None:
        for asked in query.credentials:
            _require_format(request.vp_formats_supported.get(asked.format, {}), asked.format, wallet)
    if request.response_mode not in ENCRYPTED:
        return request
    _require(wallet, "authorization_encryption_alg_values_supported", "ECDH-ES")
    return replace(request, encodings=_common(wallet, "authorization_encryption_enc_values_supported"))


def object_encoding(wallet: WalletMetadata) -> str:
    """The content encryption of the Request Object. Raises UnfitWallet."""
    _require(wallet, "request_object_encryption_alg_values_supported", "ECDH-ES")
    return _common(wallet, "request_object_encryption_enc_values_supported")[0]


def _common(wallet: WalletMetadata, name: str) -> tuple[str, ...]:
    stated: Sequence[str] = wallet.lists.get(name, ENCODINGS)
    found = tuple(one for one in ENCODINGS if one in stated)
    if not found:
        raise UnfitWallet(name)
    return found


def _require(wallet: WalletMetadata, name: str, value: str) -> None:
    if name in wallet.lists and value not in wallet.lists[name]:
        raise UnfitWallet(name)


def _require_format(ours: Mapping[str, Any], format_: str, wallet: WalletMetadata) -> None:
    """The format is known there, and of each list of algorithms that both sides state one is common (appendix B)."""
    theirs = (wallet.vp_formats_supported or {}).get(format_)
    if theirs is None:
        raise UnfitWallet("vp_formats_supported")
    for name, values in ours.items():
        stated = theirs.get(name)
        if isinstance(values, list) and isinstance(stated, list) and not any(one in stated for one in values):
            raise UnfitWallet(name)
