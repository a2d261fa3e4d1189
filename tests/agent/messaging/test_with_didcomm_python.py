"""Another vendor's library (SICPA's `didcomm`) talks to a tenant: its envelopes are opened, and it opens ours."""

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519

from agent.operations.messaging.begin_protocol import BeginProtocol, begin_protocol
from agent.operations.messaging.identity import identity_of
from agent.scope import Scope
from agent.workers.deliveries import Deliveries
from protocols.did import multikey
from protocols.didcomm.encrypted import ENCRYPTED
from protocols.encoding import b64url
from protocols.jose import jwk as jwks
from tests.agent.messaging.world import World
from tests.interop.didcomm_python.install import HERE, CannotInstall, install

PING = "https://didcomm.org/trust-ping/2.0/ping"


class Library:
    """The library in its own process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def __call__(self, **request: Any) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        answer = json.loads(await asyncio.wait_for(self._process.stdout.readline(), 60))
        assert "error" not in answer, answer["error"]
        return answer


@pytest.fixture(scope="session")
def library_python() -> str:
    try:
        return str(install())
    except (CannotInstall, OSError) as refusal:
        if os.environ.get("CI") == "true":
            pytest.fail(str(refusal))
        pytest.skip(str(refusal))


@pytest.fixture
async def library(library_python: str) -> AsyncIterator[Library]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        library_python, str(HERE / "peer.py"), stdin=pipe, stdout=pipe, limit=2**22
    )
    yield Library(process)
    process.kill()
    await process.wait()


def private_jwk(key: Any, kid: str) -> dict[str, Any]:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        d = key.private_numbers().private_value.to_bytes((key.curve.key_size + 7) // 8)
    else:
        d = key.private_bytes_raw()
    return {"kid": kid, **jwks.from_public_key(key.public_key()), "d": b64url(d)}


def document(did: str, keys: list[dict[str, Any]], relationships: Mapping[str, list[str]]) -> dict[str, Any]:
    """A document in the form that the library reads: JWKs, no service of version 2."""
    methods = [
        {
            "id": jwk["kid"],
            "type": "JsonWebKey2020",
            "controller": did,
            "publicKeyJwk": {name: value for name, value in jwk.items() if name not in ("kid", "d")},
        }
        for jwk in keys
    ]
    return {"@context": ["https://www.w3.org/ns/did/v1"], "id": did, "verificationMethod": methods, **relationships}


def ed25519_peer() -> tuple[str, list[dict[str, Any]], dict[str, Any]]:
    """A did:key of Ed25519 whose X25519 key is derived, as everybody derives it."""
    key = ed25519.Ed25519PrivateKey.generate()
    jwk = jwks.from_public_key(key.public_key())
    multi, agreement = multikey.encode(jwk), multikey.encode(multikey.x25519_of(jwk))
    did = f"did:key:{multi}"
    derived = x25519.X25519PrivateKey.from_private_bytes(hashlib.sha512(key.private_bytes_raw()).digest()[:32])
    held = [private_jwk(key, f"{did}#{multi}"), private_jwk(derived, f"{did}#{agreement}")]
    return did, held, document(did, held, {"authentication": [held[0]["kid"]], "keyAgreement": [held[1]["kid"]]})


def nist_peer(curve: ec.EllipticCurve) -> tuple[str, list[dict[str, Any]], dict[str, Any]]:
    key = ec.generate_private_key(curve)
    multi = multikey.encode(jwks.from_public_key(key.public_key()))
    did = f"did:key:{multi}"
    held = [private_jwk(key, f"{did}#{multi}")]
    kids = [held[0]["kid"]]
    return did, held, document(did, held, {"authentication": kids, "keyAgreement": kids})


PEERS = {"X25519": ed25519_peer, "P-256": lambda: nist_peer(ec.SECP256R1()), "P-384": lambda: nist_peer(ec.SECP384R1())}


async def readable(tenant: Scope) -> dict[str, Any]:
    """The tenant's document as served, without the service."""
    async with aiohttp.ClientSession() as session, session.get(f"{tenant.tenant.base_url}/did.json") as answer:
        served = await answer.json(content_type="application/did+json")
    return {name: value for name, value in served.items() if name != "service"}


@pytest.mark.parametrize("protect", [False, True], ids=["authcrypt", "anoncrypt of authcrypt"])
@pytest.mark.parametrize("crv", list(PEERS))
async def test_a_ping_of_the_library_is_answered_to_it(
    library: Library, tenant: Scope, crv: str, protect: bool
) -> None:
    did, held, own = PEERS[crv]()
    theirs = await readable(tenant)
    ping = {"id": "1", "type": PING, "body": {}, "from": did, "to": [theirs["id"]], "return_route": "all"}
    given = {"documents": [own, theirs], "secrets": held}
    packed = await library(**given, pack=ping, to=theirs["id"], protect=protect, **{"from": did})
    async with aiohttp.ClientSession() as session:
        url, headers = f"{tenant.tenant.base_url}/didcomm", {"Content-Type": ENCRYPTED}
        async with session.post(url, json=packed["packed"], headers=headers) as answer:
            assert answer.status == 200
            reply = await answer.json(content_type=ENCRYPTED)
    opened = await library(**given, unpack=reply)
    assert opened["metadata"]["authenticated"]
    assert opened["message"]["type"] == "https://didcomm.org/trust-ping/2.0/ping-response"
    assert (opened["message"]["thid"], opened["message"]["from"]) == ("1", theirs["id"])


async def test_a_signed_ping_of_the_library_is_answered(library: Library, tenant: Scope) -> None:
    did, held, own = ed25519_peer()
    theirs = await readable(tenant)
    ping = {"id": "1", "type": PING, "body": {}, "from": did, "to": [theirs["id"]], "return_route": "all"}
    given = {"documents": [own, theirs], "secrets": held}
    # anoncrypt of a signed message: the sender is who signed
    packed = await library(**given, pack=ping, to=theirs["id"], sign=did)
    async with aiohttp.ClientSession() as session:
        url, headers = f"{tenant.tenant.base_url}/didcomm", {"Content-Type": ENCRYPTED}
        async with session.post(url, json=packed["packed"], headers=headers) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("named", ["by its key", "by its did"])
async def test_a_ping_from_the_outbox_reaches_the_library_through_its_mediator(
    library: Library, world: World, tenant: Scope, named: str
) -> None:
    arrived: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    served: dict[str, Any] = {}

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "POST":
            assert request.content_type == ENCRYPTED
            arrived.put_nowait(json.loads(await request.read()))
            return web.Response(status=202)
        return web.json_response(served[request.path])

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    given: dict[str, Any] = {"documents": [], "secrets": []}
    for name in ("peer", "mediator"):
        did = f"did:web:localhost%3A{port}:{name}"
        held = private_jwk(x25519.X25519PrivateKey.generate(), f"{did}#1")
        served[f"/{name}/did.json"] = document(did, [held], {"keyAgreement": [held["kid"]]})
        given["documents"].append(served[f"/{name}/did.json"])
        given["secrets"].append(held)
    peer, mediator = (found["id"] for found in given["documents"])
    inbox = {"uri": f"http://localhost:{port}/inbox", "accept": ["didcomm/v2"]}
    through = {**inbox, "routingKeys": [f"{mediator}#1"]} if named == "by its key" else {"uri": mediator}
    for name, endpoint in (("peer", through), ("mediator", inbox)):
        service = {"id": "#s", "type": "DIDCommMessaging", "serviceEndpoint": endpoint}
        served[f"/{name}/did.json"] = {**served[f"/{name}/did.json"], "service": [service]}

    await begin_protocol(tenant, BeginProtocol(peer, "trust-ping"))
    await Deliveries(world.maint, world.scope_of)()
    given["documents"].append(await readable(tenant))
    # Each with its own key only: the library would look through a forward that it holds both keys for.
    peers, mediators = ({**given, "secrets": [held]} for held in given["secrets"])
    forward = (await library(**mediators, unpack=arrived.get_nowait()))["message"]
    assert (forward["type"], forward["body"]) == ("https://didcomm.org/routing/2.0/forward", {"next": peer})
    opened = await library(**peers, unpack=forward["attachments"][0]["data"]["json"])
    assert opened["metadata"]["authenticated"]
    assert (opened["message"]["type"], opened["message"]["from"]) == (PING, (await identity_of(tenant)).did)
    await runner.cleanup()
