"""RFC 0809 as holder: which offers are taken, and which credentials are what was offered."""

from typing import Any

import pytest

from protocols.didcomm import w3c_di_vc
from protocols.errors import ProtocolError
from protocols.vcdm import V1, V2

DID = "did:key:z6MkwXG2WjeQnNxSoynSGYU8V9j3QzP3JSqhdmkHc6SaVWoT"
CREDENTIAL: dict[str, Any] = {
    "@context": [V2],
    "type": ["VerifiableCredential"],
    "issuer": "https://issuer.example",
    "validFrom": "2026-01-01T00:00:00Z",
    "credentialStatus": {"type": "BitstringStatusListEntry", "statusListIndex": "1"},
    "credentialSubject": {"height": 175},
}
OFFER = w3c_di_vc.offer(CREDENTIAL, "BitstringStatusListEntry", "n-1", ["key"])


def issued(**changes: Any) -> dict[str, Any]:
    return {**CREDENTIAL, "credentialSubject": {"height": 175, "id": DID}, "proof": {"type": "x"}, **changes}


def without(found: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name not in names}


def test_what_an_offer_leaves_open_may_be_filled_in() -> None:
    shown = without(OFFER["credential"], "issuer", "validFrom", "credentialStatus")
    offer = w3c_di_vc.parse_offer({**OFFER, "credential": shown})
    w3c_di_vc.require_as_offered(offer, issued(validFrom="2026-02-01T00:00:00Z"), DID)
    w3c_di_vc.require_as_offered(offer, issued(credentialSubject={"height": 175}, holder=DID), DID)
    older = w3c_di_vc.parse_offer(
        {
            "data_model_versions_supported": ["1.1", "2.0"],
            "credential": {**shown, "@context": [V1], "issuanceDate": "soon"},
        }
    )
    assert w3c_di_vc.request(older, None) == {"data_model_version": "1.1"}


@pytest.mark.parametrize(
    "changes",
    [
        {"credentialSubject": {"height": 180, "id": DID}},
        {"credentialSubject": {"height": 175, "id": "did:example:other"}},
        {"credentialSubject": {"height": 175}},
        {"credentialSubject": [{"height": 175, "id": DID}]},
        {"issuer": "https://other.example"},
        {"credentialStatus": {"type": "Other"}},
        {"validUntil": "2027-01-01T00:00:00Z"},
        {"holder": "did:example:other"},
        {"@context": [V2, {"@vocab": "https://other.example/"}]},
    ],
)
def test_another_credential_than_was_offered_is_refused(changes: dict[str, Any]) -> None:
    offer = w3c_di_vc.parse_offer(OFFER)
    w3c_di_vc.require_as_offered(offer, issued(), DID)
    with pytest.raises(w3c_di_vc.NotAsOffered):
        w3c_di_vc.require_as_offered(offer, issued(**changes), DID)


METHOD = OFFER["binding_method"][w3c_di_vc.SIGNED]


@pytest.mark.parametrize(
    "changes",
    [
        {"credential": None},
        {"credential": {**OFFER["credential"], "proof": {"type": "x"}}},
        {"credential": {**OFFER["credential"], "credentialSubject": [{"height": 1}]}},
        {"data_model_versions_supported": []},
        {"data_model_versions_supported": ["1.1", "2.0"]},
        {"binding_required": "yes"},
        {"binding_method": {"anoncreds_link_secret": {"nonce": "1"}}},
        {"binding_method": {w3c_di_vc.SIGNED: {**METHOD, "nonce": ""}}},
        {"binding_method": {w3c_di_vc.SIGNED: {**METHOD, "algs_supported": "EdDSA"}}},
        {"binding_method": {w3c_di_vc.SIGNED: "EdDSA"}},
    ],
)
def test_an_offer_that_is_none_is_not_taken(changes: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        w3c_di_vc.parse_offer({**OFFER, **changes})
