"""From a message of ours to an envelope for its addressee; private keys stay in the key store."""

from collections.abc import Mapping
from typing import Any

from agent.operations.messaging.peers import resolve
from agent.scope import Scope
from agent.scope.messaging import Identity, Undeliverable
from protocols import did as dids
from protocols.did import DidDocument
from protocols.didcomm import encrypted
from protocols.didcomm import message as wire
from protocols.didcomm.encrypted import Addressee
from protocols.didcomm.message import Message

MAX_KEYS = 16


async def pack_message(scope: Scope, identity: Identity, message: Message) -> bytes:
    """Authcrypt for the addressee's agreement keys on a curve that we share. Raises Undeliverable, DidNotFound."""
    theirs = dids.keys(await resolve(scope, message.to[0]), "keyAgreement")
    for skid, ours in identity.agreement.items():
        fitting = [(kid, jwk) for kid, jwk in theirs.items() if jwk.get("crv") == ours.jwk["crv"]][:MAX_KEYS]
        if not fitting:
            continue
        addressees = [Addressee(kid, jwk, await scope.keys.agree(ours.handle, jwk)) for kid, jwk in fitting]
        fresh = encrypted.fresh(scope.entropy(encrypted.FRESH_OCTETS))
        return encrypted.authcrypt(wire.render(message), skid, addressees, fresh)
    raise Undeliverable("no agreement key on a curve of ours")


def wrap(scope: Scope, forward: Message, kid: str, document: DidDocument) -> bytes:
    """Anoncrypt a forward for one routing key of a mediator. Raises Undeliverable."""
    jwk: Mapping[str, Any] | None = dids.keys(document, "keyAgreement").get(kid)
    if jwk is None:
        raise Undeliverable("mediator has no such key")
    fresh = encrypted.fresh(scope.entropy(encrypted.FRESH_OCTETS))
    return encrypted.anoncrypt(wire.render(forward), [Addressee(kid, jwk)], fresh)
