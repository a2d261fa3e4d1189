"""Credential offers: how the target mints one, and how a wallet reads it (OpenID4VCI 1.0, section 4.1)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from conformance.http import Answer, https_or_loopback
from conformance.jose import Unreadable, read_object
from conformance.session import Session, standing
from conformance.target import CreationFailed
from conformance.verdict import Blocked, skip


@dataclass(frozen=True, slots=True)
class OfferUri:
    """What the issuer's door gave: the URI for the wallet, a tx_code told to the person another way, and its own id."""

    uri: str
    tx_code: str | None
    id: str | None = None

    def parameters(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.uri).query, keep_blank_values=True)


async def offer_uri(session: Session, kind: str = "offer") -> OfferUri:
    door = session.target.offers.get(kind)
    if door is None:
        skip(f"the target file has no [issuer.{kind}]")
    try:
        fields = await door.open(session.http, {"configuration": session.target.configuration or ""})
    except (CreationFailed, Unreadable) as error:
        raise Blocked(f"creating an offer ({kind}): {error}") from error
    tx_code = fields.get("tx_code")
    session.mask.learn(tx_code)
    return OfferUri(str(fields["uri"]), str(tx_code) if tx_code is not None else None, fields.get("id"))


async def fetch_offer(session: Session, offer: OfferUri) -> Answer:
    url = offer.parameters().get("credential_offer_uri", [""])[0]
    if not https_or_loopback(url):
        raise Blocked(f"the offer names no usable credential_offer_uri: {url!r}")
    return await session.http.get(url, {"Accept": "application/json"})


async def credential_offer(session: Session, offer: OfferUri) -> dict[str, Any]:
    """The Credential Offer object, whichever way it is passed (section 4.1)."""
    by_value = offer.parameters().get("credential_offer")
    try:
        return read_object(by_value[0]) if by_value else standing(await fetch_offer(session, offer))
    except Unreadable as error:
        raise Blocked(f"credential offer: {error}") from error


async def offered_state(session: Session) -> str:
    """issuer_state of a new offer by authorization code."""
    offer = await credential_offer(session, await offer_uri(session, "offer_by_code"))
    grant = offer.get("grants", {}).get("authorization_code")
    if not isinstance(grant, dict) or not isinstance(grant.get("issuer_state"), str):
        raise Blocked("the offer by code has no issuer_state")
    return str(grant["issuer_state"])
