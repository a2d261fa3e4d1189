"""VC-JOSE-COSE: every published case, those too whose signature is good and whose answer is no."""

import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from protocols import vc_jose_cose
from protocols.encoding import parse_b64url
from protocols.errors import ProtocolError
from protocols.jose import jwk as jwks
from protocols.vcdm import V2, InvalidCredential
from tests.protocols.conftest import SigningKey

# When the suite made its presentations, which are good for a day.
THEN = datetime(2024, 12, 16, 2, tzinfo=UTC)
CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
NEGATIVE = {9, 10, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 30, 32, 33, 34, 35}


def signing_key(secret: dict[str, Any]) -> SigningKey:
    number = parse_b64url(secret["d"])
    if secret["crv"] == "Ed25519":
        return SigningKey("EdDSA", ed25519.Ed25519PrivateKey.from_private_bytes(number))
    private = ec.derive_private_key(int.from_bytes(number, "big"), CURVES[secret["crv"]])
    return SigningKey(secret["alg"], private)


def paths(case: dict[str, Any]) -> list[tuple[str, ...]]:
    return [tuple(one.split(".")) for one in case.get("disclosure_paths", ())]


def run(case: dict[str, Any], text: str, key: dict[str, Any]) -> Any:
    name, form = case["feature"].split("_")
    kind, form = {"credential": "vc", "presentation": "vp"}[name], {"jose": "jwt", "sdjwt": "sd-jwt"}.get(form, form)
    if case["fn"] == "issue":
        document, signer = json.loads(text), signing_key(key["secretKeyJwk"])
        vc_jose_cose.require_extensions(document)
        prepared = vc_jose_cose.prepare(
            form, kind, document, signer.algorithm, key["id"], secrets.token_bytes, paths(case)
        )
        text = vc_jose_cose.seal(prepared, signer.sign(prepared.payload))
        opened = vc_jose_cose.open_secured(form, kind, text)
        assert opened.document == document
        vc_jose_cose.verify(opened, signer.jwk, THEN, 60)
        if paths(case):
            assert text.count("~") == len(paths(case)) + 1
        return opened
    opened = vc_jose_cose.open_secured(form, kind, text.strip())
    vc_jose_cose.verify(opened, jwks.public(key["publicKeyJwk"]), THEN, 60)
    return opened


def test_every_case_of_the_suite(vectors: Callable[[str], Any], vectors_folder: Path) -> None:
    cases = vectors("vc-jose-cose/tests.json")
    assert len(cases) == 35
    folder, refused = vectors_folder / "vc-jose-cose", set()
    for case in cases:
        text, key = (folder / case["input"]).read_text(), json.loads((folder / case["key"]).read_text())
        try:
            run(case, text, key)
        except ProtocolError as refusal:
            assert case["expected"] == "failure", (case, refusal.detail)
            refused.add(case["number"])
        else:
            assert case["expected"] == "success", case
    assert {5, *NEGATIVE} == refused


CREDENTIAL = {
    "@context": [V2],
    "id": "urn:example:1",
    "type": ["VerifiableCredential"],
    "issuer": "did:example:issuer",
    "credentialSubject": {"id": "did:example:s", "name": "Erika"},
}


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "did:example:other"},
        {"sub": "did:example:other"},
        {"jti": "urn:example:2"},
        {"exp": 1_600_000_000},
        {"nbf": 4_000_000_000},
        {"exp": "soon"},
        {"iat": "2010-01-01T19:23:24Z"},
        {"vc": {}},
        {"vp": {}},
        {"proof": {"type": "DataIntegrityProof"}},
        {"@context": ["https://www.w3.org/2018/credentials/v1"]},
        {"validUntil": "2020-01-01T00:00:00Z"},
        {"validFrom": "2090-01-01T00:00:00Z"},
        {"type": ["VerifiablePresentation"]},
    ],
)
def test_what_contradicts_the_credential_is_refused_under_a_good_signature(
    changes: dict[str, Any], new_key: Callable[..., SigningKey]
) -> None:
    from protocols.jose import jws, jwt

    key = new_key("EdDSA")
    header = {"alg": "EdDSA", "typ": "vc+jwt", "cty": "vc", "kid": "did:example:issuer#1"}
    for payload in ({**CREDENTIAL, "iss": "did:example:issuer", "sub": "did:example:s"}, {**CREDENTIAL, **changes}):
        signing_input = jwt.render(header, payload)
        text = jws.seal(signing_input, key.sign(signing_input))
        if payload.keys() >= {"iss", "sub"} and "vc" not in payload and payload.get("iss") == "did:example:issuer":
            vc_jose_cose.verify(vc_jose_cose.open_secured("jwt", "vc", text), key.jwk, THEN, 60)
            continue
        with pytest.raises(ProtocolError):
            vc_jose_cose.verify(vc_jose_cose.open_secured("jwt", "vc", text), key.jwk, THEN, 60)


@pytest.mark.parametrize("form", vc_jose_cose.FORMS)
def test_an_envelope_is_what_its_type_says(form: str, new_key: Callable[..., SigningKey]) -> None:
    key = new_key("ES256")
    prepared = vc_jose_cose.prepare(form, "vc", CREDENTIAL, "ES256", "did:example:issuer#1", secrets.token_bytes)
    content = vc_jose_cose.seal(prepared, key.sign(prepared.payload))
    document = vc_jose_cose.enveloped(form, "vc", content)
    opened = vc_jose_cose.open_enveloped(document)
    assert (opened.document, opened.kid) == (CREDENTIAL, "did:example:issuer#1")
    vc_jose_cose.verify(opened, key.jwk, THEN, 60)
    others = [other for other in vc_jose_cose.FORMS if other != form]
    for bad in (
        *({**document, "id": document["id"].replace(f"vc+{form}", f"vc+{other}")} for other in others),
        {**document, "id": document["id"].replace("vc+", "vp+")},
        {**document, "id": document["id"].replace("application", "text")},
        {**document, "id": document["id"].replace("data:", "")},
        {**document, "id": content},
        {**document, "type": ["EnvelopedVerifiablePresentation"]},
        {**document, "type": ["EnvelopedVerifiableCredential", "VerifiableCredential"]},
        {**document, "@context": ["https://www.w3.org/2018/credentials/v1"]},
        {**document, "name": "unsigned"},
    ):
        with pytest.raises(ProtocolError):
            vc_jose_cose.open_enveloped(bad)


def test_a_member_that_no_context_names_is_not_signed() -> None:
    vc_jose_cose.require_extensions(CREDENTIAL)
    vc_jose_cose.require_extensions({**CREDENTIAL, "@context": [V2, {"nick": "https://example.org/nick"}], "nick": "E"})
    everything = {"@vocab": "https://example.org/"}
    with pytest.raises(InvalidCredential):
        vc_jose_cose.require_extensions({**CREDENTIAL, "@context": [V2, everything], "nick": "E"})
