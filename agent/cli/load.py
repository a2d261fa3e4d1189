"""A load of complete flows: what a wallet does, as cheaply as a client can."""

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from protocols.encoding import b64url, parse_b64url, render_json
from protocols.jose.jwk import from_public_key
from protocols.oauth.token import PRE_AUTHORIZED_CODE

_QUERY = {
    "credentials": [
        {
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:eudi:pid:1"]},
            "claims": [{"path": ["given_name"]}, {"path": ["family_name"]}],
        }
    ]
}


class FlowFailed(Exception):
    """A step was not answered as it should be; says which and with what status."""


@dataclass(slots=True)
class Flows:
    """Complete flows against one tenant; `api_key` makes offers and requests."""

    session: aiohttp.ClientSession
    base: str
    api_key: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    async def issuance(self) -> str:
        """Offer, offer object, both metadata documents, token, nonce, credential."""
        made = await self._admin("/credential-offers", {"credential_configuration_ids": ["pid"]})
        offer = await self._json("GET", _parameter(made["credential_offer_uri"], "credential_offer_uri"))
        issuer = offer["credential_issuer"]
        origin, _, path = issuer.partition("/t/")
        for name in ("openid-credential-issuer", "oauth-authorization-server"):
            await self._json("GET", f"{origin}/.well-known/{name}/t/{path}")
        code = offer["grants"][PRE_AUTHORIZED_CODE]["pre-authorized_code"]
        form = {"grant_type": PRE_AUTHORIZED_CODE, "pre-authorized_code": code}
        token = await self._json("POST", f"{issuer}/token", data=form)
        nonce = (await self._json("POST", f"{issuer}/nonce"))["c_nonce"]
        header = {"typ": "openid4vci-proof+jwt", "jwk": from_public_key(self.key.public_key())}
        proof = self._jwt(header, {"aud": issuer, "iat": int(time.time()), "nonce": nonce})
        body = {"credential_configuration_id": "pid", "proofs": {"jwt": [proof]}}
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        answer = await self._json("POST", f"{issuer}/credential", json=body, headers=headers)
        return str(answer["credentials"][0]["credential"])

    async def verification(self, credential: str, response_mode: str) -> None:
        """Request, request object, response."""
        made = await self._admin("/presentation-requests", {"dcql_query": _QUERY, "response_mode": response_mode})
        url = _parameter(made["authorization_request_uri"], "request_uri")
        async with self.session.get(url) as answer:
            request = json.loads(parse_b64url((await answer.text()).split(".")[1]))
        token, *disclosures = credential.split("~")[:-1]
        wanted = {"given_name", "family_name"}
        kept = [one for one in disclosures if json.loads(parse_b64url(one))[1] in wanted]
        presented = "~".join([token, *kept]) + "~"
        claims = {
            "iat": int(time.time()),
            "aud": request["client_id"],
            "nonce": request["nonce"],
            "sd_hash": b64url(hashlib.sha256(presented.encode()).digest()),
        }
        presentation = presented + self._jwt({"typ": "kb+jwt"}, claims)
        payload = {"vp_token": {"pid": [presentation]}, "state": request["state"]}
        form = {name: one if isinstance(one, str) else json.dumps(one) for name, one in payload.items()}
        if response_mode == "direct_post.jwt":
            form = {"response": _encrypted(request["client_metadata"]["jwks"]["keys"][0], payload)}
        await self._json("POST", request["response_uri"], data=form)

    async def _admin(self, path: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.api_key}"}
        return await self._json("POST", f"{self.base}/api/v1{path}", json=body, headers=headers)

    async def _json(self, method: str, url: str, **arguments: Any) -> Any:
        async with self.session.request(method, url, **arguments) as answer:
            body = await answer.read()
            if answer.status not in (200, 201):
                raise FlowFailed(f"{method} {urlsplit(url).path}: {answer.status}")
            return json.loads(body)

    def _jwt(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        parts = [b64url(render_json({"alg": "ES256", **header})), b64url(render_json(dict(claims)))]
        r, s = decode_dss_signature(self.key.sign(".".join(parts).encode(), ec.ECDSA(hashes.SHA256())))
        return ".".join([*parts, b64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))])


def _parameter(link: str, name: str) -> str:
    return parse_qs(urlsplit(link).query)[name][0]


def _encrypted(jwk: Mapping[str, Any], payload: Any) -> str:
    header = {"alg": "ECDH-ES", "enc": "A128GCM", "kid": jwk["kid"]}
    token = JWE(render_json(payload), protected=json.dumps(header))
    token.add_recipient(JWK(**jwk))
    return str(token.serialize(compact=True))


async def run(flow: Callable[[], Awaitable[Any]], concurrency: int, seconds: float) -> list[float]:
    """The flow again and again by so many at once; how long each took (seconds). Raises FlowFailed."""
    took: list[float] = []
    end = time.monotonic() + seconds

    async def one() -> None:
        while time.monotonic() < end:
            started = time.monotonic()
            await flow()
            took.append(time.monotonic() - started)

    await asyncio.gather(*(one() for _ in range(concurrency)))
    return took
