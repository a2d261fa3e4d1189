"""Refresh tokens: rotation, families, what they are bound to (RFC 6749, 6; RFC 9700, 4.14; abuse cases B13, B14)."""

import asyncio

import pytest

from tests.courts import Court
from tests.wallets import HolderKey, b64


async def test_a_refresh_token_gives_the_next_and_a_new_credential(court: Court) -> None:
    client = court.client()
    token = await client.obtain()
    assert (await client.credential(token.body["access_token"])).status == 200
    following = await client.refresh(token.body["refresh_token"])
    assert following.status == 200, following
    assert following.body["refresh_token"] != token.body["refresh_token"]
    assert following.headers["Cache-Control"] == "no-store"
    assert (await client.credential(token.body["access_token"])).status == 401  # the old access token ended
    assert (await client.credential(following.body["access_token"])).status == 200


async def test_a_refresh_asks_for_no_more_than_was_granted(court: Court) -> None:
    client = court.client()
    token = await client.obtain(scope="pid undefined")
    assert token.body["scope"] == "pid"  # what was ignored was not granted
    refused = await client.refresh(token.body["refresh_token"], scope="pid undefined")
    assert (refused.status, refused.error) == (400, "invalid_scope")
    assert (await client.refresh(token.body["refresh_token"], scope="pid")).body["scope"] == "pid"


async def test_b13_a_spent_refresh_token_ends_the_family(court: Court) -> None:
    client = court.client()
    first = (await client.obtain()).body["refresh_token"]
    second = (await client.refresh(first)).body["refresh_token"]
    third = await client.refresh(second)
    assert (await client.refresh(first)).error == "invalid_grant"
    assert (await client.refresh(third.body["refresh_token"])).error == "invalid_grant"
    assert (await client.credential(third.body["access_token"])).status == 401
    assert await court.events("refresh_token_replayed") == ["refresh_token_replayed"]


async def test_b13_the_retry_of_a_lost_answer_is_refused_and_ends_nothing(court: Court) -> None:
    client = court.client()
    first = (await client.obtain()).body["refresh_token"]
    second = (await client.refresh(first)).body["refresh_token"]
    assert (await client.refresh(first)).error == "invalid_grant"
    assert (await client.refresh(second)).status == 200


async def test_what_waits_is_come_back_for_with_a_refreshed_token(court: Court) -> None:
    fee = {"amount": "5", "currency": "EUR"}
    await court.site.api("POST", "/issuance-policies", {"name": "paid", "interval": 1, "fee": fee})
    await court.site.api("PATCH", "/credential-configurations/pid", {"policy": "paid"})
    court.site.house.cache.clear()
    client = court.client()
    token = await client.obtain()
    deferred = await client.credential(token.body["access_token"])
    assert deferred.status == 202, deferred
    following = await client.refresh(token.body["refresh_token"])
    assert following.status == 200, following
    headers = {"Authorization": f"Bearer {following.body['access_token']}"}
    body = {"transaction_id": deferred.body["transaction_id"]}
    url = f"{court.issuer}/deferred_credential"
    assert (await client.wallet.send("POST", url, json=body, headers=headers)).status in {202, 429}
    stale = {"Authorization": f"Bearer {token.body['access_token']}"}
    assert (await client.wallet.send("POST", url, json=body, headers=stale)).status == 401


async def test_by_haip_a_lost_answer_is_asked_for_again(court: Court) -> None:
    """FAPI 2.0 Security Profile, 5.3.2.1: a refresh token that is bound to a key is not rotated."""
    await court.configure(profiles=["openid4vci-1.0", "haip-1.0"])
    client = court.attested()
    first = (await client.obtain()).body["refresh_token"]
    lost, again = await client.refresh(first), await client.refresh(first)
    assert (lost.status, again.status) == (200, 200), (lost, again)
    assert again.body["refresh_token"] == first
    assert (await client.credential(lost.body["access_token"])).status == 401
    assert (await client.credential(again.body["access_token"])).status == 200
    client.key = HolderKey()
    assert (await client.refresh(first)).error == "invalid_dpop_proof"


async def test_what_is_bound_to_no_key_is_rotated_whatever_the_policy_says(court: Court) -> None:
    await court.configure(policy={"rotate_refresh_tokens": False})
    client = court.client()
    first = (await client.obtain()).body["refresh_token"]
    assert (await client.refresh(first)).body["refresh_token"] != first


async def test_one_refresh_token_at_once_fifty_times_gives_one(court: Court) -> None:
    client = court.client()
    first = (await client.obtain()).body["refresh_token"]
    got = await asyncio.gather(*(client.refresh(first) for _ in range(50)))
    assert sorted(one.status for one in got) == [200] + [400] * 49
    (won,) = [one for one in got if one.status == 200]
    assert (await client.credential(won.body["access_token"])).status == 200


async def test_b14_a_refresh_token_is_its_clients_and_its_instances(court: Court) -> None:
    client = court.attested()
    token = (await client.obtain()).body["refresh_token"]
    client.instance, first = HolderKey(), client.instance
    assert (await client.refresh(token)).error == "invalid_grant"
    assert (await court.bound(client_id="other").refresh(token)).error == "invalid_grant"
    client.instance = first
    assert (await client.refresh(token)).status == 200


@pytest.mark.parametrize("token", ["x", "", b64(bytes(52))])
async def test_a_refresh_token_that_is_not_ours_is_refused(court: Court, token: str) -> None:
    refused = await court.client().refresh(token)
    assert refused.status == 400


async def test_a_tenant_may_do_without_refresh_tokens(court: Court) -> None:
    await court.configure(policy={"refresh_tokens": False})
    assert "refresh_token" not in (await court.client().obtain()).body
