"""How the tenant asks for presentations, from now on, in every process."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from agent.audit import AuditEvent
from agent.scope import Scope
from protocols import haip
from protocols.errors import ProtocolError
from protocols.jose import jwt
from protocols.jose.jwk import public
from protocols.openid4vp.digital_credentials import is_origin

PROFILES = ("openid4vp-1.0", haip.PROFILE)


class InvalidSettings(ProtocolError):
    """The verifier cannot be set up so."""

    code = "invalid_input"
    status = 422


@dataclass(frozen=True, slots=True)
class ConfigureVerifier:
    """Request: members of `scope.VerifierSettings` to set; what is not named stays."""

    settings: Mapping[str, Any] = field(default_factory=dict)


async def configure_verifier(scope: Scope, request: ConfigureVerifier) -> None:
    """Raises InvalidSettings."""
    settings = request.settings
    if not all(is_origin(one) for one in settings.get("origins", ())):
        raise InvalidSettings("origins")
    if ":" in (settings.get("client_id") or ""):
        raise InvalidSettings("client_id looks prefixed")
    if settings.get("webhook"):
        require_webhook(settings["webhook"]["url"])
    if settings.get("attestation"):
        _require_attestation(scope, settings["attestation"])
    async with scope.unit() as unit:
        await unit.tenants.configure_verifier(scope.catalogue.verifier_id, dict(settings))
        metadata = {"set": sorted(settings)}
        unit.record(
            AuditEvent("verifier.configured", "verifier", scope.catalogue.verifier_id, "update", None, metadata)
        )
        unit.changes_catalogue()
        await unit.commit()


def require_webhook(url: str) -> None:
    """An address without user information or fragment; the guarded fetch has the last word. Raises InvalidSettings."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise InvalidSettings("webhook") from None
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.fragment:
        raise InvalidSettings("webhook")


def _require_attestation(scope: Scope, attestation: str) -> None:
    """Of the verifier's key, and still good: a wallet would refuse another (OpenID4VP 1.0, 12)."""
    try:
        claims = jwt.open_jwt(attestation, "verifier-attestation+jwt").claims
        jwt.require_times(claims, scope.now(), required=("exp",))
        key = public(claims["cnf"]["jwk"])
    except (ProtocolError, KeyError, TypeError):
        raise InvalidSettings("attestation") from None
    if key != public(scope.catalogue.key("verifier").jwk):
        raise InvalidSettings("attestation of another key")
