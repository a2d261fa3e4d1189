"""Securing Verifiable Credentials using JOSE and COSE: `vc+jwt`, `vc+sd-jwt`, `vc+cose`, and the same of presentations.

The payload is the credential of VCDM 2.0 itself. prepare -> a key store signs -> seal, and open -> verify with a key
from elsewhere; in other documents it travels as a data: URL (VCDM 2.0, 4.13).
"""

from protocols.vc_jose_cose.document import InvalidEnvelope, require_extensions
from protocols.vc_jose_cose.enveloping import (
    FORMS,
    InvalidBinding,
    Opened,
    Prepared,
    open_secured,
    prepare,
    require_bound,
    seal,
    verify,
)
from protocols.vc_jose_cose.urls import enveloped, is_enveloped, open_enveloped

__all__ = [
    "FORMS",
    "InvalidBinding",
    "InvalidEnvelope",
    "Opened",
    "Prepared",
    "enveloped",
    "is_enveloped",
    "open_enveloped",
    "open_secured",
    "prepare",
    "require_bound",
    "require_extensions",
    "seal",
    "verify",
]
