"""Credo as the wallet: what another vendor's implementation makes of ours."""

import asyncio
import json
from base64 import b64decode
from pathlib import Path

import aiohttp
import pytest

from protocols import x509
from protocols.encoding import b64url
from protocols.jose.jwk import thumbprint
from tests.authorizing import PASSWORD, Person
from tests.interop.peers import CredoWallet, WalletRefused
from tests.interop.story import PERSON, Tenant, present, repeat
from tests.wallets import claims_of


async def hold(tenant: Tenant, wallet: CredoWallet, *flags: str) -> str:
    offer = await tenant.offer(*flags)
    await wallet.accept_offer(offer["credential_offer_uri"], trust=tenant.anchor, tx_code=offer["tx_code"])
    return str(offer["issuance_id"])


@pytest.mark.parametrize("flags", [(), ("--by-value",)], ids=["by reference", "by value"])
async def test_credo_takes_an_offer(tenant: Tenant, credo_wallet: CredoWallet, flags: tuple[str, ...]) -> None:
    offer = await tenant.offer(*flags)
    answer = await credo_wallet.accept_offer(offer["credential_offer_uri"], trust=tenant.anchor)
    assert answer.result["version"] == "V1"
    (credential,) = answer.result["credentials"]
    assert credential["claims"]["vct"] == await tenant.vct("pid")
    assert credential["notified"]
    assert [one["id"] for one in await credo_wallet.list()] == [credential["id"]]


async def test_the_credential_carries_the_claims_that_were_given(
    tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path
) -> None:
    claims = tmp_path / "claims.json"
    claims.write_text(json.dumps(PERSON))
    await hold(tenant, credo_wallet, "--claims", str(claims))
    (credential,) = await credo_wallet.list()
    assert PERSON.items() <= credential["claims"].items()


@pytest.mark.parametrize("binding", ["jwk", "did:key", "did:jwk"])
async def test_credo_binds_to_its_key(tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path, binding: str) -> None:
    offer = await tenant.offer()
    answer = await credo_wallet.accept_offer(offer["credential_offer_uri"], trust=tenant.anchor, binding=binding)
    confirmation = answer.result["credentials"][0]["claims"]["cnf"]
    assert confirmation.keys() == ({"jwk"} if binding == "jwk" else {"kid"})
    assert str(confirmation.get("kid", binding)).startswith(binding)
    presented = await present(tenant, credo_wallet, tmp_path, "x509_hash", "direct_post.jwt")
    assert presented.result["state"] == "verified"


async def test_a_wrong_transaction_code_is_refused_and_the_right_one_taken(
    tenant: Tenant, credo_wallet: CredoWallet
) -> None:
    offer = await tenant.offer("--tx-code")
    right = str(offer["tx_code"])
    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
    with pytest.raises(WalletRefused) as refused:
        await credo_wallet.accept_offer(offer["credential_offer_uri"], trust=tenant.anchor, tx_code=wrong)
    assert refused.value.last.status == 400
    assert json.loads(refused.value.last.answer or "")["error"] == "invalid_grant"
    await credo_wallet.accept_offer(offer["credential_offer_uri"], trust=tenant.anchor, tx_code=right)
    assert len(await credo_wallet.list()) == 1


async def test_an_offer_is_taken_once(tenant: Tenant, credo_wallet: CredoWallet) -> None:
    offer = await tenant.offer("--by-value")
    await credo_wallet.accept_offer(offer["credential_offer_uri"], trust=tenant.anchor)
    with pytest.raises(WalletRefused) as refused:
        await credo_wallet.accept_offer(offer["credential_offer_uri"], trust=tenant.anchor)
    assert json.loads(refused.value.last.answer or "")["error"] == "invalid_grant"


async def by_code(tenant: Tenant, wallet: CredoWallet, attested: bool = False) -> str:
    """Credo begins, a person signs in and approves: where their browser came out."""
    offer = await tenant.offer("--grant", "authorization_code")
    url = await wallet.authorize(
        offer["credential_offer_uri"],
        client_id="https://wallet.example",
        redirect_uri="https://wallet.example/cb",
        attested=attested,
    )
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        return await Person(session, tenant.issuer).visit(url)


@pytest.mark.parametrize("refresh", [False, True], ids=["at once", "after a refresh"])
async def test_credo_gets_a_credential_by_authorization_code(
    tenant: Tenant, credo_wallet: CredoWallet, refresh: bool
) -> None:
    landed = await by_code(tenant, credo_wallet)
    answer = await credo_wallet.accept_code(landed, trust=tenant.anchor, refresh=refresh)
    assert answer.result["token_type"] == "DPoP"
    (credential,) = answer.result["credentials"]
    assert credential["claims"]["family_name"] == "Mustermann"
    assert credential["notified"]


async def test_credo_gets_a_credential_under_haip(
    other_tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path
) -> None:
    (tmp_path / "provider.pem").write_text(await credo_wallet.provider_ca())
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "claims.json").write_text(json.dumps(PERSON))
    for words in (
        ("trust", "add", str(tmp_path / "provider.pem"), "--role", "attest_wallet"),
        ("issuer", "configure", "--profile", "openid4vci-1.0", "--profile", "haip-1.0"),
        (
            *("user", "create", "erika@example.org", "--password-file", str(tmp_path / "password")),
            *("--claims", str(tmp_path / "claims.json")),
        ),
    ):
        await other_tenant.commands(*words)
    landed = await by_code(other_tenant, credo_wallet, attested=True)
    answer = await credo_wallet.accept_code(landed, trust=other_tenant.anchor)
    assert answer.result["token_type"] == "DPoP"
    (credential,) = answer.result["credentials"]
    assert PERSON.items() <= credential["claims"].items()


def confirmed(compact: str) -> str:
    """The thumbprint of the key that a credential is bound to."""
    return b64url(thumbprint(claims_of(compact.split("~")[0])["cnf"]["jwk"]))


@pytest.mark.parametrize("binding", ["jwk", "did:key"])
async def test_credo_gets_a_batch_with_a_key_for_each(tenant: Tenant, credo_wallet: CredoWallet, binding: str) -> None:
    offer = await tenant.offer()
    answer = await credo_wallet.accept_offer(
        offer["credential_offer_uri"], trust=tenant.anchor, binding=binding, batch=5
    )
    (record,) = answer.result["credentials"]
    claims = [claims_of(one.split("~")[0]) for one in record["compact"]]
    assert len({json.dumps(one["cnf"], sort_keys=True) for one in claims}) == len(claims) == 5
    assert len({one["status"]["status_list"]["idx"] for one in claims}) == 5


@pytest.mark.parametrize("carried", [False, True], ids=["attestation proof", "carried by a jwt proof"])
async def test_credo_attests_its_keys_where_that_is_demanded(
    other_tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path, carried: bool
) -> None:
    demand = ("configuration", "set", "pid", "--attested", "--key-storage", "iso_18045_high")
    await other_tenant.commands(*demand)
    (tmp_path / "claims.json").write_text(json.dumps(PERSON))
    offer = await other_tenant.offer("--claims", str(tmp_path / "claims.json"))
    with pytest.raises(WalletRefused) as refused:  # attested by a provider that nobody trusts here
        await credo_wallet.accept_offer(offer["credential_offer_uri"], trust=other_tenant.anchor, carried=carried)
    assert json.loads(refused.value.last.answer or "")["error"] == "invalid_proof"
    (tmp_path / "provider.pem").write_text(await credo_wallet.provider_ca())
    await other_tenant.commands("trust", "add", str(tmp_path / "provider.pem"), "--role", "attest_wallet")
    offer = await other_tenant.offer("--claims", str(tmp_path / "claims.json"))
    answer = await credo_wallet.accept_offer(
        offer["credential_offer_uri"], trust=other_tenant.anchor, batch=3, carried=carried
    )
    (sent,) = [one for one in answer.exchanges if one.url.endswith("/credential")]
    assert list(json.loads(sent.body or "")["proofs"]) == (["jwt"] if carried else ["attestation"])
    (record,) = answer.result["credentials"]
    assert len({confirmed(one) for one in record["compact"]}) == 3
    await other_tenant.commands("configuration", "set", "pid", "--not-attested")


async def test_credo_waits_for_what_is_deferred_and_gets_what_was_approved(
    other_tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path
) -> None:
    (tmp_path / "policy.json").write_text(json.dumps({"name": "looked-at", "approval": True, "interval": 1}))
    (tmp_path / "claims.json").write_text(json.dumps(PERSON))
    given = tmp_path / "given.json"
    given.write_text(json.dumps({"given_name": "Erica"}))
    await other_tenant.commands("issuer", "policy", str(tmp_path / "policy.json"))
    await other_tenant.commands("issuer", "source", "pid", "--policy", "looked-at")
    offer = await other_tenant.offer("--claims", str(given))
    answer = await credo_wallet.accept_offer(offer["credential_offer_uri"], trust=other_tenant.anchor)
    assert answer.result["credentials"] == []
    assert [one["interval"] for one in answer.result["deferred"]] == [1]
    await asyncio.sleep(1)
    waits = await credo_wallet.collect(trust=other_tenant.anchor)
    assert waits.result["credentials"] == []
    assert waits.result["deferred"] == answer.result["deferred"]
    (waiting,) = (await other_tenant.commands("issuer", "approvals", "list"))["items"]
    assert waiting["issuance_id"] == offer["issuance_id"]
    await other_tenant.commands(
        "issuer", "approvals", "approve", waiting["id"], "--claims", str(tmp_path / "claims.json")
    )
    await asyncio.sleep(1)
    (credential,) = (await credo_wallet.collect(trust=other_tenant.anchor)).result["credentials"]
    assert PERSON.items() <= credential["claims"].items()
    assert [one["id"] for one in await credo_wallet.list()] == [credential["id"]]


async def test_credo_refuses_an_issuer_that_it_does_not_trust(tenant: Tenant, credo_wallet: CredoWallet) -> None:
    offer = await tenant.offer()
    with pytest.raises(WalletRefused, match="rusted"):
        await credo_wallet.accept_offer(offer["credential_offer_uri"], trust="")


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
@pytest.mark.parametrize("prefix", ["x509_hash", "x509_san_dns", "redirect_uri", "decentralized_identifier"])
async def test_credo_presents_and_is_verified(
    tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path, prefix: str, mode: str
) -> None:
    await hold(tenant, credo_wallet)
    presented = await present(tenant, credo_wallet, tmp_path, prefix, mode)
    assert presented.refusal is None
    assert presented.result["state"] == "verified"
    assert presented.answer is not None
    assert presented.answer.result["request"]["client_id"].startswith(f"{prefix}:")
    assert presented.answer.result["request"]["response_mode"] == mode


@pytest.mark.parametrize(("prefix", "mode"), [("x509_hash", "direct_post.jwt"), ("redirect_uri", "direct_post")])
async def test_a_replayed_response_is_refused(
    tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path, prefix: str, mode: str
) -> None:
    await hold(tenant, credo_wallet)
    presented = await present(tenant, credo_wallet, tmp_path, prefix, mode)
    assert presented.result["state"] == "verified"
    status, _ = await repeat(presented.response)
    assert status == 400
    assert (await tenant.result(presented.request["presentation_id"]))["state"] == "verified"


async def test_a_revoked_credential_is_refused(tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path) -> None:
    issuance = await hold(tenant, credo_wallet)
    before = await present(tenant, credo_wallet, tmp_path, "x509_hash", "direct_post.jwt")
    assert before.result["state"] == "verified"
    await tenant.commands("revoke", issuance)
    after = await present(tenant, credo_wallet, tmp_path, "x509_hash", "direct_post.jwt")
    assert after.result["state"] == "refused"
    assert after.refusal is not None
    assert after.response.status == 400


async def test_a_verifier_refuses_what_another_tenant_issued(
    tenant: Tenant, other_tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path
) -> None:
    claims = tmp_path / "claims.json"
    claims.write_text(json.dumps(PERSON))
    await hold(other_tenant, credo_wallet, "--claims", str(claims))
    own = await present(other_tenant, credo_wallet, tmp_path, "x509_hash", "direct_post.jwt")
    assert own.result["state"] == "verified"
    foreign = await present(tenant, credo_wallet, tmp_path, "x509_hash", "direct_post.jwt")
    assert foreign.result["state"] == "refused"
    assert foreign.refusal is not None


def pid_query(vct: str, query_id: str, *names: str, **changes: object) -> dict[str, object]:
    claims = [{"id": name, "path": [name]} for name in names]
    return {"id": query_id, "format": "dc+sd-jwt", "meta": {"vct_values": [vct]}, "claims": claims, **changes}


@pytest.mark.parametrize("shape", ["claim_sets", "credential_sets", "trusted_authorities"])
async def test_credo_answers_queries_of_every_shape(
    tenant: Tenant, credo_wallet: CredoWallet, tmp_path: Path, shape: str
) -> None:
    await hold(tenant, credo_wallet)
    vct = await tenant.vct("pid")
    if shape == "claim_sets":
        sets = [["no_such_claim"], ["family_name"]]
        asked = {"credentials": [pid_query(vct, "a", "no_such_claim", "family_name", claim_sets=sets)]}
    elif shape == "credential_sets":
        credentials = [pid_query("urn:other", "a", "family_name"), pid_query(vct, "b", "family_name")]
        asked = {"credentials": credentials, "credential_sets": [{"options": [["a"], ["b"]]}]}
    else:
        (held,) = await credo_wallet.list()
        chain = [b64decode(one) for one in held["header"]["x5c"]]
        values = [b64url(one) for one in x509.authority_key_identifiers(chain)]
        authorities = [{"type": "aki", "values": values}]
        asked = {"credentials": [pid_query(vct, "b", "family_name", trusted_authorities=authorities)]}
    (tmp_path / "query.json").write_text(json.dumps(asked))
    made = await tenant.commands("request", str(tmp_path / "query.json"))
    await credo_wallet.present(made["authorization_request_uri"], trust=tenant.anchor)
    assert (await tenant.result(made["presentation_id"]))["state"] == "verified"
