"""Key attestations at the credential endpoint (OpenID4VCI 1.0, appendices D, F.1, F.3; abuse cases C8 and C9)."""

import time
from typing import Any

from tests.authorizing import Client, WalletProvider
from tests.courts import Court
from tests.wallets import Answer, HolderKey, claims_of


async def ask(client: Client, token: str, proofs: dict[str, Any]) -> Answer:
    headers = {"Authorization": f"Bearer {token}"}
    body = {"credential_configuration_id": "pid", "proofs": proofs}
    return await client.wallet.send("POST", f"{client.issuer}/credential", json=body, headers=headers)


async def ready(court: Court) -> tuple[Client, str]:
    client = court.client()
    return client, (await client.obtain()).body["access_token"]


def attestation(provider: WalletProvider, keys: list[HolderKey], nonce: str | None, /, **changes: Any) -> str:
    now = int(time.time())
    claims = {"iat": now, "exp": now + 300, "attested_keys": [one.jwk for one in keys], "nonce": nonce}
    header = {"kind": "key-attestation+jwt"} | changes.pop("header", {})
    kind = header.pop("kind")
    present = {name: value for name, value in (claims | changes).items() if value is not None}
    return provider.sign(kind, present, **header)


def holders(answer: Answer) -> list[Any]:
    assert answer.status == 200, answer
    return [claims_of(one["credential"].split("~")[0])["cnf"]["jwk"] for one in answer.body["credentials"]]


async def require(court: Court, levels: dict[str, Any]) -> None:
    """Make the pid's configuration demand key attestations."""
    import json

    admin = await court.site.database.connect_admin()
    await admin.execute(
        "UPDATE agent.credential_configurations SET binding = binding || jsonb_build_object("
        "'key_attestations_required', $1::jsonb) WHERE tenant_id = $2",
        json.dumps(levels),
        court.site.alpha.id,
    )
    await admin.close()
    court.site.house.cache.clear()


async def test_every_attested_key_gets_a_credential(court: Court) -> None:
    client, token = await ready(court)
    keys = [HolderKey() for _ in range(3)]
    nonce = await client.wallet.nonce(court.issuer)
    answer = await ask(client, token, {"attestation": [attestation(court.provider, keys, nonce)]})
    assert holders(answer) == [one.jwk for one in keys]


async def test_a_proof_may_carry_an_attestation_of_its_key(court: Court) -> None:
    client, token = await ready(court)
    other = HolderKey()
    for own in (None, await client.wallet.nonce(court.issuer)):
        nonce = own or await client.wallet.nonce(court.issuer)
        carried = attestation(court.provider, [other, client.wallet.key], own)
        proof = client.wallet.proof(court.issuer, nonce, header={"key_attestation": carried})
        assert holders(await ask(client, token, {"jwt": [proof]})) == [client.wallet.key.jwk, other.jwk]


async def test_c8_an_attestation_with_a_fault_is_refused(court: Court) -> None:
    client, token = await ready(court)
    now, keys = int(time.time()), [HolderKey()]
    faults: dict[str, tuple[dict[str, Any], str]] = {
        "no nonce": ({"nonce": None}, "invalid_proof"),
        "nonce made up": ({"nonce": "x"}, "invalid_nonce"),
        "expired": ({"exp": now - 600}, "invalid_proof"),
        "no iat": ({"iat": None}, "invalid_proof"),
        "no keys": ({"attested_keys": []}, "invalid_proof"),
        "private keys": ({"attested_keys": [{**keys[0].jwk, "d": "AAAA"}]}, "invalid_proof"),
        "one key twice": ({"attested_keys": [keys[0].jwk, keys[0].jwk]}, "invalid_proof"),
        "more than a batch": ({"attested_keys": [HolderKey().jwk for _ in range(11)]}, "invalid_proof"),
        "wrong typ": ({"header": {"kind": "JWT"}}, "invalid_proof"),
        "no chain": ({"header": {"x5c": None}}, "invalid_proof"),
    }
    for fault, (changes, error) in faults.items():
        nonce = await client.wallet.nonce(court.issuer)
        answer = await ask(client, token, {"attestation": [attestation(court.provider, keys, nonce, **changes)]})
        assert (answer.status, answer.error) == (400, error), fault


async def test_c8_a_strangers_attestation_and_a_broken_one_are_refused(court: Court) -> None:
    client, token = await ready(court)
    nonce = await client.wallet.nonce(court.issuer)
    stranger = attestation(WalletProvider(), [HolderKey()], nonce)
    body, _, signature = attestation(court.provider, [HolderKey()], nonce).rpartition(".")
    broken = f"{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    for one in (stranger, broken, "x", 7, None):
        assert (await ask(client, token, {"attestation": [one]})).error == "invalid_proof"


async def test_c8_where_it_is_required_it_has_to_be_there_at_the_level(court: Court) -> None:
    await require(court, {"key_storage": ["iso_18045_high"]})
    client, token = await ready(court)
    metadata = await client.wallet.metadata(court.issuer)
    shown = metadata["credential_configurations_supported"]["pid"]["proof_types_supported"]
    assert shown["jwt"]["key_attestations_required"] == {"key_storage": ["iso_18045_high"]}

    async def proved(carried: str | None) -> Answer:
        header = {"key_attestation": carried} if carried else {}
        nonce = await client.wallet.nonce(court.issuer)
        return await ask(client, token, {"jwt": [client.wallet.proof(court.issuer, nonce, header=header)]})

    def carried(keys: list[HolderKey], **changes: Any) -> str:
        return attestation(court.provider, keys, None, **changes)

    own = [client.wallet.key]
    assert (await proved(None)).error == "invalid_proof"
    assert (await proved(carried(own))).error == "invalid_proof"
    assert (await proved(carried(own, key_storage=["iso_18045_basic"]))).error == "invalid_proof"
    assert (await proved(carried(own, key_storage="iso_18045_high"))).error == "invalid_proof"
    assert (await proved(carried([HolderKey()], key_storage=["iso_18045_high"]))).error == "invalid_proof"
    assert (await proved(carried(own, key_storage=["iso_18045_high"], exp=None))).error == "invalid_proof"
    assert (await proved(carried(own, key_storage=["iso_18045_high"], nonce="other"))).error == "invalid_nonce"
    assert (await proved(carried(own, key_storage=["iso_18045_high"]))).status == 200


async def test_c9_ten_thousand_keys_are_refused_at_once(court: Court) -> None:
    client, token = await ready(court)
    nonce = await client.wallet.nonce(court.issuer)
    many = attestation(court.provider, [client.wallet.key], nonce, attested_keys=[{"kty": "EC"}] * 10_000)
    assert (await ask(client, token, {"attestation": [many]})).error == "invalid_proof"
