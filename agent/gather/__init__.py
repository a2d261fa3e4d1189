"""All waiting done for a verification: KeyReference to believed key, StatusReference to what the list says.

An operation calls these between a format's pure steps.  Whatever cannot be found out is a refusal.
"""

from agent.gather.certificates import CertificateRevoked, CertificateStatusUnavailable, require_unrevoked, unrevoked_key
from agent.gather.heavy import TooSlow, finished
from agent.gather.keys import UnknownHolder, UnknownIssuer, holder_key, issuer_key
from agent.gather.status import Revoked, StatusSeen, StatusUnavailable, require_good, require_status, status_of

__all__ = [
    "CertificateRevoked",
    "CertificateStatusUnavailable",
    "Revoked",
    "StatusSeen",
    "StatusUnavailable",
    "TooSlow",
    "UnknownHolder",
    "UnknownIssuer",
    "finished",
    "holder_key",
    "issuer_key",
    "require_good",
    "require_status",
    "require_unrevoked",
    "status_of",
    "unrevoked_key",
]
