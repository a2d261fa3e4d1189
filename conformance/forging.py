"""Things that look right and are not: a chain nobody trusts, a signature with a bit turned, a credential re-signed."""

import base64
import secrets
import zlib
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from conformance.jose import Key, b64u, unb64u
from conformance.sd_jwt import SdJwt, parse


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def certificate(name: str, key: Key, issuer: x509.Certificate | None, signer: Key) -> x509.Certificate:
    """A CA (when it has no issuer) or a leaf for `name`."""
    now, subject = datetime.now(UTC), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    constraints = x509.BasicConstraints(ca=issuer is None, path_length=0 if issuer is None else None)
    builder = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer.subject if issuer else subject)
        .public_key(key.private.public_key())
        .serial_number(secrets.randbits(120) | 1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(constraints, critical=True)
    )
    if issuer is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return builder.sign(signer.private, hashes.SHA256())


def untrusted_chain() -> tuple[Key, list[str]]:
    """A leaf key with a chain to a root that only the forger knows; x5c without the root."""
    root, leaf = Key(), Key()
    authority = certificate("Unknown Root", root, None, root)
    return leaf, [b64(certificate("issuer.example", leaf, authority, root).public_bytes(Encoding.DER))]


def turned_bit(jws: str) -> str:
    """The same JWS with one bit of its signature turned."""
    signing_input, _, signature = jws.rpartition(".")
    raw = bytearray(unb64u(signature))
    raw[len(raw) // 2] ^= 1
    return f"{signing_input}.{b64u(bytes(raw))}"


def with_issuer_jwt(credential: SdJwt, issuer_jwt: str) -> SdJwt:
    return parse("~".join([issuer_jwt, *(d.text for d in credential.disclosures), ""]))


def resigned(credential: SdJwt) -> SdJwt:
    """The same claims under a chain of the forger's own making."""
    key, chain = untrusted_chain()
    header = {name: value for name, value in credential.jws.header.items() if name not in {"kid", "jwk", "alg"}}
    return with_issuer_jwt(credential, key.jws({**header, "x5c": chain}, credential.payload))


def bomb(mebibytes: int = 256) -> bytes:
    """So many zeros in some hundred KiB, as DEFLATE without a wrapper: one block, over and over."""
    deflate = zlib.compressobj(9, wbits=-15)
    block = deflate.compress(bytes(1 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return block * mebibytes + deflate.flush()


def zlib_bomb(mebibytes: int = 256) -> bytes:
    """The same as RFC 1950 wraps it."""
    checksum = ((mebibytes << 20) % 65521 << 16) + 1  # of zeros
    return b"\x78\xda" + bomb(mebibytes) + checksum.to_bytes(4, "big")
