"""OpenID4VC High Assurance Interoperability Profile 1.0: its name, and what it turns on in an issuer (section 4)."""

from typing import Final

PROFILE: Final = "haip-1.0"

ISSUER_POLICY: Final = {
    "public_clients": False,
    "anonymous_pre_authorized": False,
    "require_client_attestation": True,
    "require_dpop": True,
    "require_par": True,
}
"""Client attestation, DPoP and PAR are demanded of every wallet (4.2 to 4.4)."""
