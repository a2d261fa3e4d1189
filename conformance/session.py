"""What all checks of a run share: the target, the client, and documents that need fetching only once."""

import asyncio
import copy
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit, urlunsplit

from conformance.hosting import Host
from conformance.http import Answer, Http
from conformance.jose import Unreadable
from conformance.masking import Mask
from conformance.target import CreationFailed, Target
from conformance.verdict import Blocked, skip
from conformance.x509 import Chain, anchors_of

T = TypeVar("T")


def well_known(identifier: str, name: str) -> str:
    """The well-known string goes between host and path (OpenID4VCI 1.0, 12.2.2; RFC 8414, section 3.1)."""
    parts = urlsplit(identifier)
    return urlunsplit((parts.scheme, parts.netloc, f"/.well-known/{name}{parts.path.rstrip('/')}", "", ""))


class Session:
    """One run against one target."""

    def __init__(
        self,
        target: Target,
        http: Http,
        mask: Mask | None = None,
        *,
        response_mode: str | None = None,
        variants: tuple[str, ...] = (),
    ) -> None:
        """`response_mode` and `variants`: as the plan has them."""
        self.target, self.http, self.mask = target, http, mask or Mask()
        self.response_mode, self.variants = response_mode or target.response_modes[0], variants
        self._kept: dict[str, Any] = {}

    def now(self) -> int:
        return int(time.time())

    async def wait(self, seconds: float) -> None:
        """As long as the target asks the wallet to."""
        await asyncio.sleep(seconds)

    def aiming(self, configuration: str) -> Self:
        """The same run, at another credential configuration; documents that were fetched stay fetched."""
        other = copy.copy(self)
        other.target = replace(self.target, configuration=configuration)
        return other

    async def once(self, name: str, make: Callable[[], Awaitable[T]]) -> T:
        """Made at its first use and kept for the run; a failure is not kept."""
        if name not in self._kept:
            self._kept[name] = await make()
        kept: T = self._kept[name]
        return kept

    async def issuer_document(self) -> Answer:
        if not self.target.issuer:
            skip("the target file has no [issuer]")
        url = well_known(self.target.issuer, "openid-credential-issuer")
        return await self.once("issuer", lambda: self.http.get(url, {"Accept": "application/json"}))

    async def issuer(self) -> dict[str, Any]:
        return standing(await self.issuer_document(), "credential_endpoint")

    async def server_identifier(self) -> str:
        servers = (await self.issuer()).get("authorization_servers")
        return str(servers[0]) if isinstance(servers, list) and servers else str(self.target.issuer)

    async def server_document(self) -> Answer:
        url = well_known(await self.server_identifier(), "oauth-authorization-server")
        return await self.once("server", lambda: self.http.get(url, {"Accept": "application/json"}))

    async def server(self) -> dict[str, Any]:
        return standing(await self.server_document(), "token_endpoint")

    async def configuration_id(self) -> str:
        supported = (await self.issuer()).get("credential_configurations_supported")
        if not isinstance(supported, dict):
            raise Blocked("the issuer metadata lists no credential configurations")
        wanted = self.target.configuration
        found = [n for n, c in supported.items() if n == wanted or (wanted is None and c.get("format") == "dc+sd-jwt")]
        if not found:
            raise Blocked(f"the issuer metadata has no configuration {wanted or 'of format dc+sd-jwt'}")
        return str(found[0])

    async def configuration(self) -> dict[str, Any]:
        found = (await self.issuer())["credential_configurations_supported"][await self.configuration_id()]
        if not isinstance(found, dict):
            raise Blocked("the credential configuration is not an object")
        return found

    async def host(self) -> Host:
        """What serves for the wallet's issuer; it ends with the run."""

        async def start() -> Host:
            assert self.target.hosting
            host = Host(self.target.hosting.url)
            try:
                await host.start(self.target.hosting.address, self.target.hosting.port)
            except OSError as error:
                raise Blocked(f"[hosting] cannot listen: {error.strerror}") from error
            self.http.kept.push_async_callback(host.stop)
            return host

        if self.target.hosting is None:
            skip("the target file has no [hosting]")
        return await self.once("host", start)

    async def anchors(self) -> Chain:
        async def read() -> Chain:
            if self.target.anchors_pem:
                return anchors_of(Path(self.target.anchors_pem).read_bytes())
            assert self.target.anchors_door
            return anchors_of(await self.target.anchors_door.raw(self.http))

        if not self.target.anchors_pem and not self.target.anchors_door:
            skip("the target file has no [trust]")
        try:
            return await self.once("anchors", read)
        except (OSError, Unreadable, CreationFailed) as error:
            raise Blocked(f"trust anchors: {error}") from error


def standing(answer: Answer, *members: str) -> dict[str, Any]:
    """The JSON of a step that another check judges; here it only has to be there."""
    try:
        document = answer.json()
    except Unreadable as error:
        raise Blocked(f"{answer}: {error}") from error
    missing = [name for name in members if name not in document]
    if answer.status not in {200, 201} or missing:
        raise Blocked(f"{answer}" + (f" (no {', '.join(missing)})" if missing else ""))
    return document
