"""Abuse cases E7, G3, G4 and G8 to G12: whose word counts for what, and for how long."""

import ast
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from agent import gather
from agent.gather import StatusUnavailable
from plugins.trust_resolvers.x5c import X5cTrust
from protocols.ports import KeyReference, Purpose, StatusReference, TrustAnchor
from protocols.x509 import UntrustedCertificate, load_certificate
from tests.elsewhere import VCT, Authority, Elsewhere
from tests.houses import Site, free_port
from tests.verifying import NAMES, ask, obtain, query
from tests.wallets import Wallet

PORT = free_port()
LIST = f"http://localhost:{PORT}/lists/1"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"fetch_allow": f"localhost:{PORT}"}


@pytest.fixture
def wallet(site: Site) -> Wallet:
    return Wallet(site.session)


@pytest_asyncio.fixture
async def elsewhere(aiohttp_raw_server: Callable[..., Awaitable[RawTestServer]]) -> Elsewhere:
    other = Elsewhere(LIST)
    await aiohttp_raw_server(other.serve, port=PORT)
    return other


async def present(site: Site, wallet: Wallet, credential: str, made: dict[str, Any] | None = None) -> tuple[int, Any]:
    """(status for the wallet, the report)"""
    made = made or await ask(site)
    status = (await wallet.present(made["authorization_request_uri"], credential, NAMES)).status
    _, found = await site.api("GET", f"/verification-reports/{made['presentation_id']}")
    return status, found


async def test_e7_a_vct_that_is_an_address_is_a_name_and_is_not_asked(
    site: Site, wallet: Wallet, aiohttp_raw_server: Callable[..., Awaitable[RawTestServer]]
) -> None:
    """Integrity, extends and the address of type metadata cannot deceive a verifier that takes none of them in."""
    asked: list[str] = []

    async def serve(request: web.BaseRequest) -> web.Response:
        asked.append(request.path)
        return web.json_response({"vct": request.path, "extends": f"http://localhost:{PORT}{request.path}"})

    await aiohttp_raw_server(serve, port=PORT)
    other, vct = Authority(), f"http://localhost:{PORT}/types/loop"
    await other.trusted(site, "issue")
    issued = other.credential(wallet.key, vct=vct, **{"vct#integrity": "sha256-AAAA"})
    status, found = await present(site, wallet, issued, await ask(site, query(meta={"vct_values": [vct]})))
    assert (status, found["presentations"][0]["type"]) == (200, vct)
    assert (await present(site, wallet, issued))[0] == 400
    assert asked == []


async def test_g3_an_issuer_that_its_certificate_does_not_name_is_refused(site: Site, wallet: Wallet) -> None:
    """SD-JWT VC, 3.5: the host of an https iss is a dNSName of the leaf, here localhost."""
    other = Authority()
    await other.trusted(site, "issue")
    assert (await present(site, wallet, other.credential(wallet.key, iss="https://localhost")))[0] == 200
    status, found = await present(site, wallet, other.credential(wallet.key, iss="https://issuer.example"))
    assert (status, found["errors"]) == (400, ["untrusted_issuer"])


async def test_g4_an_anchor_for_another_role_does_not_issue(site: Site, wallet: Wallet) -> None:
    other = Authority()
    issued = other.credential(wallet.key)
    for role in ("status", "attest_wallet", "request"):
        await other.trusted(site, role, name=role)
        status, found = await present(site, wallet, issued)
        assert (status, found["errors"]) == (400, ["untrusted_issuer"])
        await withdraw(site, role)
    await other.trusted(site, "issue")
    assert (await present(site, wallet, issued))[0] == 200


async def test_g4_an_anchor_limited_to_types_vouches_for_no_other() -> None:
    other = Authority()
    now = load_certificate(other.certificate).not_before.timestamp() + 60
    resolver = X5cTrust(None)  # type: ignore[arg-type]  # takes none of its tools
    anchor = TrustAnchor("1", "x", frozenset({"issue"}), other.root, types=frozenset({VCT}))
    reference = KeyReference("x5c", (other.certificate,), None, VCT)
    assert (await resolver.resolve(reference, Purpose.ISSUE, (anchor,), now)).anchor == anchor
    for wrong, purpose in (
        (replace(reference, type="urn:other:1"), Purpose.ISSUE),
        (reference, Purpose.STATUS),
        (reference, Purpose.ATTEST_WALLET),
    ):
        with pytest.raises(UntrustedCertificate):
            await resolver.resolve(wrong, purpose, (anchor,), now)


async def test_g8_no_statement_of_a_federation_is_taken_in(site: Site) -> None:
    """Neither as a verifier's name nor as an authority that is asked for: a loop or a long chain has nowhere to go."""
    body = {"dcql_query": query(), "client_id_prefix": "openid_federation"}
    status, refused = await site.api("POST", "/presentation-requests", body)
    assert (status, refused["code"]) == (422, "unknown_client_id_prefix")
    wanted = [{"type": "openid_federation", "values": ["https://federation.example"]}]
    status, _ = await site.api("POST", "/presentation-requests", {"dcql_query": query(trusted_authorities=wanted)})
    assert status in (400, 422)
    assert "federation" not in site.house.plugins["trust_resolvers"]


async def test_g9_no_xml_is_read(site: Site) -> None:
    """No trusted list in XML is taken in: what has no parser has no entities, and no signature to wrap."""
    wanted = [{"type": "etsi_tl", "values": ["https://lists.example/tl.xml"]}]
    status, _ = await site.api("POST", "/presentation-requests", {"dcql_query": query(trusted_authorities=wanted)})
    assert status in (400, 422)
    readers = {"xml", "lxml", "defusedxml", "xmlsec", "signxml", "xmltodict"}
    for room in ("agent", "plugins", "protocols"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_bytes())):
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
                assert not {name.partition(".")[0] for name in names} & readers, path


async def test_g10_a_source_that_is_down_is_believed_as_long_as_it_said_and_no_longer(
    site: Site, wallet: Wallet, elsewhere: Elsewhere
) -> None:
    await elsewhere.authority.trusted(site, "issue", "status")
    elsewhere.claims = {"iat": int(time.time()) - 30, "exp": int(time.time()) + 4}
    scope, reference = await site.scope(), StatusReference("token_status_list", LIST, 0)
    assert (await gather.status_of(scope, reference)).value == 0
    elsewhere.media_type = "text/html"  # from now on it serves a page that says sorry
    issued = elsewhere.authority.credential(wallet.key, status={"status_list": {"idx": 0, "uri": LIST}})
    status, found = await present(site, wallet, issued)
    assert (status, elsewhere.fetched) == (200, 1)
    assert found["presentations"][0]["status"]["age"] >= 30  # the result shows how old its word was
    late = replace(scope, now=lambda: found_later(scope))
    with pytest.raises(StatusUnavailable):
        await gather.status_of(late, reference)


def found_later(scope: Any) -> Any:
    from datetime import timedelta

    return scope.now() + timedelta(seconds=10)


async def test_g11_an_anchor_of_one_tenant_is_believed_by_no_other(site: Site, wallet: Wallet) -> None:
    other = Authority()
    await other.trusted(site, "issue")
    issued = other.credential(wallet.key)
    assert (await present(site, wallet, issued))[0] == 200
    key = site.beta.api_key
    _, made = await site.api("POST", "/presentation-requests", {"dcql_query": query()}, key=key)
    assert (await wallet.present(made["authorization_request_uri"], issued, NAMES)).status == 400
    _, found = await site.api("GET", f"/verification-reports/{made['presentation_id']}", key=key)
    assert found["errors"] == ["untrusted_issuer"]
    _, listed = await site.api("GET", "/trust-anchors", key=key)
    assert "elsewhere" not in [one["name"] for one in listed["items"]]
    _, ours = await site.api("GET", "/trust-anchors")
    (anchor,) = [one for one in ours["items"] if one["name"] == "elsewhere"]
    assert (await site.api("DELETE", f"/trust-anchors/{anchor['id']}", key=key))[0] == 404
    assert (await present(site, wallet, issued))[0] == 200


async def test_g12_an_anchor_that_is_withdrawn_counts_no_more_and_old_reports_keep_their_chain(
    site: Site, wallet: Wallet
) -> None:
    other = Authority()
    await other.trusted(site, "issue")
    issued = other.credential(wallet.key)
    status, before = await present(site, wallet, issued)
    assert status == 200
    made = await ask(site)
    request = await wallet.request(made["authorization_request_uri"])
    await withdraw(site, "elsewhere")
    answer = await wallet.respond(request, {"pid": [wallet.presentation(issued, request, NAMES)]})
    assert answer.status == 400
    _, refused = await site.api("GET", f"/verification-reports/{made['presentation_id']}")
    assert refused["errors"] == ["untrusted_issuer"]
    _, after = await site.api("GET", f"/verification-reports/{before['report']}")
    assert after == before
    assert len(after["presentations"][0]["issuer_key"]["chain"]) == 2
    assert (await present(site, wallet, await obtain(site, wallet)))[0] == 200


async def withdraw(site: Site, name: str) -> None:
    _, listed = await site.api("GET", "/trust-anchors")
    (anchor,) = [one for one in listed["items"] if one["name"] == name]
    status, _ = await site.api("DELETE", f"/trust-anchors/{anchor['id']}")
    assert status in (200, 204)
