"""DIDComm v2 envelopes; private keys stay in the key store."""

from collections.abc import Mapping
from typing import Any

from agent.operations.messaging.envelope import Arrival
from agent.operations.messaging.identity import identity_named
from agent.operations.messaging.peers import key_of, resolve
from agent.operations.messaging.threads import new_id
from agent.scope import Scope
from agent.scope.connections import Connection
from agent.scope.messaging import Identity, Undeliverable
from protocols import did as dids
from protocols.did import DidDocument, DidNotFound, parse_did_url
from protocols.didcomm import encrypted, envelope, from_prior, routing
from protocols.didcomm import message as wire
from protocols.didcomm.ciphers import CannotOpen
from protocols.didcomm.encrypted import ENCRYPTED, Addressee, EncryptedMessage
from protocols.didcomm.envelope import Inconsistent, Received, Trail
from protocols.didcomm.message import Message
from protocols.didcomm.routing import Endpoint
from protocols.didcomm.signed import SignedMessage
from protocols.errors import ProtocolError
from protocols.ports.keys import KeyStoreUnavailable

MAX_KEYS = 16


class EnvelopeV2:
    """`Envelopes` of version 2."""

    version: int = 2
    media_type: str = ENCRYPTED
    media_types: frozenset[str] = frozenset({ENCRYPTED})

    def fits(self, octets: bytes) -> bool:
        """What is no other version's: a wrong envelope of version 2 is refused as one of version 2."""
        return True

    async def open(self, scope: Scope, octets: bytes) -> Arrival:
        """See `Envelopes`."""
        try:
            arrival = await _open(scope, octets)
            if arrival.received.message.from_prior:
                await _require_rotation(scope, arrival.received)
        except (CannotOpen, Inconsistent, KeyStoreUnavailable):
            raise
        except ProtocolError as error:
            raise CannotOpen(error.detail) from None
        return arrival

    async def pack(
        self, scope: Scope, identity: Identity, message: Message, connection: Connection | None = None
    ) -> bytes:
        """Authcrypt for the addressee's agreement keys on a curve that we share; anoncrypt for a message of nobody."""
        document = await resolve(scope, message.to[0])
        if not message.from_:
            return anoncrypt(scope, message, message.to[0], document)
        theirs = dids.keys(document, "keyAgreement")
        for skid, ours in identity.agreement.items():
            fitting = [(kid, jwk) for kid, jwk in theirs.items() if jwk.get("crv") == ours.jwk["crv"]][:MAX_KEYS]
            if not fitting:
                continue
            addressees = [Addressee(kid, jwk, await scope.keys.agree(ours.handle, jwk)) for kid, jwk in fitting]
            fresh = encrypted.fresh(scope.entropy(encrypted.FRESH_OCTETS))
            return encrypted.authcrypt(wire.render(message), skid, addressees, fresh)
        raise Undeliverable("no agreement key on a curve of ours")

    async def endpoints(self, scope: Scope, message: Message) -> tuple[Endpoint, ...]:
        """See `Envelopes`."""
        found: list[Endpoint] = []
        for endpoint in routing.endpoints(await resolve(scope, message.to[0])):
            found.extend(await _mediated(scope, endpoint) if endpoint.uri.startswith("did:") else [endpoint])
        return tuple(found)

    async def wrap(self, scope: Scope, endpoint: Endpoint, message: Message, packed: bytes) -> tuple[str, bytes]:
        """A forward for each routing key, from last to first (Routing 2.0)."""
        inner = message.to[0]
        for kid in reversed(endpoint.routing_keys):
            mediator = parse_did_url(kid).did
            forward = routing.forward(str(new_id(scope)), mediator, inner, packed)
            packed = anoncrypt(scope, forward, kid, await resolve(scope, mediator))
            inner = kid
        return endpoint.uri, packed


async def _open(scope: Scope, octets: bytes) -> Arrival:
    trail, identity = Trail(), None
    while True:
        # Each round adds a layer, and combinations of layers have an end.
        layer = envelope.parse(octets, trail)
        if isinstance(layer, EncryptedMessage):
            kid, identity = await _ours(scope, layer)
            octets, trail = await _decrypt(scope, identity, layer, kid, trail)
        elif isinstance(layer, SignedMessage):
            octets, trail = envelope.verified(layer, trail, await key_of(scope, layer.kid, "authentication"))
        elif identity is None:
            raise CannotOpen("not encrypted")
        else:
            return Arrival(envelope.address(layer, trail), identity, 2)


async def _ours(scope: Scope, layer: EncryptedMessage) -> tuple[str, Identity]:
    """The first recipient that is us, and which of our identities; before the sender is resolved, so that who cannot
    even name a key of ours makes us fetch nothing."""
    identities: dict[str, Identity | None] = {}
    for recipient in layer.recipients:
        did = parse_did_url(recipient.kid).did
        if did not in identities:
            identities[did] = await identity_named(scope, did)
        found = identities[did]
        if found and recipient.kid in found.agreement:
            return recipient.kid, found
    raise CannotOpen("for no key of this tenant")


async def _decrypt(
    scope: Scope, identity: Identity, layer: EncryptedMessage, kid: str, trail: Trail
) -> tuple[bytes, Trail]:
    handle = identity.agreement[kid].handle
    ephemeral_secret = await scope.keys.agree(handle, layer.recipient(kid).epk)
    static_secret = b""
    if layer.skid:
        static_secret = await scope.keys.agree(handle, await key_of(scope, layer.skid, "keyAgreement"))
    return envelope.decrypted(layer, trail, kid, ephemeral_secret, static_secret)


async def _require_rotation(scope: Scope, received: Received) -> None:
    prior = from_prior.parse(received.message.from_prior)
    from_prior.verify(prior, await key_of(scope, prior.kid, "authentication"), received.sender)


async def _mediated(scope: Scope, endpoint: Endpoint) -> list[Endpoint]:
    """A mediator named by its DID: its own addresses, and its key before the others. One level, so no loop."""
    try:
        document = await resolve(scope, endpoint.uri)
    except DidNotFound:
        return []  # another endpoint may do
    first = routing.agreement_kid(document)
    return [
        Endpoint(own.uri, (*own.routing_keys, first, *endpoint.routing_keys))
        for own in routing.endpoints(document)
        if first and not own.uri.startswith("did:")
    ]


def anoncrypt(scope: Scope, message: Message, kid: str, document: DidDocument) -> bytes:
    """Anoncrypt for one key of a mediator; a DID alone means its first agreement key. Raises Undeliverable."""
    name = kid if "#" in kid else routing.agreement_kid(document)
    jwk: Mapping[str, Any] | None = dids.keys(document, "keyAgreement").get(name)
    if jwk is None:
        raise Undeliverable("mediator has no such key")
    fresh = encrypted.fresh(scope.entropy(encrypted.FRESH_OCTETS))
    return encrypted.anoncrypt(wire.render(message), [Addressee(name, jwk)], fresh)
