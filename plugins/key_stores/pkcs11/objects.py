"""Making and using a token's keys: each function has a session's object in hand and waits for the token."""

import hashlib
from typing import Any

from asn1crypto.core import OctetString
from pkcs11 import KDF, Attribute, GCMParams, KeyType, Mechanism, MechanismFlag

from plugins.key_stores.pkcs11.kinds import KEK, Kind
from protocols.encoding import b64url, parse_b64url
from protocols.jose.jwk import Jwk, public

_SIGN, _DERIVE = MechanismFlag.SIGN | MechanismFlag.VERIFY, MechanismFlag.DERIVE
_SECRET = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True}


def generate_pair(session: Any, kind: Kind, key_id: bytes, *, store: bool) -> tuple[Any, Any]:
    """A key pair (public, private) whose private half the token never gives away."""
    parameters = session.create_domain_parameters(kind.key_type, {Attribute.EC_PARAMS: kind.parameters}, local=True)
    pair: tuple[Any, Any] = parameters.generate_keypair(
        id=key_id,
        label=f"chancery {kind.algorithm}",
        store=store,
        capabilities=_SIGN if kind.signs else _DERIVE,
        mechanism=kind.generate,
        private_template=_SECRET,
    )
    return pair


def generate_kek(session: Any, key_id: bytes, *, store: bool) -> Any:
    """An AES-256 key that the token never gives away."""
    return session.generate_key(
        KeyType.AES,
        256,
        id=key_id,
        label=f"chancery {KEK}",
        store=store,
        capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
        template=_SECRET,
    )


def public_jwk(kind: Kind, key: Any) -> dict[str, Any]:
    """The public JWK. CKA_EC_POINT is a DER octet string; tokens that leave the wrapping out are understood."""
    stored, size = bytes(key[Attribute.EC_POINT]), kind.octets
    if kind.key_type == KeyType.EC:
        point = stored if len(stored) == 2 * size + 1 else bytes(OctetString.load(stored))
        x, y = point[1 : size + 1], point[size + 1 :]
        return public({"kty": "EC", "crv": kind.crv, "x": b64url(x), "y": b64url(y)})
    point = stored if len(stored) == size else bytes(OctetString.load(stored))
    return public({"kty": "OKP", "crv": kind.crv, "x": b64url(point)})


def derive(key: Any, kind: Kind, point: bytes) -> bytes:
    """The whole shared secret Z; it leaves the token, whose private key does not."""
    secret = key.derive_key(
        KeyType.GENERIC_SECRET,
        kind.octets * 8,
        capabilities=0,
        mechanism=Mechanism.ECDH1_DERIVE,
        mechanism_param=(KDF.NULL, None, point),
        template={Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True},
    )
    try:
        return bytes(secret[Attribute.VALUE])
    finally:
        secret.destroy()


def gcm(nonce: bytes, associated_data: bytes) -> dict[str, Any]:
    """Arguments of AES-256-GCM."""
    return {"mechanism": Mechanism.AES_GCM, "mechanism_param": GCMParams(nonce, associated_data)}


def sign(key: Any, kind: Kind, payload: bytes) -> bytes:
    """The raw signature; a message for ECDSA is hashed here, as every token can sign a hash."""
    message = hashlib.new(kind.digest, payload).digest() if kind.digest else payload
    return bytes(key.sign(message, mechanism=kind.use))


def point_of(jwk: Jwk) -> bytes:
    """A public JWK as tokens take a peer's key: the uncompressed point, or the plain coordinate of RFC 7748."""
    x = parse_b64url(jwk["x"])
    return b"\x04" + x + parse_b64url(jwk["y"]) if "y" in jwk else x
