"""OpenID4VC High Assurance Interoperability Profile 1.0: its name, what it turns on in an issuer (section 4), and
what it demands of a verifier (sections 5 to 7)."""

from collections.abc import Collection
from typing import Final

from protocols.dcql.query import DcqlQuery
from protocols.errors import ProtocolError
from protocols.openid4vp.authorization_request import DC_API_JWT, DIRECT_POST_JWT

PROFILE: Final = "haip-1.0"

ISSUER_POLICY: Final = {
    "public_clients": False,
    "anonymous_pre_authorized": False,
    "require_client_attestation": True,
    "require_dpop": True,
    "require_par": True,
    "rotate_refresh_tokens": False,
}
"""Client attestation, DPoP and PAR are demanded of every wallet (4.2 to 4.4); refresh tokens bound to a key are not
rotated (4, by FAPI 2.0 Security Profile, 5.3.2.1)."""

FORMATS: Final = frozenset({"dc+sd-jwt", "mso_mdoc"})
"""What is presented (6)."""

ISSUER_KEYS: Final = frozenset({"x5c", "iaca"})
"""How a credential names its issuer's key (6.1.1; an mdoc knows no other way)."""

_PREFIXES = {DIRECT_POST_JWT: frozenset({"x509_hash"}), DC_API_JWT: frozenset({"x509_hash", "origin"})}


class NotByProfile(ProtocolError):
    """The profile does not allow such a request."""

    code = "not_by_profile"
    status = 422


def require_request(prefixes: Collection[str], response_mode: str, query: DcqlQuery, returns: bool) -> None:
    """Signed by x509_hash and encrypted, or over the Digital Credentials API (5); `returns`: the wallet sends the
    person's browser back, where the session is checked (5.1). Raises NotByProfile."""
    allowed = _PREFIXES.get(response_mode)
    if allowed is None:
        raise NotByProfile("response_mode")
    if not allowed.issuperset(prefixes):
        raise NotByProfile("client identifier prefix")
    if response_mode == DIRECT_POST_JWT and not returns:
        raise NotByProfile("no redirect_uri")
    if any(one.format not in FORMATS for one in query.credentials):
        raise NotByProfile("credential format")
