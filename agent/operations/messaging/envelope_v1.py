"""DIDComm v1 envelopes; private keys stay in the key store.

On the wire are keys and no DIDs: a key of ours leads to a DID of ours, a key of the peer to a connection. A peer with
whom there is none yet is called by the did:key of its key.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from agent.operations.messaging.envelope import Arrival
from agent.operations.messaging.identity import VERSION_1, identity_from
from agent.operations.messaging.own_dids import heard_at
from agent.operations.messaging.peers import resolve
from agent.operations.messaging.threads import new_id
from agent.scope import Scope
from agent.scope.connections import Connection, OwnDid
from agent.scope.messaging import Identity, Undeliverable
from agent.scope.tenants import SigningKey
from protocols.did import multikey, parse_did
from protocols.didcomm.catalog.did_rotate import ACK as ROTATED
from protocols.didcomm.catalog.routing import FORWARD_1
from protocols.didcomm.ciphers import CannotOpen
from protocols.didcomm.envelope import Received, Trail
from protocols.didcomm.message import Message
from protocols.didcomm.routing import MAX_ROUTING_KEYS, Endpoint
from protocols.didcomm.v1 import message as wire
from protocols.didcomm.v1 import pack, services
from protocols.didcomm.v1.pack import Addressee
from protocols.didcomm.v1.services import Service
from protocols.encoding import parse_json_object
from protocols.errors import ProtocolError
from protocols.ports.keys import KeyStoreUnavailable

LEAVING = "leaving"
_HOSTED = frozenset({"web", "webvh"})


class EnvelopeV1:
    """`Envelopes` of version 1."""

    version: int = 1
    media_type: str = pack.MEDIA_TYPE
    media_types: frozenset[str] = frozenset({pack.MEDIA_TYPE, pack.OLD_MEDIA_TYPE})

    def fits(self, octets: bytes) -> bool:
        """See `Envelopes`."""
        return pack.fits(octets)

    async def open(self, scope: Scope, octets: bytes) -> Arrival:
        """See `Envelopes`."""
        try:
            return await _open(scope, octets)
        except (CannotOpen, KeyStoreUnavailable):
            raise
        except ProtocolError as error:
            raise CannotOpen(error.detail) from None

    async def pack(
        self, scope: Scope, identity: Identity, message: Message, connection: Connection | None = None
    ) -> bytes:
        """Authcrypt for the keys of the connection's service."""
        service = (await _services(scope, identity.own, message, connection))[0]
        ours = key_of(identity)
        addressees = []
        for key in service.recipient_keys:
            jwk = multikey.from_base58(key, "Ed25519")
            addressees.append(Addressee(jwk, await scope.keys.agree(ours.handle, multikey.x25519_of(jwk))))
        fresh = scope.entropy(pack.FRESH_OCTETS + len(addressees) * pack.RECIPIENT_OCTETS)
        return pack.pack(wire.render(message), addressees, fresh, ours.jwk)

    async def endpoints(self, scope: Scope, message: Message) -> tuple[Endpoint, ...]:
        """See `Envelopes`."""
        own = await _own(scope, message.from_)
        return tuple(
            Endpoint(service.endpoint, service.routing_keys)
            for service in await _services(scope, own.id if own else None, message)
        )

    async def wrap(self, scope: Scope, endpoint: Endpoint, message: Message, packed: bytes) -> tuple[str, bytes]:
        """A forward for each routing key, the first one innermost (RFC 0094)."""
        if len(endpoint.routing_keys) > MAX_ROUTING_KEYS:
            raise Undeliverable("too many routing keys")
        own = await _own(scope, message.from_)
        inner = (await _services(scope, own.id if own else None, message))[0].recipient_keys[0]
        for key in endpoint.routing_keys:
            body = {"to": inner, "msg": parse_json_object(packed)}
            forward = wire.render(Message(str(new_id(scope)), FORWARD_1, body))
            fresh = scope.entropy(pack.FRESH_OCTETS + pack.RECIPIENT_OCTETS)
            packed = pack.pack(forward, [Addressee(multikey.from_base58(key, "Ed25519"))], fresh)
            inner = key
        return endpoint.uri, packed


def key_of(identity: Identity) -> SigningKey:
    """The Ed25519 key of ours that signs and agrees. Raises Undeliverable for an identity that has none."""
    for key in identity.authentication.values():
        if key.handle.algorithm == VERSION_1:
            return key
    raise Undeliverable("this DID of ours has no key for version 1")


async def services_of(scope: Scope, did: str) -> tuple[Service, ...]:
    """The services of version 1 in a DID's document. Raises DidNotFound."""
    return services.of_document(await resolve(scope, did))


async def _services(
    scope: Scope, own: UUID | None, message: Message, making: Connection | None = None
) -> tuple[Service, ...]:
    """Where the addressee takes the message; `making` is a connection that is not stored yet."""
    connection, theirs = making, message.to[0]
    if connection is None:
        async with scope.unit() as unit:
            connection = await unit.connections.between(own, theirs)
            if connection is None:  # what was written before our DID was followed by another
                candidates: list[Connection] = await unit.connections.with_peer(theirs)
                connection = next((one for one in candidates if str(own) in heard_at(one)), None)
    if connection is None:
        raise Undeliverable("no connection with the addressee")
    if message.type == ROTATED and LEAVING in connection.data:
        # Who waits for this ack does not know itself by its new DID yet.
        found = tuple(services.inline(stated) for stated in connection.data[LEAVING])
    elif parse_did(theirs)[0] in _HOSTED:
        # What it says today, and not what it said when we met.
        found = await services_of(scope, theirs)
    else:
        found = known(connection)
    if not found:
        raise Undeliverable("addressee has no service of version 1")
    return found


def _speaks(connection: Connection) -> tuple[Service, ...]:
    """The services whose keys the peer may speak with: for a moment those that it is leaving, too."""
    leaving = tuple(services.inline(stated) for stated in connection.data.get(LEAVING, ()))
    return (*known(connection), *leaving)


def known(connection: Connection) -> tuple[Service, ...]:
    """The services that the peer told when we met."""
    return tuple(services.inline(stated) for stated in connection.data.get("services", ()))


async def _own(scope: Scope, did: str) -> OwnDid | None:
    async with scope.unit() as unit:
        found: OwnDid | None = await unit.connections.own_did(did)
    return found


async def _open(scope: Scope, octets: bytes) -> Arrival:
    packed = pack.parse(octets)
    for recipient in packed.recipients:
        own = await _own(scope, recipient.kid)
        if own is not None:
            break
    else:
        raise CannotOpen("for no key of this tenant")
    identity = identity_from(own)
    ours = key_of(identity)
    if pack.verkey(ours.jwk) != recipient.kid:
        raise CannotOpen("for no key of this tenant")
    secret = await scope.keys.agree(ours.handle, pack.ephemeral(recipient))
    if packed.alg == pack.ANONCRYPT:
        plaintext = pack.anoncrypted(packed, recipient, secret, ours.jwk)
        return _arrived(plaintext, identity, ours.kid, "", None)
    sender = pack.sender(recipient, secret, ours.jwk)
    agreed = await scope.keys.agree(ours.handle, multikey.x25519_of(sender))
    plaintext = pack.authcrypted(packed, recipient, agreed)
    connection = await _with(scope, identity, pack.verkey(sender))
    return _arrived(plaintext, identity, ours.kid, services.did_key(pack.verkey(sender)), connection)


async def _with(scope: Scope, identity: Identity, verkey: str) -> Connection | None:
    """The connection that this key of the peer speaks on; a key that the peer has left speaks on none."""
    async with scope.unit() as unit:
        named: list[Connection] = await unit.connections.named(verkey)
    for connection in named:
        current = any(verkey in service.recipient_keys for service in _speaks(connection))
        if str(identity.own) in heard_at(connection) and current:
            return connection
    return None


def _arrived(plaintext: bytes, identity: Identity, kid: str, key: str, connection: Connection | None) -> Arrival:
    sender = connection.their_did if connection else key
    message = wire.parse(plaintext, sender, identity.did)
    layers = ("authcrypt",) if key else ("anoncrypt",)
    trail = Trail(layers, (kid,), f"{key}#{key.removeprefix('did:key:')}" if key else "")
    return Arrival(Received(message, trail, sender, identity.did), identity, 1, connection)


def sender_key(received: Received) -> str:
    """The base58 key that an authenticated message came with."""
    return services.key_of(received.trail.skid)


def stored(found: tuple[Service, ...]) -> Mapping[str, Any]:
    """Services as a connection keeps them."""
    return {"services": [services.render(service) for service in found]}
