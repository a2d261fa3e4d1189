"""Mobile documents (ISO/IEC 18013-5:2021, 8 and 9): issued, held, presented and verified.

Digests and signatures are over bytes as they were received; nothing that was read is encoded again to check it.
"""

from protocols.mdoc.device import (
    InvalidDeviceAuthentication,
    device_authentication,
    require_authorized,
    verify_mac,
    verify_signature,
)
from protocols.mdoc.errors import InvalidMdoc
from protocols.mdoc.holding import PreparedResponse, prepare_response, seal_response
from protocols.mdoc.issuing import PreparedIssuerSigned, prepare_issuer_signed, seal_issuer_signed
from protocols.mdoc.mso import MobileSecurityObject
from protocols.mdoc.response import Document, IssuerSigned, parse_device_response, parse_issuer_signed, require_digests
from protocols.mdoc.session import (
    dc_api_handover,
    openid4vp_handover,
    reader_authentication,
    session_key,
    session_transcript,
)
from protocols.mdoc.values import to_cbor, to_json

__all__ = [
    "Document",
    "InvalidDeviceAuthentication",
    "InvalidMdoc",
    "IssuerSigned",
    "MobileSecurityObject",
    "PreparedIssuerSigned",
    "PreparedResponse",
    "dc_api_handover",
    "device_authentication",
    "openid4vp_handover",
    "parse_device_response",
    "parse_issuer_signed",
    "prepare_issuer_signed",
    "prepare_response",
    "reader_authentication",
    "require_authorized",
    "require_digests",
    "seal_issuer_signed",
    "seal_response",
    "session_key",
    "session_transcript",
    "to_cbor",
    "to_json",
    "verify_mac",
    "verify_signature",
]
