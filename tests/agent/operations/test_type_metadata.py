"""Type metadata of a presented SD-JWT VC: ours and another's, with what it extends; and what the policy makes of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from agent.operations.verifying.type_metadata import TypeMetadataUnavailable, require_type_metadata
from agent.scope.policies import Revocation
from protocols.checks import Checks
from protocols.sd_jwt.type_metadata import InvalidTypeMetadata, digest, integrity
from tests.houses import Site, free_port
from tests.verifying import ask as asked_of
from tests.verifying import obtain, query
from tests.wallets import Wallet

PORT = free_port()
BASE = f"http://localhost:{PORT}"
CHILD, PARENT = f"{BASE}/child", f"{BASE}/parent"


@dataclass(slots=True)
class Types:
    """Documents by address, and how often they were fetched."""

    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    fetched: int = 0

    def put(self, vct: str, *claims: tuple[str, str], **more: Any) -> str:
        """Stands there from now on; its integrity."""
        self.documents[vct] = {"vct": vct, "claims": [{"path": [name], "sd": sd} for name, sd in claims], **more}
        return integrity(digest(json.dumps(self.documents[vct]).encode()))

    async def serve(self, request: web.BaseRequest) -> web.Response:
        """The aiohttp handler of a raw test server."""
        self.fetched += 1
        found = self.documents.get(f"{BASE}{request.path}")
        return web.Response(status=200 if found else 404, text=json.dumps(found), content_type="application/json")


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"fetch_allow": f"localhost:{PORT}"}


@pytest_asyncio.fixture
async def types(aiohttp_raw_server: Callable[..., Awaitable[RawTestServer]]) -> AsyncIterator[Types]:
    found = Types()
    await aiohttp_raw_server(found.serve, port=PORT)
    yield found


async def look(site: Site, rule: Revocation = "if_present", clear: Any = (), hidden: Any = (), **claims: Any) -> str:
    """The results of the lines for a credential of CHILD with these names in clear and in disclosures."""
    site.house.cache.clear()
    payload = {"vct": CHILD, **dict.fromkeys(clear, 1), **claims}
    checks = Checks()
    with checks:
        await require_type_metadata(await site.scope(), payload, payload | dict.fromkeys(hidden, 1), rule, checks)
    return ",".join(line.result for line in checks.lines)


async def test_a_credential_is_disclosed_as_its_type_and_what_it_extends_say(site: Site, types: Types) -> None:
    above = types.put(PARENT, ("name", "always"), ("country", "never"), ("age", "always"))
    own = types.put(CHILD, ("age", "allowed"), **{"extends": PARENT, "extends#integrity": above})
    assert await look(site, clear=["country", "age"], hidden=["name"]) == "held"
    assert await look(site, clear=["age"], **{"vct#integrity": own}) == "held"
    for clear, hidden in ((["name"], []), ([], ["country"])):
        with pytest.raises(InvalidTypeMetadata, match="sd"):
            await look(site, "best_effort", clear, hidden)
    assert await look(site, "off", ["name"]) == ""


async def test_a_document_is_the_one_that_was_meant(site: Site, types: Types) -> None:
    types.put(PARENT)
    own = types.put(CHILD, extends=PARENT)
    for wrong in ({"vct#integrity": integrity(bytes(32))}, {"vct#integrity": 1}, {"vct#integrity": f"md5-{own[7:]}"}):
        with pytest.raises(InvalidTypeMetadata, match="integrity"):
            await look(site, **wrong)
    types.put(CHILD, **{"extends": PARENT, "extends#integrity": integrity(bytes(32))})
    with pytest.raises(InvalidTypeMetadata, match="integrity"):
        await look(site)
    for changes in ({"vct": PARENT}, {"claims": {}}, {"claims": [{"path": "x"}]}, {"extends": "urn:x"}, {"extends": 1}):
        types.documents[CHILD] = {"vct": CHILD, **changes}
        with pytest.raises(InvalidTypeMetadata):
            await look(site)


async def test_types_that_extend_each_other_come_to_an_end(site: Site, types: Types) -> None:
    types.put(PARENT, extends=CHILD)
    types.put(CHILD, extends=PARENT)
    with pytest.raises(InvalidTypeMetadata, match="extends itself"):
        await look(site)
    for number in range(12):
        types.put(f"{BASE}/{number}", extends=f"{BASE}/{number + 1}")
    types.put(CHILD, extends=f"{BASE}/0")
    types.fetched = 0
    with pytest.raises(InvalidTypeMetadata, match="too many"):
        await look(site)
    assert types.fetched == 8


async def test_the_policy_says_what_becomes_of_a_type_that_cannot_be_had(site: Site, types: Types) -> None:
    rules: tuple[Revocation, ...] = ("mandatory", "if_present")
    for rule in rules:
        with pytest.raises(TypeMetadataUnavailable):
            await look(site, rule)
    assert await look(site, "best_effort") == "warned"
    assert await look(site, "if_present", vct="urn:example:1") == ""
    with pytest.raises(TypeMetadataUnavailable):
        await look(site, "mandatory", vct="urn:example:1")
    with pytest.raises(TypeMetadataUnavailable):
        await look(site, vct="http://169.254.169.254/type")


async def test_a_type_of_the_tenants_own_is_asked_where_it_is_kept(site: Site) -> None:
    wallet, body = Wallet(site.session), {"credential_configuration_id": "pid", "name": "person"}
    status, made = await site.api("POST", "/credential-types", body)
    assert status == 201, made
    policy = {"name": "default", "type_metadata": "mandatory", "activate": True}
    assert (await site.api("POST", "/verification-policies", policy))[0] == 201
    for _ in range(500):
        catalogue = (await site.scope()).catalogue
        if catalogue.configurations["pid"].type == made["vct"] and catalogue.verification_policies:
            break
        await asyncio.sleep(0.02)
    credential = await obtain(site, wallet)
    asked = await asked_of(site, query(meta={"vct_values": [made["vct"]]}))
    request = await wallet.request(asked["authorization_request_uri"])
    shown = wallet.presentation(credential, request, {"given_name", "family_name"})
    assert (await wallet.respond(request, {"pid": [shown]})).status == 200
    _, report = await site.api("GET", f"/verification-reports/{asked['presentation_id']}")
    (line,) = [one for one in report["presentations"][0]["checks"] if one["check"] == "type_metadata"]
    assert (line["result"], line["seen"]) == ("held", {"vct": made["vct"]})
