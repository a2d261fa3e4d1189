"""By what the tenant calls itself as a verifier, and where its requests and their answers go."""

from uuid import UUID

from agent.operations.verifying import secrets
from agent.scope import Scope
from protocols.errors import ProtocolError
from protocols.openid4vp.authorization_request import FRAGMENT
from protocols.ports import ClientIdentity, ClientIdPrefix

UNSIGNED = "origin"
"""The reserved prefix of who is known by a web origin alone: requests over the DC API that nobody signs (A.2)."""


class UnknownPrefix(ProtocolError):
    """The client identifier prefix is not known or not possible here."""

    code = "unknown_client_id_prefix"
    status = 422


def prefix_of(scope: Scope, name: str) -> ClientIdPrefix:
    """Raises UnknownPrefix."""
    found: ClientIdPrefix | None = scope.plugins["client_id_prefixes"].get(name)
    if found is None:
        raise UnknownPrefix(name)
    return found


async def identity_of(scope: Scope, answer_uri: str) -> ClientIdentity:
    """What the tenant may call itself by. Its DID is its key's own: it can be resolved where no server is reached."""
    key, settings = scope.catalogue.key("verifier"), scope.catalogue.verifier
    by_key = scope.plugins["did_methods"].get("jwk")
    did_url = None
    if by_key is not None:
        did_url = f"{(await by_key.create({key.kid: key.jwk}, {})).id}#0"
    return ClientIdentity(
        answer_uri,
        scope.catalogue.dns_names,
        key.x5c,
        did_url,
        key.jwk,
        key.kid,
        settings.attestation,
        settings.client_id,
    )


def answer_uri(scope: Scope, request: UUID, response_mode: str) -> str:
    """Where the wallet posts its answer, or sends the browser with it."""
    if response_mode == FRAGMENT:
        return f"{page_uri(scope, request)}/return"
    return f"{scope.tenant.base_url}/presentation-responses/{secrets.reference(scope.vault, request, 'response')}"


def request_uri(scope: Scope, request: UUID) -> str:
    """Where the wallet gets the Request Object."""
    return f"{scope.tenant.base_url}/presentation-requests/{secrets.reference(scope.vault, request, 'request')}"


def page_uri(scope: Scope, request: UUID) -> str:
    """Where a person's browser begins, and comes back to."""
    return f"{scope.tenant.base_url}/present/{secrets.reference(scope.vault, request, 'browser')}"
