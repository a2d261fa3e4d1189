"""Opening envelopes with keys that a test holds, as the agent does with keys that a key store holds."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, x25519

from protocols import did as dids
from protocols.did import DidDocument, parse_did_url
from protocols.didcomm import envelope, from_prior
from protocols.didcomm.ciphers import CannotOpen
from protocols.didcomm.encrypted import EncryptedMessage
from protocols.didcomm.envelope import Received, Trail
from protocols.didcomm.signed import SignedMessage
from protocols.encoding import parse_b64url
from protocols.jose import jwk as jwks

_EC = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}


@dataclass(frozen=True)
class World:
    """Documents by DID and private JWKs by key id."""

    documents: Mapping[str, Mapping[str, Any]]
    secrets: Mapping[str, Mapping[str, Any]]

    @staticmethod
    def agree(private: Mapping[str, Any], public: Mapping[str, Any]) -> bytes:
        """ECDH of a private JWK with a public one."""
        theirs = jwks.to_public_key({name: public[name] for name in ("kty", "crv", "x", "y") if name in public})
        secret = parse_b64url(private["d"])
        if private["crv"] == "X25519":
            return x25519.X25519PrivateKey.from_private_bytes(secret).exchange(theirs)
        if not isinstance(theirs, ec.EllipticCurvePublicKey) or private["crv"] != public["crv"]:
            raise CannotOpen("curve")
        return ec.derive_private_key(int.from_bytes(secret), _EC[private["crv"]]).exchange(ec.ECDH(), theirs)

    def key(self, kid: str, relationship: str) -> Mapping[str, Any]:
        did = parse_did_url(kid).did
        keys = dids.keys(DidDocument(did, self.documents[did]), relationship)
        if kid not in keys:
            raise CannotOpen("no such key")
        return keys[kid]

    def open(self, packed: Any, kid: str | None = None) -> Received:
        """Open a message from the outside in, with the first of our keys that it names (or `kid`)."""
        octets, trail = json.dumps(packed).encode(), Trail()
        while True:
            layer = envelope.parse(octets, trail)
            if isinstance(layer, EncryptedMessage):
                ours = [r.kid for r in layer.recipients if r.kid in self.secrets and kid in (None, r.kid)]
                if not ours:
                    raise CannotOpen("no key of ours")
                private = self.secrets[ours[0]]
                static = self.agree(private, self.key(layer.skid, "keyAgreement")) if layer.skid else b""
                ephemeral = self.agree(private, layer.recipient(ours[0]).epk)
                octets, trail = envelope.decrypted(layer, trail, ours[0], ephemeral, static)
            elif isinstance(layer, SignedMessage):
                octets, trail = envelope.verified(layer, trail, self.key(layer.kid, "authentication"))
            else:
                received = envelope.address(layer, trail)
                if layer.from_prior:
                    prior = from_prior.parse(layer.from_prior)
                    from_prior.verify(prior, self.key(prior.kid, "authentication"), layer.from_)
                return received


@pytest.fixture(scope="session")
def world(vectors: Callable[[str], Any]) -> Callable[[str], World]:
    """The world of a folder of vectors."""

    def read(folder: str) -> World:
        secrets = {jwk["kid"]: jwk for jwk in vectors(f"didcomm/{folder}/secrets.json")}
        return World(vectors(f"didcomm/{folder}/did-docs.json"), secrets)

    return read
