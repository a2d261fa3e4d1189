"""Another vendor's software, started as its own process and driven over loopback HTTP."""

import asyncio
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.interop.credo.install import install

CONTEXTS = Path(__file__).resolve().parents[2] / "protocols" / "json_ld" / "contexts"
STARTS_WITHIN = 60
ANSWERS_WITHIN = 60


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP exchange as the wallet had it."""

    method: str
    url: str
    content_type: str | None
    body: str | None
    status: int
    answer: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a wallet concluded, and the exchanges that led there."""

    result: Mapping[str, Any]
    exchanges: tuple[Exchange, ...]

    def sent_to(self, url: str) -> Exchange:
        """The last exchange with this address."""
        return [one for one in self.exchanges if one.url == url][-1]


class WalletRefused(Exception):
    """The wallet did not do it, or the server did not let it."""

    def __init__(self, error: Mapping[str, Any], exchanges: tuple[Exchange, ...]) -> None:
        super().__init__(_story(error))
        self.exchanges = exchanges

    @property
    def last(self) -> Exchange:
        return self.exchanges[-1]


def _story(error: Mapping[str, Any]) -> str:
    parts = [str(error.get("message"))]
    if "answer" in error:
        parts.append(json.dumps(error["answer"]))
    if "cause" in error:
        parts.append(_story(error["cause"]))
    return " <- ".join(parts)


class CredoWallet:
    """Credo as a wallet with a store of its own. `trust` is the PEM of the anchors it believes during one call."""

    def __init__(self, store: Path | None = None) -> None:
        self._temporary = None if store else tempfile.TemporaryDirectory(prefix="credo-wallet-")
        self.store = store or Path(self._temporary.name)  # type: ignore[union-attr]  # one of the two is there
        self._process: asyncio.subprocess.Process
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        scripts, node = await asyncio.to_thread(install)
        self._process = await asyncio.create_subprocess_exec(
            node.node,
            str(scripts / "wallet.mjs"),
            "--store",
            str(self.store),
            "--contexts",
            str(CONTEXTS),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), STARTS_WITHIN)  # type: ignore[union-attr]
            port = json.loads(line)["port"]
        except BaseException:
            await self._stop()
            raise
        self._session = aiohttp.ClientSession(
            f"http://127.0.0.1:{port}", timeout=aiohttp.ClientTimeout(total=ANSWERS_WITHIN)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()
        await self._stop()

    async def _stop(self) -> None:
        if self._process.returncode is None:
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), 5)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        await asyncio.sleep(0)  # the transport closes before the loop does
        if self._temporary:
            self._temporary.cleanup()

    async def accept_offer(
        self,
        uri: str,
        *,
        trust: str,
        tx_code: str | None = None,
        binding: str | None = None,
        attested: str | None = None,
        batch: int = 1,
        carried: bool = False,
    ) -> Answer:
        """Take what a credential offer offers (OpenID4VCI 1.0, pre-authorized code) and keep it.

        `batch` keys get a credential each; `carried`: a key attestation stands in the header of a `jwt` proof.
        """
        more = {"batch": str(batch), "carried": "yes" if carried else None}
        return await self._call(
            "accept-offer", uri=uri, trust=trust, tx_code=tx_code, binding=binding, attested=attested, **more
        )

    async def authorize(self, uri: str, *, client_id: str, redirect_uri: str, attested: bool = False) -> str:
        """Begin the authorization code flow for an offer: the address that a browser has to open."""
        answer = await self._call(
            "authorize", uri=uri, client_id=client_id, redirect_uri=redirect_uri, attested="yes" if attested else None
        )
        return str(answer.result["url"])

    async def accept_code(
        self, landed: str, *, trust: str, binding: str | None = None, refresh: bool = False
    ) -> Answer:
        """Go on with the address at which the browser came out, and keep what is issued."""
        return await self._call(
            "accept-offer", landed=landed, trust=trust, binding=binding, refresh="yes" if refresh else None
        )

    async def collect(self, *, trust: str, refresh: bool = False) -> Answer:
        """Come back for what the last offer deferred, with a refreshed token or not, and keep what is there by now."""
        return await self._call("collect", trust=trust, refresh="yes" if refresh else None)

    async def present(self, uri: str, *, trust: str) -> Answer:
        """Answer an authorization request (OpenID4VP 1.0) with whatever satisfies it."""
        return await self._call("present", uri=uri, trust=trust)

    async def present_to_page(self, data: Mapping[str, Any], origin: str, *, trust: str) -> Answer:
        """Answer what a page of this origin passed to the Digital Credentials API (OpenID4VP 1.0, appendix A)."""
        return await self._call("present-to-page", data=dict(data), origin=origin, trust=trust)

    async def issue(self, vct: str, claims: Mapping[str, str]) -> Answer:
        """Have Credo's own issuer make a credential and keep it, under the authority of `provider_ca`."""
        return await self._call("issue", vct=vct, claims=dict(claims))

    async def list(self) -> list[Mapping[str, Any]]:
        """The credentials held."""
        return (await self._call("list")).result["credentials"]

    async def provider_ca(self) -> str:
        """The PEM of the CA above this wallet's attestations."""
        return (await self._call("provider")).result["ca"]

    async def _call(self, command: str, **arguments: Any) -> Answer:
        body = {name: value for name, value in arguments.items() if value is not None}
        async with self._session.post(f"/{command}", json=body) as response:
            document = await response.json()
        exchanges = tuple(Exchange(**one) for one in document["exchanges"])
        if not document["ok"]:
            raise WalletRefused(document["error"], exchanges)
        return Answer(document["result"], exchanges)
