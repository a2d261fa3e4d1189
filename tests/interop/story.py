"""Steps that the demo and the tests share: what is asked for, and what the wallet does with it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.interop.peers import Answer, CredoWallet, Exchange, WalletRefused
from tests.interop.server import Commands

PERSON = {"given_name": "Erika", "family_name": "Mustermann", "birthdate": "1964-08-12"}


@dataclass(frozen=True, slots=True)
class Tenant:
    """The tenant that a state folder's commands act for, as the world sees it."""

    commands: Commands
    issuer: str
    anchor: str

    async def vct(self, configuration: str) -> str:
        """The credential type of a configuration, from the issuer's metadata (OpenID4VCI 1.0, 12.2)."""
        origin, _, path = self.issuer.partition("/t/")
        url = f"{origin}/.well-known/openid-credential-issuer/t/{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            metadata = await answer.json()
        return str(metadata["credential_configurations_supported"][configuration]["vct"])

    async def offer(self, *flags: str) -> dict[str, Any]:
        return dict(await self.commands("offer", "pid", *flags))

    async def request(self, folder: Path, prefix: str, response_mode: str) -> dict[str, Any]:
        """Ask for a name out of a pid."""
        claims = [{"path": ["given_name"]}, {"path": ["family_name"]}]
        meta = {"vct_values": [await self.vct("pid")]}
        query = folder / "query.json"
        query.write_text(
            json.dumps({"credentials": [{"id": "pid", "format": "dc+sd-jwt", "meta": meta, "claims": claims}]})
        )
        return dict(await self.commands("request", str(query), "--prefix", prefix, "--response-mode", response_mode))

    async def result(self, presentation: str) -> dict[str, Any]:
        return dict(await self.commands("result", presentation, codes=(0, 1, 4)))


@dataclass(frozen=True, slots=True)
class Presented:
    """A presentation as it went: the server's result, the wallet's answer or its refusal, and the response posted."""

    result: dict[str, Any]
    request: dict[str, Any]
    answer: Answer | None
    refusal: WalletRefused | None

    @property
    def response(self) -> Exchange:
        """The authorization response, which is the last thing that a wallet posts."""
        exchanges = self.answer.exchanges if self.answer else self.refusal.exchanges if self.refusal else ()
        return [one for one in exchanges if one.method == "POST"][-1]


async def present(tenant: Tenant, wallet: CredoWallet, folder: Path, prefix: str, response_mode: str) -> Presented:
    """One presentation from the request to the verifier's result."""
    made = await tenant.request(folder, prefix, response_mode)
    answer, refusal = None, None
    try:
        answer = await wallet.present(made["authorization_request_uri"], trust=tenant.anchor)
    except WalletRefused as refused:
        refusal = refused
    return Presented(await tenant.result(made["presentation_id"]), made, answer, refusal)


async def repeat(exchange: Exchange) -> tuple[int, str]:
    """Send a recorded exchange once more, byte for byte; status and answer."""
    headers = {"Content-Type": exchange.content_type or "application/octet-stream"}
    async with (
        aiohttp.ClientSession() as session,
        session.request(exchange.method, exchange.url, data=exchange.body, headers=headers) as answer,
    ):
        return answer.status, await answer.text()


async def licence_request(tenant: Tenant, folder: Path, prefix: str, response_mode: str) -> dict[str, Any]:
    """Ask for three elements out of a driving licence, of three kinds: text, bytes, a structure."""
    names = ("family_name", "portrait", "driving_privileges")
    claims = [{"path": ["org.iso.18013.5.1", name], "intent_to_retain": False} for name in names]
    meta = {"doctype_value": "org.iso.18013.5.1.mDL"}
    query = folder / "licence.json"
    query.write_text(json.dumps({"credentials": [{"id": "mdl", "format": "mso_mdoc", "meta": meta, "claims": claims}]}))
    made = await tenant.commands("request", str(query), "--prefix", prefix, "--response-mode", response_mode)
    return dict(made)
