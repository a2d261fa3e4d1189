"""DIDComm envelopes (DIDComm Messaging 2.1, DIDComm Message Formats): layer by layer down to the plaintext.

layer = envelope.parse(octets, trail)
if isinstance(layer, EncryptedMessage):       # a key store agrees, then
    octets, trail = envelope.decrypted(layer, trail, kid, ephemeral_secret, static_secret)
elif isinstance(layer, SignedMessage):        # the signer's key was resolved, then
    octets, trail = envelope.verified(layer, trail, jwk)
else:
    received = envelope.address(layer, trail)
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from protocols.did import parse_did_url
from protocols.didcomm import encrypted, signed
from protocols.didcomm.encrypted import AUTHCRYPT, EncryptedMessage
from protocols.didcomm.message import Message
from protocols.didcomm.message import of as parse_message
from protocols.didcomm.signed import SignedMessage
from protocols.encoding import parse_json_object
from protocols.errors import Malformed, ProtocolError

MAX_BYTES = 1_000_000
# "Should not be sent" is read (authcrypt of signed): the specification's own last vector has it.
_COMBINATIONS = frozenset(
    {
        ("anoncrypt",),
        ("authcrypt",),
        ("signed",),
        ("anoncrypt", "signed"),
        ("anoncrypt", "authcrypt"),
        ("authcrypt", "signed"),
        ("anoncrypt", "authcrypt", "signed"),
    }
)


class Inconsistent(ProtocolError):
    """The message does not say the same as its envelope."""

    code = "e.p.trust"


@dataclass(frozen=True, slots=True)
class Trail:
    """What the layers so far have shown: kinds from the outside in, keys of ours, of the sender and of the signer."""

    layers: tuple[str, ...] = ()
    kids: tuple[str, ...] = ()
    skid: str = ""
    signer: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """A message with what is known of its way. `sender` is the authenticated DID, empty when there is none."""

    message: Message
    trail: Trail
    sender: str
    recipient: str

    @property
    def encrypted(self) -> bool:
        """Whether nobody between has read it."""
        return bool(self.trail.kids)


def parse(octets: bytes, trail: Trail) -> EncryptedMessage | SignedMessage | Message:
    """The outermost layer, believed by nobody. Raises Malformed also for combinations that may not be."""
    if len(octets) > MAX_BYTES:
        raise Malformed("message too large")
    found = parse_json_object(octets)
    # By form, never by typ: deployed libraries write it in more than one way.
    if "ciphertext" in found:
        encrypted_message = encrypted.parse(found)
        _require_combination(trail, "authcrypt" if encrypted_message.alg == AUTHCRYPT else "anoncrypt")
        return encrypted_message
    if "payload" in found:
        _require_combination(trail, "signed")
        return signed.parse(found)
    return parse_message(found)


def _require_combination(trail: Trail, kind: str) -> None:
    if (*trail.layers, kind) not in _COMBINATIONS:
        raise Malformed("combination of envelopes")


def decrypted(
    layer: EncryptedMessage, trail: Trail, kid: str, ephemeral_secret: bytes, static_secret: bytes = b""
) -> tuple[bytes, Trail]:
    """What is inside, opened with our key `kid`. Raises CannotOpen."""
    octets = encrypted.decrypt(layer, kid, ephemeral_secret, static_secret)
    kind = "authcrypt" if layer.alg == AUTHCRYPT else "anoncrypt"
    return octets, replace(trail, layers=(*trail.layers, kind), kids=(*trail.kids, kid), skid=layer.skid or trail.skid)


def verified(layer: SignedMessage, trail: Trail, jwk: Mapping[str, Any]) -> tuple[bytes, Trail]:
    """What is inside, signed with a key of the signer's `authentication`. Raises InvalidSignature."""
    octets = signed.verify(layer, jwk)
    return octets, replace(trail, layers=(*trail.layers, "signed"), signer=layer.kid)


def address(message: Message, trail: Trail) -> Received:
    """Message Layer Addressing Consistency. Raises Inconsistent."""
    # 1. from is the DID of the key that authenticated, and of the one that signed
    senders = {parse_did_url(kid).did for kid in (trail.skid, trail.signer) if kid}
    if senders and senders != {message.from_}:
        raise Inconsistent("from is not who sent or signed")
    # 2. to names everybody's DID whose key opened an envelope; a signed message that is encrypted has to have it,
    #    or its receiver could pass it on as sent to somebody else
    recipients = {parse_did_url(kid).did for kid in trail.kids}
    if (message.to or (trail.signer and trail.kids)) and not recipients <= set(message.to):
        raise Inconsistent("to does not name the recipient")
    if len(recipients) > 1:
        raise Inconsistent("layers are for different DIDs")
    return Received(message, trail, message.from_ if senders else "", min(recipients, default=""))
