"""Keys from JWT VC Issuer Metadata, fetched from a real server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from agent.fetch import GuardedFetch
from plugins.trust_resolvers.jwt_vc_issuer import JwtVcIssuerTrust
from protocols.errors import ProtocolError
from protocols.ports import KeyReference, PluginTools, Purpose, TrustAnchor, TrustedKey
from tests.wallets import HolderKey

TYPE = "urn:eudi:pid:1"


@dataclass(slots=True)
class Issuer:
    """What an issuer publishes at its own address."""

    url: str = ""
    key: HolderKey = field(default_factory=HolderKey)
    changes: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    status: int = 200

    def document(self) -> dict[str, Any]:
        keys = {"keys": [{**self.key.jwk, "kid": "one"}, {**HolderKey().jwk, "kid": "two"}]}
        found = {"issuer": self.url, "jwks": keys, **self.changes}
        return {name: value for name, value in found.items() if value is not None}


@pytest_asyncio.fixture
async def issuer(aiohttp_raw_server: Callable[..., Awaitable[RawTestServer]]) -> Issuer:
    made = Issuer()

    async def answer(request: web.BaseRequest) -> web.Response:
        made.asked.append(request.path)
        if request.path == "/keys":
            return web.json_response({"keys": [{**made.key.jwk, "kid": "elsewhere"}]})
        return web.json_response(made.document(), status=made.status)

    server = await aiohttp_raw_server(answer)
    made.url = f"http://localhost:{server.port}/t/alpha"
    return made


@pytest_asyncio.fixture
async def resolver(issuer: Issuer) -> AsyncIterator[JwtVcIssuerTrust]:
    fetch = GuardedFetch(allow="localhost")
    sandbox: Any = None
    yield JwtVcIssuerTrust(PluginTools({}, fetch, sandbox))
    await fetch.close()


def anchor(issuer: Issuer, **changes: Any) -> TrustAnchor:
    return TrustAnchor("a", **{"identifier": issuer.url, "roles": frozenset({"issue"}), **changes})


async def resolve(resolver: JwtVcIssuerTrust, issuer: Issuer, kid: str | None = "one", **changes: Any) -> TrustedKey:
    reference = KeyReference("jwt_vc_issuer", kid, issuer.url, TYPE)
    return await resolver.resolve(reference, Purpose.ISSUE, (anchor(issuer, **changes),), 0)


async def test_the_key_of_a_believed_issuer_is_found_at_its_well_known_address(
    resolver: JwtVcIssuerTrust, issuer: Issuer
) -> None:
    found = await resolve(resolver, issuer)
    assert issuer.asked == ["/.well-known/jwt-vc-issuer/t/alpha"]
    assert {name: found.jwk[name] for name in ("kty", "crv", "x", "y")} == issuer.key.jwk
    assert (found.algorithm, found.identifier) == ("ES256", issuer.url)


async def test_the_keys_may_be_at_another_address(resolver: JwtVcIssuerTrust, issuer: Issuer) -> None:
    issuer.changes = {"jwks": None, "jwks_uri": issuer.url.removesuffix("/t/alpha") + "/keys"}
    found = await resolve(resolver, issuer, None)
    assert found.jwk["x"] == issuer.key.jwk["x"]


@pytest.mark.parametrize(
    "changes",
    [{"roles": frozenset({"status"})}, {"types": frozenset({"other"})}, {"identifier": "http://localhost/t/beta"}],
)
async def test_nobodys_address_is_asked_whom_nobody_believes(
    resolver: JwtVcIssuerTrust, issuer: Issuer, changes: dict[str, Any]
) -> None:
    with pytest.raises(ProtocolError, match="no anchor"):
        await resolve(resolver, issuer, **changes)
    assert issuer.asked == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"issuer": "http://localhost/t/beta"}, "another issuer"),
        ({"issuer": None}, "another issuer"),
        ({"jwks": None}, "neither or both"),
        ({"jwks_uri": "https://elsewhere.example/keys"}, "neither or both"),
        ({"jwks": {"keys": []}}, "not a JWK Set"),
        ({"jwks": {"keys": ["x"]}}, "not a JWK Set"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "AAAA", "kid": "one"}]}}, "."),
    ],
)
async def test_metadata_that_does_not_hold_is_refused(
    resolver: JwtVcIssuerTrust, issuer: Issuer, changes: dict[str, Any], why: str
) -> None:
    issuer.changes = changes
    with pytest.raises(ProtocolError, match=why):
        await resolve(resolver, issuer)


@pytest.mark.parametrize("kid", ["three", None])
async def test_a_key_that_is_not_there_or_not_the_only_one_is_none(
    resolver: JwtVcIssuerTrust, issuer: Issuer, kid: str | None
) -> None:
    with pytest.raises(ProtocolError, match="no key of the issuer"):
        await resolve(resolver, issuer, kid)


async def test_an_address_that_answers_otherwise_gives_no_key(resolver: JwtVcIssuerTrust, issuer: Issuer) -> None:
    issuer.status = 404
    with pytest.raises(ProtocolError, match="status or media type"):
        await resolve(resolver, issuer)
