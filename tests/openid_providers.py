"""OpenID Providers for tests: one that says whatever a test wants, with keys of its own, on a loopback port."""

import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.wallets import HolderKey, b64, compact

SUBJECT = "24400320"
CLAIMS = {"given_name": "Erika", "family_name": "Mustermann", "birthdate": "1964-08-12"}


@dataclass(slots=True)
class Forger:
    """Honest by default. `claims` and `header` change the ID token (None leaves out), `answer` what the browser brings."""

    client_id: str = "chancery"
    key: HolderKey = field(default_factory=HolderKey)
    subject: str = SUBJECT
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    forge: str = ""
    token_status: int = 200
    token_type: str = "Bearer"
    nonces: dict[str, str] = field(default_factory=dict)
    requests: list[dict[str, str]] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    published: list[dict[str, Any]] = field(default_factory=list)
    _server: TestServer | None = None

    @property
    def issuer(self) -> str:
        assert self._server is not None
        return f"http://localhost:{self._server.port}"

    async def __aenter__(self) -> "Forger":
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._document)
        app.router.add_get("/keys", self._keys)
        app.router.add_post("/token", self._token)
        app.router.add_get("/me", self._me)
        self.published = [{**self.key.jwk, "kid": "1", "use": "sig"}]
        self._server = TestServer(app, host="localhost")
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        await self._server.close()

    async def _document(self, _: web.Request) -> web.Response:
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/me",
            "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
            "authorization_response_iss_parameter_supported": True,
        }
        return web.json_response(document | self.metadata)

    async def _keys(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": self.published})

    async def _me(self, request: web.Request) -> web.Response:
        self.headers.append(request.headers.get("Authorization", ""))
        return web.json_response({"sub": self.claims.get("userinfo_sub", self.subject), "nickname": "E"})

    def arrive(self, address: str) -> dict[str, str]:
        """The browser is here with an authentication request: what it goes back with."""
        parts = urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.issuer}/authorize"
        asked = dict(parse_qsl(parts.query))
        code = secrets.token_hex(8)
        self.nonces[code] = asked["nonce"]
        self.requests.append(asked)
        back = {"code": code, "state": asked["state"], "iss": self.issuer} | self.answer
        return {name: value for name, value in back.items() if value is not None}

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.requests.append(form)
        self.headers.append(request.headers.get("Authorization", ""))
        nonce = self.nonces.pop(form.get("code", ""), None)
        if nonce is None:
            return web.json_response({"error": "invalid_grant"}, status=400)
        access = secrets.token_hex(8)
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": self.client_id,
            "nonce": nonce,
            "iat": now,
            "exp": now + 60,
            "at_hash": b64(hashlib.sha256(access.encode()).digest()[:16]),
        }
        token = self._sign({**claims, **CLAIMS, **self.claims})
        body = {"id_token": token, "access_token": access, "token_type": self.token_type}
        return web.json_response(body, status=self.token_status)

    def _sign(self, claims: dict[str, Any]) -> str:
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "ES256", "kid": "1"} | self.header
        if not self.forge:
            return self.key.jwt({name: one for name, one in header.items() if one is not None}, claims)
        text = f"{b64(compact({**header, 'alg': self.forge}))}.{b64(compact(claims))}"
        if self.forge == "none":
            return f"{text}."
        # The published key, as bytes, taken for a shared secret.
        return f"{text}.{b64(hmac.new(json.dumps(self.published[0]).encode(), text.encode(), 'sha256').digest())}"
