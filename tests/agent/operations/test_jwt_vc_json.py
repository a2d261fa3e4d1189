"""VCDM 1.1 credentials as JWTs, issued over OpenID4VCI and presented over OpenID4VP."""

import asyncio
import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from agent.operations.administering.create_tenant import _pid
from agent.tenancy import WORKER
from protocols.errors import ProtocolError
from protocols.jose import jws, jwt
from protocols.ports import Binding, CredentialDraft
from protocols.vcdm import InvalidCredential
from protocols.vcdm import jwt as vc_jwt
from tests.agent.operations.test_ldp_vc import PROOFS, Holder
from tests.houses import Site
from tests.integrity import SigningKey

V1, V2 = "https://www.w3.org/2018/credentials/v1", "https://www.w3.org/ns/credentials/v2"
OB = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
CLAIMS = {"degree": {"type": "BachelorDegree", "name": "Bachelor of Arts"}}
TYPE = "UniversityDegreeCredential"
KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "degree": ("jwt_vc_json", "EdDSA", {}),
    "degree-es256": ("jwt_vc_json", "ES256", {}),
    "degree-ld": ("jwt_vc_json-ld", "ES256", {"@context": [V1, OB]}),
    "degree-status": ("jwt_vc_json", "ES256", {}),
}


async def configured(site: Site) -> None:
    """Keys and configurations of a tenant that issues such credentials."""
    assert (await site.api("POST", "/issuer-keys", {}))[0] == 201
    scope, control = await site.scope(), await site.house.control()
    async with control.enter(scope.tenant, WORKER, scope.vault) as unit:
        type_id = uuid4()
        await unit.tenants._type(type_id, {"name": TYPE, "schema": None})
        for name, (format_, algorithm, options) in KINDS.items():
            await unit.tenants._configuration(
                scope.catalogue.issuer_id,
                replace(
                    _pid(uuid4(), type_id),
                    credential_configuration_id=name,
                    format=format_,
                    scope=name,
                    type=TYPE,
                    algorithm=algorithm,
                    claims=(),
                    binding_methods=("did:key", "did:jwk"),
                    proof_types={"jwt": PROOFS},
                    schema=None,
                    statuses=("token_status_list",) if name == "degree-status" else (),
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


class JwtHolder(Holder):
    """A wallet whose key is a did:key, and whose credentials are JWTs."""

    def __init__(self, site: Site, algorithm: str = "EdDSA") -> None:
        super().__init__(site, algorithm)
        self.format = site.house.plugins["credential_formats"]["jwt_vc_json"]

    async def jwt(self, name: str) -> str:
        answer = await self.obtain(name, CLAIMS)
        assert answer.status == 200, answer
        return str(answer.body["credentials"][0]["credential"])


def query(format_: str = "jwt_vc_json", type_: str = TYPE) -> dict[str, Any]:
    claims = [{"path": ["credentialSubject", "degree", "name"]}]
    return {"credentials": [{"id": "badge", "format": format_, "meta": {"type_values": [[type_]]}, "claims": claims}]}


async def present(
    site: Site, holder: JwtHolder, credential: str, asked: Any = None, spoil: Any = None, **changes: Any
) -> tuple[int, Any]:
    """Status of the answer, and the result."""
    status, made = await site.api("POST", "/presentation-requests", {"dcql_query": asked or query()})
    assert status == 201, made
    request = await holder.wallet.request(made["authorization_request_uri"])
    formats = request["client_metadata"]["vp_formats_supported"]
    assert asked or formats["jwt_vc_json"]["alg_values"]
    audience, nonce = changes.pop("audience", request["client_id"]), changes.pop("nonce", request["nonce"])
    shown = holder.presentation(credential, audience, nonce, **changes)
    answer = await holder.wallet.respond(request, {"badge": [spoil(shown) if spoil else shown]})
    _, found = await site.api("GET", f"/presentation-requests/{made['presentation_id']}")
    return answer.status, found


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def signed(key: SigningKey, claims: dict[str, Any], **header: Any) -> str:
    payload = jwt.render({"alg": key.algorithm, "typ": "JWT", "kid": key.method, **header}, claims)
    return jws.seal(payload, key.sign(payload))


@pytest.fixture
async def holder(site: Site) -> JwtHolder:
    await configured(site)
    return JwtHolder(site)


async def test_every_kind_is_issued_and_presented(site: Site, holder: JwtHolder) -> None:
    metadata = await holder.wallet.metadata(f"{site.url}/t/alpha")
    for name, (format_, algorithm, options) in KINDS.items():
        shown = metadata["credential_configurations_supported"][name]
        assert shown["credential_definition"]["type"] == ["VerifiableCredential", TYPE]
        assert shown["credential_signing_alg_values_supported"] == [algorithm]
        assert ("@context" in shown["credential_definition"]) == (format_ == "jwt_vc_json-ld")
        holder = JwtHolder(site, "EdDSA" if algorithm == "EdDSA" else "ES256")
        credential = await holder.jwt(name)
        claims = claims_of(credential)
        assert claims["sub"] == claims["vc"]["credentialSubject"]["id"] == holder.key.did
        assert claims["vc"]["@context"] == options.get("@context", [V1])
        status, found = await present(site, holder, credential)
        assert (status, found["state"]) == (200, "verified"), (name, found)
        (one,) = found["credentials"]
        assert one["claims"]["credentialSubject"]["degree"]["name"] == "Bachelor of Arts"
        assert "holder_binding" in one["checks"]


async def test_a_token_status_list_speaks_for_a_jwt(site: Site, holder: JwtHolder) -> None:
    credential = await holder.jwt("degree-status")
    assert claims_of(credential)["status"]["status_list"]["uri"].endswith("/status-lists/1")
    assert (await present(site, holder, credential))[0] == 200
    _, listed = await site.api("GET", "/credentials")
    (issued,) = [one for one in listed["items"] if one["format"] == "jwt_vc_json"]
    assert (await site.api("POST", f"/credentials/{issued['id']}/revoke", {"reason": "superseded"}))[0] == 200
    status, found = await present(site, holder, credential)
    assert (status, found["state"]) == (400, "refused")


async def test_a_presentation_is_of_this_request_by_this_holder(site: Site, holder: JwtHolder) -> None:
    credential, thief = await holder.jwt("degree"), JwtHolder(site)

    def again(shown: str, key: SigningKey | None = None, header: Any = None, **changes: Any) -> str:
        claims = claims_of(shown)
        vp = changes.pop("vp", {})
        return signed(key or holder.key, {**claims, "vp": {**claims["vp"], **vp}, **changes}, **(header or {}))

    now = int(datetime.now(UTC).timestamp())
    spoiled: list[Callable[[str], Any]] = [
        lambda _shown: credential,
        lambda shown: again(shown, thief.key),
        lambda shown: again(shown, thief.key, {"kid": holder.key.method}),
        lambda shown: again(shown, thief.key, iss=thief.key.did, vp={"holder": thief.key.did}),
        lambda shown: again(shown, vp={"holder": thief.key.did}),
        lambda shown: again(shown, vp={"verifiableCredential": [credential, credential]}),
        lambda shown: again(shown, vp={"verifiableCredential": [claims_of(credential)["vc"]]}),
        lambda shown: again(shown, vp={"@context": [V2]}),
        lambda shown: again(shown, vp={"type": ["Other"]}),
        lambda shown: again(shown, exp=now - 3600),
        lambda shown: again(shown, iat=now - 3600, exp=now + 60, nbf=now - 3600),
        lambda shown: again(shown, nonce=5),
        lambda shown: again(shown, vc=claims_of(credential)["vc"]),
        lambda shown: again(shown, header={"typ": "kb+jwt"}),
        lambda shown: shown[:-4] + ("AAAA" if not shown.endswith("AAAA") else "BBBB"),
        lambda shown: shown.rsplit(".", 1)[0] + ".",
        lambda _shown: "text",
        lambda _shown: {"vp": 1},
    ]
    for number, spoil in enumerate(spoiled):
        status, found = await present(site, holder, credential, spoil=spoil)
        assert (status, found["state"]) == (400, "refused"), number
    for changes in ({"audience": "https://other.example"}, {"nonce": "another"}, {"key": thief.key}):
        assert (await present(site, holder, credential, **changes))[1]["state"] == "refused", changes
    old = datetime.now(UTC) - timedelta(hours=1)
    assert (await present(site, holder, credential, now=old))[1]["state"] == "refused"
    assert (await present(site, holder, credential))[0] == 200


async def test_a_credential_that_its_issuer_did_not_sign_is_refused(site: Site, holder: JwtHolder) -> None:
    """Unsigned inner credentials, another's key, and another format under this name."""
    credential, thief = await holder.jwt("degree"), SigningKey("EdDSA")
    head, body, _ = credential.split(".")
    claims = claims_of(credential)
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    for inner in (
        f"{none}.{body}.",
        f"{head}.{body}.",
        signed(thief, claims),
        signed(thief, claims, kid=claims["iss"] + "#key"),
        signed(thief, {**claims, "iss": thief.did, "vc": {**claims["vc"], "issuer": thief.did}}),
        signed(thief, {**claims, "sub": "did:example:other"}),
    ):
        status, found = await present(
            site, holder, credential, spoil=lambda shown, one=inner: _with(holder, shown, one)
        )
        assert (status, found["state"]) == (400, "refused")
    assert (await present(site, holder, credential, query("ldp_vc")))[1]["state"] == "refused"
    assert (await present(site, holder, credential, query(type_="OtherCredential")))[1]["state"] == "refused"
    iri = "https://www.w3.org/2018/credentials#VerifiableCredential"
    assert (await present(site, holder, credential, query(type_=iri)))[1]["state"] == "verified"


def _with(holder: JwtHolder, shown: str, inner: str) -> str:
    claims = claims_of(shown)
    return signed(holder.key, {**claims, "vp": {**claims["vp"], "verifiableCredential": [inner]}})


GOOD = {
    "iss": "did:example:issuer",
    "sub": "did:example:s",
    "jti": "urn:example:1",
    "nbf": 1_700_000_000,
    "exp": 4_000_000_000,
    "vc": {"@context": [V1], "type": ["VerifiableCredential"], "credentialSubject": {"name": "Erika"}},
}


def test_registered_claims_stand_for_members() -> None:
    read = vc_jwt.decode_credential(GOOD)
    assert read["issuer"] == "did:example:issuer"
    assert read["id"] == "urn:example:1"
    assert read["credentialSubject"] == {"name": "Erika", "id": "did:example:s"}
    assert (read["issuanceDate"], read["expirationDate"]) == ("2023-11-14T22:13:20Z", "2096-10-02T07:06:40Z")
    assert vc_jwt.decode_credential(vc_jwt.encode_credential(read)) == read
    named = {**GOOD["vc"], "issuer": {"id": "did:example:issuer", "name": "I"}}  # type: ignore[dict-item]  # mixed
    assert vc_jwt.decode_credential({**GOOD, "vc": named})["issuer"]["name"] == "I"


@pytest.mark.parametrize(
    "changes",
    [
        {"vc": {**GOOD["vc"], "issuer": "did:example:other"}},  # type: ignore[dict-item]  # mixed
        {"vc": {**GOOD["vc"], "issuanceDate": "2020-01-01T00:00:00Z"}},  # type: ignore[dict-item]  # mixed
        {"vc": {**GOOD["vc"], "expirationDate": "2020-01-01T00:00:00Z"}},  # type: ignore[dict-item]  # mixed
        {"vc": {**GOOD["vc"], "id": "urn:example:2"}},  # type: ignore[dict-item]  # mixed
        {"vc": {**GOOD["vc"], "credentialSubject": {"id": "did:example:other"}}},  # type: ignore[dict-item]  # mixed
        {"vc": {**GOOD["vc"], "@context": [V2]}},  # type: ignore[dict-item]  # mixed
        {"vc": {**GOOD["vc"], "proof": {"type": "x"}}},  # type: ignore[dict-item]  # mixed
        {"vc": "text"},
        {"@context": [V1]},
        {"vp": {}},
        {"nbf": "2020"},
        {"iss": 5},
    ],
)
def test_a_contradiction_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidCredential):
        vc_jwt.decode_credential({**GOOD, **changes})


@pytest.mark.parametrize("claims", [{"id": "did:example:other"}, {"@context": {}}, {"a": {"@id": "x"}}])
def test_claims_that_the_format_cannot_carry_are_not_signed(claims: dict[str, Any]) -> None:
    from plugins.credential_formats.jwt_vc_json import JwtVcJson
    from protocols.ports import PluginTools

    nothing: Any = None
    draft = CredentialDraft(TYPE, claims, "EdDSA", secrets.token_bytes, datetime.now(UTC), issuer="did:a:b", kid="k")
    with pytest.raises(InvalidCredential):
        JwtVcJson(PluginTools({}, nothing, nothing)).prepare(draft)


def test_a_holder_of_another_method_cannot_present() -> None:
    from plugins.credential_formats.jwt_vc_json import JwtVcJson
    from protocols.ports import PluginTools

    nothing: Any = None
    held = signed(SigningKey("EdDSA"), GOOD)
    with pytest.raises(ProtocolError):
        JwtVcJson(PluginTools({}, nothing, nothing)).disclose(
            held, frozenset(), Binding("a", "n"), "EdDSA", datetime.now(UTC)
        )
