"""The DIDs of ours that a peer may speak to: the present one, and for a while the one before or after it."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from agent.operations.messaging.envelope import Arrival
from agent.scope.connections import Connection
from protocols.didcomm.catalog import did_rotate

ROTATING = "rotating"
"""In a connection's data: the DID that we announced, by its row (`own`), and the thread that announces it (`thid`)."""
PRIOR = "prior_own"
"""In a connection's data: the DID that the present one follows, by its row, until the peer has used the present one."""


def heard_at(connection: Connection) -> frozenset[str]:
    """Rows of the DIDs of ours that the peer may speak to."""
    announced = connection.data.get(ROTATING, {}).get("own", "")
    return frozenset({str(connection.own_did or ""), connection.data.get(PRIOR, ""), announced}) - {""}


def followed(connection: Connection, arrival: Arrival) -> Connection:
    """What an authenticated message of version 1 says of our rotation (RFC 0794): the peer acknowledges the DID that we
    announced, or already speaks to it; refuses it; or needs the one before no more."""
    pending, message, at = connection.data.get(ROTATING), arrival.received.message, str(arrival.identity.own)
    if pending is not None:
        named = pending["thid"] in (message.thid, message.pthid)
        if at == pending["own"] or (message.type == did_rotate.ACK and named):
            data = {**without(connection, ROTATING), PRIOR: str(connection.own_did)}
            connection = replace(connection, own_did=UUID(pending["own"]), data=data)
        elif message.type == did_rotate.REPORT and named:
            return replace(connection, data=without(connection, ROTATING))
    if at == str(connection.own_did) and PRIOR in connection.data:
        return replace(connection, data=without(connection, PRIOR))
    return connection


async def retire(unit: Any, row: UUID, connection: UUID) -> None:
    """Hear nobody at a DID of ours any more, unless it serves others: many may have taken one invitation."""
    if all(one.id == connection for one in await unit.connections.using(row)):
        await unit.connections.retire_own_did(row)


def without(connection: Connection, *names: str) -> dict[str, Any]:
    """A connection's data but for some of its members."""
    return {name: value for name, value in connection.data.items() if name not in names}
