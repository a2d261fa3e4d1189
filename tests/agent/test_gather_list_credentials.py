"""Another issuer's list that is a credential, secured by a proof or as a JWT: fetched and believed or not."""

import gzip
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from agent import gather
from agent.gather import Revoked, StatusUnavailable
from agent.operations.issuing.open_status_lists import mechanisms
from protocols import data_integrity
from protocols.encoding import b64url, render_json
from protocols.jose import jws, jwt
from protocols.ports import Securing
from protocols.vcdm import V1, V2
from protocols.vcdm import jwt as vc_jwt
from tests.houses import Site, free_port
from tests.integrity import SigningKey, finish, suites

PORT = free_port()
URI = f"http://localhost:{PORT}/lists/1"
BITS = bytes([0b01000000]) + bytes(16_383)
"""The second credential is revoked."""


@dataclass(slots=True)
class ListIssuer:
    """What stands at URI: by default an honest list secured by `suite`; parts of credential and proof replaced."""

    kind: str = "BitstringStatusList"
    suite: str = "eddsa-rdfc-2022"
    key: SigningKey = field(default_factory=lambda: SigningKey("EdDSA"))
    packed: bytes = BITS
    media_type: str = "application/vc"
    credential: dict[str, Any] = field(default_factory=dict)
    subject: dict[str, Any] = field(default_factory=dict)
    proof: dict[str, Any] = field(default_factory=dict)
    after: Callable[[dict[str, Any]], dict[str, Any]] = lambda document: document
    fetched: int = 0

    @property
    def older(self) -> bool:
        return self.kind == "StatusList2021"

    def plain(self) -> dict[str, Any]:
        now = datetime.now(UTC)
        begins, ends = (f"{now + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}" for hours in (-1, 1))
        compressed = gzip.compress(self.packed, mtime=0)
        contexts = [V1, "https://w3id.org/vc/status-list/2021/v1"] if self.older else [V2]
        times = ("issuanceDate", "expirationDate") if self.older else ("validFrom", "validUntil")
        subject = {
            "id": f"{URI}#list",
            "type": self.kind,
            "statusPurpose": "revocation",
            "encodedList": b64encode(compressed).decode() if self.older else "u" + b64url(compressed),
            **self.subject,
        }
        return {
            "@context": contexts,
            "id": URI,
            "type": ["VerifiableCredential", f"{self.kind}Credential"],
            "issuer": self.key.did,
            **dict(zip(times, (begins, ends), strict=True)),
            "credentialSubject": subject,
            **self.credential,
        }

    def body(self) -> bytes:
        suite = suites({})[self.suite]
        document = data_integrity.with_context(self.plain(), suite.name, suite.legacy)
        proof = data_integrity.new_proof(
            suite.name, self.key.method, "assertionMethod", datetime.now(UTC), legacy=suite.legacy
        )
        proof |= self.proof
        entropy = bytes
        prepared = finish(suite.prepare(Securing(document, proof, self.key.algorithm, self.key.jwk, entropy)))
        sealed = data_integrity.with_proof(document, suite.seal(prepared, self.key.sign(prepared.payload)))
        return render_json(self.after(sealed))

    def token(self) -> bytes:
        """A credential of VCDM 1.1 in a JWT."""
        header = {"alg": self.key.algorithm, "typ": "JWT", "kid": self.key.method}
        payload = jwt.render(header, vc_jwt.encode_credential(self.plain()))
        return jws.seal(payload, self.key.sign(payload)).encode()

    async def serve(self, _request: web.BaseRequest) -> web.Response:
        """The aiohttp handler of a raw test server."""
        self.fetched += 1
        body = self.token() if self.media_type == "application/jwt" else self.body()
        return web.Response(body=body, headers={"Content-Type": self.media_type})


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"fetch_allow": f"localhost:{PORT}"}


@pytest_asyncio.fixture
async def elsewhere(
    site: Site, aiohttp_raw_server: Callable[..., Awaitable[RawTestServer]]
) -> AsyncIterator[ListIssuer]:
    other = ListIssuer()
    await aiohttp_raw_server(other.serve, port=PORT)
    await trusted(site, other.key)
    yield other


async def trusted(site: Site, key: SigningKey) -> None:
    status, answer = await site.api("POST", "/trust-anchors", {"did": key.did, "name": "lists", "roles": ["status"]})
    assert status == 201, answer
    site.house.cache.clear()


async def check(site: Site, elsewhere: ListIssuer, index: int = 0, **changes: Any) -> None:
    """Read as every format reads an entry, then asked about."""
    entry = {
        "type": f"{elsewhere.kind}Entry",
        "statusPurpose": "revocation",
        "statusListIndex": str(index),
        "statusListCredential": URI,
        **changes,
    }
    known = site.house.plugins["status_mechanisms"].values()
    (mechanism,) = [one for one in known if one.member == entry["type"]]
    await gather.require_status(await site.scope(), mechanism.reference(entry))


async def refused(site: Site, elsewhere: ListIssuer, index: int = 0, **changes: Any) -> str:
    with pytest.raises(StatusUnavailable) as caught:
        await check(site, elsewhere, index, **changes)
    return caught.value.detail


@pytest.mark.parametrize("kind", ["BitstringStatusList", "StatusList2021"])
@pytest.mark.parametrize(
    ("suite", "algorithm"),
    [
        ("eddsa-rdfc-2022", "EdDSA"),
        ("eddsa-jcs-2022", "EdDSA"),
        ("ecdsa-rdfc-2019", "ES256"),
        ("ecdsa-jcs-2019", "ES384"),
        ("Ed25519Signature2020", "EdDSA"),
    ],
)
async def test_a_list_with_a_proof_is_believed(
    site: Site, elsewhere: ListIssuer, kind: str, suite: str, algorithm: str
) -> None:
    if algorithm != "EdDSA":
        elsewhere.key = SigningKey(algorithm)
        await trusted(site, elsewhere.key)
    elsewhere.kind, elsewhere.suite = kind, suite
    await check(site, elsewhere)
    with pytest.raises(Revoked):
        await check(site, elsewhere, 1)
    assert elsewhere.fetched == 1, "kept, as the list allows"
    assert await refused(site, elsewhere, 131_072) == "index out of range"


async def test_a_list_of_2021_in_a_jwt_is_believed(site: Site, elsewhere: ListIssuer) -> None:
    elsewhere.kind, elsewhere.media_type = "StatusList2021", "application/jwt"
    await check(site, elsewhere)
    with pytest.raises(Revoked):
        await check(site, elsewhere, 1)


async def test_a_list_of_2021_in_a_jwt_by_somebody_else_is_not(site: Site, elsewhere: ListIssuer) -> None:
    elsewhere.kind, elsewhere.media_type, elsewhere.key = "StatusList2021", "application/jwt", SigningKey("EdDSA")
    assert "no anchor" in await refused(site, elsewhere)


async def test_a_list_of_another_purpose_says_nothing(
    site: Site, elsewhere: ListIssuer, vectors: Callable[[str], Any]
) -> None:
    (case,) = [one for one in vectors("bitstring-status-list/vectors.json")["negative"] if "entry_purpose" in one]
    elsewhere.subject = {"statusPurpose": case["list_purpose"]}
    for elsewhere.kind in ("BitstringStatusList", "StatusList2021"):
        site.house.cache.clear()
        found = await refused(site, elsewhere, statusPurpose=case["entry_purpose"])
        assert found == "a list for another purpose"
        await check(site, elsewhere, statusPurpose=case["list_purpose"])


def _changed(document: dict[str, Any]) -> dict[str, Any]:
    other = gzip.compress(bytes(16_384), mtime=0)
    subject = {**document["credentialSubject"], "encodedList": "u" + b64url(other)}
    return {**document, "credentialSubject": subject}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"after": _changed}, "signature"),
        ({"after": lambda one: {**one, "proof": [one["proof"], one["proof"]]}}, "more than one proof"),
        ({"after": lambda one: {name: value for name, value in one.items() if name != "proof"}}, "no proof"),
        ({"proof": {"proofPurpose": "authentication"}}, "proofPurpose"),
        ({"proof": {"expires": "2020-01-01T00:00:00Z"}}, "expired"),
        ({"key": SigningKey("EdDSA")}, "no anchor"),
        ({"credential": {"issuer": "did:web:elsewhere.example"}}, "not the issuer's"),
        ({"credential": {"id": f"{URI}0"}}, "id or type"),
        ({"credential": {"type": ["VerifiableCredential"]}}, "id or type"),
        ({"credential": {"validUntil": "2020-01-01T00:00:00Z", "validFrom": "2019-01-01T00:00:00Z"}}, "expired"),
        ({"packed": bytes(64 * 1024 * 1024)}, "too long"),
        ({"packed": bytes(12_500)}, "shorter"),
        ({"media_type": "text/html"}, "media type"),
    ],
)
async def test_a_list_with_a_proof_that_does_not_hold_is_no_list(
    site: Site, elsewhere: ListIssuer, changes: dict[str, Any], why: str
) -> None:
    for name, value in changes.items():
        setattr(elsewhere, name, value)
    assert why in await refused(site, elsewhere)


async def test_a_list_that_brings_its_own_context_is_no_list(site: Site, elsewhere: ListIssuer) -> None:
    elsewhere.suite = "eddsa-jcs-2022"
    elsewhere.credential = {"@context": [V2, {"encodedList": "urn:x"}]}
    assert "context" in await refused(site, elsewhere)


async def test_a_list_with_parts_left_out_is_no_list(site: Site, elsewhere: ListIssuer) -> None:
    """A proof of a suite that discloses selectively is not even looked at."""
    sealed = elsewhere.body
    elsewhere.after = lambda one: {**one, "proof": {**one["proof"], "cryptosuite": "ecdsa-sd-2023"}}
    assert sealed()
    assert await refused(site, elsewhere) == "cryptosuite"


async def test_a_list_of_2021_is_read_and_never_published(site: Site) -> None:
    known = mechanisms(await site.scope())
    assert "bitstring_status_list" in known
    assert "status_list_2021" not in known
    body = {
        "credential_configuration_id": "legacy",
        "format": "dc+sd-jwt",
        "type": "urn:example:legacy",
        "status": "status_list_2021",
    }
    status, refusal = await site.api("POST", "/credential-configurations", body)
    assert status == 422
    assert "status" in str(refusal)
