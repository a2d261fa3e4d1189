"""COSE algorithm identifiers and the JWS names of the same signatures (RFC 9053, 2; RFC 9864, 2.2 and 2.3)."""

from protocols.jose.jws import AlgorithmNotAllowed

# The first name of each is what a key store knows; the fully-specified identifiers name a curve too.
_NAMES = {
    -7: "ES256",
    -35: "ES384",
    -36: "ES512",
    -8: "EdDSA",
    -9: "ES256",
    -51: "ES384",
    -52: "ES512",
    -19: "Ed25519",
    -47: "ES256K",
}
_IDENTIFIERS = {"ES256": -7, "ES384": -35, "ES512": -36, "EdDSA": -8, "Ed25519": -19, "ES256K": -47}

ALGORITHMS = tuple(_NAMES)


def name(identifier: object) -> str:
    """The JWS name of a COSE identifier. Raises AlgorithmNotAllowed for what is not on our list."""
    # A float or a boolean that equals an identifier is none.
    if type(identifier) is not int or identifier not in _NAMES:
        raise AlgorithmNotAllowed("COSE alg is not on our list")
    return _NAMES[identifier]


def identifier(name: str) -> int:
    """The COSE identifier that a signature of this JWS name is issued under. Raises AlgorithmNotAllowed."""
    if name not in _IDENTIFIERS:
        raise AlgorithmNotAllowed(f"{name} has no COSE identifier here")
    return _IDENTIFIERS[name]
