"""A mediator routes for us: asked for, and told of every DID that is reached through it."""

from uuid import UUID

from agent.operations.messaging.begin_protocol import BeginProtocol, NoConnection, begin_protocol
from agent.operations.messaging.mediator_line import Mediator, exchange, mediator_of, message_to
from agent.scope import Scope
from agent.scope.mediating import Mediation
from agent.scope.messaging import Undeliverable

COORDINATION = "https://didcomm.org/coordinate-mediation/3.0"


async def request_mediation(scope: Scope, connection: UUID) -> UUID:
    """Ask the peer of a connection to route for us; the thread. What it grants is stored when it answers."""
    return await begin_protocol(scope, BeginProtocol(connection, "coordinate-mediation-3"))


async def mediation_with(scope: Scope, connection: UUID) -> Mediation:
    """What a mediator granted us. Raises NoConnection."""
    async with scope.unit() as unit:
        found: Mediation | None = await unit.mediations.of(connection, "recipient")
    if found is None:
        raise NoConnection("this peer does not route for us")
    return found


async def register_recipient(scope: Scope, mediation: Mediation, did: str, action: str = "add") -> None:
    """Have the mediator route for a DID of ours, confirmed before the DID is shown to anybody. Raises Undeliverable."""
    mediator: Mediator = await mediator_of(scope, mediation)
    updates = {"updates": [{"recipient_did": did, "action": action}]}
    answer = await exchange(scope, mediator, message_to(scope, mediator, f"{COORDINATION}/recipient-update", updates))
    updated = answer.body.get("updated") if answer else None
    results = {one.get("result") for one in updated if isinstance(one, dict)} if isinstance(updated, list) else set()
    if not results or not results <= {"success", "no_change"}:
        raise Undeliverable("mediator does not route for this DID")
