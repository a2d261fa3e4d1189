"""Credentials with Data Integrity proofs, issued over OpenID4VCI and presented over OpenID4VP; abuse case D6."""

import asyncio
import copy
import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from agent.operations.administering.create_tenant import _pid
from agent.tenancy import WORKER
from protocols.ports import Binding, CredentialDraft
from protocols.vcdm import InvalidCredential
from tests.houses import Site
from tests.integrity import SigningKey, finish
from tests.wallets import Wallet, b64, compact

V1, V2 = "https://www.w3.org/2018/credentials/v1", "https://www.w3.org/ns/credentials/v2"
OB = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
OLDER_OB = "https://purl.imsglobal.org/spec/ob/v3p0/context.json"
LEGACY = "https://w3id.org/security/suites/ed25519-2020/v1"
KINDS = {
    "v2-eddsa": ("EdDSA", {"@context": [V2, OB], "cryptosuite": "eddsa-rdfc-2022"}),
    "v2-ecdsa": ("ES384", {"@context": [V2, OB], "cryptosuite": "ecdsa-rdfc-2019"}),
    "v2-jcs": ("EdDSA", {"@context": [V2, OB], "cryptosuite": "eddsa-jcs-2022"}),
    "v1-ed25519": ("EdDSA", {"@context": [V1, OB, LEGACY], "cryptosuite": "Ed25519Signature2020"}),
    "credo": ("EdDSA", {"@context": [V1, OLDER_OB, LEGACY], "cryptosuite": "Ed25519Signature2020"}),
    "v1-eddsa": ("EdDSA", {"@context": [V1, OB], "cryptosuite": "eddsa-rdfc-2022"}),
}
CLAIMS = {
    "type": ["AchievementSubject"],
    "achievement": {
        "id": "urn:uuid:2f0c4a5e-0000-4000-8000-000000000001",
        "type": ["Achievement"],
        "name": "Diver",
        "description": "Dives",
        "criteria": {"narrative": "Dove."},
    },
}
TYPE = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#OpenBadgeCredential"
PROOFS = ("EdDSA", "ES256", "Ed25519Signature2018", "Ed25519Signature2020")


async def configured(site: Site) -> None:
    """Keys and configurations of a tenant that issues such credentials."""
    status, made = await site.api("POST", "/issuer-keys", {})
    algorithms = [one["algorithm"] for one in made["items"]]
    assert (status, algorithms) == (201, ["ES256", "EdDSA", "ES384", "BBS-BLS12-381-SHA-256"])
    scope, control = await site.scope(), await site.house.control()
    async with control.enter(scope.tenant, WORKER, scope.vault) as unit:
        type_id = uuid4()
        await unit.tenants._type(type_id, {"name": "OpenBadgeCredential", "schema": None})
        for name, (algorithm, options) in KINDS.items():
            await unit.tenants._configuration(
                scope.catalogue.issuer_id,
                replace(
                    _pid(uuid4(), type_id),
                    credential_configuration_id=name,
                    format="ldp_vc",
                    scope=name,
                    algorithm=algorithm,
                    claims=(),
                    binding_methods=("did:key", "did:jwk"),
                    proof_types={"jwt": PROOFS},
                    schema=None,
                    statuses=(),
                    options=options,
                ),
            )
        unit.changes_catalogue()
        await unit.commit()
    for _ in range(500):
        catalogue = (await site.scope()).catalogue
        if KINDS.keys() <= catalogue.configurations.keys() and len(catalogue.anchors) > 3:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("not configured")


class Holder:
    """A wallet whose key is a did:key."""

    def __init__(self, site: Site, algorithm: str = "EdDSA") -> None:
        self.site, self.wallet, self.key = site, Wallet(site.session), SigningKey(algorithm)
        self.format = site.house.plugins["credential_formats"]["ldp_vc"]

    def proof(self, issuer: str, nonce: str) -> str:
        header = {"typ": "openid4vci-proof+jwt", "kid": self.key.method, "alg": self.key.algorithm}
        claims = {"aud": issuer, "iat": int(time.time()), "nonce": nonce}
        text = f"{b64(compact(header))}.{b64(compact(claims))}"
        return f"{text}.{b64(self.key.sign(text.encode()))}"

    async def obtain(self, name: str, claims: Any = None) -> Any:
        body = {"credential_configuration_ids": [name], "claims": claims or CLAIMS}
        status, made = await self.site.api("POST", "/credential-offers", body)
        assert status == 201, made
        offer = await self.wallet.offer(made["credential_offer_uri"])
        issuer = offer["credential_issuer"]
        token = (await self.wallet.token(offer)).body["access_token"]
        proof = self.proof(issuer, await self.wallet.nonce(issuer))
        return await self.wallet.credential(issuer, token, {"jwt": [proof]}, name)

    async def credential(self, name: str) -> dict[str, Any]:
        answer = await self.obtain(name)
        assert answer.status == 200, answer
        return answer.body["credentials"][0]["credential"]

    def presentation(
        self, credential: Any, audience: str, nonce: str, now: datetime | None = None, key: SigningKey | None = None
    ) -> Any:
        key = key or self.key
        binding = Binding(audience, nonce)
        prepared = finish(
            self.format.disclose(credential, frozenset(), binding, key.algorithm, now or datetime.now(UTC))
        )
        return self.format.bind(prepared, key.sign(prepared.payload))


QUERY = {
    "credentials": [
        {
            "id": "badge",
            "format": "ldp_vc",
            "meta": {"type_values": [[TYPE]]},
            "claims": [{"path": ["credentialSubject", "achievement", "name"]}],
        }
    ]
}


async def present(site: Site, holder: Holder, credential: Any, query: Any = None, **changes: Any) -> tuple[int, Any]:
    """Status of the answer, and the result."""
    status, made = await site.api("POST", "/presentation-requests", {"dcql_query": query or QUERY})
    assert status == 201, made
    request = await holder.wallet.request(made["authorization_request_uri"])
    audience, nonce = changes.pop("audience", request["client_id"]), changes.pop("nonce", request["nonce"])
    spoil = changes.pop("spoil", lambda shown: shown)
    shown = spoil(holder.presentation(credential, audience, nonce, **changes))
    answer = await holder.wallet.respond(request, {"badge": [shown]})
    _, found = await site.api("GET", f"/presentation-requests/{made['presentation_id']}")
    return answer.status, found


@pytest.fixture
async def holder(site: Site) -> Holder:
    await configured(site)
    return Holder(site)


async def test_every_kind_is_issued_and_presented(site: Site, holder: Holder) -> None:
    metadata = await holder.wallet.metadata(f"{site.url}/t/alpha")
    for name, (_, options) in KINDS.items():
        shown = metadata["credential_configurations_supported"][name]
        assert shown["credential_definition"]["@context"] == options["@context"]
        assert shown["credential_signing_alg_values_supported"] == [options["cryptosuite"]]
        credential = await holder.credential(name)
        assert credential["@context"][: len(options["@context"])] == options["@context"]
        assert credential["credentialSubject"]["id"] == holder.key.did
        status, found = await present(site, holder, credential)
        assert (status, found["state"]) == (200, "verified"), (name, found)
        assert found["credentials"][0]["claims"]["credentialSubject"]["achievement"]["name"] == "Diver"


async def test_the_holder_may_have_a_key_of_p256(site: Site, holder: Holder) -> None:
    other = Holder(site, "ES256")
    status, found = await present(site, other, await other.credential("v2-eddsa"))
    assert (status, found["state"]) == (200, "verified"), found


async def test_d6_a_presentation_is_of_this_session_by_this_holder(site: Site, holder: Holder) -> None:
    credential = await holder.credential("v2-eddsa")
    thief = Holder(site)

    def without_holder_proof(shown: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in shown.items() if name != "proof"}

    def by_thief(shown: dict[str, Any]) -> dict[str, Any]:
        return thief.presentation(
            credential | {"credentialSubject": {"id": thief.key.did}}, "x", shown["proof"]["challenge"]
        )

    def two_proofs(shown: dict[str, Any]) -> dict[str, Any]:
        other = copy.deepcopy(shown["proof"]) | {"proofValue": "z" + "2" * 87}
        return shown | {"proof": [shown["proof"], other]}

    def another_subject(shown: dict[str, Any]) -> dict[str, Any]:
        changed = copy.deepcopy(shown)
        changed["verifiableCredential"][0]["credentialSubject"]["id"] = thief.key.did
        return changed

    def method_of_thief(shown: dict[str, Any]) -> dict[str, Any]:
        return shown | {"proof": shown["proof"] | {"verificationMethod": thief.key.method}}

    def undefined_claim(shown: dict[str, Any]) -> dict[str, Any]:
        changed = copy.deepcopy(shown)
        changed["verifiableCredential"][0]["credentialSubject"]["undefinedClaim"] = "admin"
        return changed

    def own_context(shown: dict[str, Any]) -> dict[str, Any]:
        changed = copy.deepcopy(shown)
        changed["verifiableCredential"][0]["@context"].append({"nickname": "https://schema.org/name"})
        return changed

    spoiled: list[dict[str, Any]] = [
        {"spoil": spoil}
        for spoil in (
            without_holder_proof,
            by_thief,
            two_proofs,
            another_subject,
            method_of_thief,
            undefined_claim,
            own_context,
        )
    ]
    for changes in (
        *spoiled,
        {"audience": "https://other.example"},
        {"nonce": "another"},
        {"key": thief.key},
        {"now": datetime.now(UTC) - timedelta(hours=1)},
        {"spoil": lambda shown: credential},
        {"spoil": lambda shown: shown["proof"]},
        {"spoil": lambda shown: "text"},
    ):
        status, found = await present(site, holder, credential, **changes)
        assert (status, found["state"]) == (400, "refused"), changes
    assert (await present(site, holder, credential))[0] == 200


async def test_an_issuer_that_is_not_trusted_is_refused_until_it_is(site: Site, holder: Holder) -> None:
    credential = await holder.credential("v2-eddsa")
    status, made = await site.api("POST", "/presentation-requests", {"dcql_query": QUERY}, site.beta.api_key)
    assert status == 201
    request = await holder.wallet.request(made["authorization_request_uri"])
    shown = holder.presentation(credential, request["client_id"], request["nonce"])
    assert (await holder.wallet.respond(request, {"badge": [shown]})).status == 400
    body = {"did": credential["issuer"], "name": "alpha"}
    assert (await site.api("POST", "/trust-anchors", body, site.beta.api_key))[0] == 201
    for _ in range(500):
        if any(one.identifier == credential["issuer"] for one in (await site.scope(site.beta)).catalogue.anchors):
            break
        await asyncio.sleep(0.02)
    _, made = await site.api("POST", "/presentation-requests", {"dcql_query": QUERY}, site.beta.api_key)
    request = await holder.wallet.request(made["authorization_request_uri"])
    shown = holder.presentation(credential, request["client_id"], request["nonce"])
    assert (await holder.wallet.respond(request, {"badge": [shown]})).status == 200


async def test_a_type_by_its_short_name_is_not_what_a_query_names(site: Site, holder: Holder) -> None:
    credential = await holder.credential("v2-eddsa")
    other = copy.deepcopy(QUERY)
    other["credentials"][0]["meta"]["type_values"] = [["https://example.org#OpenBadgeCredential"]]
    assert (await present(site, holder, credential, other))[1]["state"] == "refused"


@pytest.mark.parametrize(
    "claims",
    [
        {"undefinedClaim": "x"},
        {"id": "did:example:other"},
        {"achievement": {"id": "no iri"}},
    ],
)
async def test_c20_claims_that_the_format_cannot_carry_are_not_signed(
    site: Site, holder: Holder, claims: dict[str, Any]
) -> None:
    answer = await holder.obtain("v2-eddsa", {**CLAIMS, **claims})
    assert (answer.status, answer.error) == (400, "credential_request_denied")


@pytest.mark.parametrize(
    "claims", [{"@context": {"name": "https://attacker.example"}}, {"achievement": {"@id": "urn:x:y"}}]
)
async def test_c20_claims_bring_no_json_ld_of_their_own(site: Site, holder: Holder, claims: dict[str, Any]) -> None:
    body = {"credential_configuration_ids": ["v2-eddsa"], "claims": {**CLAIMS, **claims}}
    assert (await site.api("POST", "/credential-offers", body))[0] == 422
    with pytest.raises(InvalidCredential):  # and were they to come from elsewhere, the format refuses them itself
        holder.format.prepare(
            CredentialDraft(
                "OpenBadgeCredential", claims, "EdDSA", secrets.token_bytes, datetime.now(UTC), issuer="a:b"
            )
        )
