"""Second opinions on the formats that are JWTs: npm packages verify what we issue, and we verify what they issue."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.contracts.keys import ISSUER, certified
from plugins.credential_formats.dc_sd_jwt import DcSdJwt
from plugins.credential_formats.jwt_vc_json import JwtVcJson
from plugins.status_mechanisms.bitstring_status_list import BitstringStatusList
from plugins.status_mechanisms.token_status_list import TokenStatusList
from protocols import vc_jose_cose
from protocols.encoding import b64url
from protocols.errors import ProtocolError
from protocols.jose.jwk import verify_signature
from protocols.ports import Binding, CredentialDraft, PluginTools, StatusList
from protocols.vcdm import V1, V2
from tests.integrity import SigningKey
from tests.interop.jose_node.install import CannotInstall, install

BINDING = Binding("x509_hash:verifier", "a-nonce-of-the-verifier")
URI = f"{ISSUER}/lists/1"
Ask = Callable[..., Any]
_nothing: Any = None
_lists = {one.name: one(PluginTools({}, _nothing, _nothing)) for one in (TokenStatusList, BitstringStatusList)}
TOOLS = PluginTools({}, _nothing, _nothing, {"status_mechanisms": _lists})


def now() -> datetime:
    """To the second; what a holder binds is good for minutes only."""
    return datetime.now(UTC).replace(microsecond=0)


class Refused(Exception):
    """The peer did not verify it, or could not make it."""


@pytest.fixture(scope="module")
def peer() -> Iterator[Ask]:
    try:
        script, node = install()
    except CannotInstall as refusal:
        if os.environ.get("CI") == "true":
            pytest.fail(str(refusal))
        pytest.skip(str(refusal))
    with subprocess.Popen(
        [node.node, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def ask(op: str, **arguments: Any) -> Any:
            process.stdin.write(json.dumps({"op": op, **arguments}) + "\n")  # type: ignore[union-attr]  # as asserted
            process.stdin.flush()  # type: ignore[union-attr]
            found = json.loads(process.stdout.readline())  # type: ignore[union-attr]
            if not found["ok"]:
                raise Refused(found["error"])
            return found["result"]

        yield ask
        process.stdin.close()


def private(key: SigningKey) -> dict[str, Any]:
    """The key as a private JWK."""
    if key.algorithm == "EdDSA":
        return {**key.jwk, "d": b64url(key.private.private_bytes_raw())}
    return {**key.jwk, "d": b64url(key.private.private_numbers().private_value.to_bytes(32, "big"))}


def draft(issuer: SigningKey, holder: SigningKey, type_: str, **more: Any) -> CredentialDraft:
    given: dict[str, Any] = {
        "claims": {"given_name": "Erika", "family_name": "Mustermann", "age": {"over_18": True}},
        "issued_at": now(),
        "expires_at": now() + timedelta(days=1),
        "issuer": issuer.did,
        "kid": issuer.method,
        "holder": holder.jwk,
    }
    return CredentialDraft(type=type_, algorithm=issuer.algorithm, entropy=os.urandom, **given | more)


def spoiled(token: str) -> str:
    """With another signature of the first JWT in it."""
    head, payload, rest = token.split(".", 2)
    return f"{head}.{payload}.{'B' if rest[0] == 'A' else 'A'}{rest[1:]}"


ALGORITHMS = pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])


@ALGORITHMS
def test_sd_jwt_vc_ours(peer: Ask, algorithm: str) -> None:
    sd_jwt, issuer, holder = DcSdJwt(TOOLS), SigningKey(algorithm), SigningKey(algorithm)
    prepared = sd_jwt.prepare(draft(issuer, holder, "urn:example:1", decoys=3))
    credential = sd_jwt.seal(prepared, issuer.sign(prepared.payload))
    bound = sd_jwt.disclose(credential, frozenset({("given_name",)}), BINDING, algorithm, now())
    shown = sd_jwt.bind(bound, holder.sign(bound.payload))
    asked = {"key": issuer.jwk, "nonce": BINDING.nonce, "required": ["given_name"]}
    payload = peer("sd_jwt_verify", token=shown, **asked)
    assert (payload["given_name"], "family_name" in payload) == ("Erika", False)
    for wrong in ({"token": spoiled(shown)}, {"nonce": "other"}, {"key": holder.jwk}, {"required": ["family_name"]}):
        with pytest.raises(Refused):
            peer("sd_jwt_verify", **{"token": shown, **asked, **wrong})


@ALGORITHMS
def test_sd_jwt_vc_theirs(peer: Ask, algorithm: str) -> None:
    sd_jwt, issuer, holder = DcSdJwt(TOOLS), SigningKey(algorithm), SigningKey(algorithm)
    payload = {
        "iss": ISSUER,
        "vct": "urn:example:1",
        "iat": int(now().timestamp()),
        "exp": int(now().timestamp()) + 3600,
        "cnf": {"jwk": holder.jwk},
        "given_name": "Erika",
        "family_name": "Mustermann",
    }
    disclosable = ["given_name", "family_name"]
    token = peer("sd_jwt_issue", payload=payload, disclosable=disclosable, key=private(issuer), algorithm=algorithm)
    kb = {"aud": BINDING.audience, "nonce": BINDING.nonce, "iat": int(now().timestamp())}
    shown = peer(
        "sd_jwt_present", token=token, disclosed=["given_name"], binding=kb, key=private(holder), algorithm=algorithm
    )
    opened = sd_jwt.open(shown)
    verified = sd_jwt.verify(opened, issuer.jwk, algorithm, now(), 60)
    assert verified.claims["given_name"] == "Erika"
    assert "family_name" not in verified.claims
    sd_jwt.verify_binding(opened, holder.jwk, BINDING, now())
    with pytest.raises(ProtocolError):
        sd_jwt.verify_binding(opened, holder.jwk, Binding(BINDING.audience, "other"), now())
    with pytest.raises(ProtocolError):
        sd_jwt.verify(sd_jwt.open(spoiled(shown)), issuer.jwk, algorithm, now(), 60)


@ALGORITHMS
def test_jwt_vc_ours(peer: Ask, algorithm: str) -> None:
    jwt_vc, issuer, holder = JwtVcJson(TOOLS), SigningKey(algorithm), SigningKey(algorithm)
    prepared = jwt_vc.prepare(draft(issuer, holder, "Degree"))
    credential = jwt_vc.seal(prepared, issuer.sign(prepared.payload))
    found = peer("jwt_vc_verify", token=credential)
    assert (found["issuer"]["id"], found["credentialSubject"]["given_name"]) == (issuer.did, "Erika")
    bound = jwt_vc.disclose(credential, frozenset(), BINDING, algorithm, now())
    shown = jwt_vc.bind(bound, holder.sign(bound.payload))
    asked = {"domain": BINDING.audience, "challenge": BINDING.nonce}
    assert peer("jwt_vp_verify", token=shown, **asked)["holder"] == holder.did
    for wrong in ({"token": spoiled(shown)}, {"challenge": "other"}, {"domain": "other"}):
        with pytest.raises(Refused):
            peer("jwt_vp_verify", **{"token": shown, **asked, **wrong})
    with pytest.raises(Refused):
        peer("jwt_vc_verify", token=spoiled(credential))


@ALGORITHMS
def test_jwt_vc_theirs(peer: Ask, algorithm: str) -> None:
    jwt_vc, issuer, holder = JwtVcJson(TOOLS), SigningKey(algorithm), SigningKey(algorithm)
    credential = {
        "sub": holder.did,
        "nbf": int(now().timestamp()),
        "exp": int(now().timestamp()) + 3600,
        "vc": {"@context": [V1], "type": ["VerifiableCredential", "Degree"], "credentialSubject": {"degree": "B"}},
    }
    token = peer("jwt_vc_issue", credential=credential, did=issuer.did, key=private(issuer), algorithm=algorithm)
    asked = {"domain": BINDING.audience, "challenge": BINDING.nonce}
    shown = peer("jwt_vp_issue", credential=token, did=holder.did, key=private(holder), algorithm=algorithm, **asked)
    opened = jwt_vc.open(shown)
    verified = jwt_vc.verify(opened, issuer.jwk, algorithm, now(), 60)
    assert verified.claims["credentialSubject"]["degree"] == "B"
    jwt_vc.verify_binding(opened, holder.jwk, BINDING, now())
    with pytest.raises(ProtocolError):
        jwt_vc.verify_binding(opened, holder.jwk, Binding("other", BINDING.nonce), now())


def secured(issuer: SigningKey) -> dict[str, Any]:
    subject = {"id": "did:example:subject", "name": "Erika"}
    return {"@context": [V2], "type": ["VerifiableCredential"], "issuer": issuer.did, "credentialSubject": subject}


@ALGORITHMS
def test_vc_jwt_both_ways(peer: Ask, algorithm: str) -> None:
    issuer = SigningKey(algorithm)
    document = secured(issuer)
    prepared = vc_jose_cose.prepare("jwt", "vc", document, algorithm, issuer.method, os.urandom, frozenset(), None)
    ours = vc_jose_cose.seal(prepared, issuer.sign(prepared.payload))
    found = peer("jws_verify", token=ours, key=issuer.jwk, algorithm=algorithm)
    assert (found["header"]["typ"], found["payload"]["credentialSubject"]) == ("vc+jwt", document["credentialSubject"])
    with pytest.raises(Refused):
        peer("jws_verify", token=spoiled(str(ours)), key=issuer.jwk, algorithm=algorithm)
    header = {"alg": algorithm, "typ": "vc+jwt", "cty": "vc", "kid": issuer.method}
    theirs = peer("jws_sign", header=header, payload=document, key=private(issuer))
    opened = vc_jose_cose.open_secured("jwt", "vc", theirs)
    vc_jose_cose.verify(opened, issuer.jwk, now(), 60)
    assert opened.document == document
    with pytest.raises(ProtocolError):
        vc_jose_cose.verify(opened, SigningKey(algorithm).jwk, now(), 60)


@pytest.mark.parametrize("name", list(_lists))
def test_status_lists_both_ways(peer: Ask, name: str) -> None:
    mechanism, signer = _lists[name], certified()
    packed = bytearray(131_072 // 8)
    mechanism.write(packed, 1, 94_567, 1)
    content = StatusList(URI, 1, bytes(packed), now(), now() + timedelta(hours=1), 300, purposes=("revocation",))
    prepared = mechanism.prepare(content, "ES256", signer.chain, None)
    ours = mechanism.seal(prepared, signer.key.sign(prepared.payload)).decode()
    found = peer("jws_verify", token=ours, key=signer.key.jwk, algorithm="ES256")
    other = SigningKey("ES256")
    theirs = peer("jws_sign", header=_header(found["header"], other), payload=found["payload"], key=private(other))
    opened = mechanism.open(theirs.encode(), URI, now())
    assert verify_signature(other.jwk, "ES256", opened.signing_input, opened.signature)
    assert [mechanism.read(opened.content, index) for index in (94_566, 94_567, 94_568)] == [0, 1, 0]


def _header(header: Mapping[str, Any], key: SigningKey) -> dict[str, Any]:
    return {**{name: value for name, value in header.items() if name != "x5c"}, "kid": key.method}
