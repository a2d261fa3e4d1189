"""Credential Offers (OpenID4VCI 1.0, 4.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from protocols.encoding import render_json
from protocols.http import NO_STORE, Call, Reply, json_reply
from protocols.oauth.token import PRE_AUTHORIZED_CODE

SCHEME = "openid-credential-offer://"
MEDIA_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class TxCode:
    """How the wallet asks its user for the transaction code (4.1.1)."""

    length: int
    input_mode: str = "numeric"
    description: str | None = None


@dataclass(frozen=True, slots=True)
class CredentialOffer:
    """An offer by pre-authorized code, or by authorization code when `issuer_state` is set instead."""

    credential_issuer: str
    credential_configuration_ids: tuple[str, ...]
    pre_authorized_code: str | None = None
    tx_code: TxCode | None = None
    issuer_state: str | None = None


def as_json(offer: CredentialOffer) -> dict[str, Any]:
    """The offer as a JSON object."""
    grants: dict[str, Any] = {}
    if offer.pre_authorized_code is not None:
        code = {"pre-authorized_code": offer.pre_authorized_code}
        grants[PRE_AUTHORIZED_CODE] = {**code, **_tx_code(offer.tx_code)}
    if offer.issuer_state is not None:
        grants["authorization_code"] = {"issuer_state": offer.issuer_state}
    return {
        "credential_issuer": offer.credential_issuer,
        "credential_configuration_ids": list(offer.credential_configuration_ids),
        "grants": grants,
    }


def _tx_code(tx_code: TxCode | None) -> Mapping[str, Any]:
    if tx_code is None:
        return {}
    shown: dict[str, Any] = {"input_mode": tx_code.input_mode, "length": tx_code.length}
    if tx_code.description:
        shown["description"] = tx_code.description
    return {"tx_code": shown}


def by_value(offer: CredentialOffer) -> str:
    """The link that carries the offer (4.1.2)."""
    return f"{SCHEME}?credential_offer={quote(render_json(as_json(offer)).decode(), safe='')}"


def by_reference(uri: str) -> str:
    """The link that says where the offer is (4.1.3)."""
    return f"{SCHEME}?credential_offer_uri={quote(uri, safe='')}"


@dataclass(frozen=True, slots=True)
class OfferFetch:
    """The secret part of a credential_offer_uri, and the address that asks."""

    secret: str
    peer: str


def parse(call: Call) -> OfferFetch:
    """The GET of 4.1.3."""
    return OfferFetch(call.path["offer"], call.peer)


def render(offer: CredentialOffer) -> Reply:
    """The Credential Offer Object as fetched (4.1.3)."""
    return json_reply(as_json(offer), headers=NO_STORE)
