"""W3C credentials with Data Integrity proofs as attachments (RFC 0809), in both roles."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from protocols.encoding import b64url
from tests.agent.messaging.pair import connected
from tests.agent.messaging.test_credentials import ISSUE, OFFER, Holder, issued, state
from tests.agent.messaging.test_credentials import holder as holder
from tests.agent.operations.test_ldp_vc import QUERY, configured
from tests.houses import Clock, Site
from tests.integrity import SigningKey

FORMAT = {"format": "didcomm/w3c-di-vc-offer@v0.1"}
REQUEST = "didcomm/w3c-di-vc-request@v0.1"
METHOD = "didcomm_signed_attachment"


@pytest.mark.parametrize("version", [1, 2])
async def test_what_is_offered_is_bound_issued_kept_and_shown(site: Site, version: int) -> None:
    await configured(site)
    alpha, beta = site.alpha, site.beta
    async with connected(site, version) as pair:
        for name in ("v1-eddsa", "v2-eddsa"):
            ours = await pair.to(alpha, "credential-offers", {**OFFER, **FORMAT, "credential_configuration_id": name})
            theirs = (await pair.threads(beta, "issue-credential"))[0]
            (offer,) = theirs["data"]["offer"]["attached"]
            assert (offer["format"], offer["content"]["binding_required"]) == (FORMAT["format"], True)
            assert offer["content"]["data_model_versions_supported"] == [{"v1": "1.1", "v2": "2.0"}[name[:2]]]
            await pair.go_on(beta, theirs["id"], "credential-request")
            assert await state(pair, ours, alpha) == await state(pair, theirs["id"], beta) == "done"
            held = (await pair.call(beta, "GET", "/didcomm/credentials"))["items"][0]
            assert held["credential"]["credentialSubject"]["id"].startswith("did:key:")
        asked = await pair.to(alpha, "proof-requests", {"dcql_query": QUERY})
        theirs = (await pair.threads(beta, "present-proof"))[0]
        await pair.go_on(beta, theirs["id"], "presentation", {"credentials": [held["id"]]})
        assert await state(pair, asked, alpha) == "done"


def signed(key: SigningKey, payload: Any, **header: Any) -> dict[str, Any]:
    """The data of a signed attachment."""
    protected = b64url(json.dumps({"alg": key.algorithm, "kid": key.method, **header}).encode())
    content = b64url(json.dumps(payload).encode())
    jws = {"protected": protected, "signature": b64url(key.sign(f"{protected}.{content}".encode()))}
    return {"base64": content, "jws": jws}


def asking(holder: Holder, thid: str, data: Any, **changes: Any) -> Any:
    content = {"data_model_version": "2.0", "binding_proof": {METHOD: {"attachment_id": "signed"}}, **changes}
    attached = {"id": "1", "format": REQUEST, "data": {"json": content}}
    return holder.message(
        f"{ISSUE}/request-credential", thid=thid, attachments=(attached, {"id": "signed", "data": data})
    )


async def test_h3_only_whose_key_signed_the_nonce_of_this_offer_is_bound(
    site: Site, holder: Holder, clock: Clock
) -> None:
    key, other = SigningKey("ES256"), SigningKey("EdDSA")
    _, _, earlier = await holder.offered(**FORMAT)
    spoiled: tuple[Callable[[str], tuple[Any, dict[str, Any]]], ...] = (
        lambda _: (signed(key, {"nonce": earlier["binding_method"][METHOD]["nonce"]}), {}),
        lambda _: (signed(key, {}), {}),
        lambda nonce: (signed(key, {"nonce": nonce}, kid=other.method), {}),
        lambda nonce: (signed(other, {"nonce": nonce}, alg="none"), {}),
        lambda nonce: (signed(other, {"nonce": nonce}, alg="HS256"), {}),
        lambda nonce: (signed(other, {"nonce": nonce}, alg="ES256"), {}),
        lambda nonce: (signed(other, {"nonce": nonce}, crit=["b64"], b64=False), {}),
        lambda nonce: (signed(other, {"nonce": nonce}, kid=other.did), {}),
        lambda nonce: (signed(other, {"nonce": nonce}, kid="did:example:1#a"), {}),
        lambda nonce: (signed(other, {"nonce": nonce}) | {"jws": {"signature": "AAAA"}}, {}),
        lambda nonce: (signed(key, {"nonce": nonce}), {"data_model_version": "1.1"}),
        lambda nonce: (signed(key, {"nonce": nonce}), {"binding_proof": {}}),
        lambda nonce: (signed(key, {"nonce": nonce}), {"binding_proof": {METHOD: {"attachment_id": "1"}}}),
        lambda nonce: (signed(key, {"nonce": nonce}), {"binding_proof": {"anoncreds_link_secret": {}}}),
    )
    for spoil in spoiled:
        thread, thid, offered = await holder.offered(**FORMAT)
        data, changes = spoil(offered["binding_method"][METHOD]["nonce"])
        report = await holder.ask(asking(holder, thid, data, **changes))
        assert report.body["code"] == "e.p.issuance-abandoned", report.body
        assert await state(holder.pair, thread, site.alpha) == "abandoned"
    # Offered to somebody: bound to nobody else.
    _, thid, offered = await holder.offered(**FORMAT, holder=other.did)
    nonce = offered["binding_method"][METHOD]["nonce"]
    report = await holder.ask(asking(holder, thid, signed(key, {"nonce": nonce})))
    assert report.body["code"] == "e.p.issuance-abandoned"
    # Two attachments of one name are none.
    _, thid, offered = await holder.offered(**FORMAT)
    data = signed(key, {"nonce": offered["binding_method"][METHOD]["nonce"]})
    twice = asking(holder, thid, data)
    message = holder.message(twice.type, thid=thid, attachments=(*twice.attachments, twice.attachments[1]))
    assert (await holder.ask(message)).body["code"] == "e.p.msg.invalid-body"
    assert await issued(holder) == 0
    answer = await holder.ask(asking(holder, thid, data))
    (attachment,) = answer.attachments
    assert attachment["format"] == "didcomm/w3c-di-vc@v0.1"
    assert attachment["data"]["json"]["credential"]["credentialSubject"]["id"] == key.did
