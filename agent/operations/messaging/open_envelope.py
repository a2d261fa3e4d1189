"""From an envelope to a message with its authenticated sender; private keys stay in the key store."""

from agent.operations.messaging.peers import key_of
from agent.scope import Scope
from agent.scope.messaging import Identity
from protocols.didcomm import envelope, from_prior
from protocols.didcomm.ciphers import CannotOpen
from protocols.didcomm.encrypted import EncryptedMessage
from protocols.didcomm.envelope import Inconsistent, Received, Trail
from protocols.didcomm.signed import SignedMessage
from protocols.errors import ProtocolError
from protocols.ports.keys import KeyStoreUnavailable


async def open_envelope(scope: Scope, identity: Identity, octets: bytes) -> Received:
    """Open every layer. Raises CannotOpen, the same for every cause, Inconsistent, KeyStoreUnavailable."""
    try:
        received = await _open(scope, identity, octets)
        if received.message.from_prior:
            await _require_rotation(scope, received)
    except (CannotOpen, Inconsistent, KeyStoreUnavailable):
        raise
    except ProtocolError as error:
        raise CannotOpen(error.detail) from None
    return received


async def _open(scope: Scope, identity: Identity, octets: bytes) -> Received:
    trail = Trail()
    while True:
        # Each round adds a layer, and combinations of layers have an end.
        layer = envelope.parse(octets, trail)
        if isinstance(layer, EncryptedMessage):
            octets, trail = await _decrypt(scope, identity, layer, trail)
        elif isinstance(layer, SignedMessage):
            octets, trail = envelope.verified(layer, trail, await key_of(scope, layer.kid, "authentication"))
        else:
            return envelope.address(layer, trail)


async def _decrypt(scope: Scope, identity: Identity, layer: EncryptedMessage, trail: Trail) -> tuple[bytes, Trail]:
    ours = [recipient for recipient in layer.recipients if recipient.kid in identity.agreement]
    if not ours:
        # Before the sender is resolved: who cannot even name a key of ours makes us fetch nothing.
        raise CannotOpen("for no key of this tenant")
    recipient = ours[0]
    handle = identity.agreement[recipient.kid].handle
    ephemeral_secret = await scope.keys.agree(handle, recipient.epk)
    static_secret = b""
    if layer.skid:
        static_secret = await scope.keys.agree(handle, await key_of(scope, layer.skid, "keyAgreement"))
    return envelope.decrypted(layer, trail, recipient.kid, ephemeral_secret, static_secret)


async def _require_rotation(scope: Scope, received: Received) -> None:
    prior = from_prior.parse(received.message.from_prior)
    from_prior.verify(prior, await key_of(scope, prior.kid, "authentication"), received.sender)
