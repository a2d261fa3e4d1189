"""GET /credential-offers/{offer}: an offer by reference is fetched."""

from agent.operations.issuing.codes import digest
from agent.operations.issuing.create_credential_offer import offer_of
from agent.operations.issuing.guessing import count_miss
from agent.scope import Scope
from agent.scope.issuing import Offered
from protocols.errors import ProtocolError
from protocols.openid4vci.credential_offer import CredentialOffer, OfferFetch


class UnknownOffer(ProtocolError):
    """There is no such offer."""

    code = "invalid_request"
    status = 404


class OfferExpired(ProtocolError):
    """The offer has expired."""

    code = "invalid_request"
    status = 410


async def serve_credential_offer(scope: Scope, fetch: OfferFetch) -> CredentialOffer:
    """The offer while it can be taken.

    Raises OfferExpired for one that ended, however it did; UnknownOffer, and TooManyAttempts for who goes on guessing.
    """
    async with scope.unit() as unit:
        found: Offered | None = await unit.issuances.offered(digest(fetch.secret))
    if found is None:
        await count_miss(scope, "credential_offer", fetch.peer)
        raise UnknownOffer()
    if not found.open:
        raise OfferExpired()
    return offer_of(scope, found.id, found.credential_configuration_ids, found.grant_type, found.needs_tx_code)
