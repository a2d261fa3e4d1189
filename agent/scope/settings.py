"""How a tenant has set itself up: features, branding, security, notifications; every key does something."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from protocols.errors import ProtocolError

ISSUING, VERIFYING, MESSAGING = "issuing", "verifying", "messaging"


class FeatureOff(ProtocolError):
    """The tenant has switched this off."""

    code = "feature_off"
    status = 403


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """`off`: features of which nothing new begins. `name` and `accent_color` ("#1f3a5f") are of pages that people see.

    `session_minutes`: how long a browser session of the start page lasts; `api_key_days`: how long a new API key lives
    at most. `webhook` (`url`, `secret_version`) and the addresses of `mail` are told what `events` name.
    """

    off: frozenset[str] = frozenset()
    name: str | None = None
    accent_color: str | None = None
    session_minutes: int = 480
    api_key_days: int | None = None
    webhook: Mapping[str, Any] | None = None
    events: frozenset[str] = frozenset()
    mail: tuple[str, ...] = ()

    def require(self, feature: str) -> None:
        """Raises FeatureOff."""
        if feature in self.off:
            raise FeatureOff(feature)


@dataclass(frozen=True, slots=True)
class Letter:
    """One message; `message` names it, the same for every attempt."""

    message: str
    to: tuple[str, ...]
    subject: str
    text: str


DEFAULTS = TenantSettings()


def settings_of(sections: Mapping[str, Any]) -> TenantSettings:
    """What the stored sections say."""
    named = ("branding", "security", "notifications")
    branding, security, notifications = (sections.get(name, {}) for name in named)
    return TenantSettings(
        off=frozenset(name for name, on in sections.get("features", {}).items() if not on),
        name=branding.get("name"),
        accent_color=branding.get("accent_color"),
        session_minutes=security.get("session_minutes") or 480,
        api_key_days=security.get("api_key_days"),
        webhook=notifications.get("webhook"),
        events=frozenset(notifications.get("events", ())),
        mail=tuple(notifications.get("mail", ())),
    )


class TenantConfigurations(Protocol):
    """`unit.configuration`."""

    async def read(self) -> Mapping[str, Mapping[str, Any]]:
        """The sections as they are stored."""

    async def change(self, sections: Mapping[str, Mapping[str, Any]]) -> None:
        """Set the members that are named; None takes one away."""
