"""The VC API under the forms of VC-JOSE-COSE: envelopes that the tenant makes, and those of others."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from protocols import vc_jose_cose
from tests.agent.vc_api.test_vc_api import V2, call, credential, open_api, signed
from tests.houses import Site
from tests.integrity import SigningKey

FORMS = ("vc+jwt", "vc+sd-jwt", "vc+cose")


def envelope(form: str, kind: str, document: Any, key: SigningKey, kid: str | None = None, **beside: Any) -> Any:
    """What somebody else secured."""
    prepared = vc_jose_cose.prepare(
        form, kind, document, key.algorithm, kid or key.method, secrets.token_bytes, beside=beside
    )
    return vc_jose_cose.enveloped(form, kind, vc_jose_cose.seal(prepared, key.sign(prepared.payload)))


async def verdict(site: Site, document: Any, what: str = "credentials", **options: Any) -> int:
    member = "verifiableCredential" if what == "credentials" else "verifiablePresentation"
    status, body = await call(site, f"vc+jwt/{what}/verify", {member: document, "options": options})
    assert body["verified"] is (status == 200)
    return status


@pytest.mark.parametrize("suite", FORMS)
async def test_what_it_envelops_it_verifies(site: Site, suite: str) -> None:
    dids = await open_api(site)
    body = {"credential": credential(dids["ES256"]), "options": {"mandatoryPointers": []}}
    status, made = await call(site, f"{suite}/credentials/issue", body)
    assert status == 201, made
    secured = made["verifiableCredential"]
    assert secured["type"] == ["EnvelopedVerifiableCredential"]
    assert secured["id"].startswith(f"data:application/{suite}")
    assert ("~" in secured["id"]) == (suite == "vc+sd-jwt")
    assert await verdict(site, secured) == 200
    if suite == "vc+sd-jwt":
        withheld = secured["id"].split("~")[0] + "~"
        assert vc_jose_cose.open_enveloped({**secured, "id": withheld}).document["credentialSubject"] == {
            "id": "did:example:subject"
        }
        assert await verdict(site, {**secured, "id": withheld}) == 200
    middle = len(secured["id"]) // 2
    changed = secured["id"][:middle] + ("A" if secured["id"][middle] != "A" else "B") + secured["id"][middle + 1 :]
    assert await verdict(site, {**secured, "id": changed}) == 400
    presentation = {
        "@context": [V2],
        "type": ["VerifiablePresentation"],
        "holder": dids["ES256"],
        "verifiableCredential": [secured],
    }
    bound = {} if suite == "vc+cose" else {"challenge": "c-1", "domain": "verifier.example"}
    status, made = await call(site, f"{suite}/presentations/prove", {"presentation": presentation, "options": bound})
    assert status == 201, made
    proved = made["verifiablePresentation"]
    assert await verdict(site, proved, "presentations", **bound) == 200
    for other in ({"challenge": "c-2"}, {"domain": "other.example"}):
        assert await verdict(site, proved, "presentations", **{**bound, **other}) == 400


async def test_nobody_elses_name_and_no_unnamed_member_is_signed(site: Site) -> None:
    dids = await open_api(site)
    for document in (
        credential("did:example:issuer"),
        credential(dids["ES256"], nobodyNamesThis="x"),
        credential(dids["ES256"], proof={"type": "DataIntegrityProof"}),
        credential(dids["ES256"]) | {"@context": ["https://www.w3.org/2018/credentials/v1"]},
    ):
        assert (await call(site, "vc+jwt/credentials/issue", {"credential": document}))[0] == 400
    assert (await call(site, "vc+xml/credentials/issue", {"credential": credential(dids["ES256"])}))[0] == 404


@pytest.mark.parametrize("form", vc_jose_cose.FORMS)
async def test_only_the_issuers_key_signs_for_the_issuer(site: Site, form: str) -> None:
    await open_api(site)
    key, thief = SigningKey("EdDSA"), SigningKey("EdDSA")
    good = credential(key.did)
    assert await verdict(site, envelope(form, "vc", good, key)) == 200
    past = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for bad in (
        envelope(form, "vc", good, thief),
        envelope(form, "vc", good, thief, kid=key.method),
        envelope(form, "vc", good, thief, kid=f"{key.did}#other"),
        envelope(form, "vc", good, key, kid="did:unknown:x#y"),
        envelope(form, "vc", good, key, kid="key"),
        envelope(form, "vc", credential("https://issuer.example"), key),
        envelope(form, "vc", credential(key.did, validUntil=past), key),
        envelope(form, "vp", {"@context": [V2], "type": ["VerifiablePresentation"]}, key),
    ):
        assert await verdict(site, bad) == 400


async def test_a_presentation_is_its_holders_and_every_credential_in_it_must_hold(site: Site) -> None:
    await open_api(site)
    issuer, holder, thief = SigningKey("ES256"), SigningKey("EdDSA"), SigningKey("EdDSA")
    good = envelope("cose", "vc", credential(issuer.did), issuer)
    bad = envelope("jwt", "vc", credential(issuer.did), thief, kid=issuer.method)
    plain = {"@context": [V2], "type": ["VerifiablePresentation"], "holder": holder.did}
    bound = {"challenge": "c", "domain": "d"}

    def shown(credentials: list[Any], key: SigningKey = holder, **more: Any) -> Any:
        return envelope("jwt", "vp", {**plain, "verifiableCredential": credentials, **more}, key, nonce="c", aud="d")

    assert await verdict(site, shown([good]), "presentations", **bound) == 200
    assert await verdict(site, shown([good], thief), "presentations", **bound) == 400
    assert await verdict(site, shown([good, bad]), "presentations", **bound) == 400
    # Under a proof of Data Integrity too, an envelope is opened and must hold.
    for inside, expected in ((good, 200), (bad, 400)):
        proved = signed({**plain, "verifiableCredential": [inside]}, holder, "authentication", challenge="c")
        assert await verdict(site, proved, "presentations", challenge="c") == expected
