"""The kinds of keys that a token may be able to keep."""

from dataclasses import dataclass

from pkcs11 import KeyType, Mechanism
from pkcs11.util.ec import encode_named_curve_parameters


@dataclass(frozen=True, slots=True)
class Kind:
    """Keys of one algorithm: how the token makes and uses them. `octets` is the length of a coordinate."""

    algorithm: str
    crv: str
    key_type: KeyType
    generate: Mechanism
    use: Mechanism
    parameters: bytes
    octets: int
    digest: str = ""

    @property
    def signs(self) -> bool:
        """Whether such a key signs; the others agree."""
        return self.use != Mechanism.ECDH1_DERIVE


def _weierstrass(algorithm: str, crv: str, oid: str, octets: int, digest: str = "") -> Kind:
    use = Mechanism.ECDSA if digest else Mechanism.ECDH1_DERIVE
    parameters = encode_named_curve_parameters(oid)
    return Kind(algorithm, crv, KeyType.EC, Mechanism.EC_KEY_PAIR_GEN, use, parameters, octets, digest)


_EDWARDS = (KeyType.EC_EDWARDS, Mechanism.EC_EDWARDS_KEY_PAIR_GEN)
_ED25519, _X25519 = bytes.fromhex("06032b6570"), bytes.fromhex("06032b656e")  # RFC 8410, 3
_ED25519_NAME = b"\x13\x0cedwards25519"  # PKCS #11 v3.0, 2.3.10: a PrintableString
CANDIDATES = (
    _weierstrass("ES256", "P-256", "secp256r1", 32, "sha256"),
    _weierstrass("ES384", "P-384", "secp384r1", 48, "sha384"),
    _weierstrass("ES256K", "secp256k1", "secp256k1", 32, "sha256"),
    Kind("EdDSA", "Ed25519", *_EDWARDS, Mechanism.EDDSA, _ED25519, 32),
    Kind("EdDSA", "Ed25519", *_EDWARDS, Mechanism.EDDSA, _ED25519_NAME, 32),
    _weierstrass("ECDH-ES+P-256", "P-256", "secp256r1", 32),
    _weierstrass("ECDH-ES+P-384", "P-384", "secp384r1", 48),
    _weierstrass("ECDH-ES+P-521", "P-521", "secp521r1", 66),
    Kind("ECDH-ES+X25519", "X25519", *_EDWARDS, Mechanism.ECDH1_DERIVE, _X25519, 32),
)
KEK = "A256GCM"
