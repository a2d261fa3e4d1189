"""SessionTranscript and what is derived from it (ISO/IEC 18013-5, 9.1.1.5 and 9.1.5; OpenID4VP 1.0, B.2.6)."""

import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protocols.cose.cbor import embed, encode


def openid4vp_handover(client_id: str, nonce: str, jwk_thumbprint: bytes | None, response_uri: str) -> bytes:
    """OpenID4VPHandover, encoded (B.2.6.1).

    `client_id` with its prefix; `jwk_thumbprint` the SHA-256 thumbprint of the key that the response is encrypted to,
    None when it is not; `response_uri` (or redirect_uri) as in the request.
    """
    return _handover("OpenID4VPHandover", [client_id, nonce, jwk_thumbprint, response_uri])


def dc_api_handover(origin: str, nonce: str, jwk_thumbprint: bytes | None) -> bytes:
    """OpenID4VPDCAPIHandover, encoded (B.2.6.2). `origin` is the calling web page's, without a prefix."""
    return _handover("OpenID4VPDCAPIHandover", [origin, nonce, jwk_thumbprint])


def _handover(name: str, info: list[str | bytes | None]) -> bytes:
    return encode([name, hashlib.sha256(encode(info)).digest()])


def session_transcript(handover: bytes) -> bytes:
    """SessionTranscript, encoded, of a session that no device engagement began."""
    return b"\x83\xf6\xf6" + handover


def session_key(shared_secret: bytes, transcript: bytes, info: str) -> bytes:
    """SKReader, SKDevice (9.1.1.5) or EMacKey (9.1.3.5), as `info` names it, from the ECDH secret."""
    salt = hashlib.sha256(embed(transcript)).digest()
    return HKDF(hashes.SHA256(), 32, salt, info.encode()).derive(shared_secret)


def reader_authentication(transcript: bytes, items_request: bytes) -> bytes:
    """ReaderAuthenticationBytes (9.1.4.5); `items_request` is the encoded ItemsRequest as received."""
    return embed(b"\x83" + encode("ReaderAuthentication") + transcript + embed(items_request))
