"""A load of complete flows: what a wallet does, as cheaply as a client can."""

import asyncio
import hashlib
import json
import secrets
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

    async def issuance(self, bound: bool = False) -> str:
        """Offer, offer object, both metadata documents, token, nonce, credential; the token bound by DPoP or not."""
        made = await self.admin("/credential-offers", {"credential_configuration_ids": ["pid"]})
        offer = await self.json("GET", _parameter(made["credential_offer_uri"], "credential_offer_uri"))
        issuer = offer["credential_issuer"]
        origin, _, path = issuer.partition("/t/")
        for name in ("openid-credential-issuer", "oauth-authorization-server"):
            await self.json("GET", f"{origin}/.well-known/{name}/t/{path}")
        code = offer["grants"][PRE_AUTHORIZED_CODE]["pre-authorized_code"]
        form = {"grant_type": PRE_AUTHORIZED_CODE, "pre-authorized_code": code}
        proof = {"DPoP": self.dpop(self.key, f"{issuer}/token")} if bound else {}
        token = await self.json("POST", f"{issuer}/token", data=form, headers=proof)
        return await self.credential(issuer, token["access_token"], self.key if bound else None)

    async def credential(self, issuer: str, token: str, bound_to: ec.EllipticCurvePrivateKey | None = None) -> str:
        """Nonce and credential."""
        nonce = (await self.json("POST", f"{issuer}/nonce"))["c_nonce"]
        header = {"typ": "openid4vci-proof+jwt", "jwk": from_public_key(self.key.public_key())}
        proof = signed(self.key, header, {"aud": issuer, "iat": int(time.time()), "nonce": nonce})
        body = {"credential_configuration_id": "pid", "proofs": {"jwt": [proof]}}
        headers = {"Authorization": f"{'DPoP' if bound_to else 'Bearer'} {token}"}
        if bound_to:
            headers["DPoP"] = self.dpop(bound_to, f"{issuer}/credential", token)
        answer = await self.json("POST", f"{issuer}/credential", json=body, headers=headers)
        return str(answer["credentials"][0]["credential"])

    async def verification(self, credential: str, response_mode: str) -> str:
        """Request, request object, response; the id under which what came of it is found."""
        made = await self.admin("/presentation-requests", {"dcql_query": _QUERY, "response_mode": response_mode})
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
        presentation = presented + signed(self.key, {"typ": "kb+jwt"}, claims)
        payload = {"vp_token": {"pid": [presentation]}, "state": request["state"]}
        form = {name: one if isinstance(one, str) else json.dumps(one) for name, one in payload.items()}
        if response_mode == "direct_post.jwt":
            form = {"response": _encrypted(request["client_metadata"]["jwks"]["keys"][0], payload)}
        await self.json("POST", request["response_uri"], data=form)
        return str(made["presentation_id"])

    async def admin(self, path: str, body: Any, method: str = "POST") -> Any:
        """One call of the admin API."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        return await self.json(method, f"{self.base}/api/v1{path}", json=body, headers=headers)

    async def json(self, method: str, url: str, **arguments: Any) -> Any:
        """The JSON of an answer, None without one. Raises FlowFailed."""
        async with self.session.request(method, url, **arguments) as answer:
            body = await answer.read()
            if answer.status not in (200, 201, 204):
                raise FlowFailed(f"{method} {urlsplit(url).path}: {answer.status}")
            return json.loads(body) if body else None

    def dpop(self, key: ec.EllipticCurvePrivateKey, url: str, token: str | None = None) -> str:
        """A DPoP proof for a POST (RFC 9449, 4.2)."""
        claims = {"jti": secrets.token_hex(8), "htm": "POST", "htu": url, "iat": int(time.time())}
        if token is not None:
            claims["ath"] = b64url(hashlib.sha256(token.encode()).digest())
        return signed(key, {"typ": "dpop+jwt", "jwk": from_public_key(key.public_key())}, claims)


def raw_signature(key: ec.EllipticCurvePrivateKey, payload: bytes) -> bytes:
    """ES256 as JOSE has it (RFC 7518, 3.4)."""
    r, s = decode_dss_signature(key.sign(payload, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def signed(key: ec.EllipticCurvePrivateKey, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """A JWT under a key."""
    text = f"{b64url(render_json({'alg': 'ES256', **header}))}.{b64url(render_json(dict(claims)))}"
    return f"{text}.{b64url(raw_signature(key, text.encode()))}"


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
