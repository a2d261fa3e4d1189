"""SD-JWT VC: published vectors through the plugin."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from plugins.credential_formats.dc_sd_jwt import DcSdJwt
from plugins.status_mechanisms.token_status_list import TokenStatusList
from protocols.errors import ProtocolError
from protocols.ports import Binding, CredentialDraft, PluginTools, VerifiedCredential
from protocols.sd_jwt import InvalidKeyBinding
from tests.integrity import SigningKey
from tests.refusals import SD_JWT_VC


@pytest.fixture
def format() -> DcSdJwt:
    nothing: Any = None
    bare = PluginTools({}, nothing, nothing)
    return DcSdJwt(PluginTools({}, nothing, nothing, {"status_mechanisms": {"t": TokenStatusList(bare)}}))


def verified(format: DcSdJwt, case: Mapping[str, Any]) -> VerifiedCredential:
    wanted = {"aud": "https://verifier.example.org", "nonce": "1234567890"} | (case.get("verify_with") or {})
    wanted |= case.get("kb") or {}
    opened = format.open(case["sd_jwt"])
    now = datetime.fromtimestamp(wanted.get("now", 1_748_700_000), UTC)
    required = bool(wanted.get("kb_required"))
    jwk = {name: value for name, value in case["issuer_jwk"].items() if name in ("kty", "crv", "x", "y")}
    credential = format.verify(opened, jwk, None, now, 0)
    if required or opened.bound:
        if credential.holder is None:
            raise InvalidKeyBinding("no holder")
        binding = Binding(wanted["aud"], wanted["nonce"], max_age=10**10, skew=0)
        format.verify_binding(opened, credential.holder.value, binding, now)
    return credential


def test_negative_vectors_are_refused_and_the_control_is_not(format: DcSdJwt, vectors: Callable[[str], Any]) -> None:
    control = vectors("sd-jwt-vc/negative-control.json")
    verified(format, control[0] if isinstance(control, list) else control)
    cases = vectors("sd-jwt-vc/negative.json")
    assert len(cases) == 39
    reasons = {}
    for case in cases:
        with pytest.raises(ProtocolError) as refusal:
            verified(format, case)
            pytest.fail(case["id"])
        reasons[case["id"]] = refusal.value.detail
    assert reasons == SD_JWT_VC


@pytest.mark.parametrize(("algorithm", "decoys"), [("sha-256", 0), ("sha-384", 3), ("sha-512", 7)])
def test_a_configuration_chooses_hash_and_decoys(format: DcSdJwt, algorithm: str, decoys: int) -> None:
    issuer = SigningKey("ES256")
    draft = CredentialDraft(
        type="urn:example:1",
        claims={"name": "Erika", "age": 42},
        algorithm="ES256",
        entropy=os.urandom,
        issued_at=datetime.now(UTC),
        issuer=issuer.did,
        kid=issuer.method,
        extra={"_sd_alg": algorithm, "decoys": decoys},
    )
    prepared = format.prepare(draft)
    opened = format.open(format.seal(prepared, issuer.sign(prepared.payload)))
    assert (opened.content.payload["_sd_alg"], len(opened.content.payload["_sd"])) == (algorithm, 2 + decoys)
    found = format.verify(opened, issuer.jwk, "ES256", datetime.now(UTC), 60).claims
    assert {name: found[name] for name in ("name", "age")} == draft.claims
    for wrong in ({"_sd_alg": "md5"}, {"decoys": 51}, {"decoys": True}, {"iss": "https://a.example"}):
        with pytest.raises(ProtocolError):
            format.metadata("urn:example:1", wrong)
