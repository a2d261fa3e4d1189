"""What a plugin is handed: its own settings, the guarded fetch, the sandbox, and families built before it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer of a guarded fetch: status, media type without parameters, body within the size cap."""

    status: int
    media_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Socket(Protocol):
    """One open WebSocket. Waits."""

    async def send(self, message: bytes) -> None:
        """One text frame. Raises FetchFailed."""

    async def receive(self, seconds: float) -> bytes | None:
        """The next frame; None when the peer has closed. Raises TimeoutError, FetchFailed."""

    async def close(self) -> bool:
        """Close; whether the peer took its leave too, which says that it has read what was sent."""


class Fetch(Protocol):
    """Guarded outbound HTTP: public addresses only (pinned), no redirects, caps on size and time. Waits."""

    async def get(
        self,
        url: str,
        accept: str,
        max_bytes: int = 1_000_000,
        headers: Mapping[str, str] | None = None,
        signed: bool = False,
    ) -> Fetched:
        """`headers` are sent beside our own; what is `signed` by itself may come by plain http too.

        Raises FetchRefused when the guard forbids it, FetchFailed when the peer does not answer in time.
        """

    async def post(
        self,
        url: str,
        body: bytes,
        content_type: str,
        max_bytes: int = 1_000_000,
        headers: Mapping[str, str] | None = None,
    ) -> Fetched:
        """As `get`, with a body."""

    async def socket(self, url: str, max_bytes: int = 1_000_000) -> Socket:
        """A WebSocket (wss; ws where plain http is allowed), frames at most so large.

        Raises FetchRefused, FetchFailed.
        """


class FetchRefused(Exception):
    """The guard forbids this address."""


class FetchFailed(Exception):
    """The peer did not answer as HTTP demands, in time and within the size cap."""


class Sandbox(Protocol):
    """A killable process for work that an attacker can make slow. Waits."""

    async def run(self, function: Callable[..., Any], *arguments: Any, seconds: float = 1.0) -> Any:
        """Result of a module-level function; raises TimeoutError when it takes longer, after killing its process."""


@dataclass(frozen=True, slots=True)
class Sandboxed:
    """What a pure step answers instead of a value when part of it can be made slow by an attacker.

    The agent runs the module-level `function` in the sandbox; `then` makes of its result what the step would have
    answered, which may be another Sandboxed. It holds keys and is never sent anywhere. `seconds` says how long it may
    take, for work that is long by nature and not by what an attacker sent.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    then: Callable[[Any], Any]
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class PluginTools:
    """Everything a plugin may touch. `settings` is its own section of the configuration, `families` what was built
    before it by group name ("did_methods" -> {"key": ...}), `contexts` the operator's JSON-LD contexts by URL."""

    settings: Mapping[str, str]
    fetch: Fetch
    sandbox: Sandbox
    families: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    contexts: Mapping[str, Any] = field(default_factory=dict)
