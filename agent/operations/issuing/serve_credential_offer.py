"""GET /credential-offers/{offer}: an offer by reference is fetched."""

from agent.operations.issuing.codes import digest
from agent.operations.issuing.create_credential_offer import offer_of
from agent.scope import Scope
from agent.scope.issuing import Offered
from protocols.errors import ProtocolError
from protocols.openid4vci.credential_offer import CredentialOffer


class OfferGone(ProtocolError):
    """The offer does not exist, was taken or has expired."""

    code = "invalid_request"
    status = 404


async def serve_credential_offer(scope: Scope, secret: str) -> CredentialOffer:
    """The offer while it can be taken. Raises OfferGone."""
    async with scope.unit() as unit:
        found: Offered | None = await unit.issuances.offered(digest(secret))
    if found is None:
        raise OfferGone()
    return offer_of(scope, found.id, found.credential_configuration_ids, found.grant_type, found.needs_tx_code)
