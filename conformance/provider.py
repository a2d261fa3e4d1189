"""A wallet provider of the suite's own, and a key for a client: what an issuer under test is told to trust."""

from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from conformance import authority
from conformance.authority import Wish
from conformance.jose import Key, compact_json


def write(folder: Path) -> None:
    """`provider-root.pem`, which the issuer trusts; `provider.pem` and `provider.key`, which attest; `client.jwk` and
    its public half `client.jwks`, with which a client is registered."""
    root, key, client = authority.create("Conformance Wallet Provider"), Key(), Key()
    leaf = root.certify(key, Wish("wallet.example", dns=("wallet.example",)))
    folder.mkdir(parents=True, exist_ok=True)
    for name, certificate in (("provider-root.pem", root.certificate), ("provider.pem", leaf)):
        (folder / name).write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "client.jwks").write_bytes(compact_json({"keys": [client.jwk]}))
    authority.write_secret(folder / "provider.key", authority.private_pem(key))
    authority.write_secret(folder / "client.jwk", compact_json(client.private_jwk))
