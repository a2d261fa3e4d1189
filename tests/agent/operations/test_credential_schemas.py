"""`credentialSchema` of credentials from elsewhere: had, believed and kept, or not; and what the policy makes of it."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from agent.operations.verifying.credential_schemas import (
    NotByCredentialSchema,
    SchemaUnavailable,
    require_credential_schemas,
)
from agent.scope.policies import Revocation
from protocols.checks import Checks
from protocols.jose import jws, jwt
from protocols.vcdm import V2
from tests.houses import Site, free_port
from tests.integrity import SigningKey

PORT = free_port()
URI = f"http://localhost:{PORT}/schema"
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {"credentialSubject": {"type": "object", "required": ["degree"]}},
    "required": ["credentialSubject"],
}
ISSUER, STRANGER = SigningKey("EdDSA"), SigningKey("EdDSA")


@dataclass(slots=True)
class Shelf:
    """What stands at URI."""

    body: bytes = json.dumps(SCHEMA).encode()
    status: int = 200
    fetched: int = 0

    async def serve(self, _request: web.BaseRequest) -> web.Response:
        """The aiohttp handler of a raw test server."""
        self.fetched += 1
        return web.Response(body=self.body, status=self.status, headers={"Content-Type": "application/schema+json"})


@dataclass(slots=True)
class Asked:
    """A credential that names a schema, and what came of asking it."""

    site: Site
    checks: Checks = field(default_factory=Checks)

    async def __call__(self, rule: Revocation = "if_present", whole: bool = True, **changes: Any) -> str:
        entry = {"id": URI, "type": "JsonSchema", **changes.pop("entry", {})}
        credential = {
            "@context": [V2],
            "type": ["VerifiableCredential"],
            "issuer": ISSUER.did,
            "credentialSchema": entry,
            "credentialSubject": {"degree": "B"},
            **changes,
        }
        if credential["credentialSchema"] is None:
            del credential["credentialSchema"]
        self.checks = Checks()
        with self.checks:
            await require_credential_schemas(await self.site.scope(), credential, rule, self.checks, whole)
        return ",".join(line.result for line in self.checks.lines)


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"fetch_allow": f"localhost:{PORT}"}


@pytest_asyncio.fixture
async def shelf(aiohttp_raw_server: Callable[..., Awaitable[RawTestServer]]) -> AsyncIterator[Shelf]:
    found = Shelf()
    await aiohttp_raw_server(found.serve, port=PORT)
    yield found


@pytest.fixture
def ask(site: Site) -> Asked:
    return Asked(site)


def schema_credential(key: SigningKey = ISSUER, **changes: Any) -> bytes:
    """A JsonSchemaCredential as a JWT."""
    document = {
        "@context": [V2],
        "id": URI,
        "type": ["VerifiableCredential", "JsonSchemaCredential"],
        "issuer": key.did,
        "credentialSubject": {"id": URI, "type": "JsonSchema", "jsonSchema": SCHEMA},
        **changes,
    }
    payload = jwt.render({"alg": "EdDSA", "typ": "vc+jwt", "cty": "vc", "kid": key.method}, document)
    return jws.seal(payload, key.sign(payload)).encode()


async def test_a_credential_fits_its_schema_or_is_refused(ask: Asked, shelf: Shelf) -> None:
    rules: tuple[Revocation, ...] = ("mandatory", "if_present", "best_effort")
    for rule in rules:
        assert await ask(rule) == "held"
        with pytest.raises(NotByCredentialSchema, match="/credentialSubject: /properties/credentialSubject/required"):
            await ask(rule, credentialSubject={"name": "x"})
    assert await ask("off", credentialSubject={"name": "x"}) == ""
    # Of one whose holder left parts out, what must be there is not asked.
    assert await ask(whole=False, credentialSubject={"name": "x"}) == "held"
    with pytest.raises(NotByCredentialSchema):
        await ask(whole=False, credentialSubject="x")
    assert shelf.fetched == 1, "fetched once and kept"


async def test_a_schema_is_fetched_once_however_many_wait(ask: Asked, site: Site, shelf: Shelf) -> None:
    await asyncio.gather(*(Asked(site)() for _ in range(8)))
    assert shelf.fetched == 1


async def test_the_policy_says_what_becomes_of_a_schema_that_cannot_be_had(ask: Asked, shelf: Shelf) -> None:
    shelf.status = 503
    rules: tuple[Revocation, ...] = ("mandatory", "if_present")
    for rule in rules:
        with pytest.raises(SchemaUnavailable):
            await ask(rule)
    assert await ask("best_effort") == "warned"
    assert await ask("off") == ""
    shelf.status, shelf.body = 200, b'{"type": "unheard"}'
    assert await ask("best_effort") == "warned"
    with pytest.raises(SchemaUnavailable, match="none"):
        await ask("mandatory", credentialSchema=None)
    assert await ask("if_present", credentialSchema=None) == ""


async def test_a_schema_has_the_digest_that_the_credential_states(ask: Asked, shelf: Shelf) -> None:
    right = f"sha256-{b64encode(sha256(shelf.body).digest()).decode()}"
    assert await ask(entry={"digestSRI": right}) == "held"
    for wrong in (
        {"digestSRI": f"sha256-{b64encode(bytes(32)).decode()}"},
        {"digestMultibase": "uAAAA"},
        {"digestSRI": 1},
    ):
        with pytest.raises(SchemaUnavailable, match="digest"):
            await ask(entry=wrong)


@pytest.mark.parametrize(
    ("body", "entry"),
    [
        (b"not JSON", {}),
        (b'{"type": "unheard"}', {}),
        (b'{"$ref": "https://elsewhere.example/schema"}', {}),
        (json.dumps(SCHEMA).encode(), {"type": "1EdTechJsonSchemaValidator2019"}),
        (json.dumps(SCHEMA).encode(), {"id": "http://169.254.169.254/schema"}),
        (json.dumps(SCHEMA).encode(), {"type": "JsonSchemaCredential"}),
        (schema_credential(STRANGER), {"type": "JsonSchemaCredential"}),
        (schema_credential()[:-4] + b"AAAA", {"type": "JsonSchemaCredential"}),
        (schema_credential(type=["VerifiableCredential"]), {"type": "JsonSchemaCredential"}),
        (schema_credential(credentialSubject={"type": "JsonSchema"}), {"type": "JsonSchemaCredential"}),
    ],
)
async def test_what_is_no_schema_or_nobodys_to_believe_is_none(
    ask: Asked, shelf: Shelf, body: bytes, entry: dict[str, Any]
) -> None:
    shelf.body = body
    with pytest.raises(SchemaUnavailable):
        await ask(entry=entry)


async def test_a_schema_credential_of_the_credentials_issuer_is_believed(ask: Asked, shelf: Shelf) -> None:
    shelf.body = schema_credential()
    kind = {"type": "JsonSchemaCredential"}
    assert await ask(entry=kind) == "held"
    with pytest.raises(NotByCredentialSchema):
        await ask(entry=kind, credentialSubject={"name": "x"})
